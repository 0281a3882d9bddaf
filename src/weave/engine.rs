//! Effects inside a database engine, on the very connection of the query: time that the engine spends, locks that it
//! really holds.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{Connection, PgConnection, SqliteConnection};

use super::effects::{wait, wait_blocking};
use crate::{chaos::live::Live, kernel::db::Conn};

/// The longest that the engine sleeps without looking up: within this time it notices that the fault is over.
const PIECE: Duration = Duration::from_millis(100);
/// How often SQLite calls back, in instructions of its machine. The query below has some hundred.
const CALL_EVERY: i32 = 10;
/// Makes SQLite's machine run, and touches no table.
const COUNT: &str = "WITH RECURSIVE step (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step WHERE n < 64) \
     SELECT count(*) FROM step";

/// Spends `extra` inside the engine, or less when the fault is over before.
pub async fn slow_query(conn: &mut Conn<'_>, fault: &Arc<Live>, extra: Duration) -> sqlx::Result<()> {
    let end = Instant::now() + extra;
    match conn {
        Conn::Lite(conn) => slow_sqlite(conn, fault.clone(), end).await,
        Conn::Pg(conn) => slow_postgres(conn, fault, end).await,
    }
}

async fn slow_postgres(conn: &mut PgConnection, fault: &Live, end: Instant) -> sqlx::Result<()> {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || fault.is_over() {
            return Ok(());
        }
        let seconds = left.min(PIECE).as_secs_f64();
        sqlx::query("SELECT pg_sleep($1)").bind(seconds).execute(&mut *conn).await?;
    }
}

/// SQLite has no function that sleeps, but while it works it calls back every so often. Given up half-way, the handler
/// stays behind, does nothing after its time, and is replaced by the next.
async fn slow_sqlite(conn: &mut SqliteConnection, fault: Arc<Live>, end: Instant) -> sqlx::Result<()> {
    conn.lock_handle().await?.set_progress_handler(CALL_EVERY, move || {
        wait_blocking(&fault, end);
        // `false` would interrupt the query.
        true
    });
    let counted = sqlx::query(COUNT).execute(&mut *conn).await;
    conn.lock_handle().await?.remove_progress_handler();
    counted.map(drop)
}

/// Locks `table` against writers for so long, or until the fault is over. In the query's own transaction, if it has
/// one; otherwise in one that ends before the query begins.
pub async fn hold_lock(
    conn: &mut Conn<'_>,
    fault: &Arc<Live>,
    table: &str,
    keep: Duration,
) -> sqlx::Result<()> {
    let Some(lock) = lock(table) else { return Ok(()) };
    match conn {
        Conn::Lite(conn) => {
            let mut tx = conn.begin().await?;
            sqlx::query(lock.lite).execute(&mut *tx).await?;
            wait(fault, keep).await;
            tx.rollback().await
        }
        Conn::Pg(conn) => {
            // Inside a transaction this is a savepoint; what was locked after it is let go when it is rolled back.
            let mut tx = conn.begin().await?;
            sqlx::query(lock.pg).execute(&mut *tx).await?;
            wait(fault, keep).await;
            tx.rollback().await
        }
    }
}

/// The statement that locks a table, for each engine.
struct Lock {
    lite: &'static str,
    pg: &'static str,
}

macro_rules! locks {
    ($word:expr, $($table:literal),* $(,)?) => {
        match $word {
            $($table => Some(Lock {
                // Touches no row, and yet SQLite takes the file's write lock for it.
                lite: concat!("DELETE FROM ", $table, " WHERE 0"),
                // The strongest lock that lets readers pass.
                pg: concat!("LOCK TABLE ", $table, " IN EXCLUSIVE MODE"),
            }),)*
            _ => None,
        }
    };
}

/// A table is a word of a file: it is looked up, and never becomes part of a statement.
fn lock(table: &str) -> Option<Lock> {
    locks!(table, "products", "product_ids", "counted_orders", "orders", "order_items", "payment_intents")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{places, service::Service};

    #[test]
    fn every_table_can_be_locked() {
        let tables = Service::ALL.into_iter().flat_map(|service| places::of(service).tables);
        let missing: Vec<_> = tables.filter(|table| lock(table).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert!(lock("products; DROP TABLE orders").is_none());
    }
}

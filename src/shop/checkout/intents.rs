//! Payment intents: what is to be charged, written before it is.
//!
//! An intent is *open* until exactly one of two statements takes it: the order's own transaction removes it, or a refund
//! claims it. Both name the state, so the database decides which of them was first, and a charge ends as an order or as
//! a refund, never as both. The key of the charge belongs to the intent and to no other: a late message about one
//! attempt cannot touch the next.

use std::time::Duration;

use crate::{
    kernel::{
        country::Country,
        db::{Db, DbError, Pool, Query},
        id::{self, CustomerId, OrderId},
        money::Money,
        origin::PaymentMethod,
    },
    on_either,
};

use super::store::{customer, read};

/// How long an open intent waits for its order: longer than any checkout may take.
const OVERDUE: Duration = Duration::from_secs(45);
/// The pause after the first failed refund; it doubles up to [`MAX_PAUSE`].
const PAUSE: Duration = Duration::from_secs(15);
const MAX_PAUSE: Duration = Duration::from_secs(300);
/// How often another process may come in between while an intent is opened.
const MAX_TURNS: u32 = 5;

/// What is to be charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The provider's key.
    pub key: String,
    pub order_id: OrderId,
    pub customer: CustomerId,
    pub country: Country,
    pub payment_method: PaymentMethod,
    pub amount: Money,
    /// How often a refund was tried.
    pub attempts: i64,
}

impl Intent {
    /// A key for a charge of `order_id` that no other charge has.
    pub fn fresh_key(order_id: &OrderId) -> String {
        let fresh = id::fresh();
        format!("{order_id}-{}", fresh.get(..12).unwrap_or(&fresh))
    }

    fn charges_the_same(&self, other: &Intent) -> bool {
        self.amount == other.amount
            && self.country == other.country
            && self.payment_method == other.payment_method
    }
}

/// What came of opening an intent.
#[derive(Debug, PartialEq, Eq)]
pub enum Opened {
    /// It stands: charge under its key. It is an earlier attempt's when that wanted the same.
    Intent(Intent),
    /// The order is there already.
    Bought,
}

static INSERT: Query = Query::new(
    "payment_intents.insert",
    "INSERT INTO payment_intents (payment_key, order_id, customer, country, payment_method, currency, amount_minor, \
     state, attempts, begun_at_ms, due_at_ms) \
     SELECT $1, $2, $3, $4, $5, $6, $7, 'open', 0, $8, $9 \
     WHERE NOT EXISTS (SELECT 1 FROM orders WHERE order_id = $2) ON CONFLICT DO NOTHING",
);

/// Opens `wanted`, or finds the open intent of an earlier attempt. One that wanted another charge is claimed for its
/// refund, and added to `superseded`.
pub async fn open(
    db: &Db,
    wanted: Intent,
    now_ms: i64,
    superseded: &mut Vec<Intent>,
) -> Result<Opened, DbError> {
    for _ in 0..MAX_TURNS {
        if insert(db, &wanted, now_ms).await? {
            return Ok(Opened::Intent(wanted));
        }
        match resume(db, &wanted, now_ms).await? {
            Found::Same(intent) => return Ok(Opened::Intent(intent)),
            Found::Other(intent) => superseded.push(intent),
            Found::Order => return Ok(Opened::Bought),
            Found::Nothing => {}
        }
    }
    Err(DbError::Locked("the payment of this order changes hands again and again".to_owned()))
}

async fn insert(db: &Db, intent: &Intent, now_ms: i64) -> Result<bool, DbError> {
    db.run(&INSERT, async |conn| {
        let rows = on_either!(conn, |c| sqlx::query(INSERT.text)
            .bind(&intent.key)
            .bind(intent.order_id.as_str())
            .bind(intent.customer.as_str())
            .bind(intent.country.code())
            .bind(intent.payment_method.name())
            .bind(intent.amount.currency.code())
            .bind(intent.amount.minor)
            .bind(now_ms)
            .bind(later(now_ms, OVERDUE))
            .execute(&mut **c)
            .await?
            .rows_affected());
        Ok(rows > 0)
    })
    .await
}

enum Found {
    Same(Intent),
    Other(Intent),
    Order,
    /// It was there a moment ago.
    Nothing,
}

static RESUME: Query = Query::new(
    "payment_intents.resume",
    "SELECT payment_key, order_id, customer, country, payment_method, currency, amount_minor, attempts \
     FROM payment_intents WHERE order_id = $1 AND state = 'open'",
);
const EXTEND: &str = "UPDATE payment_intents SET due_at_ms = $2 WHERE payment_key = $1 AND state = 'open'";
const IS_ORDERED: &str = "SELECT COUNT(*) FROM orders WHERE order_id = $1";

async fn resume(db: &Db, wanted: &Intent, now_ms: i64) -> Result<Found, DbError> {
    db.transact(&RESUME, async |conn| {
        let order_id = wanted.order_id.as_str();
        let row: Option<Row> =
            on_either!(conn, |c| sqlx::query_as(RESUME.text).bind(order_id).fetch_optional(&mut **c).await?);
        let Some(row) = row else {
            let orders: i64 = on_either!(conn, |c| sqlx::query_scalar(IS_ORDERED)
                .bind(order_id)
                .fetch_one(&mut **c)
                .await?);
            return Ok(if orders > 0 { Found::Order } else { Found::Nothing });
        };
        let intent = row.intent()?;
        let is_same = intent.charges_the_same(wanted);
        let due_at_ms = later(now_ms, if is_same { OVERDUE } else { PAUSE });
        let statement = if is_same { EXTEND } else { CLAIM.text };
        let rows = on_either!(conn, |c| {
            let query = sqlx::query(statement).bind(&intent.key).bind(due_at_ms);
            let query = if is_same { query } else { query.bind(i64::MAX) };
            query.execute(&mut **c).await?.rows_affected()
        });
        Ok(match (rows, is_same) {
            (0, _) => Found::Nothing,
            (_, true) => Found::Same(intent),
            (_, false) => Found::Other(intent),
        })
    })
    .await
}

static CLAIM: Query = Query::new(
    "payment_intents.claim",
    "UPDATE payment_intents SET state = 'refunding', attempts = attempts + 1, due_at_ms = $2 \
     WHERE payment_key = $1 AND due_at_ms <= $3",
);

/// Takes an intent for its refund: from now on no order can be made of it. `false` when there is none, or when it is not
/// due by `due_by_ms`.
pub async fn claim(db: &Db, intent: &Intent, now_ms: i64, due_by_ms: i64) -> Result<bool, DbError> {
    db.run(&CLAIM, async |conn| {
        let rows = on_either!(conn, |c| sqlx::query(CLAIM.text)
            .bind(&intent.key)
            .bind(later(now_ms, pause(intent.attempts)))
            .bind(due_by_ms)
            .execute(&mut **c)
            .await?
            .rows_affected());
        Ok(rows > 0)
    })
    .await
}

static REMOVE: Query =
    Query::new("payment_intents.delete", "DELETE FROM payment_intents WHERE payment_key = $1");

/// Removes an intent that was refunded, or never charged.
pub async fn remove(db: &Db, key: &str) -> Result<(), DbError> {
    db.run(&REMOVE, async |conn| {
        on_either!(conn, |c| sqlx::query(REMOVE.text).bind(key).execute(&mut **c).await.map(drop)?);
        Ok(())
    })
    .await
}

const DUE: &str = "SELECT payment_key, order_id, customer, country, payment_method, currency, amount_minor, attempts \
     FROM payment_intents WHERE due_at_ms <= $1 ORDER BY due_at_ms LIMIT $2";

/// Intents that are due to be refunded, at most `limit`, the most overdue first. Past the seam: a look that finds nothing
/// is nobody's signal.
pub async fn due(pool: &Pool, now_ms: i64, limit: i64) -> Result<Vec<Intent>, DbError> {
    let mut held = pool.acquire().await?;
    let rows: Result<Vec<Row>, sqlx::Error> = on_either!(held.conn(), |c| {
        sqlx::query_as(DUE).bind(now_ms).bind(limit).fetch_all(&mut *c).await
    });
    let rows = rows.map_err(DbError::from);
    if rows.as_ref().is_err_and(DbError::leaves_doubt) {
        held.close_on_drop();
    }
    rows?.into_iter().map(Row::intent).collect()
}

fn later(now_ms: i64, by: Duration) -> i64 {
    now_ms.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}

/// How long to wait after a refund that was tried so often before.
fn pause(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts.clamp(0, 16)).unwrap_or(0);
    PAUSE.saturating_mul(1 << doublings).min(MAX_PAUSE)
}

#[derive(sqlx::FromRow)]
struct Row {
    payment_key: String,
    order_id: String,
    customer: String,
    country: String,
    payment_method: String,
    currency: String,
    amount_minor: i64,
    attempts: i64,
}

impl Row {
    fn intent(self) -> Result<Intent, DbError> {
        Ok(Intent {
            key: self.payment_key,
            order_id: OrderId::from(self.order_id),
            customer: customer(&self.customer)?,
            country: read("country", &self.country)?,
            payment_method: read("payment_method", &self.payment_method)?,
            amount: Money::new(self.amount_minor, read("currency", &self.currency)?),
            attempts: self.attempts,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_after_a_failed_refund_doubles_up_to_five_minutes() {
        let seconds = [0, 1, 2, 4, 5, 60, i64::MAX].map(|attempts| pause(attempts).as_secs());
        assert_eq!(seconds, [15, 30, 60, 240, 300, 300, 300]);
    }
}

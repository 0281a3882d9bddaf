//! The tables of orders.

use std::{
    collections::HashMap,
    fmt::Display,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard};

use crate::{
    kernel::{
        clock,
        db::{Db, DbError, Query},
        id::{CustomerId, OrderId, ProductId},
        migrate::Schema,
        money::{Currency, Money},
    },
    on_either,
};

use super::model::{Order, OrderLine, Status};

pub static SCHEMA: Schema = Schema {
    service: "checkout",
    steps: &[
        ("orders and the first 10", include_str!("schema.sql")),
        ("payment intents", include_str!("intents.sql")),
    ],
};

static INSERT: Query = Query::new(
    "orders.insert",
    "INSERT INTO orders (order_id, customer, cart_id, country, payment_method, currency, shipping_method, \
     shipping_minor, discounts, total_minor, total_usd_minor, payment_id, promo_code, status, placed_at_ms) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
);
const INSERT_ITEM: &str = "INSERT INTO order_items (order_id, position, product_id, name, quantity, unit_minor) \
     VALUES ($1, $2, $3, $4, $5, $6)";
const TAKE_INTENT: &str = "DELETE FROM payment_intents WHERE payment_key = $1 AND state = 'open'";

/// Writes an order with all its lines, and takes the intent under `payment_key` that it was paid by; or nothing, and
/// `false` when that intent is not open any more. [`DbError::Duplicate`] when the order is there already.
pub async fn insert(db: &Db, order: &Order, payment_key: &str, placed_at_ms: i64) -> Result<bool, DbError> {
    let discounts = serde_json::to_string(&order.discounts).map_err(|error| garbled("discounts", error))?;
    db.transact(&INSERT, async |conn| {
        let taken = on_either!(conn, |c| sqlx::query(TAKE_INTENT)
            .bind(payment_key)
            .execute(&mut **c)
            .await?
            .rows_affected());
        if taken == 0 {
            return Ok(false);
        }
        on_either!(conn, |c| sqlx::query(INSERT.text)
            .bind(order.order_id.as_str())
            .bind(order.customer.as_str())
            .bind(&order.cart_id)
            .bind(order.country.code())
            .bind(order.payment_method.name())
            .bind(order.currency.code())
            .bind(order.shipping_method.name())
            .bind(order.shipping.minor)
            .bind(&discounts)
            .bind(order.total.minor)
            .bind(order.total_usd.minor)
            .bind(&order.payment_id)
            .bind(&order.promo_code)
            .bind(order.status.name())
            .bind(placed_at_ms)
            .execute(&mut **c)
            .await
            .map(drop)?);
        for (line, position) in order.lines.iter().zip(0_i64..) {
            on_either!(conn, |c| sqlx::query(INSERT_ITEM)
                .bind(order.order_id.as_str())
                .bind(position)
                .bind(line.product_id)
                .bind(&line.name)
                .bind(line.quantity)
                .bind(line.unit.minor)
                .execute(&mut **c)
                .await
                .map(drop)?);
        }
        Ok(true)
    })
    .await
}

static GET: Query = Query::new(
    "orders.get",
    "SELECT order_id, customer, cart_id, country, payment_method, currency, shipping_method, shipping_minor, \
     discounts, total_minor, total_usd_minor, payment_id, promo_code, status, placed_at_ms \
     FROM orders WHERE order_id = $1",
);
const ITEMS_OF_ONE: &str = "SELECT order_id, product_id, name, quantity, unit_minor FROM order_items \
     WHERE order_id = $1 ORDER BY position";

pub async fn get(db: &Db, order_id: &OrderId) -> Result<Option<Order>, DbError> {
    let found: Option<(OrderRow, Vec<ItemRow>)> = db
        .run(&GET, async |conn| {
            let order: Option<OrderRow> = on_either!(conn, |c| sqlx::query_as(GET.text)
                .bind(order_id.as_str())
                .fetch_optional(&mut **c)
                .await?);
            let Some(order) = order else { return Ok(None) };
            let items = on_either!(conn, |c| sqlx::query_as(ITEMS_OF_ONE)
                .bind(order_id.as_str())
                .fetch_all(&mut **c)
                .await?);
            Ok(Some((order, items)))
        })
        .await?;
    found.map(|(order, items)| order.with(items)).transpose()
}

static LIST: Query = Query::new(
    "orders.list",
    "SELECT order_id, customer, cart_id, country, payment_method, currency, shipping_method, shipping_minor, \
     discounts, total_minor, total_usd_minor, payment_id, promo_code, status, placed_at_ms \
     FROM orders WHERE customer = $1 ORDER BY placed_at_ms DESC, order_id LIMIT $2",
);
const ITEMS_OF_LIST: &str = "SELECT order_id, product_id, name, quantity, unit_minor FROM order_items \
     WHERE order_id IN \
     (SELECT order_id FROM orders WHERE customer = $1 ORDER BY placed_at_ms DESC, order_id LIMIT $2) \
     ORDER BY order_id, position";

/// A customer's orders, newest first.
pub async fn list(db: &Db, customer: &CustomerId, limit: i64) -> Result<Vec<Order>, DbError> {
    // Items first: an order that is placed between the two questions comes without items, and is left for next time.
    let (items, orders): (Vec<ItemRow>, Vec<OrderRow>) = db
        .run(&LIST, async |conn| {
            let items = on_either!(conn, |c| sqlx::query_as(ITEMS_OF_LIST)
                .bind(customer.as_str())
                .bind(limit)
                .fetch_all(&mut **c)
                .await?);
            let orders = on_either!(conn, |c| sqlx::query_as(LIST.text)
                .bind(customer.as_str())
                .bind(limit)
                .fetch_all(&mut **c)
                .await?);
            Ok((items, orders))
        })
        .await?;
    let mut of: HashMap<String, Vec<ItemRow>> = HashMap::new();
    for item in items {
        of.entry(item.order_id.clone()).or_default().push(item);
    }
    orders.into_iter().filter_map(|order| of.remove(&order.order_id).map(|items| order.with(items))).collect()
}

static TIMES_USED: Query =
    Query::new("orders.times_used", "SELECT COUNT(*) FROM orders WHERE customer = $1 AND promo_code = $2");

/// In how many orders the customer has used a code.
pub async fn times_used(db: &Db, customer: &CustomerId, code: &str) -> Result<i64, DbError> {
    db.run(&TIMES_USED, async |conn| {
        on_either!(conn, |c| Ok(sqlx::query_scalar(TIMES_USED.text)
            .bind(customer.as_str())
            .bind(code)
            .fetch_one(&mut **c)
            .await?))
    })
    .await
}

/// Orders that are being made in this process: one at a time of each number.
#[derive(Clone, Default)]
pub struct Turns(Arc<Mutex<HashMap<OrderId, Arc<AsyncMutex<()>>>>>);

impl Turns {
    /// A place in the queue of this number.
    pub fn place(&self, order_id: &OrderId) -> Place {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.entry(order_id.clone()).or_default().clone();
        Place { turns: self.clone(), order_id: order_id.clone(), queue }
    }
}

#[cfg(test)]
impl Turns {
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// Gone when dropped, also when the customer leaves while waiting; the last one takes the queue along.
pub struct Place {
    turns: Turns,
    order_id: OrderId,
    queue: Arc<AsyncMutex<()>>,
}

impl Place {
    pub async fn turn(&self) -> AsyncMutexGuard<'_, ()> {
        self.queue.lock().await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queues = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Ours and the map's own: nobody else is in the queue, and nobody can join while the map is locked.
        if Arc::strong_count(&self.queue) == 2 {
            queues.remove(&self.order_id);
        }
    }
}

#[derive(sqlx::FromRow)]
struct OrderRow {
    order_id: String,
    customer: String,
    cart_id: String,
    country: String,
    payment_method: String,
    currency: String,
    shipping_method: String,
    shipping_minor: i64,
    discounts: String,
    total_minor: i64,
    total_usd_minor: i64,
    payment_id: String,
    promo_code: Option<String>,
    status: String,
    placed_at_ms: i64,
}

#[derive(sqlx::FromRow)]
struct ItemRow {
    order_id: String,
    product_id: ProductId,
    name: String,
    quantity: i64,
    unit_minor: i64,
}

impl OrderRow {
    fn with(self, items: Vec<ItemRow>) -> Result<Order, DbError> {
        let currency: Currency = read("currency", &self.currency)?;
        let money = |minor| Money::new(minor, currency);
        let line = |item: ItemRow| OrderLine {
            product_id: item.product_id,
            name: item.name,
            quantity: item.quantity,
            unit: money(item.unit_minor),
            total: money(item.unit_minor).times(item.quantity),
        };
        Ok(Order {
            order_id: OrderId::from(self.order_id),
            customer: customer(&self.customer)?,
            country: read("country", &self.country)?,
            payment_method: read("payment_method", &self.payment_method)?,
            currency,
            lines: items.into_iter().map(line).collect(),
            discounts: serde_json::from_str(&self.discounts).map_err(|error| garbled("discounts", error))?,
            shipping_method: read("shipping_method", &self.shipping_method)?,
            shipping: money(self.shipping_minor),
            total: money(self.total_minor),
            total_usd: Money::new(self.total_usd_minor, Currency::Usd),
            payment_id: self.payment_id,
            promo_code: self.promo_code,
            placed_at: clock::rfc3339(self.placed_at_ms),
            status: Status::named(&self.status).ok_or_else(|| garbled("status", &self.status))?,
            cart_id: self.cart_id,
        })
    }
}

pub(super) fn read<T: FromStr<Err = String>>(column: &str, text: &str) -> Result<T, DbError> {
    text.parse().map_err(|error: String| garbled(column, error))
}

/// A customer's id as it was written; the type has no other door for a text that is known to be one.
pub(super) fn customer(text: &str) -> Result<CustomerId, DbError> {
    serde_json::from_value(text.into()).map_err(|error| garbled("customer", error))
}

fn garbled(column: &str, why: impl Display) -> DbError {
    DbError::Other(format!("the column {column} of an order makes no sense: {why}"))
}

//! The catalogue's tables.

use crate::{
    kernel::{
        clock,
        db::{Db, DbError, Query},
        id::ProductId,
        migrate::Schema,
        money::{Currency, Money},
    },
    on_either,
};

use super::model::{Filter, NewProduct, Product, Sales};

pub static SCHEMA: Schema =
    Schema { service: "catalog", steps: &[("products and the first 21", include_str!("schema.sql"))] };

static LIST: Query = Query::new(
    "products.list",
    "SELECT id, name, description, price_minor, category, sold, created_at_ms FROM products \
     WHERE NOT deleted AND ($1 = '' OR category = $1) AND search_text LIKE $2 ESCAPE '!' \
     ORDER BY id LIMIT $3",
);

/// The products of `filter`, by id.
pub async fn list(db: &Db, filter: &Filter) -> Result<Vec<Product>, DbError> {
    let rows: Vec<Row> = db
        .run(&LIST, async |conn| {
            on_either!(conn, |c| Ok(sqlx::query_as(LIST.text)
                .bind(&filter.category)
                .bind(&filter.pattern)
                .bind(filter.limit)
                .fetch_all(&mut **c)
                .await?))
        })
        .await?;
    Ok(rows.into_iter().map(Product::from).collect())
}

static POPULAR: Query = Query::new(
    "popular_products.list",
    "SELECT id, name, description, price_minor, category, sold, created_at_ms FROM popular_products \
     ORDER BY sold DESC, id LIMIT $1",
);

/// What sold best.
pub async fn popular(db: &Db, limit: i64) -> Result<Vec<Product>, DbError> {
    let rows: Vec<Row> = db
        .run(&POPULAR, async |conn| {
            on_either!(conn, |c| Ok(sqlx::query_as(POPULAR.text).bind(limit).fetch_all(&mut **c).await?))
        })
        .await?;
    Ok(rows.into_iter().map(Product::from).collect())
}

static GET: Query = Query::new(
    "products.get",
    "SELECT id, name, description, price_minor, category, sold, created_at_ms FROM products \
     WHERE id = $1 AND NOT deleted",
);

pub async fn get(db: &Db, id: ProductId) -> Result<Option<Product>, DbError> {
    let row: Option<Row> = db
        .run(&GET, async |conn| {
            on_either!(conn, |c| Ok(sqlx::query_as(GET.text).bind(id).fetch_optional(&mut **c).await?))
        })
        .await?;
    Ok(row.map(Product::from))
}

static CATEGORIES: Query = Query::new(
    "products.categories",
    "SELECT DISTINCT category FROM products WHERE NOT deleted ORDER BY category",
);

pub async fn categories(db: &Db) -> Result<Vec<String>, DbError> {
    db.run(&CATEGORIES, async |conn| {
        on_either!(conn, |c| Ok(sqlx::query_scalar(CATEGORIES.text).fetch_all(&mut **c).await?))
    })
    .await
}

static INSERT: Query = Query::new(
    "products.insert",
    "INSERT INTO products (id, name, description, price_minor, category, sold, created_at_ms, search_text, deleted) \
     VALUES ($1, $2, $3, $4, $5, 0, $6, $7, FALSE)",
);
const NEXT_ID: &str = "UPDATE product_ids SET last_id = last_id + 1 RETURNING last_id";

/// Adds a product under the next number; [`DbError::Duplicate`] when its name is taken.
pub async fn insert(db: &Db, new: &NewProduct) -> Result<Product, DbError> {
    let created_at_ms = clock::now_millis();
    let id: ProductId = db
        .transact(&INSERT, async |conn| {
            let id: ProductId = on_either!(conn, |c| sqlx::query_scalar(NEXT_ID).fetch_one(&mut **c).await?);
            on_either!(conn, |c| sqlx::query(INSERT.text)
                .bind(id)
                .bind(&new.name)
                .bind(&new.description)
                .bind(new.price.minor)
                .bind(&new.category)
                .bind(created_at_ms)
                .bind(new.search_text())
                .execute(&mut **c)
                .await
                .map(drop)?);
            Ok(id)
        })
        .await?;
    Ok(Product {
        id,
        name: new.name.clone(),
        description: new.description.clone(),
        price: new.price,
        category: new.category.clone(),
        sold: 0,
        created_at: clock::rfc3339(created_at_ms),
    })
}

static UPDATE: Query = Query::new(
    "products.update",
    "UPDATE products SET name = $2, description = $3, price_minor = $4, category = $5, search_text = $6 \
     WHERE id = $1 AND NOT deleted \
     RETURNING id, name, description, price_minor, category, sold, created_at_ms",
);

/// Rewrites a product; [`DbError::Duplicate`] when its new name is taken.
pub async fn update(db: &Db, id: ProductId, new: &NewProduct) -> Result<Option<Product>, DbError> {
    let row: Option<Row> = db
        .run(&UPDATE, async |conn| {
            on_either!(conn, |c| Ok(sqlx::query_as(UPDATE.text)
                .bind(id)
                .bind(&new.name)
                .bind(&new.description)
                .bind(new.price.minor)
                .bind(&new.category)
                .bind(new.search_text())
                .fetch_optional(&mut **c)
                .await?))
        })
        .await?;
    Ok(row.map(Product::from))
}

static DELETE: Query = Query::new(
    "products.delete",
    "UPDATE products SET deleted = TRUE WHERE id = $1 AND NOT deleted \
     RETURNING id, name, description, price_minor, category, sold, created_at_ms",
);

/// Marks a product as gone. Its row stays: its number is never given again.
pub async fn delete(db: &Db, id: ProductId) -> Result<Option<Product>, DbError> {
    let row: Option<Row> = db
        .run(&DELETE, async |conn| {
            on_either!(conn, |c| Ok(sqlx::query_as(DELETE.text).bind(id).fetch_optional(&mut **c).await?))
        })
        .await?;
    Ok(row.map(Product::from))
}

static COUNT_SALES: Query =
    Query::new("products.count_sales", "UPDATE products SET sold = sold + $2 WHERE id = $1");
const REMEMBER_ORDER: &str = "INSERT INTO counted_orders (order_id) VALUES ($1) ON CONFLICT DO NOTHING";

/// Adds what an order sold, once; answers how many of its lines were counted.
pub async fn count_sales(db: &Db, sales: &Sales) -> Result<usize, DbError> {
    let mut lines = sales.lines.clone();
    // Rows are always taken in the same order, so that two orders of the same products cannot wait for one another.
    lines.sort_by_key(|line| line.product_id);
    db.transact(&COUNT_SALES, async |conn| {
        let is_new = on_either!(conn, |c| sqlx::query(REMEMBER_ORDER)
            .bind(sales.order_id.as_str())
            .execute(&mut **c)
            .await?
            .rows_affected())
            > 0;
        if !is_new {
            return Ok(0);
        }
        for line in &lines {
            on_either!(conn, |c| sqlx::query(COUNT_SALES.text)
                .bind(line.product_id)
                .bind(line.quantity)
                .execute(&mut **c)
                .await
                .map(drop)?);
        }
        Ok(lines.len())
    })
    .await
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    name: String,
    description: String,
    price_minor: i64,
    category: String,
    sold: i64,
    created_at_ms: i64,
}

impl From<Row> for Product {
    fn from(row: Row) -> Self {
        Product {
            id: row.id,
            name: row.name,
            description: row.description,
            price: Money::new(row.price_minor, Currency::Usd),
            category: row.category,
            sold: row.sold,
            created_at: clock::rfc3339(row.created_at_ms),
        }
    }
}

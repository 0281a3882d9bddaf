//! The catalogue over HTTP.

use axum::{Router, extract::State, routing::get, routing::post};
use serde::Deserialize;

use crate::kernel::{
    db::{Db, DbError},
    error::{Error, Kind, Result},
    extract::{Json, Path, Query},
    fact::Fact,
    id::ProductId,
    reply::Reply,
};

use super::{
    model::{Counted, Filter, NewProduct, Product, Sales, checked_limit},
    store,
};

/// How many products `/products/popular` shows unless asked for more.
const POPULAR: i64 = 5;

#[derive(Clone)]
pub struct App {
    db: Db,
}

impl App {
    pub fn new(db: Db) -> Self {
        App { db }
    }
}

pub fn router(app: App) -> Router {
    Router::new()
        .route("/products", get(list).post(create))
        .route("/products/popular", get(popular))
        .route("/products/{id}", get(one).put(update).delete(delete))
        .route("/categories", get(categories))
        .route("/sales", post(count_sales))
        .with_state(app)
}

#[derive(Deserialize)]
struct Listing {
    category: Option<String>,
    search: Option<String>,
    limit: Option<i64>,
}

async fn list(State(app): State<App>, Query(asked): Query<Listing>) -> Result<Reply<Vec<Product>>> {
    let filter = Filter::new(asked.category, asked.search.as_deref(), asked.limit)?;
    let products = store::list(&app.db, &filter).await?;
    let count = products.len();
    Ok(Reply::of(products).stating(Fact::ProductsListed { count }))
}

#[derive(Deserialize)]
struct Popular {
    limit: Option<i64>,
}

async fn popular(State(app): State<App>, Query(asked): Query<Popular>) -> Result<Reply<Vec<Product>>> {
    let limit = checked_limit(asked.limit, POPULAR)?;
    Ok(Reply::of(store::popular(&app.db, limit).await?))
}

async fn one(State(app): State<App>, Path(id): Path<ProductId>) -> Result<Reply<Product>> {
    let product = store::get(&app.db, id).await?.ok_or_else(|| no_product(id))?;
    Ok(Reply::of(product).stating(Fact::ProductViewed { product_id: id }))
}

async fn categories(State(app): State<App>) -> Result<Reply<Vec<String>>> {
    Ok(Reply::of(store::categories(&app.db).await?))
}

async fn create(State(app): State<App>, Json(new): Json<NewProduct>) -> Result<Reply<Product>> {
    let product = store::insert(&app.db, &new.checked()?).await.map_err(name_taken)?;
    let product_id = product.id;
    Ok(Reply::created(product).stating(Fact::ProductCreated { product_id }))
}

async fn update(
    State(app): State<App>,
    Path(id): Path<ProductId>,
    Json(new): Json<NewProduct>,
) -> Result<Reply<Product>> {
    let updated = store::update(&app.db, id, &new.checked()?).await.map_err(name_taken)?;
    updated.map(Reply::of).ok_or_else(|| no_product(id))
}

async fn delete(State(app): State<App>, Path(id): Path<ProductId>) -> Result<Reply<Product>> {
    store::delete(&app.db, id).await?.map(Reply::of).ok_or_else(|| no_product(id))
}

async fn count_sales(State(app): State<App>, Json(sales): Json<Sales>) -> Result<Reply<Counted>> {
    sales.check()?;
    let counted = store::count_sales(&app.db, &sales).await?;
    Ok(Reply::of(Counted { counted }))
}

fn no_product(id: ProductId) -> Error {
    Error::not_found(format!("there is no product {id}"))
}

fn name_taken(error: DbError) -> Error {
    match error {
        DbError::Duplicate => {
            let detail = "there is a product of that name";
            Error::new(Kind::Conflict, detail).at(Some("name".into()))
        }
        DbError::Exhausted
        | DbError::Unavailable(_)
        | DbError::Locked(_)
        | DbError::Full(_)
        | DbError::ReadOnly(_)
        | DbError::Damaged(_)
        | DbError::Other(_) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::Arc, time::Duration};

    use axum::http::Method;
    use serde_json::{Value, json};

    use super::*;
    use crate::kernel::{
        client::{Ask, Client, InProcess},
        migrate,
        origin::Origin,
        service::Service,
    };

    /// A catalogue on a database of its own.
    async fn catalog() -> (Client, tempfile::TempDir) {
        let (db, dir) = migrate::scratch(&store::SCHEMA).await;
        let carrier = Arc::new(InProcess(router(App::new(db))));
        (Client::new(Service::Catalog, carrier, Duration::from_secs(5)), dir)
    }

    fn ask(method: Method, path: &'static str) -> Ask {
        Ask::new(method, path, &Origin::default())
    }

    fn lamp(name: &str) -> Value {
        json!({"name": name, "price": {"minor": 1999, "currency": "USD"}, "category": "home"})
    }

    async fn ids(catalog: &Client, path: &'static str) -> Vec<i64> {
        let products: Vec<Product> = catalog.call(ask(Method::GET, path)).await.expect(path);
        products.iter().map(|product| product.id).collect()
    }

    async fn refusal(catalog: &Client, ask: Ask) -> Option<u16> {
        catalog.tell(ask).await.expect_err("refused").status().map(|status| status.as_u16())
    }

    #[tokio::test]
    async fn a_new_shop_has_21_products_in_six_categories() {
        let (catalog, _dir) = catalog().await;
        let products: Vec<Product> = catalog.call(ask(Method::GET, "/products")).await.expect("a list");
        assert_eq!(products.len(), 21);
        let kinds: BTreeSet<_> = products.into_iter().map(|product| product.category).collect();
        let categories: Vec<String> = catalog.call(ask(Method::GET, "/categories")).await.expect("a list");
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), categories);
        assert_eq!(categories, ["books", "clothing", "electronics", "home", "sports", "toys"]);
    }

    #[tokio::test]
    async fn lists_are_filtered_and_searches_taken_literally() {
        let (catalog, _dir) = catalog().await;
        assert_eq!(ids(&catalog, "/products?category=toys").await, [20, 21]);
        assert_eq!(ids(&catalog, "/products?category=books&limit=1").await, [6]);
        assert_eq!(ids(&catalog, "/products?search=LINEN").await, [12]);
        assert_eq!(ids(&catalog, "/products?search=%25").await, [] as [i64; 0]);
        assert_eq!(ids(&catalog, "/products?search=%27+OR+1%3D1").await, [] as [i64; 0]);
        assert_eq!(ids(&catalog, "/products/popular?limit=3").await, [16, 4, 21]);
        assert_eq!(refusal(&catalog, ask(Method::GET, "/products?limit=0")).await, Some(422));
        assert_eq!(refusal(&catalog, ask(Method::GET, "/products?limit=x")).await, Some(422));
    }

    #[tokio::test]
    async fn a_product_is_made_changed_and_taken_away() {
        let (catalog, _dir) = catalog().await;
        let post = |name| ask(Method::POST, "/products").json(&lamp(name));
        let put = |id: i64, name| ask(Method::PUT, "/products/{id}").part(id).json(&lamp(name));
        let delete = |id: i64| ask(Method::DELETE, "/products/{id}").part(id);
        let made: Product = catalog.call(post("Lämpchen")).await.expect("made");
        assert_eq!((made.id, made.sold, made.price.minor), (22, 0, 1999));
        assert_eq!(ids(&catalog, "/products?search=L%C3%84MP").await, [22], "small letters of any script");

        assert_eq!(refusal(&catalog, post("Lämpchen")).await, Some(409));
        assert_eq!(refusal(&catalog, put(1, "Lämpchen")).await, Some(409));
        assert_eq!(refusal(&catalog, put(99, "Other")).await, Some(404));
        let next: Product = catalog.call(post("Other")).await.expect("made");
        assert_eq!(next.id, 23, "a refused product uses up no number");

        let changed: Product = catalog.call(put(22, "Leuchte")).await.expect("changed");
        assert_eq!((changed.id, changed.name.as_str()), (22, "Leuchte"));
        let gone: Product = catalog.call(delete(22)).await.expect("gone");
        assert_eq!(gone, changed);
        assert_eq!(refusal(&catalog, delete(22)).await, Some(404));
        assert_eq!(refusal(&catalog, ask(Method::GET, "/products/22")).await, Some(404));
        let again: Product = catalog.call(post("Leuchte")).await.expect("its name is free again");
        assert_eq!(again.id, 24);
    }

    #[tokio::test]
    async fn the_sales_of_an_order_are_counted_once() {
        let (catalog, _dir) = catalog().await;
        let lines = [(21, 200), (1, 1)]
            .map(|(product_id, quantity)| json!({"product_id": product_id, "quantity": quantity}));
        let sales = json!({"order_id": "ord-1", "lines": lines});
        let post = || ask(Method::POST, "/sales").json(&sales);
        assert_eq!(catalog.call::<Counted>(post()).await.expect("counted"), Counted { counted: 2 });
        assert_eq!(catalog.call::<Counted>(post()).await.expect("counted"), Counted { counted: 0 });
        let product: Product = catalog.call(ask(Method::GET, "/products/21")).await.expect("product");
        assert_eq!(product.sold, 427);
        assert_eq!(ids(&catalog, "/products/popular?limit=1").await, [21]);
    }

    #[tokio::test]
    async fn what_is_not_a_product_is_refused_and_nothing_stored() {
        let (catalog, _dir) = catalog().await;
        let price = |price: Value| json!({"name": "Lamp", "price": price, "category": "home"});
        for (status, body) in [
            (422, lamp("<b>")),
            (422, lamp("")),
            (422, lamp("'); DELETE FROM products; --")),
            (422, price(json!({"minor": -5, "currency": "USD"}))),
            (422, price(json!({"minor": 5, "currency": "EUR"}))),
            (422, price(json!({"minor": 5.5, "currency": "USD"}))),
            (422, json!({"name": "Lamp"})),
            (422, json!([])),
        ] {
            assert_eq!(
                refusal(&catalog, ask(Method::POST, "/products").json(&body)).await,
                Some(status),
                "{body}"
            );
        }
        assert_eq!(ids(&catalog, "/products").await.len(), 21);
    }
}

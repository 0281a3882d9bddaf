//! The HTTP face of recommendation.

use axum::{Router, extract::State, routing::get};
use futures_util::future::try_join;
use serde::Deserialize;

use super::{
    model::{self, LIMIT, LIMIT_MAX},
    peers::Peers,
};
use crate::{
    kernel::{
        error::{Error, Result},
        extract::Query,
        fact::Fact,
        id::ProductId,
        origin::Origin,
        reply::Reply,
    },
    shop::catalog::model::Product,
};

/// The service. It keeps nothing.
#[derive(Clone)]
pub struct App {
    peers: Peers,
}

impl App {
    pub fn new(peers: Peers) -> Self {
        App { peers }
    }
}

pub fn router(app: App) -> Router {
    Router::new().route("/recommendations", get(recommend)).with_state(app)
}

#[derive(Deserialize)]
struct Wanted {
    product_id: Option<ProductId>,
    limit: Option<usize>,
}

async fn recommend(
    State(App { peers }): State<App>,
    origin: Origin,
    Query(wanted): Query<Wanted>,
) -> Result<Reply<Vec<Product>>> {
    let limit = wanted.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Error::invalid("limit", format!("a limit is from 1 to {LIMIT_MAX}")));
    }
    let same_category = async {
        let Some(id) = wanted.product_id else { return Ok(Vec::new()) };
        let product = peers.product(id, &origin).await?;
        peers.category(&product.category, &origin).await
    };
    // Enough popular ones to fill up with, even when the category's own are all among them.
    let popular = peers.popular(2 * limit + 1, &origin);
    let (same_category, popular) = try_join(same_category, popular).await?;
    let picked = model::pick(wanted.product_id, same_category, popular, limit);
    let count = picked.len();
    Ok(Reply::of(picked).stating(Fact::RecommendationsMade { count }))
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use axum::Json;
    use serde_json::{Value, json};

    use super::*;
    use crate::kernel::{
        client::{Ask, Client, InProcess},
        extract::Path,
        service::Service,
    };

    fn client(service: Service, router: Router) -> Client {
        Client::new(service, Arc::new(InProcess(router)), Duration::from_secs(1))
    }

    fn product(id: i64, category: &str, sold: i64) -> Value {
        json!({
            "id": id, "name": "x", "description": "", "price": { "minor": 100, "currency": "USD" },
            "category": category, "sold": sold, "created_at": "",
        })
    }

    async fn one(Path(id): Path<i64>) -> Result<Json<Value>> {
        if id == 1 { Ok(Json(product(1, "books", 1))) } else { Err(Error::not_found("no such product")) }
    }

    fn recommendation() -> Client {
        let list = || async { Json(json!([product(1, "books", 1), product(2, "books", 2)])) };
        let popular = || async { Json(json!([product(3, "toys", 9), product(2, "books", 2)])) };
        let catalog = Router::new()
            .route("/products", get(list))
            .route("/products/popular", get(popular))
            .route("/products/{id}", get(one));
        let app = App::new(Peers { catalog: client(Service::Catalog, catalog) });
        client(Service::Recommendation, router(app))
    }

    async fn ask(query: &[(&str, &str)]) -> Result<Vec<i64>> {
        let ask = Ask::get("/recommendations", &Origin::default()).query(&query);
        let products: Vec<Product> = recommendation().call(ask).await?;
        Ok(products.into_iter().map(|product| product.id).collect())
    }

    #[tokio::test]
    async fn the_same_category_comes_first() {
        assert_eq!(ask(&[("product_id", "1")]).await.expect("some"), [2, 3]);
        assert_eq!(ask(&[("product_id", "1"), ("limit", "1")]).await.expect("one"), [2]);
        assert_eq!(ask(&[]).await.expect("the popular ones"), [3, 2]);
    }

    #[tokio::test]
    async fn what_cannot_be_answered_is_refused() {
        for (query, status) in [
            ([("product_id", "9")], 404),
            ([("product_id", "x")], 422),
            ([("limit", "0")], 422),
            ([("limit", "21")], 422),
            ([("limit", "-1")], 422),
        ] {
            let error = ask(&query).await.expect_err("refused");
            assert_eq!(error.kind().status().as_u16(), status, "{query:?}");
        }
    }
}

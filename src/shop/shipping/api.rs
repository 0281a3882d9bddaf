//! The HTTP face of shipping.

use axum::{
    Router,
    routing::{get, post},
};
use serde::Deserialize;

use super::model::{self, ITEMS_MAX, Quote, QuoteRequest};
use crate::kernel::{
    country::Country,
    error::{Error, Result},
    extract::{Json, Query},
    fact::Fact,
    reply::Reply,
};

/// The service. It keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct App;

pub fn router(app: App) -> Router {
    Router::new().route("/quotes", post(quote)).route("/methods", get(methods)).with_state(app)
}

async fn quote(Json(request): Json<QuoteRequest>) -> Result<Reply<Quote>> {
    let items = checked(request.items)?;
    let QuoteRequest { country, method, .. } = request;
    let quote = model::quote(QuoteRequest { items, ..request })
        .ok_or_else(|| Error::invalid("shipping_method", format!("{method} does not go to {country}")))?;
    Ok(Reply::of(quote).stating(Fact::ShippingQuoted { method: method.name(), country }))
}

#[derive(Deserialize)]
struct Parcel {
    country: Country,
    items: i64,
}

async fn methods(Query(Parcel { country, items }): Query<Parcel>) -> Result<Reply<Vec<Quote>>> {
    let quotes = model::quotes(country, checked(items)?);
    let facts: Vec<_> =
        quotes.iter().map(|quote| Fact::ShippingQuoted { method: quote.method.name(), country }).collect();
    Ok(Reply::of(quotes).stating_all(facts))
}

fn checked(items: i64) -> Result<i64> {
    if (1..=ITEMS_MAX).contains(&items) {
        Ok(items)
    } else {
        Err(Error::invalid("items", format!("a parcel has 1 to {ITEMS_MAX} pieces")))
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::{super::model::Method, *};
    use crate::kernel::{
        client::{Ask, Client, InProcess},
        origin::Origin,
        service::Service,
    };

    async fn ask(country: Country, method: Method, items: i64) -> Result<Quote> {
        let client = Client::new(Service::Shipping, Arc::new(InProcess(router(App))), Duration::from_secs(1));
        let request = QuoteRequest { country, method, items };
        Ok(client.call(Ask::post("/quotes", &Origin::default()).json(&request)).await?)
    }

    #[tokio::test]
    async fn a_parcel_gets_its_price() {
        let quote = ask(Country::Us, Method::Overnight, 1).await.expect("a quote");
        assert_eq!((quote.cost.minor, quote.days_max), (2499, 1));
    }

    #[tokio::test]
    async fn what_cannot_be_sent_is_refused_by_field() {
        for (country, method, items, field) in [
            (Country::In, Method::Overnight, 1, "shipping_method"),
            (Country::Us, Method::Standard, 0, "items"),
            (Country::Us, Method::Standard, -3, "items"),
            (Country::Us, Method::Standard, i64::MAX, "items"),
        ] {
            let error = ask(country, method, items).await.expect_err(field);
            assert_eq!(error.field(), Some(field));
        }
    }
}

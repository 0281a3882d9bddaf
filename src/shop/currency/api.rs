//! The HTTP face of currency.

use axum::{Router, routing::get};
use serde::Deserialize;

use super::model::{self, AMOUNTS_MAX, Conversion, ConvertRequest, Converted, Rates};
use crate::kernel::{
    error::{Error, Result},
    extract::{Json, Query},
    fact::Fact,
    money::{Currency, Money},
    reply::Reply,
};

/// The service. It keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct App;

pub fn router(app: App) -> Router {
    Router::new().route("/convert", get(one).post(many)).route("/rates", get(rates)).with_state(app)
}

#[derive(Deserialize)]
struct One {
    from: Currency,
    to: Currency,
    minor: i64,
}

async fn one(Query(One { from, to, minor }): Query<One>) -> Result<Reply<Conversion>> {
    let amount = Money::new(minor, from);
    let conversion =
        Conversion { from: amount, to: convert(amount, to, "minor")?, rate: model::rate(from, to) };
    Ok(Reply::of(conversion).stating(Fact::CurrencyConverted { amounts: 1, to }))
}

async fn many(Json(ConvertRequest { amounts, to }): Json<ConvertRequest>) -> Result<Reply<Converted>> {
    if amounts.len() > AMOUNTS_MAX {
        return Err(Error::invalid("amounts", format!("at most {AMOUNTS_MAX} amounts at once")));
    }
    let amounts: Vec<_> =
        amounts.into_iter().map(|amount| convert(amount, to, "amounts")).collect::<Result<_>>()?;
    let count = amounts.len();
    Ok(Reply::of(Converted { amounts }).stating(Fact::CurrencyConverted { amounts: count, to }))
}

async fn rates() -> Reply<Rates> {
    Reply::of(model::rates())
}

fn convert(amount: Money, to: Currency, field: &'static str) -> Result<Money> {
    model::convert(amount, to).ok_or_else(|| Error::invalid(field, "the amount is too large"))
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::kernel::{
        client::{Ask, Client, InProcess},
        origin::Origin,
        service::Service,
    };

    fn client() -> Client {
        Client::new(Service::Currency, Arc::new(InProcess(router(App))), Duration::from_secs(1))
    }

    #[tokio::test]
    async fn a_batch_keeps_its_order() {
        let origin = Origin::default();
        let amounts = vec![Money::new(100, Currency::Usd), Money::new(920, Currency::Eur)];
        let ask = Ask::post("/convert", &origin).json(&ConvertRequest { amounts, to: Currency::Eur });
        let converted: Converted = client().call(ask).await.expect("converted");
        assert_eq!(
            converted.amounts,
            [Money::new(92, Currency::Eur), Money::new(920, Currency::Eur)].to_vec()
        );
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_refused() {
        let origin = Origin::default();
        for query in ["from=USD&to=XXX&minor=1", "from=USD&to=EUR", "from=USD&to=EUR&minor=9e9"] {
            let ask = Ask::get("/convert", &origin).query(&pairs(query));
            let refusal = client().call::<Conversion>(ask).await.expect_err(query);
            assert_eq!(refusal.status().map(|status| status.as_u16()), Some(422), "{query}");
        }
        let amounts = vec![Money::new(1, Currency::Usd); AMOUNTS_MAX + 1];
        let ask = Ask::post("/convert", &origin).json(&ConvertRequest { amounts, to: Currency::Eur });
        assert!(client().call::<Converted>(ask).await.is_err());
    }

    fn pairs(query: &str) -> Vec<(&str, &str)> {
        query.split('&').filter_map(|pair| pair.split_once('=')).collect()
    }
}

//! The HTTP face of promotions.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    Router,
    extract::State,
    routing::{delete, get, post},
};
use serde::Serialize;

use super::{
    model::{self, Application, ApplicationRequest, Campaign, Offer},
    store::Reservations,
};
use crate::kernel::{
    error::{Error, Kind, Result},
    extract::{Json, Path},
    fact::Fact,
    id::OrderId,
    reply::Reply,
};

/// The service. Clones share the reservations.
#[derive(Clone, Default)]
pub struct App(Arc<Mutex<Reservations>>);

pub fn router(app: App) -> Router {
    Router::new()
        .route("/applications", post(apply))
        .route("/applications/{order_id}", delete(release))
        .route("/campaigns", get(campaigns))
        .with_state(app)
}

async fn apply(
    State(App(reservations)): State<App>,
    Json(request): Json<ApplicationRequest>,
) -> Result<Reply<Application>> {
    let code = request.code.as_deref().filter(|code| !code.trim().is_empty());
    let offer = code.map(known).transpose()?;
    let application = model::apply(offer, request.tier, &request.lines)?;
    if let Some(offer) = offer.filter(|offer| offer.once_per_customer) {
        let mut reservations = reservations.lock().unwrap_or_else(PoisonError::into_inner);
        let ApplicationRequest { customer, order_id, times_used, .. } = &request;
        if !reservations.reserve(offer.code, customer, order_id, *times_used) {
            let detail = format!("{} can be used once, and was", offer.code);
            return Err(Error::new(Kind::Conflict, detail).at(Some("promo_code".into())));
        }
    }
    let fact =
        offer.map(|offer| Fact::PromotionApplied { code: offer.code.into(), discount: application.total });
    Ok(Reply::of(application).stating_all(fact))
}

fn known(code: &str) -> Result<&'static Offer> {
    model::offer(code).ok_or_else(|| Error::invalid("promo_code", "there is no such code"))
}

#[derive(Serialize)]
struct Released {
    released: bool,
}

async fn release(State(App(reservations)): State<App>, Path(order_id): Path<OrderId>) -> Reply<Released> {
    let mut reservations = reservations.lock().unwrap_or_else(PoisonError::into_inner);
    Reply::of(Released { released: reservations.release(&order_id) })
}

async fn campaigns() -> Reply<Vec<Campaign>> {
    Reply::of(model::campaigns())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::kernel::{
        client::{Ask, Client, InProcess},
        id::CustomerId,
        money::{Currency, Money},
        origin::{Origin, Tier},
        service::Service,
    };

    fn client() -> Client {
        let router = router(App::default());
        Client::new(Service::Promotions, Arc::new(InProcess(router)), Duration::from_secs(1))
    }

    fn request(order: &str, code: &str) -> ApplicationRequest {
        ApplicationRequest {
            order_id: OrderId::from(order.to_owned()),
            customer: CustomerId::new(123, None),
            tier: Tier::Standard,
            code: Some(code.to_owned()),
            times_used: 0,
            lines: vec![model::PricedLine {
                product_id: 1,
                quantity: 1,
                unit: Money::new(5_000, Currency::Usd),
            }],
        }
    }

    async fn apply(client: &Client, request: ApplicationRequest) -> Result<Application> {
        Ok(client.call(Ask::post("/applications", &Origin::default()).json(&request)).await?)
    }

    #[tokio::test]
    async fn a_once_code_goes_to_one_order_and_comes_back_when_released() {
        let client = client();
        apply(&client, request("a", "WELCOME5")).await.expect("the first");
        apply(&client, request("a", "WELCOME5")).await.expect("the same again");
        let error = apply(&client, request("b", "welcome5")).await.expect_err("another");
        assert_eq!((error.kind(), error.field()), (Kind::Conflict, Some("promo_code")));
        let ask = Ask::delete("/applications/{order_id}", &Origin::default()).part("a");
        client.tell(ask).await.expect("released");
        apply(&client, request("b", "WELCOME5")).await.expect("free again");
    }

    #[tokio::test]
    async fn a_code_that_is_refused_reserves_nothing() {
        let client = client();
        let mut small = request("a", "WELCOME5");
        small.lines[0].unit.minor = 100;
        apply(&client, small).await.expect_err("too small");
        apply(&client, request("b", "WELCOME5")).await.expect("still free");
    }

    #[tokio::test]
    async fn an_unknown_code_is_refused_and_an_empty_one_is_none() {
        let error = apply(&client(), request("a", "<script>")).await.expect_err("unknown");
        assert_eq!((error.kind(), error.field()), (Kind::Invalid, Some("promo_code")));
        let application = apply(&client(), request("a", " ")).await.expect("no code");
        assert_eq!((application.code, application.total.minor), (None, 0));
    }
}

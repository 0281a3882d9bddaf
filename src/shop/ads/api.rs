//! The HTTP face of ads.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use serde::Deserialize;

use super::model::{self, Ad, BOOKED};
use crate::kernel::{
    error::{Error, Result},
    extract::{Path, Query},
    fact::Fact,
    reply::Reply,
};

/// The service. Clones share the counters.
#[derive(Clone, Default)]
pub struct App(Arc<Counters>);

#[derive(Default)]
struct Counters {
    turn: AtomicUsize,
    clicks: [AtomicU64; BOOKED.len()],
}

pub fn router(app: App) -> Router {
    Router::new().route("/ads", get(list)).route("/ads/{id}/click", post(click)).with_state(app)
}

#[derive(Deserialize)]
struct Wanted {
    category: Option<String>,
}

/// The ads for a category. The turn is a counter and not a draw: the same shoppers see the same ads.
async fn list(State(app): State<App>, Query(wanted): Query<Wanted>) -> Reply<Vec<Ad>> {
    let turn = app.0.turn.fetch_add(1, Ordering::Relaxed);
    let ids = model::in_turn(wanted.category.as_deref(), turn);
    let ads: Vec<Ad> = ids.into_iter().filter_map(|id| app.ad(id, 0)).collect();
    let count = ads.len();
    Reply::of(ads).stating(Fact::AdsServed { count })
}

async fn click(State(app): State<App>, Path(id): Path<u32>) -> Result<Reply<Ad>> {
    let ad = app.ad(id, 1).ok_or_else(|| Error::not_found("there is no such ad"))?;
    Ok(Reply::of(ad).stating(Fact::AdClicked { ad_id: id }))
}

impl App {
    /// The ad of that id after `more` clicks.
    fn ad(&self, id: u32, more: u64) -> Option<Ad> {
        let booking = model::booking(id)?;
        let clicks = self.0.clicks.get(usize::try_from(id).ok()?.checked_sub(1)?)?;
        Some(Ad {
            id,
            category: booking.category.into(),
            text: booking.text.into(),
            product_id: booking.product_id,
            clicks: clicks.fetch_add(more, Ordering::Relaxed) + more,
        })
    }
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
        let router = router(App::default());
        Client::new(Service::Ads, Arc::new(InProcess(router)), Duration::from_secs(1))
    }

    #[tokio::test]
    async fn clicks_are_counted_and_shown() {
        let (client, origin) = (client(), Origin::default());
        let ask = Ask::get("/ads", &origin).query(&[("category", "books")]);
        let ads: Vec<Ad> = client.call(ask).await.expect("ads");
        assert!(ads.iter().all(|ad| ad.category == "books" && ad.clicks == 0));
        let id = ads[0].id;
        for _ in 0..2 {
            client.tell(Ask::post("/ads/{id}/click", &origin).part(id)).await.expect("a click");
        }
        let ask = Ask::get("/ads", &origin).query(&[("category", "books")]);
        let ads: Vec<Ad> = client.call(ask).await.expect("ads");
        assert_eq!(ads.iter().find(|ad| ad.id == id).map(|ad| ad.clicks), Some(2));
    }

    #[tokio::test]
    async fn an_ad_that_does_not_exist_cannot_be_clicked() {
        for id in ["0", "99", "-1", "x"] {
            let ask = Ask::post("/ads/{id}/click", &Origin::default()).part(id);
            let refusal = client().tell(ask).await.expect_err(id);
            assert_eq!(refusal.status().map(|status| status.as_u16()), Some(404), "{id}");
        }
    }
}

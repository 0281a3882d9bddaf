//! Shoppers as a whole: who comes, who is shed, how it is counted, and what stopping means.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Response, StatusCode, header};

use tokio::runtime::Handle;

use super::{
    journey::{Journey, StepKind},
    mix::Mix,
    play::IDEMPOTENCY_KEY,
    run::{Options, Shoppers},
    tally::Tally,
    visit::Source,
    weights::Weights,
};
use crate::kernel::client::{Carrier, Errand, Lost};

type Answer = Result<Response<Bytes>, Lost>;

/// Answers what `answer` says, `after` a while, and remembers what it was asked.
struct Script<F> {
    after: Duration,
    asked: Mutex<Vec<Errand>>,
    answer: F,
}

impl<F: Fn(&Errand) -> Result<u16, Lost> + Send + Sync> Carrier for Script<F> {
    fn carry(&self, errand: Errand) -> BoxFuture<'_, Answer> {
        let answer = (self.answer)(&errand).map(|status| {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::from_u16(status).expect("a status");
            response
        });
        self.asked.lock().expect("unpoisoned").push(errand);
        Box::pin(async move {
            tokio::time::sleep(self.after).await;
            answer
        })
    }
}

fn shop<F: Fn(&Errand) -> Result<u16, Lost> + Send + Sync>(answer: F) -> Arc<Script<F>> {
    Arc::new(Script { after: Duration::ZERO, asked: Mutex::default(), answer })
}

fn hasty(journey: Journey, visits_per_minute: f64) -> Options {
    let journeys = Weights::only(journey);
    let mix = Mix { visits_per_minute, journeys, think_time_scale: 0.0, ..Mix::normal() };
    Options { mix, ..Options::default() }
}

/// Waits for the books to say so; a tenth of a minute is for ever.
async fn until(shoppers: &Shoppers, done: impl Fn(&Tally) -> bool) -> Tally {
    let deadline = Instant::now() + Duration::from_secs(6);
    loop {
        let tally = shoppers.tally();
        if done(&tally) {
            return tally;
        }
        assert!(Instant::now() < deadline, "{tally:?}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_visit_asks_for_what_was_planned_in_the_planned_traces() {
    let shop = shop(|_| Ok(200));
    let options = Options { source: Source { seed: 7, occasion: 3 }, ..hasty(Journey::Buy, 1.0) };
    let visit = options.source.visit(0, &options.mix);
    let shoppers = Shoppers::start(options, shop.clone(), &Handle::current()).expect("started");
    let tally = until(&shoppers, |tally| tally.visits.completed == 1).await;
    assert_eq!((tally.requests.ok, tally.in_flight), (8, 0));

    let asked = shop.asked.lock().expect("unpoisoned");
    assert_eq!(asked.len(), visit.steps.len());
    for (errand, step) in asked.iter().zip(&visit.steps) {
        assert_eq!(errand.trace_id, Some(step.trace_id));
        assert_eq!((&errand.path, &errand.body), (&step.path, &step.body));
        assert_eq!(errand.headers[header::AUTHORIZATION], "Bearer user-token-123");
        assert_eq!(errand.origin.session.as_ref(), Some(&visit.session));
        assert_eq!(errand.origin.country, Some(visit.country));
        assert_eq!(errand.headers.contains_key(IDEMPOTENCY_KEY), step.kind == StepKind::Checkout);
    }
}

#[tokio::test]
async fn latency_counts_from_the_intended_start_even_when_all_stand_still() {
    let standstill = Duration::from_millis(200);
    let shop = shop(|_| Ok(200));
    let shoppers =
        Shoppers::start(hasty(Journey::Browse, 6_000.0), shop.clone(), &Handle::current()).expect("started");
    until(&shoppers, |tally| tally.visits.completed >= 1).await;
    // The whole runtime stands, so that nobody is even sent: who counts from sending would see nothing of it.
    std::thread::sleep(standstill);
    let tally = until(&shoppers, |tally| tally.visits.completed >= 15).await;
    let home = tally.steps["home"].latency;
    assert!(home.max_ms >= 100.0, "the first one due in the standstill waited for most of it: {home:?}");
    assert!(home.p50_ms >= 10.0, "most of them waited: {home:?}");
}

#[tokio::test]
async fn a_slow_shop_does_not_slow_the_arrivals_and_who_finds_it_full_is_shed() {
    let shop =
        Arc::new(Script { after: Duration::from_secs(60), asked: Mutex::default(), answer: |_: &_| Ok(200) });
    let options =
        Options { most_in_flight: 5, grace: Duration::from_millis(10), ..hasty(Journey::Browse, 12_000.0) };
    let shoppers = Shoppers::start(options, shop.clone(), &Handle::current()).expect("started");
    let tally = until(&shoppers, |tally| tally.visits.arrived >= 40).await;
    assert_eq!(tally.in_flight, 5);
    assert_eq!(tally.visits.shed, tally.visits.arrived - 5);
    shoppers.stop().await;
    let tally = shoppers.tally();
    assert_eq!((tally.visits.cut, tally.in_flight), (5, 0));
    assert_eq!(shop.asked.lock().expect("unpoisoned").len(), 5);
}

#[tokio::test]
async fn whoever_meets_a_failure_leaves_unless_it_is_a_decoration() {
    for (failing, answer, asked) in [
        ("/products", Ok(503), 2),
        ("/cart/add", Err(Lost::TimedOut), 6),
        ("/recommendations", Ok(500), 8),
        ("/checkout", Ok(402), 8),
    ] {
        let shop = shop(move |errand| if errand.route == failing { answer.clone() } else { Ok(200) });
        let shoppers =
            Shoppers::start(hasty(Journey::Buy, 1.0), shop.clone(), &Handle::current()).expect("started");
        let tally = until(&shoppers, |tally| tally.in_flight == 0 && tally.visits.arrived == 1).await;
        assert_eq!(tally.requests.total(), asked, "{failing}");
        assert_eq!(tally.visits.broken, u64::from(asked < 8), "{failing}");
        assert_eq!(tally.requests.ok, asked - 1, "{failing}");
    }
}

#[tokio::test]
async fn the_rate_changes_while_they_come() {
    let shoppers =
        Shoppers::start(hasty(Journey::Browse, 0.0), shop(|_| Ok(200)), &Handle::current()).expect("started");
    shoppers.set_rate(60_000.0, Duration::ZERO).expect("fit");
    until(&shoppers, |tally| tally.visits.completed > 100).await;
    shoppers.set_mix(Mix { visits_per_minute: 0.0, ..Mix::normal() }, Duration::ZERO).expect("fit");
    assert_eq!(shoppers.tally().visits_per_minute, 0.0);
    shoppers.surge(Duration::from_secs(60), 60.0).expect("fit");
    let surge = shoppers.tally().visits_per_minute;
    assert!((surge * Mix::normal().requests_per_visit() - 60.0).abs() < 1e-9, "{surge}");
    for _ in 1..32 {
        shoppers.surge(Duration::from_secs(60), 1.0).expect("fits");
    }
    assert!(shoppers.surge(Duration::from_secs(60), 1.0).is_err(), "one too many");
    shoppers.end_surges();
    assert_eq!(shoppers.tally().visits_per_minute, 0.0);
    assert!(shoppers.set_rate(-1.0, Duration::ZERO).is_err());
}

#[tokio::test]
async fn stopping_lets_those_inside_finish() {
    let shop = Arc::new(Script {
        after: Duration::from_millis(20),
        asked: Mutex::default(),
        answer: |_: &_| Ok(200),
    });
    let options = Options { grace: Duration::from_secs(6), ..hasty(Journey::Browse, 6_000.0) };
    let shoppers = Shoppers::start(options, shop, &Handle::current()).expect("started");
    until(&shoppers, |tally| tally.in_flight > 3).await;
    shoppers.stop().await;
    let tally = shoppers.tally();
    assert_eq!(tally.visits.completed, tally.visits.arrived);
    assert_eq!((tally.visits.cut, tally.requests.ok), (0, tally.visits.arrived * 5));
    shoppers.stop().await;
}

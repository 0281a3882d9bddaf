//! Customers who look at a product, an open model: each comes at their time whether or not the one before has been
//! served, and waiting counts from the time they meant to come.

use std::{
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::task::JoinSet;

/// Requests a second.
pub const RATE: u32 = 300;
/// Products that every shop has.
const PRODUCTS: u32 = 20;

/// What the customers of one stretch of time got.
#[derive(Clone, Debug)]
pub struct Served {
    /// In ascending order.
    latencies: Vec<Duration>,
    /// Statuses other than 200, and connections that failed.
    pub complaints: Vec<String>,
}

impl Served {
    pub fn p99(&self) -> Duration {
        self.latencies[self.latencies.len() * 99 / 100]
    }

    pub fn count(&self) -> u64 {
        self.latencies.len() as u64
    }
}

/// Sends customers to `shop` for as long as `lasts`, and waits until the last has been served.
pub fn run(shop: &str, lasts: Duration) -> Served {
    thread::scope(|scope| {
        let served = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(come(shop, lasts))
        });
        served.join().expect("the customers come")
    })
}

async fn come(shop: &str, lasts: Duration) -> Served {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(tcp);
    let mut visits = JoinSet::new();
    let every = Duration::from_secs(1) / RATE;
    let begun = Instant::now();
    for number in 0.. {
        let intended = begun + every * number;
        if intended.duration_since(begun) >= lasts {
            break;
        }
        tokio::time::sleep_until(intended.into()).await;
        let client = client.clone();
        let url = format!("{shop}/products/{}", 1 + number % PRODUCTS);
        let url: http::Uri = url.parse().expect("an address");
        visits.spawn(async move {
            let answer = client.get(url).await.map_err(|error| format!("{error:?}"))?;
            let status = answer.status();
            answer.into_body().collect().await.map_err(|error| error.to_string())?;
            if status == http::StatusCode::OK { Ok(intended.elapsed()) } else { Err(status.to_string()) }
        });
    }
    let (mut latencies, mut complaints) = (Vec::new(), Vec::new());
    while let Some(visit) = visits.join_next().await {
        match visit.expect("a visit ends") {
            Ok(took) => latencies.push(took),
            Err(why) => complaints.push(why),
        }
    }
    latencies.sort();
    Served { latencies, complaints }
}

//! Looks every so often how many alerts fire, and, where the two are somebody else's, whether they answer.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval};

use super::{
    alerts,
    ask::Asker,
    part::{Part, Version},
    standing::{Standing, State},
};

const EVERY: Duration = Duration::from_secs(2);

/// Looks until it is dropped.
pub async fn feel(standing: Standing) {
    let asker = Asker::new();
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        look(&asker, &standing).await;
    }
}

/// Looks once.
pub async fn look(asker: &Asker, standing: &Standing) {
    let now = standing.now();
    let theirs = |part: Part| now.part(part).is_some_and(|part| !part.ours);
    for part in Part::ALL.into_iter().filter(|part| theirs(*part)) {
        let Some(url) = standing.url(part) else { continue };
        let said = match part {
            Part::Prometheus => asker.json(&url, "/api/v1/status/buildinfo").await,
            Part::Alertmanager => asker.json(&url, "/api/v2/status").await,
        };
        standing.tell(part, |now| match &said {
            Ok(said) => {
                now.state = State::Ready;
                now.version = version(said).map(|version| version.to_string());
            }
            Err(_) => now.state = State::Away,
        });
    }
    let ready = standing.now().prometheus.filter(|part| part.state == State::Ready);
    let firing = match ready {
        Some(part) => asker.json(&part.url, "/api/v1/alerts").await.ok().map(|said| alerts::firing(&said)),
        None => None,
    };
    standing.change(|now| now.firing = firing);
}

/// Both say it, each in a place of its own.
fn version(said: &Value) -> Option<Version> {
    let places = [&said["data"]["version"], &said["versionInfo"]["version"]];
    places.into_iter().find_map(|place| Version::parse(place.as_str()?))
}

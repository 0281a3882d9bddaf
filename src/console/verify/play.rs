//! Plays and judges, by way of the lab's own address: what is judged is what anybody would see.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use http::HeaderValue;
use serde_json::json;

use super::record::{Record, VerifyState, VerifyStep};
use crate::{
    console::desk::{Desk, Notice},
    kernel::outside::Place,
    scenario::spec::Spec,
    verify::{
        judge::judge,
        plan::Plan,
        ready::{self, Ground},
        report::{About, Report},
        run::{self, Manner},
    },
};

/// Prometheus and Alertmanager are there within this, and visitors.
const OPENING: Duration = Duration::from_secs(60);
/// Alerts of what was before may take this long to end.
const SETTLING: Duration = Duration::from_secs(300);

/// What is played.
pub struct Wanted {
    pub scenarios: Vec<Arc<Spec>>,
    pub hurry: bool,
    /// The lab's own address, and what it asks of callers.
    pub lab: Place,
    pub token: Option<HeaderValue>,
}

/// Plays all of them, until one cannot be played.
pub async fn play(desk: Weak<Desk>, record: Record, wanted: Wanted) {
    let mut say = |line: &str| tell(&desk, &record.say(line));
    let (state, why) = match all(&record, wanted, &mut say).await {
        Ok(()) => (VerifyState::Done, None),
        Err(why) => (VerifyState::Failed, Some(why)),
    };
    if let Some(step) = record.end(state, why) {
        tell(&desk, &step);
    }
}

/// Tells whoever listens.
pub fn tell(desk: &Weak<Desk>, step: &VerifyStep) {
    if let Some(desk) = desk.upgrade() {
        let data = serde_json::to_string(step).unwrap_or_default();
        // Whoever does not listen asks.
        let _ = desk.events.send(Arc::new(Notice { name: "verify", data }));
    }
}

async fn all(record: &Record, wanted: Wanted, say: &mut (dyn FnMut(&str) + Send)) -> Result<(), String> {
    let Wanted { scenarios, hurry, lab, token } = wanted;
    let ground = ready::ready(lab.with_token(token), OPENING, say).await?;
    for spec in scenarios {
        record.turn_to(&spec.name);
        let report = one(&ground, &spec, hurry, say).await?;
        record.judged(&report);
        say(&format!("{}: {}", spec.name, report.outcome.words()));
    }
    Ok(())
}

async fn one(
    ground: &Ground,
    spec: &Spec,
    hurry: bool,
    say: &mut (dyn FnMut(&str) + Send),
) -> Result<Report, String> {
    let name = &spec.name;
    let plan = Plan::of(spec);
    let strangers = ground.known.strangers(&plan);
    if !strangers.is_empty() {
        return Err(strangers.join("; "));
    }
    say(&format!("{name}: waiting until all is calm"));
    // Where no scenario runs, there is none to stop.
    let _ = ground.places.lab.post("/api/scenarios/stop", &json!({})).await;
    ready::settled(ground, SETTLING, say).await.map_err(|why| format!("{name}: {why}"))?;
    say(&format!("{name}: {}", spec.title));
    let manner = Manner { seed: None, hurry };
    let timeline = run::run(&ground.places, &plan, &ground.timing, &manner, say).await;
    let timeline = timeline.map_err(|silence| format!("{name}: the lab: {silence}"))?;
    let findings = judge(&plan, &timeline, &ground.timing);
    let about = About { seed: spec.seed, ..ground.about.clone() };
    Ok(Report::new(&spec.title, findings, about, ground.timing.clone(), timeline))
}

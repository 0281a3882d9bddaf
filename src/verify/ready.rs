//! Whether there is anything to judge by: a lab whose Prometheus scrapes, whose Watchdog arrives at its receiver, and
//! whose shop has visitors. Without that no verdict is worth anything, and none is given.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    bound::Timing,
    evidence::is_watchdog,
    observe::{LOOK_EVERY, Places},
    report::About,
    strangers::Known,
    timeline::{Told, WATCHDOG, brief},
    wire,
};
use crate::{
    kernel::outside::{Place, Silence},
    scenario::parse,
};

/// As old as the newest Watchdog may be: it is repeated more often than that at every pace.
const FRESH: Duration = Duration::from_secs(6 * 60);

/// Everything that has to be known before a scenario can be judged.
pub struct Ground {
    pub places: Places,
    pub timing: Timing,
    pub known: Known,
    pub about: About,
}

/// Waits for `patience` until all is ready; what is still missing then is named.
pub async fn ready(
    lab: Place,
    patience: Duration,
    say: &mut (dyn FnMut(&str) + Send),
) -> Result<Ground, String> {
    let give_up = Instant::now() + patience;
    let mut last = String::new();
    let mut visits_before = None;
    loop {
        let missing = match found(&lab, &mut visits_before).await {
            Ok(ground) => return Ok(ground),
            Err(missing) => missing,
        };
        if missing.is_final || Instant::now() >= give_up {
            return Err(missing.why);
        }
        if missing.why != last {
            say(&format!("waiting: {}", missing.why));
            last = missing.why;
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Waits until nothing fires, nothing is pending, and no receiver has been told anything for a while.
pub async fn settled(
    ground: &Ground,
    patience: Duration,
    say: &mut (dyn FnMut(&str) + Send),
) -> Result<(), String> {
    let give_up = Instant::now() + patience;
    let quiet = Duration::from_millis(ground.timing.quiet_ms().unsigned_abs());
    let (mut since, mut said) = (None, String::new());
    loop {
        let why = match loud(ground).await {
            Ok(names) if names.is_empty() => String::new(),
            Ok(names) => names.into_iter().collect::<Vec<_>>().join(", "),
            Err(silence) => format!("Prometheus cannot be asked: {silence}"),
        };
        if !why.is_empty() {
            since = None;
            if Instant::now() >= give_up {
                return Err(format!("it does not become quiet: {why}"));
            }
            if why != said {
                say(&format!("waiting: {why}"));
                said = why;
            }
        } else if since.get_or_insert_with(Instant::now).elapsed() >= quiet {
            return Ok(());
        }
        sleep(LOOK_EVERY).await;
    }
}

/// What fires, or may soon.
async fn loud(ground: &Ground) -> Result<BTreeSet<String>, Silence> {
    let answer = ground.places.prometheus.get("/api/v1/alerts", &()).await?;
    let loud = wire::firings(&answer).into_iter().filter(|(firing, _)| !is_watchdog(&firing.labels));
    let said = |fires: bool| if fires { "fires" } else { "may fire" };
    Ok(loud.map(|(firing, fires)| format!("{} {}", brief(&firing.labels), said(fires))).collect())
}

/// What is not there yet, and whether waiting helps.
struct Missing {
    why: String,
    is_final: bool,
}

fn not_yet(why: impl Into<String>) -> Missing {
    Missing { why: why.into(), is_final: false }
}

async fn found(lab: &Place, visits_before: &mut Option<u64>) -> Result<Ground, Missing> {
    let state = lab.get("/api/state", &()).await;
    let state = state.map_err(|silence| not_yet(format!("the lab at {}: {silence}", lab.base())))?;
    let stack = &state["stack"];
    let word = stack["state"].as_str().unwrap_or("off");
    let why = stack["why"].as_str().unwrap_or("the lab has no Prometheus and no Alertmanager");
    // What is not installed does not come by waiting.
    if matches!(word, "off" | "missing" | "failed") {
        return Err(Missing { why: why.to_owned(), is_final: true });
    }
    let part = |name: &str| -> Result<Place, Missing> {
        let url = stack[name]["url"].as_str().ok_or_else(|| not_yet(format!("the lab has no {name}")))?;
        Place::new(name, url).map_err(not_yet)
    };
    // The lab may be elsewhere; then the file is too.
    let record = stack["events_file"].as_str().map(PathBuf::from).filter(|path| path.is_file());
    let places = Places {
        lab: lab.clone(),
        prometheus: part("prometheus")?,
        alertmanager: part("alertmanager")?,
        record,
    };
    let (timing, known) = told_of_themselves(&places).await.map_err(not_yet)?;
    if !known.alerts.is_empty() && !known.has_watchdog() {
        let why = format!(
            "the rules have no alert `{WATCHDOG}`: without one that always fires, silence proves nothing"
        );
        return Err(Missing { why, is_final: true });
    }
    scrapes(&places.prometheus).await.map_err(not_yet)?;
    watchdog(lab).await.map_err(not_yet)?;
    let ok = state["shoppers"]["requests"]["ok"].as_u64().unwrap_or_default();
    if ok <= *visits_before.get_or_insert(ok) {
        return Err(not_yet("nobody visits the shop"));
    }
    let version = |name: &str| stack[name]["version"].as_str().unwrap_or("unknown").to_owned();
    let about = About {
        doorbuster: state["version"].as_str().unwrap_or_default().to_owned(),
        prometheus: version("prometheus"),
        alertmanager: version("alertmanager"),
        event_recorder: places.record.is_some(),
        pace: stack["pace"].as_str().unwrap_or("their own").to_owned(),
        seed: None,
    };
    Ok(Ground { places, timing, known, about })
}

async fn scrapes(prometheus: &Place) -> Result<(), String> {
    // Of the lab's own measurements: something else may be scraped as well.
    let query = [("query", "count(lab_service_expected)")];
    let answer = prometheus.get("/api/v1/query", &query).await;
    let answer = answer.map_err(|silence| format!("Prometheus: {silence}"))?;
    match wire::values(&answer).first() {
        Some(count) if *count > 0.0 => Ok(()),
        _ => Err("Prometheus has not scraped the lab yet".to_owned()),
    }
}

async fn watchdog(lab: &Place) -> Result<(), String> {
    let notes = lab.get("/api/alerts/notifications", &()).await;
    let notes = notes.map_err(|silence| format!("the lab's receivers: {silence}"))?;
    let now_ms = crate::kernel::clock::now_millis();
    let fresh_ms = i64::try_from(FRESH.as_millis()).unwrap_or(i64::MAX);
    let is_watchdog = |told: &Told| {
        let mut names = told.alerts.iter().filter_map(|one| one.labels.get("alertname"));
        now_ms - told.at_ms < fresh_ms && names.any(|name| name == WATCHDOG)
    };
    match wire::told(&notes).iter().any(is_watchdog) {
        true => Ok(()),
        false => {
            Err("Watchdog has not arrived at its receiver: the way from rule to receiver is broken"
                .to_owned())
        }
    }
}

/// What the two servers say of their own timing, and which alerts and receivers they have.
async fn told_of_themselves(places: &Places) -> Result<(Timing, Known), String> {
    let prometheus = |silence: Silence| format!("Prometheus: {silence}");
    let rules = places.prometheus.get("/api/v1/rules", &()).await.map_err(prometheus)?;
    let config = places.prometheus.get("/api/v1/status/config", &()).await.map_err(prometheus)?;
    let status = places.alertmanager.get("/api/v2/status", &()).await;
    let status = status.map_err(|silence| format!("Alertmanager: {silence}"))?;
    let read = |text: &Value| {
        let text = text.as_str().unwrap_or_default();
        parse::read_value("configuration", text).unwrap_or_else(|_| json!({}))
    };
    let routing = read(&status["config"]["original"]);
    let timing = wire::timing(&rules, &read(&config["data"]["yaml"]), &routing);
    let receivers = routing["receivers"].as_array().into_iter().flatten();
    let known = Known {
        alerts: timing.holds_ms.keys().cloned().collect(),
        receivers: receivers.filter_map(|one| Some(one["name"].as_str()?.to_owned())).collect(),
    };
    Ok((timing, known))
}

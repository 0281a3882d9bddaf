//! What the lab itself remembers: a trace that others must have by now, and its log lines.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use serde::Deserialize;
use serde_json::Value;

use super::super::lab::{Answer, Lab, No};

/// Signals are on their way for about this long: batches, retries, and what the backend itself does before it answers.
const ON_ITS_WAY: Duration = Duration::from_secs(10);
/// As many traces as are asked for: one of them may have no log lines.
const TRACES: usize = 20;
/// As many lines as a trace may have.
const LINES: usize = 1000;

/// What there is to say when the lab remembers nothing to look for.
pub const NOTHING: &str = "the lab itself remembers none that is ten seconds old";

/// A trace, as `/api/traces` lists it.
#[derive(Clone, Debug, Deserialize)]
pub struct Trace {
    pub trace_id: String,
    /// How many there are.
    pub spans: u64,
}

/// The lines of one service in a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lines {
    pub count: u64,
    pub first: SystemTime,
    pub last: SystemTime,
}

/// The newest traces that have had the time to arrive everywhere, newest first. Asked for by their age: among the newest
/// of a Black Friday none is old enough. No store is no error: then the lab remembers nothing.
pub async fn traces(lab: &Lab) -> Answer<Vec<Trace>> {
    let wanted = [("limit", TRACES as u64), ("ended_seconds_ago", ON_ITS_WAY.as_secs())];
    match lab.ask(Lab::get("/api/traces").query(&wanted)).await {
        Ok(traces) => Ok(traces),
        Err(No::Refused(_, Some(problem))) if problem["status"] == 404 => Ok(Vec::new()),
        Err(no) => Err(no),
    }
}

/// The lines of `trace`, by service.
pub async fn lines(lab: &Lab, trace: &Trace) -> Answer<BTreeMap<String, Lines>> {
    let wanted = [("trace_id", trace.trace_id.as_str()), ("limit", &LINES.to_string())];
    let lines: Vec<Value> = lab.ask(Lab::get("/api/logs").query(&wanted)).await?;
    Ok(by_service(&lines))
}

fn by_service(lines: &[Value]) -> BTreeMap<String, Lines> {
    let mut services: BTreeMap<String, Lines> = BTreeMap::new();
    for line in lines {
        let (Some(service), Some(at)) = (line["service"].as_str(), line["timestamp"].as_str()) else {
            continue;
        };
        let Ok(at) = humantime::parse_rfc3339_weak(at) else { continue };
        let known = services.entry(service.to_owned()).or_insert(Lines { count: 0, first: at, last: at });
        *known = Lines { count: known.count + 1, first: known.first.min(at), last: known.last.max(at) };
    }
    services
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_are_counted_by_service_with_their_first_and_last_time() {
        let line = |service, at| json!({"service": service, "timestamp": at});
        let (one, two) = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z");
        let found = by_service(&[line("cart", two), line("cart", one), line("ads", one), json!({})]);
        let at = |text| humantime::parse_rfc3339(text).expect("a time");
        assert_eq!(found["cart"], Lines { count: 2, first: at(one), last: at(two) });
        assert_eq!((found.len(), found["ads"].count), (2, 1));
    }
}

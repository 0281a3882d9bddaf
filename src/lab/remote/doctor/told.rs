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
/// As many recent traces as are looked through for one that is old enough.
const TRACES: usize = 500;
/// As many lines as a trace may have.
const LINES: usize = 1000;

/// What there is to say when the lab remembers nothing to look for.
pub const NOTHING: &str = "the lab itself remembers none that is ten seconds old";

/// A trace, as `/api/traces` lists it.
#[derive(Clone, Debug, Deserialize)]
pub struct Trace {
    pub trace_id: String,
    /// RFC 3339.
    pub started: String,
    pub duration_ms: f64,
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

/// The newest trace that has had the time to arrive everywhere, if there is one. No store is no error: then the lab
/// remembers nothing.
pub async fn trace(lab: &Lab) -> Answer<Option<Trace>> {
    let traces: Vec<Trace> = match lab.ask(Lab::get("/api/traces").query(&[("limit", TRACES)])).await {
        Ok(traces) => traces,
        Err(No::Refused(..)) => Vec::new(),
        Err(no) => return Err(no),
    };
    let now = SystemTime::now();
    Ok(traces.into_iter().find(|trace| trace.is_older_than(ON_ITS_WAY, now)))
}

/// The lines of `trace`, by service.
pub async fn lines(lab: &Lab, trace: &Trace) -> Answer<BTreeMap<String, Lines>> {
    let wanted = [("trace_id", trace.trace_id.as_str()), ("limit", &LINES.to_string())];
    let lines: Vec<Value> = lab.ask(Lab::get("/api/logs").query(&wanted)).await?;
    Ok(by_service(&lines))
}

impl Trace {
    fn is_older_than(&self, age: Duration, now: SystemTime) -> bool {
        let Ok(started) = humantime::parse_rfc3339_weak(&self.started) else { return false };
        let took = Duration::try_from_secs_f64(self.duration_ms / 1_000.0).unwrap_or_default();
        now.duration_since(started + took).is_ok_and(|since| since >= age)
    }
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
    fn a_trace_is_old_when_its_last_span_is() {
        let at = |text| humantime::parse_rfc3339(text).expect("a time");
        let (started, duration_ms) = ("2026-01-01T00:00:00.5Z".to_owned(), 4_500.0);
        let trace = Trace { trace_id: String::new(), started, duration_ms, spans: 1 };
        assert!(trace.is_older_than(ON_ITS_WAY, at("2026-01-01T00:00:15Z")));
        assert!(!trace.is_older_than(ON_ITS_WAY, at("2026-01-01T00:00:14Z")));
        assert!(!trace.is_older_than(ON_ITS_WAY, at("2025-01-01T00:00:00Z")), "a clock that went back");
    }

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

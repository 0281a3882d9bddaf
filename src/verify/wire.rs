//! What the servers answer, read into facts. Pure: a document in, plain data out. A field that is not there leaves
//! nothing behind; nobody falls over a newer version that says more.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    bound::{RouteTiming, Timing},
    timeline::{Firing, Held, Told, ToldAlert},
};
use crate::stack::fields::{list, text, texts};

/// The alerts of Prometheus's `/api/v1/alerts`, and whether each fires.
pub fn firings(answer: &Value) -> Vec<(Firing, bool)> {
    let one = |alert: &Value| {
        let firing = Firing {
            labels: texts(&alert["labels"]),
            active_ms: instant(&alert["activeAt"])?,
            fired_ms: None,
            gone_ms: None,
        };
        Some((firing, alert["state"] == "firing"))
    };
    list(&answer["data"]["alerts"]).iter().filter_map(one).collect()
}

/// The alerts of Alertmanager's `/api/v2/alerts`, each with the fingerprints of those that hold it back.
pub fn held(answer: &Value) -> Vec<(Held, Vec<String>)> {
    let one = |alert: &Value| {
        let status = &alert["status"];
        let held = Held {
            fingerprint: text(&alert["fingerprint"]),
            labels: texts(&alert["labels"]),
            starts_ms: instant(&alert["startsAt"])?,
            receivers: list(&alert["receivers"]).iter().map(|one| text(&one["name"])).collect(),
            silenced: !list(&status["silencedBy"]).is_empty() || !list(&status["mutedBy"]).is_empty(),
            ..Held::default()
        };
        Some((held, list(&status["inhibitedBy"]).iter().map(text).collect()))
    };
    list(answer).iter().filter_map(one).collect()
}

/// The notifications of the lab's `/api/alerts/notifications`.
pub fn told(answer: &Value) -> Vec<Told> {
    let alert = |one: &Value| {
        Some(ToldAlert {
            fingerprint: text(&one["fingerprint"]),
            labels: texts(&one["labels"]),
            firing: one["status"] == "firing",
            starts_ms: instant(&one["starts_at"])?,
        })
    };
    let one = |note: &Value| {
        Some(Told {
            id: note["id"].as_u64()?,
            receiver: text(&note["receiver"]),
            group_key: text(&note["group_key"]),
            at_ms: note["received_at_ms"].as_i64()?,
            reason: note["notification_reason"].as_str().map(str::to_owned),
            alerts: list(&note["alerts"]).iter().filter_map(alert).collect(),
        })
    };
    list(answer).iter().filter_map(one).collect()
}

/// The values of a query: of a vector each, of a scalar the one.
pub fn values(answer: &Value) -> Vec<f64> {
    let number = |pair: &Value| pair[1].as_str()?.parse::<f64>().ok();
    let data = &answer["data"];
    match data["resultType"].as_str() {
        Some("scalar") => number(&data["result"]).into_iter().collect(),
        _ => list(&data["result"]).iter().filter_map(|one| number(&one["value"])).collect(),
    }
}

/// What `/api/v1/rules` and the two configurations say of time. `config` is Prometheus's, `routing` Alertmanager's, both
/// read from YAML.
pub fn timing(rules: &Value, config: &Value, routing: &Value) -> Timing {
    let global = &config["global"];
    let mut timing = Timing {
        scrape_ms: span(&global["scrape_interval"]).unwrap_or(60_000),
        evaluation_ms: span(&global["evaluation_interval"]).unwrap_or(60_000),
        ..Timing::default()
    };
    let groups = list(&rules["data"]["groups"]);
    for rule in groups.iter().flat_map(|group| list(&group["rules"])) {
        if rule["type"] != "alerting" {
            continue;
        }
        let longest = |into: &mut BTreeMap<String, i64>, field: &str| {
            let ms = (rule[field].as_f64().unwrap_or_default() * 1_000.0) as i64;
            let known = into.entry(text(&rule["name"])).or_default();
            *known = ms.max(*known);
        };
        longest(&mut timing.holds_ms, "duration");
        longest(&mut timing.keeps_ms, "keepFiringFor");
    }
    // Groups may have an interval of their own; the slowest counts.
    let of_groups = groups.iter().filter(|group| !list(&group["rules"]).is_empty());
    let slowest = of_groups.filter_map(|group| group["interval"].as_f64()).fold(0.0, f64::max);
    timing.evaluation_ms = timing.evaluation_ms.max((slowest * 1_000.0) as i64);
    // Alertmanager's own defaults, where a root says nothing.
    routes(&routing["route"], RouteTiming { wait_ms: 30_000, interval_ms: 300_000 }, "", &mut timing.routes);
    timing
}

fn routes(route: &Value, above: RouteTiming, receiver: &str, into: &mut BTreeMap<String, RouteTiming>) {
    let own = RouteTiming {
        wait_ms: span(&route["group_wait"]).unwrap_or(above.wait_ms),
        interval_ms: span(&route["group_interval"]).unwrap_or(above.interval_ms),
    };
    let receiver = route["receiver"].as_str().unwrap_or(receiver);
    let known = into.entry(receiver.to_owned()).or_default();
    known.wait_ms = known.wait_ms.max(own.wait_ms);
    known.interval_ms = known.interval_ms.max(own.interval_ms);
    for child in list(&route["routes"]) {
        routes(child, own, receiver, into);
    }
}

/// A duration as Prometheus writes it: `1m30s`, `500ms`.
fn span(value: &Value) -> Option<i64> {
    let text = value.as_str()?;
    i64::try_from(humantime::parse_duration(text).ok()?.as_millis()).ok()
}

/// RFC 3339 with `Z` or an offset, in milliseconds since 1970.
pub fn instant(value: &Value) -> Option<i64> {
    let text = value.as_str()?;
    let (whole, offset_ms) = match text.len().checked_sub(6).and_then(|at| text.split_at_checked(at)) {
        Some((whole, offset)) if offset.starts_with(['+', '-']) => {
            let (hours, minutes) = offset[1..].split_once(':')?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            let sign = if offset.starts_with('-') { -1 } else { 1 };
            (format!("{whole}Z"), sign * minutes * 60_000)
        }
        _ => (text.to_owned(), 0),
    };
    let time = humantime::parse_rfc3339(&whole).ok()?;
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(i64::try_from(since.as_millis()).ok()? - offset_ms)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn instants_are_read_with_any_offset() {
        for text in
            ["2026-11-20T20:15:00.123Z", "2026-11-20T21:15:00.123+01:00", "2026-11-20T20:15:00.123456789Z"]
        {
            assert_eq!(instant(&json!(text)), Some(1_795_205_700_123), "{text}");
        }
        assert_eq!(instant(&json!("0001-01-01T00:00:00Z")), None);
        assert_eq!(instant(&json!("soon")), None);
    }

    #[test]
    fn a_receiver_s_timing_is_that_of_its_slowest_route_and_is_inherited() {
        let routing = json!({"route": {"receiver": "default", "group_wait": "2s", "group_interval": "5s", "routes": [
            {"receiver": "page", "group_wait": "0s", "routes": [{"receiver": "team", "group_interval": "1m30s"}]},
            {"receiver": "team"},
        ]}});
        let timing = timing(&Value::Null, &json!({"global": {"scrape_interval": "1s"}}), &routing);
        assert_eq!(timing.routes["page"], RouteTiming { wait_ms: 0, interval_ms: 5_000 });
        assert_eq!(timing.routes["team"], RouteTiming { wait_ms: 2_000, interval_ms: 90_000 });
        assert_eq!(timing.scrape_ms, 1_000);
    }
}

//! Has Prometheus what the lab measures? Every service whose requests the lab counts must have a fresh sample there.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use super::{
    super::lab::{Answer, Lab, No},
    backend::Backend,
    exits::Verdict,
    report::Finding,
};

/// A series that every service has that was ever asked something, by scrape and by OTLP alike.
const SERIES: &str = "http_server_request_duration_seconds_count";
/// The time of each service's newest sample.
const QUERY: &str = "max by (service_name) (timestamp(http_server_request_duration_seconds_count))";
/// How old the newest sample may be.
const FRESH_SECONDS: f64 = 60.0;

pub async fn check(prometheus: &Backend, lab: &Lab) -> Answer<Finding> {
    let exposition = lab.read(Lab::get("/metrics")).await?;
    let exposition = str::from_utf8(&exposition)
        .map_err(|_| No::CouldNot("the lab's measurements are no text".to_owned()))?;
    let expected = measured(exposition);
    if expected.is_empty() {
        return Ok(prometheus.idle(SERIES, "the lab itself has none yet").await);
    }
    let address = prometheus.address("/api/v1/query", &[("query", QUERY)]);
    let answer = match prometheus.ask(&address).await {
        Ok(answer) => answer,
        Err(silence) => return Ok(prometheus.silent(silence, QUERY)),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let (verdict, found) = judged(&expected, &newest(&answer), now);
    Ok(prometheus.finding(verdict, QUERY, found))
}

/// Whose requests an exposition counts.
fn measured(exposition: &str) -> BTreeSet<&str> {
    let ours = exposition.lines().filter_map(|line| line.strip_prefix(SERIES)?.strip_prefix('{'));
    ours.filter_map(|line| line.split_once("service_name=\"")?.1.split('"').next()).collect()
}

/// When each service's newest sample was taken, in seconds since 1970.
fn newest(answer: &Value) -> BTreeMap<&str, f64> {
    let results = answer["data"]["result"].as_array().map(Vec::as_slice).unwrap_or_default();
    let sample = |result: &'_ Value| result["value"][1].as_str()?.parse().ok();
    results.iter().filter_map(|one| Some((one["metric"]["service_name"].as_str()?, sample(one)?))).collect()
}

fn judged(expected: &BTreeSet<&str>, newest: &BTreeMap<&str, f64>, now: f64) -> (Verdict, String) {
    let missing: Vec<String> = expected
        .iter()
        .filter_map(|service| match newest.get(service) {
            None => Some(format!("nothing of {service}")),
            Some(at) if now - at > FRESH_SECONDS => Some(format!("{service} {:.0} s old", now - at)),
            Some(_) => None,
        })
        .collect();
    if !missing.is_empty() {
        return (Verdict::Missing, missing.join(", "));
    }
    let oldest = expected.iter().filter_map(|service| newest.get(service)).fold(now, |at, one| at.min(*one));
    (Verdict::Ok, format!("{} services, each at most {:.0} s old", expected.len(), (now - oldest).max(0.0)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_services_of_an_exposition_are_those_with_the_series() {
        let text = "# TYPE x histogram\n\
            http_server_request_duration_seconds_count{http_route=\"/\",service_name=\"cart\"} 3\n\
            http_server_request_duration_seconds_count{service_name=\"ads\",x=\"y\"} 0\n\
            http_client_request_duration_seconds_count{service_name=\"lab\"} 1\n";
        assert_eq!(measured(text), BTreeSet::from(["ads", "cart"]));
    }

    #[test]
    fn every_service_has_to_be_there_and_fresh() {
        let answer = json!({"data": {"result": [
            {"metric": {"service_name": "ads"}, "value": [100.0, "95.5"]},
            {"metric": {"service_name": "cart"}, "value": [100.0, "12"]},
        ]}});
        let newest = newest(&answer);
        let judge = |names: &[&'static str]| judged(&names.iter().copied().collect(), &newest, 100.0);
        assert_eq!(judge(&["ads"]), (Verdict::Ok, "1 services, each at most 4 s old".to_owned()));
        let (verdict, found) = judge(&["ads", "cart", "catalog"]);
        assert_eq!((verdict, found.as_str()), (Verdict::Missing, "cart 88 s old, nothing of catalog"));
    }
}

//! By OTLP as by scrape: what a collector's Prometheus exporter, or Prometheus itself, makes of the lab's OTLP metrics has
//! the names and labels that the lab's own page has. So the same dashboards work wherever metrics come in.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    otlp::receiver::Receiver,
    otlp::signals::Point,
    servers::lab::{Lab, Plan},
    waiting::until,
};

/// Units that have a word in Prometheus' names: OpenTelemetry's "Prometheus and OpenMetrics compatibility", as
/// prometheus/otlptranslator has it.
const UNITS: [(&str, &str); 12] = [
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("m", "meters"),
    ("%", "percent"),
];

fn word(unit: &str) -> &str {
    UNITS.iter().find(|(short, _)| *short == unit).map_or(unit, |(_, word)| word)
}

/// What a metric is called in Prometheus, without `_bucket` and its like.
pub fn translated(name: &str, unit: &str, kind: &str) -> String {
    let is_part = |one: char| one.is_ascii_alphanumeric() || one == ':';
    let mut words: Vec<String> =
        name.split(|one| !is_part(one)).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let mut add = |word: String| {
        if !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    };
    // What is counted stands in braces, and is no unit.
    let (main, per) = unit.split_once('/').map_or((unit, None), |(main, per)| (main, Some(per)));
    if !main.contains('{') && main != "1" {
        add(word(main).to_owned());
    }
    if let Some(per) = per.filter(|per| !per.contains('{')) {
        let second = if per == "s" { "second" } else { word(per) };
        add("per".to_owned());
        add(second.to_owned());
    }
    if unit == "1" && kind == "gauge" {
        add("ratio".to_owned());
    }
    if kind == "counter" {
        words.retain(|word| word != "total");
        words.push("total".to_owned());
    }
    let name = words.join("_");
    if name.starts_with(|one: char| one.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// The series that a point becomes, with the names of their labels.
fn series(point: &Point) -> Vec<(String, BTreeSet<String>)> {
    let name = translated(&point.name, &point.unit, point.kind);
    let label = |key: &String| key.replace(['.', '-'], "_");
    let mut labels: BTreeSet<String> = point.attributes.keys().map(label).collect();
    // `resource_to_telemetry_conversion`, `resource_constant_labels` or `promote_resource_attributes` adds it.
    labels.insert("service_name".to_owned());
    if point.kind != "histogram" {
        return vec![(name, labels)];
    }
    let buckets = labels.iter().cloned().chain(["le".to_owned()]).collect();
    vec![
        (format!("{name}_bucket"), buckets),
        (format!("{name}_sum"), labels.clone()),
        (format!("{name}_count"), labels),
    ]
}

type Families = BTreeMap<String, BTreeSet<String>>;

fn scraped(lab: &Lab) -> Families {
    let mut found = Families::new();
    let page = lab.metrics();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap_or(line.len()));
        let inside =
            rest.strip_prefix('{').and_then(|rest| rest.split_once("\"}")).map_or("", |(inside, _)| inside);
        let labels =
            inside.split("\",").filter_map(|pair| pair.split_once("=\"")).map(|(label, _)| label.to_owned());
        found.entry(name.to_owned()).or_default().extend(labels);
    }
    // Made of resources, by either way.
    found.remove("target_info");
    found
}

fn pushed(points: &[Point]) -> Families {
    let mut found = Families::new();
    for (name, labels) in points.iter().flat_map(series) {
        found.entry(name).or_default().extend(labels);
    }
    found
}

#[test]
fn names_are_translated_by_the_published_rules() {
    for (name, unit, kind, expected) in [
        ("http.server.request.duration", "s", "histogram", "http_server_request_duration_seconds"),
        ("http.server.active_requests", "{request}", "updown", "http_server_active_requests"),
        ("process.memory.usage", "By", "updown", "process_memory_usage_bytes"),
        ("process.cpu.time", "s", "counter", "process_cpu_time_seconds_total"),
        ("system.network.io", "By", "counter", "system_network_io_bytes_total"),
        ("system.cpu.utilization", "1", "gauge", "system_cpu_utilization_ratio"),
        ("requests", "1", "counter", "requests_total"),
        ("requests.total", "{request}", "counter", "requests_total"),
        ("lab.telemetry.queue.bytes", "By", "gauge", "lab_telemetry_queue_bytes"),
        ("webstore.checkout.amount", "{USD}", "histogram", "webstore_checkout_amount"),
        ("disk.speed", "By/s", "gauge", "disk_speed_bytes_per_second"),
        ("2xx.requests", "{request}", "counter", "_2xx_requests_total"),
        ("a..b-c", "ms", "gauge", "a_b_c_milliseconds"),
    ] {
        assert_eq!(translated(name, unit, kind), expected, "{name} {unit} {kind}");
    }
}

#[test]
fn what_comes_by_otlp_becomes_the_series_that_are_scraped() {
    let receiver = Receiver::start();
    let lab = Plan::up()
        .env("DOORBUSTER_VISITS_PER_MINUTE", "1200")
        .env("DOORBUSTER_SCENARIO", "normal")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint())
        .env("OTEL_METRIC_EXPORT_INTERVAL", "1000")
        .start();
    let is_eventful = |lab: &Lab| {
        let page = lab.metrics();
        // Series of errors are there at zero before the first one.
        let has_failed = page.lines().any(|line| {
            line.contains("_count{") && line.contains("error_type=\"500\"") && !line.ends_with(" 0")
        });
        page.contains("\nwebstore_checkout_amount_count{") && has_failed
    };
    until(Duration::from_secs(60), "something was bought and something failed", || is_eventful(&lab));
    let families = scraped(&lab).len();
    assert!(families > 45, "{families}");
    let mut difference = String::new();
    let same = || {
        let came = pushed(&receiver.received().points);
        difference = describe(&scraped(&lab), &came);
        difference.is_empty()
    };
    let mut same = same;
    let give_up = std::time::Instant::now() + Duration::from_secs(30);
    until(Duration::from_secs(40), "both have had their say", || {
        same() || std::time::Instant::now() > give_up
    });
    assert!(difference.is_empty(), "{difference}");
}

/// What one has and the other has not. Labels of failures come with the failure, to one before the other.
fn describe(scraped: &Families, pushed: &Families) -> String {
    let mut said = Vec::new();
    for (name, labels) in scraped {
        match pushed.get(name) {
            None => said.push(format!("{name} does not come by OTLP")),
            Some(came) => said.extend(
                labels.difference(came).map(|label| format!("{name}{{{label}}} does not come by OTLP")),
            ),
        }
    }
    said.extend(
        pushed
            .keys()
            .filter(|name| !scraped.contains_key(*name))
            .map(|name| format!("{name} is not scraped")),
    );
    said.join("\n")
}

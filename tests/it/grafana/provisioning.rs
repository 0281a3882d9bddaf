//! What Grafana is given at its start: data sources that lead to one another, and the folder of dashboards.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{asked, targets};
use crate::rules::files;

fn yaml(path: &str) -> Value {
    let text = files::read(&files::at(path));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn sources() -> Vec<Value> {
    let file = yaml("grafana/provisioning/datasources/doorbuster.yaml");
    file["datasources"].as_array().expect("data sources").clone()
}

/// Every text that stands under `key`, however deep.
fn under<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, inner)| {
            if name == key {
                found.extend(inner.as_str());
            }
            under(inner, key, found);
        }),
        Value::Array(list) => list.iter().for_each(|inner| under(inner, key, found)),
        _ => {}
    }
}

#[test]
fn every_data_source_that_is_spoken_of_is_there() {
    let all = sources();
    let known: BTreeMap<&str, &str> = all
        .iter()
        .map(|one| (one["uid"].as_str().expect("a uid"), one["type"].as_str().expect("a type")))
        .collect();
    assert_eq!(known.len(), 5);
    for source in &all {
        let mut named = Vec::new();
        under(source, "datasourceUid", &mut named);
        named.iter().for_each(|uid| assert!(known.contains_key(uid), "{source}: there is no {uid}"));
    }
    // Dashboards choose by variables, whose plugins are those of the data sources.
    let plugins: BTreeSet<&str> = known.values().copied().collect();
    for (name, board) in asked::boards() {
        let list = board["templating"]["list"].as_array().expect("variables");
        let pickers: BTreeMap<String, &str> = list
            .iter()
            .filter(|variable| variable["type"] == "datasource")
            .map(|one| {
                (
                    format!("${{{}}}", one["name"].as_str().expect("a name")),
                    one["query"].as_str().expect("a plugin"),
                )
            })
            .collect();
        pickers.values().for_each(|plugin| assert!(plugins.contains(plugin), "{name}: {plugin}"));
        let mut used = Vec::new();
        under(&board, "uid", &mut used);
        for uid in used.into_iter().filter(|uid| *uid != board["uid"] && *uid != "-- Grafana --") {
            assert!(pickers.contains_key(uid), "{name} asks {uid}");
        }
    }
}

#[test]
fn signals_lead_to_one_another_both_ways() {
    let all = sources();
    let of = |uid: &str| &all.iter().find(|one| one["uid"] == uid).expect("it is there")["jsonData"];
    let exemplars = &of("prometheus")["exemplarTraceIdDestinations"][0];
    assert_eq!((&exemplars["name"], &exemplars["datasourceUid"]), (&"trace_id".into(), &"tempo".into()));
    for (way, to) in
        [("tracesToLogsV2", "loki"), ("tracesToMetrics", "prometheus"), ("tracesToProfiles", "pyroscope")]
    {
        let way = &of("tempo")[way];
        assert_eq!(way["datasourceUid"], to);
        // The resource's name on a span, the label's everywhere else.
        assert_eq!(
            (&way["tags"][0]["key"], &way["tags"][0]["value"]),
            (&"service.name".into(), &"service_name".into())
        );
    }
    assert_eq!(of("tempo")["tracesToLogsV2"]["query"], "{$${__tags}} | trace_id=\"$${__trace.traceId}\"");
    assert_eq!(of("tempo")["tracesToProfiles"]["profileTypeId"], targets::PROFILE_TYPE);
    let fields = of("loki")["derivedFields"].as_array().expect("fields");
    assert!(
        fields.iter().all(|field| field["datasourceUid"] == "tempo" && field["url"] == "$${__value.raw}")
    );
    let line = r#"{"timestamp":"t","trace_id":"c2133fb4e076d780c3406387f217da65","span_id":"1"}"#;
    let pattern = fields[1]["matcherRegex"].as_str().expect("a pattern");
    let found = regex::Regex::new(pattern).expect("a pattern").captures(line).expect("it is found");
    assert_eq!(&found[1], "c2133fb4e076d780c3406387f217da65");
}

#[test]
fn addresses_come_from_the_environment_and_nothing_else_does() {
    let text = files::read(&files::at("grafana/provisioning/datasources/doorbuster.yaml"));
    let single = regex::Regex::new(r"(^|[^$])\$\{?(\w+)").expect("a pattern");
    let rules: String =
        text.lines().filter(|line| !line.trim().starts_with('#')).collect::<Vec<_>>().join("\n");
    let named: BTreeSet<&str> =
        single.captures_iter(&rules).map(|found| found.get(2).expect("a name").as_str()).collect();
    let wanted = ["ALERTMANAGER_URL", "LOKI_URL", "PROMETHEUS_URL", "PYROSCOPE_URL", "TEMPO_URL"];
    assert_eq!(named, wanted.into());
    let folder = yaml("grafana/provisioning/dashboards/doorbuster.yaml");
    assert_eq!(folder["providers"][0]["options"]["path"], "/var/lib/grafana/dashboards");
}

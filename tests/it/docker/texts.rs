//! Configurations of servers that cannot be had here: what they say must at least hold together, and fit the rest.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use super::compose::{PROFILES, at, services};

/// A YAML file of `docker/`.
fn yaml(path: &str) -> Value {
    let text = fs::read_to_string(at(path)).expect(path);
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn every_part_of_the_collector_stands_in_a_pipeline_and_every_pipeline_limits_memory_first() {
    let all = yaml("docker/otelcol/otelcol.yaml");
    for kind in ["receivers", "processors", "exporters"] {
        let pipelines = all["service"]["pipelines"].as_object().expect("pipelines");
        let used = pipelines.values().flat_map(|pipeline| pipeline[kind].as_array().expect(kind).clone());
        let used: BTreeSet<String> = used.map(|name| name.as_str().expect("a name").to_owned()).collect();
        assert_eq!(used, keys(&all[kind]), "{kind}");
        for (name, pipeline) in pipelines {
            assert_eq!(pipeline["processors"][0], "memory_limiter", "{name}");
            assert!(pipeline["receivers"].to_string().contains("\"otlp\""), "{name}");
        }
    }
    let extensions = all["service"]["extensions"].as_array().expect("extensions");
    assert_eq!(extensions.len(), keys(&all["extensions"]).len());
    let exporter = &all["exporters"]["prometheus"];
    assert_eq!(
        (&exporter["endpoint"], &exporter["enable_open_metrics"]),
        (&"0.0.0.0:8889".into(), &true.into())
    );
}

#[test]
fn what_the_collector_scrapes_does_not_expire_between_two_scrapes_and_silence_shows_in_time() {
    let all = yaml("docker/otelcol/otelcol.yaml");
    let seconds = |value: &Value| value.as_str().and_then(|text| text.strip_suffix('s')?.parse::<f64>().ok());
    let expires = seconds(&all["exporters"]["prometheus"]["metric_expiration"]).expect("seconds");
    for job in all["receivers"]["prometheus"]["config"]["scrape_configs"].as_array().expect("jobs") {
        assert!(3.0 * seconds(&job["scrape_interval"]).expect("seconds") < expires, "{job}");
    }
    // ServiceDown at pace `talk` looks back twelve seconds; together they stay under half a minute.
    assert!(expires <= 18.0);
    // What is pushed is fresh for as long as Prometheus looks back.
    let tempo = yaml("docker/tempo/tempo.yaml");
    assert!(seconds(&tempo["metrics_generator"]["registry"]["collection_interval"]).expect("seconds") <= 5.0);
    for profile in ["lite", "full"] {
        let told = yaml(&format!("docker/prometheus/{profile}.yml"));
        for job in told["scrape_configs"].as_array().expect("jobs") {
            let interval = seconds(&job["scrape_interval"]).unwrap_or(1.0);
            assert!(interval <= 5.0, "{profile}: {job}");
            assert!(seconds(&job["scrape_timeout"]).unwrap_or(1.0) <= interval, "{profile}: {job}");
        }
    }
}

#[test]
fn the_lab_s_series_come_by_one_way_alone() {
    // Twice the series is twice every sum.
    for (profile, by) in [("lite", "lab:8010"), ("full", "otelcol:8889")] {
        let told = yaml(&format!("docker/prometheus/{profile}.yml")).to_string();
        let other = if by == "lab:8010" { "otelcol:8889" } else { "lab:8010" };
        assert!(told.contains(by) && !told.contains(other), "{profile}");
    }
    let lite = &services("lite")["lab-lite"]["environment"];
    assert!(
        lite["OTEL_EXPORTER_OTLP_ENDPOINT"].is_null()
            && lite["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"].is_null()
    );
    let full = &services("full")["lab"]["environment"];
    assert_eq!(full["OTEL_EXPORTER_OTLP_ENDPOINT"], "http://otelcol:4318");
}

#[test]
fn nothing_is_reported_or_fetched_once_the_images_are_there() {
    assert_eq!(yaml("docker/loki/loki.yaml")["analytics"]["reporting_enabled"], false);
    assert_eq!(yaml("docker/tempo/tempo.yaml")["usage_report"]["reporting_enabled"], false);
    let all = services("full");
    let flags = all["pyroscope"]["command"].to_string();
    assert!(flags.contains("-usage-stats.enabled=false"), "{flags}");
    let grafana = &all["grafana"]["environment"];
    assert_eq!(grafana["GF_PLUGINS_PREINSTALL_DISABLED"], "true");
    assert_eq!(grafana["GF_ANALYTICS_REPORTING_ENABLED"], "false");
    assert!(!keys(grafana).iter().any(|name| name.contains("INSTALL_PLUGINS")));
}

#[test]
fn configurations_are_those_of_the_versions_that_are_named() {
    let image = |service: &str| services("full")[service]["image"].as_str().expect("an image").to_owned();
    // Tempo 3 refuses what Tempo 2 needed, and the collector has called its exporters anew.
    assert!(image("tempo").contains(":3."));
    let tempo = keys(&yaml("docker/tempo/tempo.yaml"));
    assert!(
        !["ingester", "compactor", "ingester_client"].iter().any(|key| tempo.contains(*key)),
        "{tempo:?}"
    );
    assert!(image("otelcol").contains(":0.15"));
    assert!(keys(&yaml("docker/otelcol/otelcol.yaml")["exporters"]).contains("otlp_http/tempo"));
    // Before Loki 3.6.5 there was no `-health`; PostgreSQL 18 keeps its data a folder higher.
    assert!(image("loki").contains(":3.7."));
    assert!(image("postgres").contains(":18."));
    let kept = services("full")["postgres"]["volumes"].to_string();
    assert!(kept.contains("\"/var/lib/postgresql\""), "{kept}");
}

#[test]
fn the_page_names_every_address_and_image() {
    let page = fs::read_to_string(at("docker/README.md")).expect("README.md");
    for profile in PROFILES {
        for (service, told) in services(profile) {
            for port in told["ports"].as_array().into_iter().flatten() {
                let place = format!("127.0.0.1:{}", port["published"].as_str().expect("a port"));
                assert!(page.contains(&place), "{service}: {place}");
            }
        }
    }
}

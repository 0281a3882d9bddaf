//! A real Prometheus is asked what it has.

use std::time::Duration;

use super::asking::of;
use crate::{
    browser::get,
    servers::{lab::Plan, ports, prometheus::Prometheus},
    waiting::until,
};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_prometheus_that_scrapes_has_every_service() {
    let lab = Plan::up().start();
    get(lab.shop("/products/1")).send().ok();
    let prometheus = Prometheus::scraping(&[lab.at(10, "").trim_start_matches("http://").to_owned()]);
    let url = prometheus.url();
    until(SOON, "it has been scraped", || of(&lab, &["--prometheus", &url]).code == 0);
    let said = of(&lab, &["--prometheus", &url]);
    let line = said.line(&["prometheus", "ok"]);
    let services =
        prometheus.ask("count(count by (service_name) (http_server_request_duration_seconds_count))");
    let services = services[0]["value"][1].as_str().expect("a number");
    assert!(line.contains(&format!("{services} services, each at most")), "{line}: {services}");
    let report = of(&lab, &["--prometheus", &url, "--json"]).json();
    assert_eq!((&report["asked"][0]["verdict"], &report["fine"]), (&"ok".into(), &true.into()), "{report}");
}

#[test]
fn a_prometheus_that_scrapes_somebody_else_has_nothing() {
    let lab = Plan::up().start();
    get(lab.shop("/products/1")).send().ok();
    let prometheus = Prometheus::scraping(&[]);
    let said = of(&lab, &["--prometheus", &prometheus.url()]);
    assert_eq!(said.code, 1);
    let line = said.line(&["prometheus", "missing"]);
    assert!(line.contains("nothing of catalog") && line.contains("max by (service_name)"), "{line}");
}

#[test]
fn a_prometheus_that_is_not_there_is_away() {
    let lab = Plan::up().start();
    get(lab.shop("/products/1")).send().ok();
    let said = of(&lab, &["--prometheus", &format!("http://127.0.0.1:{}", ports::one())]);
    assert_eq!(said.code, 1);
    assert!(said.line(&["prometheus", "away"]).contains("refused"), "{said:?}");
}

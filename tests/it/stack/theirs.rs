//! A Prometheus and an Alertmanager that run already.

use serde_json::{Value, json};

use super::beside::{SOON, standing};
use crate::{
    browser::get,
    servers::{lab::Plan, ports, prometheus::Prometheus},
    waiting::until,
};

#[test]
fn those_that_run_already_are_used_and_none_is_started() {
    let prometheus = Prometheus::scraping(&[]);
    let nobody = format!("http://127.0.0.1:{}", ports::one());
    let plan = Plan::up().env("DOORBUSTER_STACK", "auto").env("PROMETHEUS_URL", &prometheus.url());
    let lab = plan.env("ALERTMANAGER_URL", &nobody).start();
    until(SOON, "both were asked", || {
        let now = standing(&lab);
        now["prometheus"]["state"] == "ready" && now["alertmanager"]["state"] == "away"
    });
    let now = standing(&lab);
    assert_eq!(
        (&now["prometheus"]["url"], &now["prometheus"]["ours"]),
        (&json!(prometheus.url()), &json!(false))
    );
    assert_eq!((&now["pace"], now["prometheus"]["version"].is_string()), (&Value::Null, true));
    let said = lab.said();
    for (place, note) in
        [(prometheus.url(), "nothing is started"), (nobody, "not reachable; nothing is started")]
    {
        assert!(said.lines().any(|line| line.contains(&place) && line.ends_with(note)), "{said}");
    }
    let all = get(lab.at(10, "/api/alerts")).send().ok().json();
    assert_eq!(all["alerts"], json!([]));
    assert!(all["trouble"].as_str().is_some_and(|why| why.contains("refused")), "{all}");
    assert!(!lab.data_dir().join("stack").exists());
}

#[test]
fn an_address_that_is_none_is_a_mistake_and_no_password_is_repeated() {
    for (address, word) in [("p:9090", "http://host:port"), ("http://me:secret@p", "credentials")] {
        let plan = Plan::up().env("DOORBUSTER_STACK", "auto").env("PROMETHEUS_URL", address);
        let mut lab = plan.start_unready();
        assert_eq!(lab.wait(SOON).code(), Some(2));
        assert!(lab.said().contains("PROMETHEUS_URL: ") && lab.said().contains(word), "{}", lab.said());
        assert!(!lab.said().contains("secret"), "{}", lab.said());
    }
}

#[test]
fn a_lab_in_a_process_of_its_own_asks_them_too_and_starts_none() {
    let prometheus = Prometheus::scraping(&[]);
    let base = ports::block();
    let plan = Plan::serve("lab", base, base + 10).env("DOORBUSTER_VISITS_PER_MINUTE", "0");
    let lab = plan.env("PROMETHEUS_URL", &prometheus.url()).start();
    until(SOON, "it was asked", || standing(&lab)["prometheus"]["state"] == "ready");
    assert!(lab.said().contains(&prometheus.url()), "{}", lab.said());
}

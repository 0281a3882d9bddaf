//! A hot spot is seen in the profile of the service and the route that has it, and in no other.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::pushes::{all, routes, share};
use crate::{
    browser::{get, post},
    servers::lab::{Lab, Plan},
    sink::Sink,
    waiting::until,
};

const SOON: Duration = Duration::from_secs(60);
/// The function that burns, as flame graphs call it.
const BURNER: &str = "simulate_cpu_work";

pub fn plan(sink: &Sink) -> Plan {
    let plan = Plan::up().args(&["--profile", "--profile-every", "1s"]);
    plan.env("PYROSCOPE_ENDPOINT", &sink.base()).env("PYROSCOPE_TENANT_ID", "tenant-9")
}

/// What breaks in the scenario, as its file says it.
fn clever_algorithm() -> Value {
    let file = std::fs::read_to_string("scenarios/cpu-hotspot.yaml").expect("the scenario");
    let scenario: Value = serde_saphyr::from_str(&file).expect("YAML");
    let faults =
        scenario["phases"].as_array().expect("phases").iter().filter_map(|phase| phase.get("faults"));
    let mut fault =
        faults.flat_map(|faults| faults.as_array().expect("faults")).next().expect("a fault").clone();
    fault.as_object_mut().expect("an object").remove("id");
    fault
}

/// Visits what recommendation and its neighbours have a part in until `enough`.
pub fn visit_until(lab: &Lab, what: &str, enough: impl Fn() -> bool) {
    until(SOON, what, || {
        get(lab.at(11, "/recommendations?product_id=1")).send();
        get(lab.shop("/products")).send().ok();
        enough()
    });
}

#[test]
fn the_hot_function_dominates_its_route_and_is_nowhere_while_all_is_well() {
    let sink = Sink::start();
    let mut lab = plan(&sink).start();
    visit_until(&lab, "recommendation is seen to do something", || {
        share(&all(&sink), "recommendation", BURNER).0 >= 10
    });
    let well = all(&sink);
    for pushed in &well {
        assert_eq!(share(&well, pushed.service(), BURNER).1, 0, "{} burns by itself", pushed.service());
    }

    post(lab.at(10, "/api/faults/clever-algorithm"), clever_algorithm()).method("PUT").send().ok();
    let since = |sink: &Sink| all(sink).split_off(well.len());
    visit_until(&lab, "the burner shows, and a neighbour's route", || {
        let hot = since(&sink);
        share(&hot, "recommendation", BURNER).1 >= 50 && routes(&hot, "storefront").contains("GET /products")
    });
    let hot = since(&sink);
    let (total, burnt) = share(&hot, "recommendation", BURNER);
    assert!(burnt * 2 > total, "{burnt} of {total} samples are the burner's");
    for pushed in hot.iter().filter(|pushed| pushed.service() != "recommendation") {
        assert_eq!(share(&hot, pushed.service(), BURNER).1, 0, "{} burns", pushed.service());
    }
    let of_burner = hot.iter().flat_map(|one| &one.samples).filter(|sample| sample.is_in(BURNER));
    for sample in of_burner {
        assert_eq!(
            sample.labels.get("route").map(String::as_str),
            Some("GET /recommendations"),
            "{sample:?}"
        );
    }

    let ours = |name: &str| ["storefront", "lab", "recommendation", "catalog"].contains(&name);
    assert!(hot.iter().any(|one| ours(one.service())));
    for one in hot.iter().chain(&well) {
        assert!(!["payment-provider", "crm", "inventory"].contains(&one.service()), "{:?}", one.labels);
        assert_eq!(one.labels["__name__"], "process_cpu");
        assert_eq!(one.labels["namespace"], "webstore");
        assert!(
            one.samples.iter().all(|sample| !sample.is_in("perf_signal_handler")),
            "the sampler samples itself"
        );
        assert!(one.samples.iter().any(|sample| sample.count > 0), "an empty profile was sent");
    }
    assert_eq!(sink.posts()[0].headers["x-scope-orgid"], "tenant-9");

    let begun = Instant::now();
    assert!(lab.terminate().success());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn samples_are_delivered_or_counted_and_processor_time_is_still_told_apart() {
    let sink = Sink::start();
    let mut lab = plan(&sink).start();
    visit_until(&lab, "profiles arrive", || share(&all(&sink), "storefront", BURNER).0 >= 10);
    let labels = ["signal=\"profiles\"", "destination=\"pyroscope\""];
    let arrived =
        |sink: &Sink| all(sink).iter().flat_map(|one| &one.samples).map(|one| one.count).sum::<i64>();
    // Between two looks more may come.
    until(SOON, "what is said to be sent is what came", || {
        let before = arrived(&sink) as f64;
        let sent = lab.metric("lab_telemetry_sent_total", &labels);
        sent > 0.0 && before <= sent && sent <= arrived(&sink) as f64
    });
    assert_eq!(lab.metric("lab_telemetry_dropped_total", &labels), 0.0);
    // Threads change their names all the time now; whose they are is known nevertheless.
    for service in ["storefront", "recommendation", "catalog"] {
        let label = format!("service_name=\"{service}\"");
        assert!(lab.metric("process_cpu_time_seconds_total", &[&label]) > 0.0, "{service}");
    }
    assert!(lab.terminate().success());
}

#[test]
fn without_the_flag_nothing_is_sampled_and_the_table_says_so() {
    let sink = Sink::start();
    let mut lab = Plan::up().env("PYROSCOPE_ENDPOINT", &sink.base()).start();
    get(lab.shop("/products")).send().ok();
    assert!(lab.said().contains("PYROSCOPE_ENDPOINT does nothing without --profile"), "{}", lab.said());
    assert_eq!(lab.metric("lab_telemetry_sent_total", &["signal=\"profiles\""]), 0.0);
    assert!(lab.terminate().success());
    assert!(sink.posts().is_empty());
}

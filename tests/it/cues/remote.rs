//! Services in processes of their own follow the engine, lose it, and find it again.

use std::time::{Duration, Instant};

use serde_json::json;

use super::desk::{CONTROL, calm, count, set_fault};
use crate::{
    browser::get,
    servers::{
        lab::{Lab, Plan},
        ports,
    },
    waiting::until,
};

const ADS: u16 = 17;

fn engine(port_base: u16) -> Lab {
    Plan::serve("lab", port_base, port_base + CONTROL)
        .env("DOORBUSTER_SCENARIO", "calm")
        .env("DOORBUSTER_VISITS_PER_MINUTE", "0")
        .start()
}

fn status(lab: &Lab) -> Option<u16> {
    get(lab.at(ADS, "/ads")).try_send().ok().map(|answer| answer.status)
}

#[test]
fn a_service_elsewhere_follows_the_engine_and_lives_without_it() {
    let port_base = ports::block();
    let mut lab = engine(port_base);
    let ads = Plan::serve("ads", port_base, port_base + ADS).env("DOORBUSTER_LEASE", "7s").start();
    let failing = json!({"on": {"service": "ads"}, "effect": {"fail": {"status": {"503": 1}}}});
    let deadline = Duration::from_secs(15);

    set_fault(&lab, "far", failing.clone());
    let asked = Instant::now();
    until(deadline, "the fault has arrived", || status(&ads) == Some(503));
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    until(deadline, "what it did is known here", || count(&lab, "far").1 > 0);
    calm(&lab);
    until(deadline, "calm has arrived", || status(&ads) == Some(200));

    set_fault(&lab, "far", failing.clone());
    until(deadline, "the fault has arrived", || status(&ads) == Some(503));
    lab.kill();
    assert_eq!(status(&ads), Some(503), "faults stay for the lease");
    until(deadline, "the lease is over", || status(&ads) == Some(200));

    let lab = engine(port_base);
    set_fault(&lab, "far", failing.clone());
    until(deadline, "the engine that is back is followed", || status(&ads) == Some(503));
    set_fault(&lab, "gone", json!({"on": {"service": "ads"}, "effect": "down"}));
    until(deadline, "the service is down", || status(&ads).is_none());
    calm(&lab);
    until(deadline, "the service is back", || status(&ads) == Some(200));

    set_fault(&lab, "far", failing);
    until(deadline, "the fault has arrived", || status(&ads) == Some(503));
    drop(lab);
    let _lab = engine(port_base);
    until(deadline, "an engine without faults has none for anybody", || status(&ads) == Some(200));
}

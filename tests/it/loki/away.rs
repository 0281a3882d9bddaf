//! Loki is not there.

use std::{
    net::{Ipv4Addr, TcpListener},
    time::{Duration, Instant},
};

use crate::{browser::get, servers::lab::Plan, waiting::until};

/// Five seconds are what stopping may take, and a busy machine has its own idea of one.
const STOPPING: Duration = Duration::from_secs(10);

#[test]
fn a_loki_that_takes_and_never_answers_holds_up_nobody() {
    // Accepts by the kernel's grace alone.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = format!("http://{}", silent.local_addr().expect("bound"));
    let mut lab = Plan::up().env("LOKI_URL", &address).start();
    get(lab.shop("/products")).send().ok();
    let waits = || lab.metric("lab_telemetry_queue_bytes", &["signal=\"logs\"", "destination=\"loki\""]);
    until(Duration::from_secs(20), "lines wait for Loki", || waits() > 0.0);
    let begun = Instant::now();
    assert!(lab.terminate().success());
    assert!(begun.elapsed() < STOPPING, "{:?}", begun.elapsed());
}

//! Effects on the machine: processor time and memory.

use std::time::Duration;

use doorbuster::{kernel::service::Service, telemetry::process::resident_bytes};
use serde_json::json;

use super::{
    seams::{STREET, seams},
    street::{SOON, Street},
};
use crate::{browser::get, waiting::until};

/// The process has other things in memory, which come and go: some twenty of these are nothing.
const MIB: i64 = 1 << 20;

#[test]
fn burnt_processor_time_is_the_service_s_own_and_nobody_else_s() {
    let neighbours = STREET;
    let street = Street::plan().alone().open(&neighbours);
    let used = |service: Service| {
        let label = format!("service_name=\"{service}\"");
        street.metric("process_cpu_time_seconds_total", &[&label])
    };
    for seam in seams() {
        let (on, service) = (seam.on, seam.service);
        let before = neighbours.map(used);
        street.set(json!([{ "id": "hot", "on": on, "effect": { "burn_cpu": { "per_crossing": "250ms" } } }]));
        for _ in 0..4 {
            street.get(seam.asked, seam.path).ok();
        }
        assert_eq!(street.count("hot").hit, 4);
        until(SOON, "a second of processor time is seen", || {
            let now = neighbours.map(used);
            let burnt = neighbours.iter().position(|one| *one == service).expect("one of them");
            now[burnt] - before[burnt] >= 1.0
        });
        for (neighbour, before) in neighbours.into_iter().zip(before) {
            let more = used(neighbour) - before;
            assert!(neighbour == service || more < 0.2, "{service} burnt, and {neighbour} used {more} s");
        }
        street.set(json!([]));
        let before = used(service);
        (0..4).for_each(|_| drop(street.get(seam.asked, seam.path).ok()));
        assert!(used(service) - before < 0.5);
    }
}

#[test]
fn who_burns_is_free_at_once_when_the_fault_is_cleared() {
    let street = Street::plan().open(&[Service::Ads]);
    let burn = json!({ "burn_cpu": { "per_crossing": "1s" } });
    street.set(json!([{ "id": "hot", "on": { "service": "ads" }, "effect": burn }]));
    // One at a time, since the service has one thread: twenty seconds of work.
    let asking: Vec<_> = (0..20).map(|_| street.asking(get(street.url(Service::Ads, "/ads")))).collect();
    until(SOON, "it burns", || street.count("hot").hit > 0);
    street.set(json!([]));
    let cleared = std::time::Instant::now();
    asking.into_iter().for_each(|one| drop(one.answer().0.ok()));
    assert!(cleared.elapsed() < Duration::from_secs(1), "{:?}", cleared.elapsed());
}

#[test]
fn leaked_memory_is_resident_up_to_its_cap_and_given_back() {
    let street = Street::plan().alone().open(&STREET);
    let resident = || resident_bytes().expect("the kernel tells");
    for seam in seams() {
        let on = seam.on;
        street.get(seam.asked, seam.path).ok();
        let before = resident();
        let leak = json!({ "leak_memory": { "per_crossing": "16MiB", "cap": "200MiB" } });
        street.set(json!([{ "id": "leak", "on": on, "effect": leak }]));
        (0..5).for_each(|_| drop(street.get(seam.asked, seam.path).ok()));
        let grown = resident() - before;
        assert!((60 * MIB..110 * MIB).contains(&grown), "{on}: {} MiB after five", grown / MIB);
        (0..15).for_each(|_| drop(street.get(seam.asked, seam.path).ok()));
        let grown = resident() - before;
        assert!((175 * MIB..230 * MIB).contains(&grown), "{on}: {} MiB after twenty", grown / MIB);
        street.set(json!([]));
        until(Duration::from_secs(1), "the memory is given back", || resident() - before < 20 * MIB);
    }
}

//! All destinations are away for a minute, longer than the queues can bridge at this load, and come back.

use std::time::Duration;

use crate::{
    backend::Mode,
    scene::{Destination, Scene},
    turn,
};

/// Those the lab sends to.
const ALL: [Destination; 3] = [Destination::Otlp, Destination::Loki, Destination::Pyroscope];
const AWAY: Duration = Duration::from_secs(60);

#[test]
fn all_are_away_for_a_minute_and_come_back() {
    let _turn = turn::take();
    let scene = Scene::open(Destination::Pyroscope);
    scene.customers(Duration::from_secs(3));
    let before = scene.memory_bytes();
    ALL.iter().for_each(|one| scene.backend(*one).set(Mode::Refused));
    let served = scene.customers(AWAY);
    let (after, allowed) = (scene.memory_bytes(), ALL.iter().map(|one| one.queue_bytes()).sum::<u64>());
    println!("away: p99 {:?}, {} KiB, then {} KiB", served.p99(), before / 1024, after / 1024);
    assert!(after <= before + allowed, "{before} bytes grew to {after}, and only {allowed} may wait");
    let displaced = scene.dropped(Destination::Otlp, "queue_full");
    println!("away: {displaced} records had to go for {} customers", served.count());
    ALL.iter().for_each(|one| scene.backend(*one).set(Mode::Fine));
    for one in ALL {
        println!("away: {} served again after {:?}", one.name(), scene.resumes(one));
    }
    scene.ends(false);
}

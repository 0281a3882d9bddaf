//! One destination fails in one way for a while, comes back, and fails again while the lab ends.

use std::time::Duration;

use crate::{
    backend::Mode,
    load::Served,
    scene::{Destination, Scene},
    turn,
};

const HEALTHY: Duration = Duration::from_secs(2);
const FAILING: Duration = Duration::from_secs(3);
/// How long it fails before the end, so that something waits when the end comes.
const LAST: Duration = Duration::from_millis(500);
/// The p99 of six hundred requests is the sixth slowest: on a machine that does other things as well, one tick of the
/// scheduler (4 ms at 250 Hz) more or less is luck.
const SLACK: Duration = Duration::from_millis(4);
/// One good round is proof enough that the failure does not slow the shop: what is always slow fails all of them.
const ROUNDS: u32 = 6;

macro_rules! cells {
    ($($destination:ident without $tls:ident { $($failing:ident $mode:ident,)* })*) => {
        $($(
            #[test]
            fn $failing() {
                fails_for_a_while(Destination::$destination, Mode::$mode);
            }
        )*
        #[test]
        fn $tls() {
            never_speaks_tls(Destination::$destination);
        })*
    };
}

cells! {
    Otlp without otlp_does_not_speak_tls {
        otlp_refuses_connections Refused,
        otlp_hangs Hangs,
        otlp_is_unavailable Unavailable,
        otlp_is_busy Busy,
        otlp_calls_it_bad Bad,
        otlp_is_slow Slow,
        otlp_resets_connections Resets,
    }
    Loki without loki_does_not_speak_tls {
        loki_refuses_connections Refused,
        loki_hangs Hangs,
        loki_is_unavailable Unavailable,
        loki_is_busy Busy,
        loki_calls_it_bad Bad,
        loki_is_slow Slow,
        loki_resets_connections Resets,
    }
    Pyroscope without pyroscope_does_not_speak_tls {
        pyroscope_refuses_connections Refused,
        pyroscope_hangs Hangs,
        pyroscope_is_unavailable Unavailable,
        pyroscope_is_busy Busy,
        pyroscope_calls_it_bad Bad,
        pyroscope_is_slow Slow,
        pyroscope_resets_connections Resets,
    }
}

fn fails_for_a_while(destination: Destination, mode: Mode) {
    let _turn = turn::take();
    let scene = Scene::open(destination);
    let backend = scene.backend(destination);
    until_unhurt(destination, || {
        let healthy = scene.customers(HEALTHY);
        let memory = scene.memory_bytes();
        backend.set(mode);
        let failing = scene.customers(FAILING);
        bounded(destination, memory, &scene);
        backend.set(Mode::Fine);
        let resumed = scene.resumes(destination);
        println!("{mode:?}: {} served again after {resumed:?}", destination.name());
        (healthy, failing)
    });
    let refused = scene.dropped(destination, "refused");
    assert_eq!(
        refused > 0.0,
        mode == Mode::Bad,
        "what is called bad is dropped, and nothing else: {refused}"
    );
    backend.set(mode);
    scene.customers(LAST);
    // Where connections break, an answer may be lost that had been given.
    scene.ends(matches!(mode, Mode::Unavailable | Mode::Busy | Mode::Bad));
}

/// A destination that cannot be spoken to at all does not recover: a lab whose own is fine stands beside it.
fn never_speaks_tls(destination: Destination) {
    let _turn = turn::take();
    let (fine, failing) = (Scene::open(destination), Scene::misunderstood(destination));
    until_unhurt(destination, || {
        let memory = failing.memory_bytes();
        let healthy = fine.customers(HEALTHY);
        let served = failing.customers(FAILING);
        bounded(destination, memory, &failing);
        (healthy, served)
    });
    assert!(failing.backend(destination).taken().records.is_empty(), "nothing is sent in the clear");
    failing.ends(true);
    fine.ends(true);
}

/// Runs `round`s, healthy customers and then unlucky ones, until one shows that the shop does not feel the failure.
#[track_caller]
fn until_unhurt(destination: Destination, mut round: impl FnMut() -> (Served, Served)) {
    let mut seen = Vec::new();
    for _ in 0..ROUNDS {
        let (healthy, failing) = round();
        let (before, after) = (healthy.p99(), failing.p99());
        println!("{}: p99 {before:?} while fine, {after:?} while failing", destination.name());
        if after <= before.mul_f64(1.1) + SLACK {
            return;
        }
        seen.push((before, after));
    }
    panic!("the shop is slower while {} fails: {seen:?}", destination.name());
}

/// The lab has grown by no more than may wait.
#[track_caller]
fn bounded(destination: Destination, before: u64, scene: &Scene) {
    let (after, allowed) = (scene.memory_bytes(), destination.queue_bytes());
    println!("{}: {} KiB, then {} KiB", destination.name(), before / 1024, after / 1024);
    assert!(after <= before + allowed, "{before} bytes grew to {after}, and only {allowed} may wait");
}

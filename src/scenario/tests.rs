//! The timeline and the show, as a presenter lives through them: what holds when, whatever is asked in between.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    parse,
    show::{Scene, Show},
    spec::{Planned, Spec},
    timeline::{Moment, Plan},
};
use crate::{
    chaos::{
        fault::{Delay, Effect, Fault},
        target::Target,
        units::{Share, Span},
    },
    kernel::service::Service,
};

const SECOND: Duration = Duration::from_secs(1);

fn spec(phases: Value, more: Value) -> Spec {
    let mut spec = json!({"name": "one", "title": "t", "story": "s", "audience": "a", "phases": phases});
    for (name, value) in more.as_object().into_iter().flatten() {
        spec[name] = value.clone();
    }
    serde_json::from_value(spec).expect("well-formed")
}

fn plan(phases: Value, more: Value) -> Plan {
    let hang =
        |id: &str| Fault { id: id.into(), on: Target::default(), share: Share::ALL, effect: Effect::Hang };
    Plan {
        spec: Arc::new(spec(phases, more)),
        baseline: vec![hang("base")],
        rate_before: 240.0,
        load_factor: 1.0,
    }
}

fn three_phases() -> Plan {
    plan(
        json!([
            {"at": "0s", "name": "calm"},
            {"at": "60s", "name": "outage", "cue": "Look.", "load": {"visits_per_minute": 480, "ramp": "20s"},
             "faults": [
                {"id": "a", "share": "40%", "effect": {"fail": {"status": {"503": 1}}}, "ramp": {"over": "30s", "from": "0%"}},
                {"id": "b", "effect": "hang"}],
             "releases": {"payments": "2.0.0"}},
            {"at": "4m", "name": "recovery", "clear": ["a"], "releases": {"payments": null}},
        ]),
        json!({}),
    )
}

fn ids(moment: &Moment) -> Vec<&str> {
    moment.faults.iter().map(|due| due.fault.id.as_str()).collect()
}

fn share(moment: &Moment, id: &str) -> f64 {
    let due = moment.faults.iter().find(|due| due.fault.id == id);
    due.map_or(f64::NAN, |due| due.fault.share.fraction())
}

#[test]
fn phases_bring_faults_load_and_releases_and_take_them_back() {
    let plan = three_phases();
    let at = |seconds| plan.at(SECOND * seconds);
    assert_eq!((at(59).phase, ids(&at(59))), (0, vec!["base"]));
    assert_eq!(at(59).next, Some(SECOND * 60));
    assert!(!at(59).moves);

    let outage = at(75);
    assert_eq!((outage.phase, ids(&outage)), (1, vec!["a", "b", "base"]), "the baseline comes last");
    assert!((share(&outage, "a") - 0.2).abs() < 1e-9);
    assert_eq!(outage.mix.visits_per_minute, 240.0 + 240.0 * 0.75);
    assert_eq!(outage.releases.get(&Service::Payments).map(String::as_str), Some("2.0.0"));
    assert!(outage.moves && at(89).moves && !at(90).moves);
    assert_eq!(at(90).mix.visits_per_minute, 480.0);

    let recovery = at(240);
    assert_eq!((recovery.phase, ids(&recovery)), (2, vec!["b", "base"]));
    assert!(recovery.releases.is_empty());
    assert_eq!(recovery.mix.visits_per_minute, 480.0, "what a phase does not say stays as it was");
    assert_eq!(recovery.next, None);
}

#[test]
fn a_scenario_ends_or_begins_anew() {
    let phases = json!([
        {"at": "0s", "name": "calm", "load": {"visits_per_minute": 60}},
        {"at": "5s", "name": "storm", "load": {"visits_per_minute": 600}, "faults": [{"id": "a", "effect": "hang"}]}
    ]);
    let once = plan(phases.clone(), json!({"lasts": "10s"}));
    assert_eq!(once.at(SECOND * 9).next, Some(SECOND * 10));
    let over = once.at(SECOND * 10);
    assert!(over.over && over.faults.is_empty() && !over.moves);

    let again = plan(phases, json!({"lasts": "10s", "loop": true}));
    let second = again.at(SECOND * 16);
    assert_eq!((second.round, second.phase, second.elapsed), (1, 1, SECOND * 6));
    assert_eq!(again.at(SECOND * 12).mix.visits_per_minute, 60.0);
    assert!(!again.at(SECOND * 1_000_000).over);
}

#[test]
fn a_fault_of_a_later_phase_takes_the_place_of_the_earlier_one() {
    let plan = plan(
        json!([
            {"at": "0s", "name": "one", "faults": [{"id": "a", "share": "10%", "effect": "hang"}, {"id": "b", "effect": "hang"}]},
            {"at": "5s", "name": "two", "faults": [{"id": "a", "share": "20%", "effect": "hang"}]},
            {"at": "9s", "name": "three", "clear": "all"},
        ]),
        json!({"baseline": false}),
    );
    assert_eq!(share(&plan.at(SECOND * 4), "a"), 0.1);
    assert_eq!((ids(&plan.at(SECOND * 5)), share(&plan.at(SECOND * 5), "a")), (vec!["a", "b"], 0.2));
    assert!(plan.at(SECOND * 9).faults.is_empty());
}

fn names(scene: &Scene) -> Vec<String> {
    scene.faults.iter().map(|one| format!("{} {}", one.fault.id, one.source)).collect()
}

fn by_hand(id: &str) -> Planned {
    let effect = Effect::Delay(Delay::Fixed(Span::from_millis(5)));
    Fault { id: id.into(), on: Target::default(), share: Share::ALL, effect }.into()
}

#[test]
fn a_show_can_be_paused_sped_up_and_moved() {
    let mut show = Show::default();
    let start = Instant::now();
    show.start(three_phases(), 7, start);
    let phase = |show: &Show, at| show.scene(start + at).moment.map(|moment| moment.phase);
    assert_eq!(phase(&show, SECOND * 61), Some(1));
    assert_eq!(show.scene(start).wait, Some(SECOND * 60));

    let run = show.running.as_mut().expect("it runs");
    run.pause(true, start + SECOND * 50);
    assert_eq!(phase(&show, SECOND * 500), Some(0), "time stands still");
    assert_eq!(show.scene(start + SECOND * 500).wait, None);
    let run = show.running.as_mut().expect("it runs");
    run.pause(false, start + SECOND * 500);
    run.set_speed(10.0, start + SECOND * 500);
    assert_eq!(phase(&show, SECOND * 500 + SECOND / 2), Some(0));
    assert_eq!(phase(&show, SECOND * 501), Some(1));

    let run = show.running.as_mut().expect("it runs");
    assert!(run.jump("recovery", start + SECOND * 502) && !run.jump("nowhere", start));
    assert_eq!(phase(&show, SECOND * 502), Some(2));
    assert!(show.running.as_mut().expect("it runs").jump("calm", start + SECOND * 502));
    assert_eq!(phase(&show, SECOND * 502), Some(0));
}

#[test]
fn what_is_set_by_hand_comes_first_and_what_is_ended_by_hand_stays_away() {
    let mut show = Show::default();
    let start = Instant::now();
    show.start(three_phases(), 7, start);
    let now = start + SECOND * 100;
    assert!(!show.set(by_hand("mine"), now));
    assert!(!show.set(by_hand("b"), now), "b is the scenario's, not by hand");
    assert!(show.set(by_hand("mine"), now));
    assert_eq!(names(&show.scene(now)), ["mine manual", "b manual", "a one/outage", "base baseline"]);

    assert!(show.end("a", now) && show.end("base", now) && show.end("mine", now));
    assert!(!show.end("a", now), "it is gone already");
    assert_eq!(names(&show.scene(now)), ["b manual"]);
    assert!(show.end("b", now));
    assert_eq!(names(&show.scene(now)), Vec::<String>::new(), "by hand and by the scenario");
    let run = show.running.as_mut().expect("it runs");
    run.jump("outage", now);
    assert_eq!(
        names(&show.scene(now)),
        ["a one/outage", "b one/outage", "base baseline"],
        "a jump brings them back"
    );

    show.clear();
    assert!(show.scene(now).faults.is_empty());
    assert_eq!(show.scene(now).mix, None);
}

/// A plan of phases at growing times, each with a ramped fault, a load, or a clear.
fn plans() -> impl Strategy<Value = Plan> {
    let phase = (1_u64..90, 0_u32..3, 0_u64..40, 0_u32..=100, 0.0..2_000.0_f64);
    (prop::collection::vec(phase, 1..8), prop::option::of(1_u64..400), any::<bool>()).prop_map(
        |(parts, lasts, repeats)| {
            let mut at = 0;
            let phases: Vec<Value> = parts
                .iter()
                .enumerate()
                .map(|(index, (gap, kind, over, share, rate))| {
                    let mut phase = json!({"at": format!("{at}s"), "name": format!("p{index}")});
                    at += gap;
                    match kind {
                        0 => {
                            phase["faults"] = json!([{"id": format!("f{}", index % 3), "share": format!("{share}%"),
                                "effect": "hang", "ramp": {"over": format!("{over}s"), "from": "0%"}}]);
                        }
                        1 => phase["load"] = json!({"visits_per_minute": rate, "ramp": format!("{over}s")}),
                        _ => phase["clear"] = json!("all"),
                    }
                    phase
                })
                .collect();
            let lasts = lasts.map(|lasts| format!("{lasts}s"));
            plan(json!(phases), json!({"lasts": lasts, "loop": repeats && lasts.is_some()}))
        },
    )
}

proptest! {
    #[test]
    fn any_moment_of_any_plan_is_whole(plan in plans(), millis in 0_u64..2_000_000) {
        let elapsed = Duration::from_millis(millis);
        let moment = plan.at(elapsed);
        prop_assert_eq!(&moment, &plan.at(elapsed), "the same question has the same answer");
        prop_assert!(moment.phase < plan.spec.phases.len());
        prop_assert!(moment.mix.check().is_ok());
        prop_assert!(moment.next.is_none_or(|next| next > moment.elapsed));
        let mut ids: Vec<_> = moment.faults.iter().map(|due| &due.fault.id).collect();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), count, "no fault is there twice");
    }

    #[test]
    fn what_does_not_move_stays_until_the_next_phase(plan in plans(), millis in 0_u64..600_000) {
        let elapsed = Duration::from_millis(millis);
        let moment = plan.at(elapsed);
        if !moment.moves && !moment.over {
            let left = moment.next.map_or(SECOND * 60, |next| next - moment.elapsed);
            let later = plan.at(elapsed + left.saturating_sub(Duration::from_millis(1)));
            prop_assert_eq!(&moment.faults, &later.faults);
            prop_assert_eq!(&moment.mix, &later.mix);
        }
    }

    #[test]
    fn a_ramp_only_rises(over in 1_u64..100_000, from in 0_u32..100, steps in prop::option::of(1_u32..20)) {
        let mut planned = by_hand("a");
        planned.ramp = serde_json::from_value(json!({
            "over": format!("{over}ms"), "from": format!("{from}%"), "steps": steps,
        })).expect("well-formed");
        let shares: Vec<f64> =
            (0..=50).map(|at| planned.at(Duration::from_millis(over * at / 40)).share.fraction()).collect();
        prop_assert!(shares.is_sorted(), "{:?}", shares);
        prop_assert!((shares[0] - f64::from(from) / 100.0).abs() < 1e-9);
        prop_assert_eq!(shares[50], 1.0);
    }
}

/// The mix is in the file as `ramp: { over: 60s, from_effect: … }`, and it has to be seen in what is active.
#[test]
fn a_ramp_of_a_mix_of_failures_shifts_the_mix_and_one_that_cannot_is_refused() {
    const FILE: &str = "name: fail-mix-ramp
title: A mix of failures that shifts
story: First overloads, then errors.
audience: 503 turns into 500.
phases:
  - at: 0s
    name: shift
    cue: Watch which kind of failure it is.
    faults:
      - id: mix
        on: { service: payments, peer: payment-provider }
        effect: { fail: { status: { 500: 1, 503: 9 } } }
        ramp: { over: 60s, from_effect: { fail: { status: { 500: 9, 503: 1 } } } }
";
    let spec = parse::read("fail-mix-ramp.yaml", FILE).expect("a scenario");
    let part_of_500 = |seconds: u64| {
        let fault = spec.phases[0].faults[0].at(Duration::from_secs(seconds));
        let Effect::Fail(fail) = fault.effect else { panic!("{:?}", fault.effect) };
        (fail.status[&500] / fail.status.values().sum::<f64>() * 100.0).round()
    };
    assert_eq!([0, 15, 30, 45, 60, 90].map(part_of_500), [90.0, 70.0, 50.0, 30.0, 10.0, 10.0]);
    for (start, why) in [
        ("{ 500: 9, 503: 1, 429: 1 }", "has to be the same fail"),
        ("{ 500: 2, 503: 18 }", "nothing would change"),
    ] {
        let wrong = parse::read("x.yaml", &FILE.replace("{ 500: 9, 503: 1 }", start)).expect_err(start);
        assert!(wrong[0].message.contains(why), "{}", wrong[0]);
    }
}

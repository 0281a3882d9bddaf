//! The judge, over recorded timelines: each way in which a promise can be broken is told apart.

use doorbuster::verify::{
    finding::{Finding, Judged, Outcome, Verdict, Why},
    plan::Plan,
    timeline::{Gap, Sent, Timeline, Told},
};

use super::recorded::{
    BEGUN, BROKE, ENDED, MENDED, QUERY, all, brazil, down, firing, found, held, labels, spec, symptom,
    timeline, told,
};

const NOTIFIED: &str = "  - { alert: { alertname: CardsFail, country: BR }, notified: { receiver: payments, within: 12s, exactly: 1 } }";
const FIRES: &str = "  - { alert: { alertname: CardsFail }, fires_within: 10s }";
const HELD: &str = "  - { alert: { alertname: NoTraffic }, inhibited_by: { alertname: ServiceDown } }";
const OVER: &str = "  - { alert: { alertname: CardsFail }, after: recovery, resolved_within: 30s }";
const LATER: &str =
    "  - { alert: { alertname: CardsFail }, after: recovery, resolved_within: 22s, deferred: true }";
const NEVER: &str = "  - { alert: { alertname: Other }, never: true }";
const METRIC: &str = "  - { metric: sum(errors), rises_above: 5, within: 10s }";

/// The one finding about `expect` after `change`.
fn one(expect: &str, change: impl FnOnce(&mut Timeline)) -> Finding {
    let mut timeline = timeline();
    change(&mut timeline);
    let mut findings = found(expect, &timeline);
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

fn why(finding: &Finding) -> Option<Why> {
    match finding.verdict {
        Verdict::Broken { why, .. } => Some(why),
        Verdict::Kept | Verdict::CouldNotTell { .. } => None,
    }
}

fn silence(source: &str, from_ms: i64, to_ms: i64) -> Gap {
    Gap { source: source.to_owned(), from_ms, to_ms, why: "nobody is there".to_owned() }
}

#[test]
fn what_was_promised_and_seen_was_kept_with_its_latency_beside_its_bounds() {
    let finding = one(FIRES, |_| {});
    assert_eq!(finding.verdict, Verdict::Kept);
    // True after 6 s, a `for` of 2 s, and an evaluation that may be late.
    assert_eq!(
        (finding.observed_ms, finding.bound_ms, finding.theory_ms),
        (Some(8_000), Some(10_000), Some(9_000))
    );
    let finding = one(NOTIFIED, |_| {});
    assert_eq!((&finding.verdict, finding.observed_ms), (&Verdict::Kept, Some(10_050)));
    assert_eq!(finding.theory_ms, Some(9_000 + 2_100));
    assert_eq!(finding.receivers, ["payments"]);
    let finding = one(HELD, |_| {});
    assert_eq!((&finding.verdict, finding.observed_ms), (&Verdict::Kept, Some(8_200)));
    let finding = one(OVER, |_| {});
    assert_eq!((&finding.verdict, finding.observed_ms), (&Verdict::Kept, Some(24_000)));
    let finding = one(LATER, |_| {});
    assert_eq!((&finding.verdict, finding.observed_ms), (&Verdict::Kept, Some(20_000)));
    for expect in [NEVER, METRIC] {
        assert_eq!(one(expect, |_| {}).verdict, Verdict::Kept, "{expect}");
    }
    assert_eq!(Outcome::of(&all(NOTIFIED, &timeline())), Outcome::Kept);
}

#[test]
fn an_alert_that_is_late_is_not_one_that_is_missing() {
    let late = one(FIRES, |seen| seen.firings[0].fired_ms = Some(BROKE + 10_001));
    assert_eq!((why(&late), late.observed_ms), (Some(Why::Late), Some(10_001)));
    let late = one(NOTIFIED, |seen| seen.told[0].at_ms = BROKE + 12_500);
    assert_eq!(why(&late), Some(Why::Late));
    let missing = one(FIRES, |seen| seen.firings[0].fired_ms = None);
    assert_eq!(why(&missing), Some(Why::Missing));
    assert!(
        matches!(missing.verdict, Verdict::Broken { ref words, .. } if words.contains("pending")),
        "{missing:?}"
    );
    let missing = one(FIRES, |seen| seen.firings.clear());
    assert_eq!(why(&missing), Some(Why::Missing));
    let early = one(FIRES, |seen| seen.firings[0].fired_ms = Some(BROKE - 3_000));
    assert!(
        matches!(early.verdict, Verdict::Broken { ref words, .. } if words.contains("before")),
        "{early:?}"
    );
    // Evaluations have times of their own: one of them may lie a little before the fault was noticed.
    let prompt = one(FIRES, |seen| seen.firings[0].fired_ms = Some(BROKE - 600));
    assert_eq!((prompt.verdict, prompt.observed_ms), (Verdict::Kept, Some(0)));
}

#[test]
fn a_wrong_receiver_is_named_and_so_is_the_reason_why_nobody_was_told() {
    let wrong =
        one(NOTIFIED, |seen| seen.told.iter_mut().for_each(|told| told.receiver = "default".to_owned()));
    assert_eq!(
        (why(&wrong), wrong.receivers.clone()),
        (Some(Why::WrongReceiver), vec!["default".to_owned()])
    );
    for (change, word) in [
        ((|_| {}) as fn(&mut Timeline), "nobody was told"),
        (|seen| seen.held.retain(|held| held.labels != brazil()), "never reached Alertmanager"),
        (|seen| seen.held[0].silenced = true, "silenced"),
        (|seen| seen.held[0] = held(brazil(), &[down()]), "held back by ServiceDown{service_name=shipping}"),
        (|seen| seen.firings.retain(|one| one.labels != brazil()), "did not fire"),
    ] {
        let untold = one(NOTIFIED, |seen| {
            seen.told.clear();
            change(seen);
        });
        let Verdict::Broken { why: Why::Missing, words } = &untold.verdict else { panic!("{untold:?}") };
        assert!(words.contains(word), "{words}");
    }
}

#[test]
fn news_are_counted_and_reminders_are_not() {
    let again = told(9, "payments", brazil(), true, BROKE + 40_000);
    assert_eq!(one(NOTIFIED, |seen| seen.told.push(again.clone())).verdict, Verdict::Kept);
    let mut twice = again.clone();
    twice.alerts[0].starts_ms += 20_000;
    assert_eq!(
        why(&one(NOTIFIED, |seen| seen.told.push(twice))),
        Some(Why::Count),
        "it came, went and came again"
    );
    let mut doubled = again;
    doubled.group_key = "{}/another route".to_owned();
    assert_eq!(why(&one(NOTIFIED, |seen| seen.told.push(doubled))), Some(Why::Count), "by two routes");
}

#[test]
fn what_was_told_was_not_held_back() {
    let never = one(HELD, |seen| seen.held[2] = held(symptom(), &[]));
    assert_eq!(why(&never), Some(Why::NotInhibited));
    let by_another = one(HELD, |seen| seen.held[2] = held(symptom(), &[brazil()]));
    assert_eq!(why(&by_another), Some(Why::NotInhibited));
    let slipped = one(HELD, |seen| seen.told.push(told(9, "oncall", symptom(), true, BROKE + 9_000)));
    assert_eq!(
        (why(&slipped), slipped.receivers.clone()),
        (Some(Why::NotInhibited), vec!["oncall".to_owned()])
    );
    // What outlives its cause may be told.
    let outlives = one(HELD, |seen| {
        seen.firings[2].gone_ms = Some(MENDED + 40_000);
        seen.told.push(told(9, "oncall", symptom(), true, MENDED + 25_000));
    });
    assert_eq!(outlives.verdict, Verdict::Kept);
    let nothing = one(HELD, |seen| seen.firings.retain(|one| one.labels != symptom()));
    assert_eq!(why(&nothing), Some(Why::Missing));
}

#[test]
fn over_is_what_does_not_fire_and_whose_receivers_know() {
    assert_eq!(why(&one(OVER, |seen| seen.firings[0].gone_ms = Some(MENDED + 31_000))), Some(Why::Late));
    assert_eq!(why(&one(OVER, |seen| seen.told[2].at_ms = MENDED + 31_000)), Some(Why::Late));
    assert_eq!(one(LATER, |seen| seen.told[2].at_ms = MENDED + 50_000).verdict, Verdict::Kept);
    assert_eq!(why(&one(OVER, |seen| seen.firings[0].gone_ms = None)), Some(Why::StillFiring));
    for expect in [OVER, LATER] {
        let orphan = one(expect, |seen| drop(seen.told.remove(2)));
        assert_eq!(why(&orphan), Some(Why::StillFiring), "a receiver that was never told");
    }
    assert_eq!(why(&one(OVER, |seen| seen.firings.remove(0).gone_ms = None)), Some(Why::Missing));
}

#[test]
fn what_nobody_promised_is_found_in_the_whole_run() {
    let stranger = labels(&[("alertname", "Other"), ("service_name", "ads")]);
    let mut seen = timeline();
    seen.firings.push(firing(stranger.clone()));
    assert_eq!(why(&found(NEVER, &seen)[0]), Some(Why::Unexpected));
    let unexpected = |seen: &Timeline| {
        let findings = all(NOTIFIED, seen);
        let finding = findings.iter().find(|one| one.of == Judged::NoOtherAlertFires).expect("judged");
        (why(finding), format!("{:?}", finding.verdict))
    };
    let (why, words) = unexpected(&seen);
    assert!(why == Some(Why::Unexpected) && words.contains("Other{service_name=ads}"), "{words}");
    let mut seen = timeline();
    seen.firings.push(firing(labels(&[("alertname", "Watchdog")])));
    assert_eq!(unexpected(&seen).0, None);
    let mut seen = timeline();
    seen.firings.push(doorbuster::verify::timeline::Firing { fired_ms: None, ..firing(stranger) });
    assert_eq!(unexpected(&seen).0, None, "pending is not firing");
}

#[test]
fn the_end_is_quiet_or_says_who_is_not() {
    let end = |seen: &Timeline| all(NOTIFIED, seen).pop().expect("the last finding");
    assert_eq!(end(&timeline()).verdict, Verdict::Kept);
    let mut seen = timeline();
    seen.firings[1].gone_ms = None;
    assert_eq!(why(&end(&seen)), Some(Why::StillFiring));
    let mut seen = timeline();
    seen.told.pop();
    assert_eq!(why(&end(&seen)), Some(Why::StillFiring), "somebody still believes that shipping is down");
}

#[test]
fn a_metric_that_comes_too_late_or_not_at_all_is_told_with_what_it_came_to() {
    let late = one(METRIC, |seen| seen.samples.get_mut(QUERY).expect("samples")[0].at_ms = BROKE + 11_000);
    assert_eq!(why(&late), Some(Why::Late));
    let low = one(METRIC, |seen| seen.samples.get_mut(QUERY).expect("samples")[0].value = 4.0);
    assert!(
        matches!(low.verdict, Verdict::Broken { why: Why::Missing, ref words } if words.contains("4.000"))
    );
    let nan = one(METRIC, |seen| seen.samples.get_mut(QUERY).expect("samples")[0].value = f64::NAN);
    assert_eq!(why(&nan), Some(Why::Missing));
    let before = one(METRIC, |seen| seen.samples.get_mut(QUERY).expect("samples")[0].at_ms = BROKE - 1);
    assert_eq!(why(&before), Some(Why::Missing));
}

#[test]
fn nobody_says_that_nothing_happened_who_did_not_look() {
    let blind = |seen: &mut Timeline| {
        seen.firings.clear();
        seen.told.clear();
        seen.samples.clear();
        seen.gaps.push(silence("prometheus", BEGUN + 20_000, ENDED));
    };
    for expect in [FIRES, NOTIFIED, HELD, OVER, NEVER, METRIC] {
        let finding = one(expect, blind);
        assert!(matches!(finding.verdict, Verdict::CouldNotTell { .. }), "{expect}: {finding:?}");
    }
    let mut seen = timeline();
    blind(&mut seen);
    assert_eq!(Outcome::of(&all(FIRES, &seen)), Outcome::CouldNotTell);
    // What was seen was seen, whoever was silent later.
    let seen = one(FIRES, |seen| seen.gaps.push(silence("prometheus", BROKE + 20_000, ENDED)));
    assert_eq!(seen.verdict, Verdict::Kept);
    // A blink is no blindness.
    let blink = one(NEVER, |seen| seen.gaps.push(silence("prometheus", BROKE, BROKE + 3_000)));
    assert_eq!(blink.verdict, Verdict::Kept);
}

#[test]
fn a_run_that_somebody_disturbed_proves_nothing() {
    let mut seen = timeline();
    seen.disturbed.push("somebody else played blackfriday meanwhile".to_owned());
    assert_eq!(Outcome::of(&all(NOTIFIED, &seen)), Outcome::CouldNotTell);
    let mut seen = timeline();
    seen.phases.remove("outage");
    let finding = &found(FIRES, &seen)[0];
    assert!(
        matches!(&finding.verdict, Verdict::CouldNotTell { words } if words.contains("outage")),
        "{finding:?}"
    );
}

/// What Alertmanager records of what a receiver got.
fn sent(told: &Told) -> Sent {
    let group_key = told.group_key.clone();
    Sent { at_ms: told.at_ms + 1, receiver: told.receiver.clone(), group_key, ..Sent::default() }
}

#[test]
fn a_notification_that_was_sent_and_never_came_leaves_nothing_to_be_said() {
    let arrives = |seen: &Timeline| {
        let all = all(FIRES, seen);
        all.into_iter().find(|finding| finding.about == "every notification")
    };
    let mut seen = timeline();
    assert_eq!(arrives(&seen), None, "without a record there is nothing to compare");
    seen.sent = Some(seen.told.iter().map(sent).collect());
    assert_eq!(arrives(&seen).map(|finding| finding.verdict), Some(Verdict::Kept));
    let lost = seen.told.remove(0);
    let finding = arrives(&seen).expect("there is a record");
    let words = format!("payments took 2 of {}, of which 1 came here", lost.group_key);
    assert_eq!(finding.verdict, Verdict::CouldNotTell { words });
    assert_eq!(Outcome::of(&all(FIRES, &seen)), Outcome::CouldNotTell);
}

#[test]
fn each_finding_names_the_promise_that_it_is_about() {
    let expect = [FIRES, NOTIFIED, HELD, OVER, NEVER, METRIC].join("\n");
    let plan = Plan::of(&spec(&expect));
    let mut findings = all(&expect, &timeline());
    // In whatever order they come.
    findings.reverse();
    let promised = findings.iter().filter_map(|finding| match finding.of {
        Judged::Promise(id) => Some((finding, plan.promise(id).expect("of this plan"))),
        Judged::EveryNotificationArrives
        | Judged::NoOtherAlertFires
        | Judged::AllIsResolvedAtTheEnd
        | Judged::TheScenarioIsPlayed => None,
    });
    let promised: Vec<_> = promised.collect();
    assert_eq!(promised.len(), 6);
    for (finding, promise) in promised {
        assert_eq!((&finding.about, &finding.claim), (&promise.claim.subject(), &promise.claim.words()));
    }
}

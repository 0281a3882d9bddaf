//! Expectation against observation. Pure: what is known is the plan, the timeline and the servers' timing, and neither
//! how the facts were come by nor who will read the verdict.

use std::{collections::BTreeSet, time::Duration};

use super::{
    bound::Timing,
    evidence::{Evidence, is_watchdog},
    finding::{Finding, Judged, Verdict, Why, seconds},
    plan::{Claim, Plan, Promise, PromiseId},
    timeline::{
        ALERTMANAGER, Firing, LAB, Labels, PROMETHEUS, RECORDER, Timeline, Told, ToldAlert, brief, has, name,
        title,
    },
};

/// What is found of each promise, of what nobody promised, and of the end.
pub fn judge(plan: &Plan, timeline: &Timeline, timing: &Timing) -> Vec<Finding> {
    let evidence = Evidence { timeline, evaluation_ms: timing.evaluation_ms };
    let court = Court { plan, timeline, timing, evidence };
    let mut findings: Vec<Finding> =
        plan.numbered().map(|(id, promise)| court.finding(id, promise)).collect();
    findings.extend(court.everything_arrived());
    findings.push(court.nothing_unexpected());
    findings.push(court.quiet_at_the_end());
    if !timeline.disturbed.is_empty() {
        let words = timeline.disturbed.join("; ");
        for finding in &mut findings {
            finding.verdict = Verdict::CouldNotTell { words: words.clone() };
        }
    }
    findings
}

struct Court<'a> {
    plan: &'a Plan,
    timeline: &'a Timeline,
    timing: &'a Timing,
    evidence: Evidence<'a>,
}

/// What is said of a promise before it is put on paper.
struct Said {
    verdict: Verdict,
    observed_ms: Option<i64>,
    theory_ms: Option<i64>,
    receivers: Vec<String>,
}

impl Said {
    fn broken(why: Why, words: impl Into<String>) -> Said {
        Said { verdict: Verdict::Broken { why, words: words.into() }, ..Said::kept() }
    }

    fn untold(words: impl Into<String>) -> Said {
        Said { verdict: Verdict::CouldNotTell { words: words.into() }, ..Said::kept() }
    }

    fn kept() -> Said {
        Said { verdict: Verdict::Kept, observed_ms: None, theory_ms: None, receivers: Vec::new() }
    }

    /// It took `observed_ms`, and that was soon enough or not.
    fn timed(observed_ms: i64, within: Duration) -> Said {
        let observed_ms = observed_ms.max(0);
        let verdict = match observed_ms <= millis(within) {
            true => Verdict::Kept,
            false => Verdict::Broken {
                why: Why::Late,
                words: format!("after {}, not within {}", seconds(observed_ms), seconds(millis(within))),
            },
        };
        Said { verdict, observed_ms: Some(observed_ms), ..Said::kept() }
    }
}

impl Court<'_> {
    fn finding(&self, id: PromiseId, promise: &Promise) -> Finding {
        let Promise { after, claim } = promise;
        let said = match self.timeline.phases.get(after) {
            None => Said::untold(format!("the phase {after} never began")),
            Some(&from) => match claim {
                Claim::Fires { alert, within } => self.fires(alert, from, *within),
                Claim::Notified { alert, receiver, within, exactly } => {
                    self.notified(alert, receiver, from, *within, *exactly)
                }
                Claim::Inhibited { alert, by } => self.inhibited(alert, by, from),
                Claim::Resolved { alert, within, deferred } => self.resolved(alert, from, *within, *deferred),
                Claim::Never { alert } => self.never(alert),
                Claim::Metric { query, rises, limit, within } => {
                    self.metric(query, *rises, *limit, from, *within)
                }
            },
        };
        let is_whole = matches!(claim, Claim::Never { .. });
        Finding {
            of: Judged::Promise(id),
            about: claim.subject(),
            claim: claim.words(),
            after: if is_whole { String::new() } else { after.clone() },
            verdict: said.verdict,
            observed_ms: said.observed_ms,
            bound_ms: claim.within().map(millis),
            theory_ms: said.theory_ms,
            receivers: said.receivers,
        }
    }

    fn fires(&self, alert: &Labels, from: i64, within: Duration) -> Said {
        let Some((firing, fired)) = self.evidence.first_firing(alert, from) else {
            return self.missing(&[PROMETHEUS], from, within, self.evidence.why_not_fired(alert, from));
        };
        let theory = (firing.active_ms - from).max(0) + self.timing.to_firing_ms(name(&firing.labels));
        Said { theory_ms: Some(theory), ..Said::timed(fired - from, within) }
    }

    fn notified(
        &self,
        alert: &Labels,
        receiver: &str,
        from: i64,
        within: Duration,
        exactly: Option<u32>,
    ) -> Said {
        let all: Vec<(&Told, &ToldAlert)> =
            self.evidence.told(alert, from).filter(|(_, one)| one.firing).collect();
        let receivers: BTreeSet<&str> = all.iter().map(|(told, _)| told.receiver.as_str()).collect();
        let receivers: Vec<String> = receivers.into_iter().map(str::to_owned).collect();
        let ours: Vec<_> = all.into_iter().filter(|(told, _)| told.receiver == receiver).collect();
        let Some((first, of)) = ours.iter().min_by_key(|(told, _)| told.at_ms) else {
            if !receivers.is_empty() {
                let words = format!("told to {}, not to {receiver}", receivers.join(", "));
                return Said { receivers, ..Said::broken(Why::WrongReceiver, words) };
            }
            let why = self.evidence.why_not_told(alert, from);
            return self.missing(&[LAB, ALERTMANAGER, PROMETHEUS], from, within, why);
        };
        let is_same = |firing: &&Firing| has(&of.labels, &firing.labels);
        let active = self.evidence.firings(alert).filter(is_same).map(|firing| firing.active_ms).min();
        let joins = self.timeline.told.iter().any(|other| {
            other.receiver == receiver && other.group_key == first.group_key && other.at_ms < first.at_ms
        });
        let way = self.timing.to_firing_ms(name(&of.labels)) + self.timing.to_receiver_ms(receiver, joins);
        let theory_ms = active.map(|active| (active - from).max(0) + way);
        let said = Said { theory_ms, receivers, ..Said::timed(first.at_ms - from, within) };
        let news: BTreeSet<_> =
            ours.iter().map(|(told, one)| (&told.group_key, &one.fingerprint, one.starts_ms)).collect();
        match exactly {
            Some(times) if said.verdict == Verdict::Kept && news.len() != times as usize => {
                let words = format!("{receiver} was told of {} alerts, not of {times}", news.len());
                let Said { observed_ms, theory_ms, receivers, .. } = said;
                Said { observed_ms, theory_ms, receivers, ..Said::broken(Why::Count, words) }
            }
            _ => said,
        }
    }

    fn inhibited(&self, alert: &Labels, by: &Labels, from: i64) -> Said {
        if self.evidence.first_firing(alert, from).is_none() {
            let why = format!("{}: there was nothing to hold back", self.evidence.why_not_fired(alert, from));
            return self.missing(&[PROMETHEUS], from, Duration::ZERO, why);
        }
        let since = self.evidence.since(from);
        let held =
            self.timeline.held.iter().filter(|held| has(&held.labels, alert) && held.starts_ms >= since);
        let behind = held.filter(|held| held.inhibited_by.iter().any(|source| has(source, by)));
        let Some(first) = behind.filter_map(|held| held.inhibited_ms).min() else {
            return match self.evidence.gap(&[ALERTMANAGER], from, self.timeline.ended_ms) {
                Some(words) => Said::untold(words),
                None => Said::broken(Why::NotInhibited, format!("it was never held back by {}", title(by))),
            };
        };
        let source_gone =
            self.evidence.firings(by).map(|one| one.gone_ms.unwrap_or(i64::MAX)).max().unwrap_or(i64::MAX);
        let told = self.evidence.told(alert, from).find(|(told, one)| one.firing && told.at_ms < source_gone);
        match told {
            None => Said { observed_ms: Some((first - from).max(0)), ..Said::kept() },
            Some((told, _)) => {
                let words = format!("told to {} after {}", told.receiver, seconds(told.at_ms - from));
                Said { receivers: vec![told.receiver.clone()], ..Said::broken(Why::NotInhibited, words) }
            }
        }
    }

    fn resolved(&self, alert: &Labels, from: i64, within: Duration, deferred: bool) -> Said {
        let fired: Vec<&Firing> = self.evidence.firings(alert).collect();
        if fired.is_empty() {
            let why = "it never fired: there was nothing to resolve".to_owned();
            return self.missing(&[PROMETHEUS], self.timeline.begun_ms, Duration::ZERO, why);
        }
        if let Some(still) = fired.iter().find(|firing| firing.gone_ms.is_none()) {
            let words = format!("{} still fires", brief(&still.labels));
            return self.missing_as(Why::StillFiring, &[PROMETHEUS], from, within, words);
        }
        let gone = fired.iter().filter_map(|firing| firing.gone_ms).max().unwrap_or(from);
        let mut known = gone;
        let (mut receivers, mut longest) = (BTreeSet::new(), 0);
        for (receiver, fingerprint) in self.evidence.believers(alert) {
            let last = self.evidence.last_word(&receiver, &fingerprint);
            longest = longest.max(self.timing.to_over_ms(&receiver));
            match last {
                Some((at, false)) => known = known.max(at),
                _ => {
                    let words = format!("{receiver} was never told that it is over");
                    return self.missing_as(Why::StillFiring, &[LAB, ALERTMANAGER], from, within, words);
                }
            }
            receivers.insert(receiver);
        }
        let by = if deferred { gone } else { known };
        Said {
            theory_ms: Some((gone - from).max(0) + if deferred { 0 } else { longest }),
            receivers: receivers.into_iter().collect(),
            ..Said::timed(by - from, within)
        }
    }

    fn never(&self, alert: &Labels) -> Said {
        let (from, to) = (self.timeline.begun_ms, self.timeline.ended_ms);
        match self.evidence.first_firing(alert, from) {
            Some((firing, fired)) => {
                let words =
                    format!("{} fired {} after the start", brief(&firing.labels), seconds(fired - from));
                Said::broken(Why::Unexpected, words)
            }
            None => self.evidence.gap(&[PROMETHEUS], from, to).map_or_else(Said::kept, Said::untold),
        }
    }

    fn metric(&self, query: &str, rises: bool, limit: f64, from: i64, within: Duration) -> Said {
        let samples = self.timeline.samples.get(query).map(Vec::as_slice).unwrap_or_default();
        let ours = || samples.iter().filter(|one| one.at_ms >= from && !one.value.is_nan());
        let fits = |value: f64| if rises { value > limit } else { value < limit };
        if let Some(first) = ours().find(|one| fits(one.value)) {
            return Said::timed(first.at_ms - from, within);
        }
        let best = ours().map(|one| one.value).reduce(|best, one| match rises {
            true => best.max(one),
            false => best.min(one),
        });
        let why = best.map_or("it has no value at all".to_owned(), |best| format!("it came to {best:.3}"));
        self.missing(&[PROMETHEUS], from, within, why)
    }

    fn nothing_unexpected(&self) -> Finding {
        let is_foreseen = |firing: &Firing| {
            let promised = self.plan.promises.iter().any(|one| {
                let never = matches!(one.claim, Claim::Never { .. });
                let by = matches!(&one.claim, Claim::Inhibited { by, .. } if has(&firing.labels, by));
                by || one.claim.alert().is_some_and(|alert| {
                    // What must never fire is a finding of its own.
                    has(&firing.labels, alert)
                        || (never && name(alert) == name(&firing.labels) && alert.len() == 1)
                })
            });
            let name = name(&firing.labels);
            is_watchdog(&firing.labels) || promised || self.plan.allowed.iter().any(|allowed| allowed == name)
        };
        let since = self.evidence.since(self.timeline.begun_ms);
        let fired =
            self.timeline.firings.iter().filter(|one| one.fired_ms.is_some_and(|fired| fired >= since));
        let strangers: BTreeSet<String> =
            fired.filter(|firing| !is_foreseen(firing)).map(|firing| brief(&firing.labels)).collect();
        let said = if strangers.is_empty() {
            let gap = self.evidence.gap(&[PROMETHEUS], self.timeline.begun_ms, self.timeline.ended_ms);
            gap.map_or_else(Said::kept, Said::untold)
        } else {
            let words = strangers.into_iter().collect::<Vec<_>>().join(", ");
            // Who has been away takes what he missed for what is gone.
            let gap = self.evidence.gap(&[PROMETHEUS], self.timeline.begun_ms, self.timeline.ended_ms);
            match gap {
                Some(gap) => Said::untold(format!("{words} fired; {gap}")),
                None => Said::broken(Why::Unexpected, words),
            }
        };
        whole(Judged::NoOtherAlertFires, "any other alert", "never fires", said)
    }

    /// Two witnesses of every notification: who sent it, and who got it. Only where the sender keeps a record.
    fn everything_arrived(&self) -> Option<Finding> {
        let missing = self.evidence.unarrived()?;
        let said = match missing.is_empty() {
            true => {
                let (from, to) = (self.timeline.begun_ms, self.timeline.ended_ms);
                self.evidence.gap(&[RECORDER], from, to).map_or_else(Said::kept, Said::untold)
            }
            // Whoever loses notifications proves nothing by those that are missing.
            false => Said::untold(missing.join("; ")),
        };
        Some(whole(Judged::EveryNotificationArrives, "every notification", "arrives as it was sent", said))
    }

    fn quiet_at_the_end(&self) -> Finding {
        let mut loud: BTreeSet<String> = self.still_firing().into_iter().collect();
        loud.extend(self.orphans());
        let said = match loud.is_empty() {
            true => {
                let tail = self.timing.quiet_ms();
                let gap = self.evidence.gap(
                    &[PROMETHEUS, LAB],
                    self.timeline.ended_ms - tail,
                    self.timeline.ended_ms,
                );
                gap.map_or_else(Said::kept, Said::untold)
            }
            false => Said::broken(Why::StillFiring, loud.into_iter().collect::<Vec<_>>().join(", ")),
        };
        whole(Judged::AllIsResolvedAtTheEnd, "everything", "is over at the end", said)
    }

    fn still_firing(&self) -> Vec<String> {
        let still =
            self.timeline.firings.iter().filter(|one| one.fired_ms.is_some() && one.gone_ms.is_none());
        let still = still.filter(|one| !is_watchdog(&one.labels));
        still.map(|one| format!("{} still fires", brief(&one.labels))).collect()
    }

    /// Receivers that still believe that an alert fires.
    fn orphans(&self) -> Vec<String> {
        let believers = self.evidence.believers(&Labels::new()).into_iter();
        let unaware = believers
            .filter(|(receiver, of)| !matches!(self.evidence.last_word(receiver, of), Some((_, false))));
        unaware
            .map(|(receiver, fingerprint)| {
                let mut all = self.timeline.told.iter().flat_map(|told| &told.alerts);
                let of = all.find(|one| one.fingerprint == fingerprint);
                let what = of.map(|one| brief(&one.labels)).unwrap_or(fingerprint);
                format!("{receiver} was never told that {what} is over")
            })
            .collect()
    }

    fn missing(&self, sources: &[&str], from: i64, within: Duration, why: String) -> Said {
        self.missing_as(Why::Missing, sources, from, within, why)
    }

    /// That something was not seen says something only if somebody looked.
    fn missing_as(&self, as_: Why, sources: &[&str], from: i64, within: Duration, why: String) -> Said {
        let to = self.timeline.ended_ms.max(from + millis(within));
        match self.evidence.gap(sources, from, to) {
            Some(words) => Said::untold(words),
            None => Said::broken(as_, why),
        }
    }
}

fn whole(of: Judged, about: &str, claim: &str, said: Said) -> Finding {
    Finding {
        of,
        about: about.to_owned(),
        claim: claim.to_owned(),
        after: String::new(),
        verdict: said.verdict,
        observed_ms: None,
        bound_ms: None,
        theory_ms: None,
        receivers: Vec::new(),
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

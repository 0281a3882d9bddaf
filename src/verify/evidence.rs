//! The timeline as a judge reads it: which alert fired since when, who was told of it, who believes what, and whether anybody
//! was looking.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    finding::seconds,
    timeline::{Firing, Labels, Timeline, Told, ToldAlert, WATCHDOG, brief, has, name},
};

/// Longer than this nobody may have been looking when "it did not happen" is said.
const BLINK_MS: i64 = 5_000;
/// As long after its arrival a notification may be recorded.
const SEAM_MS: i64 = 1_000;

pub struct Evidence<'a> {
    pub timeline: &'a Timeline,
    pub evaluation_ms: i64,
}

/// Whether it is the alert that always fires.
pub fn is_watchdog(labels: &Labels) -> bool {
    name(labels) == WATCHDOG
}

impl Evidence<'_> {
    /// Who was told that an alert fires, and which.
    pub fn believers(&self, alert: &Labels) -> BTreeSet<(String, String)> {
        let since = self.since(self.timeline.begun_ms);
        let told = self.told(alert, since).filter(|(_, one)| one.firing && !is_watchdog(&one.labels));
        told.map(|(told, one)| (told.receiver.clone(), one.fingerprint.clone())).collect()
    }

    /// When a receiver last heard of an alert, and whether it fired then.
    pub fn last_word(&self, receiver: &str, fingerprint: &str) -> Option<(i64, bool)> {
        let ours = self.timeline.told.iter().filter(|told| told.receiver == receiver);
        let words = ours.flat_map(|told| told.alerts.iter().map(move |one| (told, one)));
        let words = words.filter(|(_, one)| one.fingerprint == fingerprint);
        words.max_by_key(|(told, _)| (told.at_ms, told.id)).map(|(told, one)| (told.at_ms, one.firing))
    }

    pub fn firings<'a>(&'a self, alert: &'a Labels) -> impl Iterator<Item = &'a Firing> {
        self.timeline.firings.iter().filter(move |one| one.fired_ms.is_some() && has(&one.labels, alert))
    }

    pub fn first_firing<'a>(&'a self, alert: &'a Labels, from: i64) -> Option<(&'a Firing, i64)> {
        let since = self.since(from);
        let fired = self.firings(alert).filter_map(|firing| Some((firing, firing.fired_ms?)));
        fired.filter(|(_, fired)| *fired >= since).min_by_key(|(_, fired)| *fired)
    }

    pub fn told<'a>(
        &'a self,
        alert: &'a Labels,
        from: i64,
    ) -> impl Iterator<Item = (&'a Told, &'a ToldAlert)> {
        let since = self.since(from);
        let each = self.timeline.told.iter().flat_map(|told| told.alerts.iter().map(move |one| (told, one)));
        each.filter(move |(_, one)| has(&one.labels, alert) && one.starts_ms >= since)
    }

    /// What began one evaluation before the fault may have been caused by it: evaluations have times of their own.
    pub fn since(&self, from: i64) -> i64 {
        from - self.evaluation_ms
    }

    pub fn why_not_fired(&self, alert: &Labels, from: i64) -> String {
        if let Some(before) = self.firings(alert).find(|one| one.fired_ms.is_some_and(|fired| fired < from)) {
            return format!("{} fired before that", brief(&before.labels));
        }
        let pending =
            self.timeline.firings.iter().find(|one| has(&one.labels, alert) && one.active_ms >= from);
        match pending {
            Some(pending) => format!("{} was pending and did not fire", brief(&pending.labels)),
            None => "it did not fire".to_owned(),
        }
    }

    pub fn why_not_told(&self, alert: &Labels, from: i64) -> String {
        if self.first_firing(alert, from).is_none() {
            return self.why_not_fired(alert, from);
        }
        let since = self.since(from);
        let held = self.timeline.held.iter().find(|held| has(&held.labels, alert) && held.starts_ms >= since);
        match held {
            Some(held) if held.silenced => "it fired and was silenced".to_owned(),
            Some(held) if !held.inhibited_by.is_empty() => {
                let by: Vec<String> = held.inhibited_by.iter().map(brief).collect();
                format!("it fired and was held back by {}", by.join(", "))
            }
            Some(_) => "it fired and nobody was told".to_owned(),
            None => "it fired and never reached Alertmanager".to_owned(),
        }
    }

    /// What Alertmanager says a receiver took, and no receiver of the lab has. Nothing where it keeps no record.
    pub fn unarrived(&self) -> Option<Vec<String>> {
        let sent = self.timeline.sent.as_ref()?;
        // What arrived just before the first look was recorded after it.
        let sent = sent.iter().filter(|one| one.at_ms > self.timeline.begun_ms + SEAM_MS);
        let mut of_groups: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for one in sent {
            *of_groups.entry((&one.receiver, &one.group_key)).or_default() += 1;
        }
        let told = |receiver: &str, group: &str| {
            let same = |told: &&Told| told.receiver == receiver && told.group_key == group;
            self.timeline.told.iter().filter(same).count()
        };
        let short = of_groups.into_iter().filter_map(|((receiver, group), sent)| {
            let came = told(receiver, group);
            (came < sent).then(|| format!("{receiver} took {sent} of {group}, of which {came} came here"))
        });
        Some(short.collect())
    }

    /// Who was not looking for too long, in words.
    pub fn gap(&self, sources: &[&str], from: i64, to: i64) -> Option<String> {
        let gap = self.timeline.gap(sources, from, to, BLINK_MS)?;
        Some(format!(
            "{} could not be asked for {}: {}",
            gap.source,
            seconds(gap.to_ms - gap.from_ms),
            gap.why
        ))
    }
}

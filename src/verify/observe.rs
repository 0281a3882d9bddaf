//! Looks: at the lab, Prometheus and Alertmanager at once, and enters what is new into the timeline. Judges nothing.

use std::{path::PathBuf, time::Duration};

use futures_util::future::join_all;
use serde_json::Value;
use tokio::join;

use super::{
    recorder::{Muted, Recorder, Step},
    timeline::{ALERTMANAGER, Firing, Held, LAB, Labels, PROMETHEUS, RECORDER, Sample, Timeline, has},
    wire,
};
use crate::kernel::{
    clock,
    outside::{Place, Silence},
};

/// How often it is looked. Half of that is how wrong an instant can be.
pub const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often queries are asked: no more often than Prometheus has something new to say.
const QUERY_EVERY_MS: i64 = 1_000;

/// The three that are asked.
#[derive(Clone)]
pub struct Places {
    pub lab: Place,
    pub prometheus: Place,
    pub alertmanager: Place,
    /// The file that Alertmanager records its steps in, where it has a recorder and the file is on this machine.
    pub record: Option<PathBuf>,
}

/// Keeps a timeline.
pub struct Observer {
    pub places: Places,
    pub timeline: Timeline,
    queries: Vec<String>,
    recorder: Option<Recorder>,
    newest_note: u64,
    queried_ms: i64,
}

/// What the lab plays at a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    pub mode: String,
    pub scenario: Option<String>,
    pub phase: String,
    pub elapsed_ms: i64,
    pub is_at_its_own_speed: bool,
}

impl Observer {
    /// Begins now. What the receivers were told before does not count.
    pub async fn begin(
        places: Places,
        queries: Vec<String>,
        timeline: Timeline,
    ) -> Result<Observer, Silence> {
        let now_ms = clock::now_millis();
        // A record that cannot be read is none.
        let recorder = places.record.as_deref().and_then(|path| Recorder::open(path).ok());
        let sent = recorder.as_ref().map(|_| Vec::new());
        let timeline = Timeline { begun_ms: now_ms, ended_ms: now_ms, sent, ..timeline };
        let mut observer = Observer { places, timeline, queries, recorder, newest_note: 0, queried_ms: 0 };
        let notes = observer.notes().await?;
        observer.newest_note = wire::told(&notes).iter().map(|told| told.id).max().unwrap_or_default();
        Ok(observer)
    }

    /// One look. What the lab plays, if it could be asked.
    pub async fn look(&mut self) -> Option<Scene> {
        // Before the receivers are asked: what was delivered until now has arrived there by then.
        let steps = self.recorder.as_mut().map(Recorder::news);
        let Places { lab, prometheus, alertmanager, .. } = &self.places;
        let now_ms = clock::now_millis();
        let is_query_due = now_ms - self.queried_ms >= QUERY_EVERY_MS;
        let asked = async {
            let due = self.queries.iter().filter(|_| is_query_due);
            join_all(due.map(async |query| {
                (query.clone(), prometheus.get("/api/v1/query", &[("query", query)]).await)
            }))
            .await
        };
        let (alerts, held, notes, state, values) = join!(
            prometheus.get("/api/v1/alerts", &()),
            alertmanager.get("/api/v2/alerts", &()),
            self.notes(),
            lab.get("/api/state", &()),
            asked,
        );
        // The instant of what was seen lies between question and answer.
        let now_ms = (now_ms + clock::now_millis()) / 2;
        self.enter(PROMETHEUS, now_ms, alerts, |observer, answer| observer.firings(&answer, now_ms));
        self.enter(ALERTMANAGER, now_ms, held, |observer, answer| observer.held(&answer, now_ms));
        self.enter(LAB, now_ms, notes, |observer, answer| observer.told(&answer));
        match steps {
            Some(Ok(steps)) => steps.into_iter().for_each(|step| self.recorded(step)),
            Some(Err(error)) => self.timeline.missed(RECORDER, now_ms, &error.to_string()),
            None => {}
        }
        if is_query_due {
            self.queried_ms = now_ms;
        }
        for (query, answer) in values {
            self.enter(PROMETHEUS, now_ms, answer, |observer, answer| {
                observer.values(&query, &answer, now_ms)
            });
        }
        let scene = state.ok().map(|state| scene(&state));
        self.timeline.ended_ms = now_ms;
        scene
    }

    async fn notes(&self) -> Result<Value, Silence> {
        self.places.lab.get("/api/alerts/notifications", &[("after", self.newest_note)]).await
    }

    fn enter(
        &mut self,
        source: &str,
        now_ms: i64,
        answer: Result<Value, Silence>,
        take: impl FnOnce(&mut Self, Value),
    ) {
        match answer {
            Ok(answer) => take(self, answer),
            Err(silence) => self.timeline.missed(source, now_ms, &silence.to_string()),
        }
    }

    fn firings(&mut self, answer: &Value, now_ms: i64) {
        let seen = wire::firings(answer);
        for known in self.timeline.firings.iter_mut().filter(|known| known.gone_ms.is_none()) {
            let is_same =
                |(one, _): &(Firing, bool)| one.labels == known.labels && one.active_ms == known.active_ms;
            match seen.iter().find(|one| is_same(one)) {
                Some((_, true)) => known.fired_ms = known.fired_ms.or(Some(now_ms)),
                Some((_, false)) => {}
                None => known.gone_ms = Some(now_ms),
            }
        }
        for (firing, fires) in seen {
            let is_known =
                |known: &Firing| known.labels == firing.labels && known.active_ms == firing.active_ms;
            if !self.timeline.firings.iter().any(is_known) {
                self.timeline.firings.push(Firing { fired_ms: fires.then_some(now_ms), ..firing });
            }
        }
    }

    fn held(&mut self, answer: &Value, now_ms: i64) {
        let seen = wire::held(answer);
        let labels_of = |fingerprint: &String| {
            seen.iter()
                .find(|(held, _)| held.fingerprint == *fingerprint)
                .map(|(held, _)| held.labels.clone())
        };
        for (held, by) in &seen {
            let is_same = |one: &Held| one.fingerprint == held.fingerprint && one.starts_ms == held.starts_ms;
            let at = match self.timeline.held.iter().position(is_same) {
                Some(at) => at,
                None => {
                    self.timeline.held.push(held.clone());
                    self.timeline.held.len() - 1
                }
            };
            let known = &mut self.timeline.held[at];
            known.silenced |= held.silenced;
            for source in by.iter().filter_map(labels_of) {
                known.inhibited_ms = known.inhibited_ms.or(Some(now_ms));
                if !known.inhibited_by.contains(&source) {
                    known.inhibited_by.push(source);
                }
            }
            // Alertmanager knows to the millisecond since when it fires; a look only knows that it does.
            for firing in self.timeline.firings.iter_mut().filter(|firing| has(&held.labels, &firing.labels))
            {
                let exact = held.starts_ms;
                firing.fired_ms =
                    firing.fired_ms.map(|seen| match (firing.active_ms..=seen).contains(&exact) {
                        true => exact,
                        false => seen,
                    });
            }
        }
    }

    fn recorded(&mut self, step: Step) {
        match step {
            Step::Sent(sent) => self.timeline.sent.get_or_insert_default().push(sent),
            Step::Muted(muted) => self.muted(&muted),
        }
    }

    /// What was held back for less than a look is seen here alone.
    fn muted(&mut self, muted: &Muted) {
        let held = &self.timeline.held;
        let labels_of =
            |of: &String| held.iter().find(|one| one.fingerprint == *of).map(|one| one.labels.clone());
        let by: Vec<Labels> = muted.by.iter().filter_map(labels_of).collect();
        let mut same = self.timeline.held.iter_mut().filter(|one| one.fingerprint == muted.fingerprint);
        let Some(known) = same.next_back() else { return };
        if !by.is_empty() {
            known.inhibited_ms = Some(known.inhibited_ms.map_or(muted.at_ms, |seen| seen.min(muted.at_ms)));
        }
        for source in by {
            if !known.inhibited_by.contains(&source) {
                known.inhibited_by.push(source);
            }
        }
    }

    fn told(&mut self, answer: &Value) {
        for told in wire::told(answer) {
            if told.id > self.newest_note {
                self.newest_note = told.id;
                self.timeline.told.push(told);
            }
        }
    }

    fn values(&mut self, query: &str, answer: &Value, now_ms: i64) {
        let series = self.timeline.samples.entry(query.to_owned()).or_default();
        series.extend(wire::values(answer).into_iter().map(|value| Sample { at_ms: now_ms, value }));
    }
}

/// What `/api/state` says is played.
pub fn scene(state: &Value) -> Scene {
    let running = &state["scenario"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Scene {
        mode: text(&state["mode"]),
        scenario: running["name"].as_str().map(str::to_owned),
        phase: text(&running["phase"]),
        elapsed_ms: (running["elapsed_seconds"].as_f64().unwrap_or_default() * 1_000.0) as i64,
        is_at_its_own_speed: running["paused"] != true
            && running["speed"].as_f64().is_none_or(|speed| speed == 1.0),
    }
}

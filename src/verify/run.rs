//! Plays one scenario on a lab that is ready, and looks until all that is promised is due and everything is quiet again.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    bound::Timing,
    evidence::is_watchdog,
    finding::{Finding, Judged, Outcome, Verdict, seconds},
    judge::judge,
    observe::{LOOK_EVERY, Observer, Places, Scene},
    plan::Plan,
    timeline::{LAB, Timeline, brief},
};
use crate::kernel::{clock, outside::Silence};

/// How long alerts may take to end after all is over.
const DRAIN: Duration = Duration::from_secs(240);
/// In a hurry, a phase in which nothing breaks is cut to this: as long as anything needs to be seen as it normally is.
const LEAD_IN: Duration = Duration::from_secs(10);

/// How it is played.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    pub seed: Option<u64>,
    /// Go on to the next phase as soon as all that the one before promises has been seen.
    pub hurry: bool,
}

/// Plays `plan`, and says what happens to `say` as it happens.
pub async fn run(
    places: &Places,
    plan: &Plan,
    timing: &Timing,
    manner: &Manner,
    say: &mut (dyn FnMut(&str) + Send),
) -> Result<Timeline, Silence> {
    let timeline = Timeline { scenario: plan.scenario.clone(), seed: manner.seed, ..Timeline::default() };
    let mut observer = Observer::begin(places.clone(), plan.queries(), timeline).await?;
    let start = format!("/api/scenarios/{}/start", plan.scenario);
    places.lab.post(&start, &json!({ "seed": manner.seed })).await?;
    let mut show =
        Show { plan, timing, phase: String::new(), jumped_ms: 0, told: Told::default(), news: Vec::new() };
    let give_up = Instant::now() + plan.lasts() + DRAIN;
    while Instant::now() < give_up {
        let scene = observer.look().await;
        show.notice(&observer.timeline);
        let Some(scene) = scene else {
            show.tell(&observer.timeline, say);
            observer.timeline.missed(LAB, clock::now_millis(), "it does not say what it plays");
            if is_lost(&observer.timeline) {
                break;
            }
            sleep(LOOK_EVERY).await;
            continue;
        };
        show.follow(&mut observer.timeline, &scene);
        show.tell(&observer.timeline, say);
        if !observer.timeline.disturbed.is_empty() || show.is_over(&observer.timeline, &scene) {
            break;
        }
        if manner.hurry
            && let Some(next) = show.next(&observer.timeline, &scene)
        {
            show.jumped_ms = observer.timeline.ended_ms;
            places.lab.post("/api/scenarios/jump", &json!({ "phase": next })).await?;
        }
        sleep(LOOK_EVERY).await;
    }
    // Whoever disturbed it has the lab now.
    if observer.timeline.disturbed.is_empty() {
        let _ = places.lab.post("/api/scenarios/stop", &json!({})).await;
        fade(&mut observer, &mut show, say).await;
    }
    Ok(observer.timeline)
}

/// Looks on until nothing fires, everybody who was told knows that, and nothing has happened for long enough.
async fn fade(observer: &mut Observer, show: &mut Show<'_>, say: &mut (dyn FnMut(&str) + Send)) {
    let quiet = Duration::from_millis(show.timing.quiet_ms().unsigned_abs());
    let give_up = Instant::now() + DRAIN;
    let mut quiet_since = None;
    while Instant::now() < give_up && !is_lost(&observer.timeline) {
        observer.look().await;
        show.notice(&observer.timeline);
        show.tell(&observer.timeline, say);
        let findings = judge(show.plan, &observer.timeline, show.timing);
        let end = findings.iter().find(|finding| finding.of == Judged::AllIsResolvedAtTheEnd);
        let end = end.map(|finding| &finding.verdict);
        let is_pending =
            observer.timeline.firings.iter().any(|one| one.gone_ms.is_none() && !is_watchdog(&one.labels));
        if matches!(end, Some(Verdict::Broken { .. })) || is_pending {
            quiet_since = None;
        } else if quiet_since.get_or_insert_with(Instant::now).elapsed() >= quiet {
            return;
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Whoever has not answered for this long will not.
fn is_lost(timeline: &Timeline) -> bool {
    timeline.gaps.iter().any(|gap| gap.to_ms >= timeline.ended_ms && gap.to_ms - gap.from_ms > 30_000)
}

struct Show<'a> {
    plan: &'a Plan,
    timing: &'a Timing,
    phase: String,
    jumped_ms: i64,
    told: Told,
    /// What has not been said yet, with its instants.
    news: Vec<(i64, String)>,
}

/// How much of the timeline has been said aloud.
#[derive(Default)]
struct Told {
    fired: Vec<(String, i64)>,
    gone: Vec<(String, i64)>,
    notes: usize,
}

impl Show<'_> {
    /// Enters when a phase began, and whether it is still our scenario that is played.
    fn follow(&mut self, timeline: &mut Timeline, scene: &Scene) {
        if scene.scenario.as_deref() != Some(&*self.plan.scenario) {
            // It may end by itself.
            let is_ours = timeline.phases.is_empty() || scene.mode == "normal";
            if !is_ours {
                timeline.disturbed.push(format!("somebody else played {} meanwhile", scene.mode));
            }
            return;
        }
        if !scene.is_at_its_own_speed {
            timeline.disturbed.push("somebody paused it, or changed its speed".to_owned());
        }
        if self.phase != scene.phase {
            let at = self
                .plan
                .phases
                .iter()
                .find(|(name, _)| *name == scene.phase)
                .map_or(0, |(_, at)| millis(*at));
            // The phase began as long ago as its own time says.
            let began = timeline.ended_ms - (scene.elapsed_ms - at).max(0);
            timeline.phases.entry(scene.phase.clone()).or_insert(began);
            self.phase.clone_from(&scene.phase);
            self.news.push((began, scene.phase.clone()));
        }
    }

    /// Whether the last promise is due.
    fn is_over(&self, timeline: &Timeline, scene: &Scene) -> bool {
        if !timeline.phases.is_empty() && scene.scenario.as_deref() != Some(&*self.plan.scenario) {
            return true;
        }
        let all_began = self.plan.phases.iter().all(|(name, _)| timeline.phases.contains_key(name));
        all_began && self.plan.phases.iter().all(|(name, _)| self.is_due(timeline, name))
    }

    /// Whether nothing more is to be expected of a phase: its promises are kept, or their time is over.
    fn is_due(&self, timeline: &Timeline, phase: &str) -> bool {
        let Some(began) = timeline.phases.get(phase) else { return false };
        let passed = timeline.ended_ms - began;
        let ours = self.plan.promises.iter().filter(|one| one.after == phase);
        ours.filter_map(|one| one.claim.within()).all(|within| passed >= millis(within))
    }

    /// The phase to go on to, when this one has shown all that it can.
    fn next(&self, timeline: &Timeline, scene: &Scene) -> Option<String> {
        let at = self.plan.phases.iter().position(|(name, _)| *name == scene.phase)?;
        let (next, _) = self.plan.phases.get(at + 1)?;
        let began = timeline.phases.get(&scene.phase)?;
        let lead_in = millis(LEAD_IN).max(5 * self.timing.scrape_ms);
        if timeline.ended_ms - began.max(&self.jumped_ms) < lead_in {
            return None;
        }
        let findings = judge(self.plan, timeline, self.timing);
        let counts_from_here = |finding: &&Finding| match finding.of {
            Judged::Promise(id) => self.plan.promise(id).is_some_and(|promise| promise.after == scene.phase),
            Judged::EveryNotificationArrives
            | Judged::NoOtherAlertFires
            | Judged::AllIsResolvedAtTheEnd
            | Judged::TheScenarioIsPlayed => false,
        };
        let ours = findings.iter().filter(counts_from_here);
        let are_kept = Outcome::of(ours.clone()) == Outcome::Kept;
        (ours.count() == 0 || are_kept || self.is_due(timeline, &scene.phase)).then(|| next.clone())
    }

    /// Says what is new, in the order in which it happened.
    fn tell(&mut self, timeline: &Timeline, say: &mut (dyn FnMut(&str) + Send)) {
        self.news.sort_by_key(|(at, _)| *at);
        for (at, words) in self.news.drain(..) {
            say(&format!("{:>8}  {words}", clock_of(timeline, at)));
        }
    }

    /// Notes which alerts began and ended, and who was told.
    fn notice(&mut self, timeline: &Timeline) {
        for firing in timeline.firings.iter().filter(|firing| !is_watchdog(&firing.labels)) {
            let key = (brief(&firing.labels), firing.active_ms);
            if let Some(at) = firing.fired_ms
                && !self.told.fired.contains(&key)
            {
                self.news.push((at, format!("{} fires", key.0)));
                self.told.fired.push(key.clone());
            }
            if let (Some(_), Some(at)) = (firing.fired_ms, firing.gone_ms)
                && !self.told.gone.contains(&key)
            {
                self.news.push((at, format!("{} is over", key.0)));
                self.told.gone.push(key);
            }
        }
        for told in timeline.told.iter().skip(self.told.notes) {
            let alerts = told.alerts.iter().filter(|one| !is_watchdog(&one.labels));
            let words = alerts.map(|one| {
                format!("{} {}", brief(&one.labels), if one.firing { "fires" } else { "is over" })
            });
            let words: Vec<String> = words.collect();
            if !words.is_empty() {
                self.news.push((told.at_ms, format!("→ {}: {}", told.receiver, words.join(", "))));
            }
        }
        self.told.notes = timeline.told.len();
    }
}

fn clock_of(timeline: &Timeline, at_ms: i64) -> String {
    seconds(at_ms - timeline.begun_ms)
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

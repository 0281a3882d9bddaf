//! Paces: how fast time passes for rules. Production is as life is; on a stage nobody waits five minutes for an alert.
//!
//! Thresholds stay what they are, only times shrink, and by a table instead of one factor: a window of five minutes
//! must still hold enough scrapes, and a window of an hour must not need six minutes of a talk. What lies between two
//! rows of the table lies between what they become.

use std::{fmt, str::FromStr, time::Duration};

use super::flaw::nearest;

/// How fast time passes for rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pace {
    /// Windows of minutes and hours, objectives over thirty days.
    Production,
    /// An hour becomes six minutes, objectives are over twelve hours; a scrape a second.
    Stage,
    /// An hour becomes three minutes, objectives are over one hour; a scrape a second.
    Talk,
}

/// Of what: seconds in production, at `stage`, at `talk`.
type Row = (u64, u64, u64);

/// Ranges of expressions. Each holds at least thirty scrapes.
const RANGES: [Row; 5] = [(300, 30, 30), (600, 60, 60), (900, 120, 90), (1800, 180, 120), (3600, 360, 180)];
/// `for` and `keep_firing_for`.
const HOLDS: [Row; 5] = [(60, 2, 2), (120, 3, 3), (300, 5, 5), (600, 8, 8), (1800, 15, 15)];
/// How long Alertmanager waits for others of a group.
const GROUP_WAITS: [Row; 1] = [(30, 2, 2)];
/// How long until a group that has changed is told of again.
const GROUP_INTERVALS: [Row; 1] = [(300, 5, 5)];
/// How long until a group that has not changed is told of again. Longer than a fault lasts on a stage: who counts
/// notifications counts alerts, not reminders.
const REPEAT_INTERVALS: [Row; 1] = [(14_400, 600, 600)];

/// A range shorter than this many scrapes is silently empty now and then.
pub const SCRAPES_MIN: u32 = 5;

const SECOND: Duration = Duration::from_secs(1);

impl Pace {
    pub const ALL: [Pace; 3] = [Pace::Production, Pace::Stage, Pace::Talk];

    pub fn name(self) -> &'static str {
        match self {
            Pace::Production => "production",
            Pace::Stage => "stage",
            Pace::Talk => "talk",
        }
    }

    /// How often targets are scraped.
    pub fn scrape(self) -> Duration {
        Duration::from_secs(self.choose(15, 1, 1))
    }

    /// How often rules are evaluated.
    pub fn evaluation(self) -> Duration {
        Duration::from_secs(self.choose(15, 1, 1))
    }

    /// How often Prometheus repeats a firing alert to Alertmanager, which forgets one it has not heard of for four times
    /// this long.
    pub fn resend_delay(self) -> Duration {
        Duration::from_secs(self.choose(60, 5, 5))
    }

    /// What objectives are over.
    pub fn slo_period(self) -> Duration {
        Duration::from_secs(self.choose(30 * 86_400, 12 * 3_600, 3_600))
    }

    /// What a range becomes; never under five scrapes.
    pub fn range(self, production: Duration) -> Duration {
        self.scaled(&RANGES, production).max(self.floor(production, self.scrape() * SCRAPES_MIN))
    }

    /// What an offset becomes: as long as the range it steps over.
    pub fn offset(self, production: Duration) -> Duration {
        self.scaled(&RANGES, production).max(self.floor(production, self.scrape()))
    }

    /// What `for` and `keep_firing_for` become; never under one evaluation.
    pub fn hold(self, production: Duration) -> Duration {
        self.scaled(&HOLDS, production).max(self.floor(production, self.evaluation()))
    }

    /// What the interval of a group of rules, or the step of a subquery, becomes: as many evaluations as before.
    pub fn interval(self, production: Duration) -> Duration {
        let row = (Pace::Production.evaluation().as_secs(), 1, 1);
        self.scaled(&[row], production).max(self.floor(production, self.evaluation()))
    }

    pub fn group_wait(self, production: Duration) -> Duration {
        self.scaled(&GROUP_WAITS, production)
    }

    pub fn group_interval(self, production: Duration) -> Duration {
        self.scaled(&GROUP_INTERVALS, production).max(self.floor(production, SECOND))
    }

    pub fn repeat_interval(self, production: Duration) -> Duration {
        self.scaled(&REPEAT_INTERVALS, production).max(self.floor(production, SECOND))
    }

    fn choose<T>(self, production: T, stage: T, talk: T) -> T {
        match self {
            Pace::Production => production,
            Pace::Stage => stage,
            Pace::Talk => talk,
        }
    }

    /// The least that something may become; what is as in production stays, however short, and nothing stays nothing.
    fn floor(self, production: Duration, least: Duration) -> Duration {
        if self == Pace::Production || production.is_zero() { Duration::ZERO } else { least }
    }

    /// By the table: on the line between two rows; before the first and after the last in their proportion. In whole
    /// seconds.
    fn scaled(self, rows: &[Row], production: Duration) -> Duration {
        if self == Pace::Production {
            return production;
        }
        let at = |row: &Row| (row.0 as f64, self.choose(row.0, row.1, row.2) as f64);
        let seconds = production.as_secs_f64();
        let above = rows.iter().map(at).find(|(from, _)| *from >= seconds);
        let below = rows.iter().map(at).rfind(|(from, _)| *from <= seconds);
        let scaled = match (below, above) {
            (Some((from, to)), Some((next_from, next_to))) if next_from > from => {
                to + (next_to - to) * (seconds - from) / (next_from - from)
            }
            (Some((from, to)), _) | (None, Some((from, to))) => seconds * to / from,
            (None, None) => seconds,
        };
        Duration::from_secs(scaled.round() as u64)
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Pace::ALL.into_iter().find(|pace| pace.name() == word);
        known.ok_or_else(|| {
            let near = nearest(word, Pace::ALL.map(Pace::name));
            format!("`{word}` is no pace: production, stage or talk{near}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn production_is_as_it_was() {
        for span in [0, 1, 7, 300, 86_400].map(seconds) {
            let pace = Pace::Production;
            let all = [pace.range(span), pace.offset(span), pace.hold(span), pace.interval(span)];
            assert_eq!(all, [span; 4]);
            assert_eq!(
                [pace.group_wait(span), pace.group_interval(span), pace.repeat_interval(span)],
                [span; 3]
            );
        }
    }

    #[test]
    fn ranges_go_by_the_table_and_between_its_rows() {
        for (production, stage, talk) in [
            (0, 0, 0),
            (10, 5, 5),
            (60, 6, 6),
            (300, 30, 30),
            (450, 45, 45),
            (900, 120, 90),
            (1200, 140, 100),
            (1800, 180, 120),
            (3600, 360, 180),
            (21_600, 2160, 1080),
        ] {
            assert_eq!(Pace::Stage.range(seconds(production)), seconds(stage), "{production}");
            assert_eq!(Pace::Talk.range(seconds(production)), seconds(talk), "{production}");
        }
    }

    #[test]
    fn a_range_is_never_longer_at_a_faster_pace_nor_under_five_scrapes() {
        let mut before = Duration::ZERO;
        for production in (1..=86_400).step_by(37).map(seconds) {
            let range = Pace::Talk.range(production);
            assert!(range >= before && range >= seconds(5), "{production:?} → {range:?}");
            assert!(range <= production.max(seconds(5)) && range <= Pace::Stage.range(production));
            before = range;
        }
    }

    #[test]
    fn holds_and_waits_shrink_but_do_not_vanish() {
        let holds =
            [0, 15, 60, 120, 180, 300, 600, 1800, 3600].map(|s| Pace::Talk.hold(seconds(s)).as_secs());
        assert_eq!(holds, [0, 1, 2, 3, 4, 5, 8, 15, 30]);
        let (pace, second) = (Pace::Talk, seconds(1));
        assert_eq!(
            (pace.group_wait(seconds(30)), pace.group_wait(Duration::ZERO)),
            (seconds(2), Duration::ZERO)
        );
        assert_eq!(
            (pace.group_interval(seconds(300)), pace.group_interval(seconds(10))),
            (seconds(5), second)
        );
        assert_eq!(pace.repeat_interval(seconds(14_400)), seconds(600));
        assert_eq!((pace.interval(seconds(60)), pace.interval(second)), (seconds(4), second));
    }

    #[test]
    fn a_pace_is_read_by_its_name_and_a_near_word_is_offered() {
        for pace in Pace::ALL {
            assert_eq!(pace.to_string().parse(), Ok(pace));
        }
        let why = "tlak".parse::<Pace>().expect_err("no pace");
        assert_eq!(why, "`tlak` is no pace: production, stage or talk, did you mean `talk`?");
    }
}

//! How fast alerts are to be: as in production, for a rehearsal, or while somebody talks.

use std::{fmt, str::FromStr, time::Duration};

/// A pace. Rules, objectives and routes exist at each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pace {
    /// Windows as everybody has them; objectives over thirty days.
    Production,
    /// Objectives over twelve hours, with the factors of production.
    Stage,
    /// Objectives over an hour: an alert fires while somebody talks.
    Talk,
}

impl Pace {
    pub const ALL: [Pace; 3] = [Pace::Production, Pace::Stage, Pace::Talk];

    pub fn name(self) -> &'static str {
        match self {
            Pace::Production => "production",
            Pace::Stage => "stage",
            Pace::Talk => "talk",
        }
    }

    /// How often measurements are fetched.
    pub fn scrape(self) -> Duration {
        match self {
            Pace::Production => Duration::from_secs(15),
            Pace::Stage | Pace::Talk => Duration::from_secs(1),
        }
    }

    /// How often rules are looked at.
    pub fn evaluation(self) -> Duration {
        self.scrape()
    }

    /// How often Alertmanager is told the same again; four times that is how long it believes a Prometheus that is gone.
    pub fn resend_delay(self) -> Duration {
        match self {
            Pace::Production => Duration::from_secs(60),
            Pace::Stage | Pace::Talk => Duration::from_secs(5),
        }
    }

    /// The period that objectives are kept over.
    pub fn slo_period(self) -> Duration {
        const HOUR: u64 = 3_600;
        Duration::from_secs(match self {
            Pace::Production => 30 * 24 * HOUR,
            Pace::Stage => 12 * HOUR,
            Pace::Talk => HOUR,
        })
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Pace::ALL.map(Pace::name).join(", ");
        let found = Pace::ALL.into_iter().find(|pace| pace.name() == text);
        found.ok_or_else(|| format!("`{text}` is no pace; expected one of {}", known()))
    }
}

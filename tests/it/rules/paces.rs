//! The same cases for every pace: `alerts/tests` counts time in samples, so a second between two of them does as well
//! as fifteen.

use std::path::{Path, PathBuf};

use super::files;

/// Where a pace has its rules, and how many seconds it has between two samples.
pub struct Pace {
    pub name: &'static str,
    alerts: &'static str,
    objectives: &'static str,
    seconds: u32,
}

pub const ALL: [Pace; 3] = [
    Pace { name: "production", alerts: "alerts", objectives: "slo/generated/production", seconds: 15 },
    Pace { name: "stage", alerts: "alerts/generated/stage", objectives: "slo/generated/stage", seconds: 1 },
    Pace { name: "talk", alerts: "alerts/generated/talk", objectives: "slo/generated/talk", seconds: 1 },
];

impl Pace {
    /// This pace's form of a file that a test names: `../shop.rules.yml`, `../../slo/generated/…/payments.rules.yml`.
    fn rules(&self, named: &str) -> Option<PathBuf> {
        let (_, name) = named.rsplit_once('/')?;
        let folder = if named.contains("slo/") { self.objectives } else { self.alerts };
        Some(files::at(folder).join(name)).filter(|path| path.is_file())
    }

    /// A test file of `alerts/tests`, asking this pace's rules. `None` where they have not been made.
    pub fn tests(&self, path: &Path) -> Option<String> {
        let mut asked = String::new();
        for line in files::read(path).lines() {
            asked.push_str(&self.line(line)?);
            asked.push('\n');
        }
        Some(asked)
    }

    fn line(&self, line: &str) -> Option<String> {
        let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
        let rest_of = |key: &str| rest.trim_start_matches("- ").strip_prefix(key);
        let dash = if rest.starts_with("- ") { "- " } else { "" };
        if let Some(list) = rest_of("rule_files: ") {
            let names = list.trim_matches(['[', ']']).split(", ");
            let paths: Option<Vec<String>> =
                names.map(|name| self.rules(name).map(|path| path.display().to_string())).collect();
            return Some(format!("{indent}rule_files: [{}]", paths?.join(", ")));
        }
        // Rules are looked at every fourth sample: it takes promtool a quarter of the time.
        for (key, samples) in [("interval: ", 1), ("evaluation_interval: ", 4)] {
            if rest_of(key).is_some() {
                return Some(format!("{indent}{dash}{key}{}s", samples * self.seconds));
            }
        }
        if let Some(minutes) = rest_of("eval_time: ").and_then(|time| time.strip_suffix('m')) {
            let minutes: u32 = minutes.parse().expect("whole minutes");
            return Some(format!("{indent}{dash}eval_time: {}s", minutes * 4 * self.seconds));
        }
        Some(line.to_owned())
    }
}

#[test]
fn a_minute_is_four_samples_at_any_pace() {
    for pace in ALL {
        let line = |line: &str| pace.line(line).expect("no file is asked for");
        let seconds = 8 * pace.seconds;
        assert_eq!(line("      - eval_time: 2m"), format!("      - eval_time: {seconds}s"), "{}", pace.name);
        assert_eq!(line("    interval: 15s"), format!("    interval: {}s", pace.seconds));
        assert_eq!(line("    input_series:"), "    input_series:");
    }
}

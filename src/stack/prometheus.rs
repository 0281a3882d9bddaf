//! What Prometheus is told: its configuration, and its flags. Pure: it writes nothing.

use std::{fmt::Write, path::Path, time::Duration};

use super::plan::Plan;
use crate::rules::pace::Pace;

/// Samples with a trace that are kept: the newest of each bucket, for the minutes somebody looks at.
const EXEMPLARS: u32 = 50_000;
/// A query that takes longer is somebody's mistake, and the shop needs the processor.
const QUERY_TIMEOUT: &str = "20s";

/// `prometheus.yml`; `exemplars` says whether samples with a trace are kept, which is an experimental feature; `token` is the
/// file with the token that the lab asks for.
pub fn configuration(
    plan: &Plan,
    rules: &Path,
    alertmanager: &str,
    exemplars: bool,
    token: Option<&Path>,
) -> String {
    let pace = plan.pace;
    let seconds = |duration: Duration| format!("{}s", duration.as_secs());
    let (scrape, evaluation) = (seconds(pace.scrape()), seconds(pace.evaluation()));
    // As long as it may: a lab that burns on purpose answers late.
    let timeout = seconds(pace.scrape().min(Duration::from_secs(10)));
    let mut text = format!(
        "# Written by doorbuster at each start, at the pace `{pace}`: what is changed here is lost.\n\
         global:\n  scrape_interval: {scrape}\n  scrape_timeout: {timeout}\n  evaluation_interval: {evaluation}\n"
    );
    text.push_str("rule_files:\n");
    for (name, _) in &plan.rule_files {
        let _ = writeln!(text, "  - {}", quoted(&literal(&rules.join(name).to_string_lossy())));
    }
    if plan.rule_files.is_empty() {
        text.truncate(text.len() - "rule_files:\n".len());
    }
    let _ = write!(
        text,
        "alerting:\n  alertmanagers:\n    - timeout: 5s\n      static_configs:\n        - targets: [{}]\n",
        quoted(alertmanager)
    );
    let targets: Vec<String> = plan.targets.iter().map(|target| quoted(target)).collect();
    // The lab's series say themselves whose they are.
    text.push_str("scrape_configs:\n  - job_name: lab\n    honor_labels: true\n");
    if let Some(token) = token {
        let file = quoted(&token.to_string_lossy());
        let _ = writeln!(text, "    authorization:\n      type: Bearer\n      credentials_file: {file}");
    }
    let _ = write!(text, "    static_configs:\n      - targets: [{}]\n", targets.join(", "));
    if exemplars {
        let _ = write!(text, "storage:\n  exemplars:\n    max_exemplars: {EXEMPLARS}\n");
    }
    text
}

/// The flags, for a Prometheus that listens on `address`.
pub fn flags(pace: Pace, configuration: &Path, data: &Path, address: &str, exemplars: bool) -> Vec<String> {
    let flag = |name: &str, value: String| format!("--{name}={value}");
    let (days, megabytes, lookback) = match pace {
        Pace::Production => (31, 4_096, "5m"),
        // Nothing pushed lingers: a gauge of a minute ago is no longer true on stage.
        Pace::Stage | Pace::Talk => (2, 1_024, "15s"),
    };
    let mut flags = vec![
        flag("config.file", configuration.display().to_string()),
        flag("storage.tsdb.path", data.display().to_string()),
        flag("storage.tsdb.retention.time", format!("{days}d")),
        flag("storage.tsdb.retention.size", format!("{megabytes}MB")),
        flag("web.listen-address", address.to_owned()),
        // Links in notifications lead here, and not to the machine's name.
        flag("web.external-url", format!("http://{address}")),
        flag("rules.alert.resend-delay", format!("{}s", pace.resend_delay().as_secs())),
        flag("query.lookback-delta", lookback.to_owned()),
        flag("query.timeout", QUERY_TIMEOUT.to_owned()),
    ];
    if exemplars {
        flags.push(flag("enable-feature", "exemplar-storage".to_owned()));
    }
    flags
}

/// A text as YAML reads it whatever is in it: JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A path where Prometheus takes a pattern. It refuses a `*` in a folder, even an escaped one, so that any letter has to do
/// for it.
fn literal(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len());
    for letter in path.chars() {
        match letter {
            '*' => pattern.push('?'),
            '?' | '[' | '\\' => pattern.extend(['\\', letter]),
            _ => pattern.push(letter),
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(pace: Pace) -> Plan {
        Plan {
            dir: "/d".into(),
            pace,
            targets: vec!["127.0.0.1:8010".to_owned()],
            rule_files: vec![("shop.rules.yml".to_owned(), String::new())],
            alertmanager: String::new(),
            prometheus_bin: None,
            alertmanager_bin: None,
            first_port: 8060,
            token: None,
        }
    }

    #[test]
    fn the_configuration_is_at_the_pace_and_names_all_there_is() {
        let text = configuration(&plan(Pace::Talk), Path::new("/d/rules"), "127.0.0.1:8061", true, None);
        for line in [
            "  scrape_interval: 1s",
            "  scrape_timeout: 1s",
            "  - \"/d/rules/shop.rules.yml\"",
            "        - targets: [\"127.0.0.1:8061\"]",
            "    honor_labels: true",
            "      - targets: [\"127.0.0.1:8010\"]",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}: {text}");
        }
        let text = configuration(&plan(Pace::Production), Path::new("/d/rules"), "a", true, None);
        assert!(text.contains("scrape_interval: 15s") && text.contains("scrape_timeout: 10s"), "{text}");
        let token =
            configuration(&plan(Pace::Talk), Path::new("/d/rules"), "a", true, Some(Path::new("/d/token")));
        assert!(token.contains("      credentials_file: \"/d/token\"\n    static_configs:"), "{token}");
        let bare = Plan { rule_files: Vec::new(), ..plan(Pace::Talk) };
        let text = configuration(&bare, Path::new("/d/rules"), "a", false, None);
        assert!(!text.contains("rule_files") && !text.contains("exemplars"), "{text}");
        let flags = flags(Pace::Talk, Path::new("/c"), Path::new("/d"), "a", false);
        assert!(flags.iter().all(|flag| !flag.contains("enable-feature")), "{flags:?}");
    }

    #[test]
    fn a_path_of_rules_is_no_pattern() {
        assert_eq!(literal("/a b/ü#%"), "/a b/ü#%");
        assert_eq!(literal(r"/a[1]?\*/r.yml"), r"/a\[1]\?\\?/r.yml");
    }

    #[test]
    fn a_path_with_any_letter_in_it_stays_one_text() {
        assert_eq!(quoted("/a \"b\": c#"), r#""/a \"b\": c#""#);
    }
}

//! Which series there are, and which labels they have, as far as anybody has said.

use std::collections::{BTreeMap, BTreeSet};

/// What Prometheus makes itself, wherever it runs.
const MADE: [&str; 4] = ["ALERTS", "ALERTS_FOR_STATE", "scrape_", "up"];

/// Families of others, which rules may speak of though the lab has none of them: what exporters and the collector bring,
/// what objectives are rendered to.
const FOREIGN: [&str; 12] = [
    "alertmanager_",
    "go_",
    "kube_",
    "loki_",
    "node_",
    "otelcol_",
    "process_",
    "prometheus_",
    "redis_",
    "slo:",
    "sloth_",
    "tempo_",
];

/// What a scrape adds to every series.
const BY_SCRAPE: [&str; 2] = ["instance", "job"];

/// Series by name, and their labels when those are known.
#[derive(Clone, Debug, Default)]
pub struct Known {
    series: BTreeMap<String, Option<BTreeSet<String>>>,
    /// Whether this is all there is: a name that is not here is then nobody's.
    pub is_all: bool,
}

impl Known {
    /// Of a page of metrics, or of a list of `name{label="",…}` lines.
    pub fn of_exposition(text: &str) -> Known {
        let mut known = Known::default();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            let end = line.find(['{', ' ']).unwrap_or(line.len());
            let labels = line[end..].strip_prefix('{').map(label_names).unwrap_or_default();
            let entry = known.series.entry(line[..end].to_owned()).or_insert_with(|| Some(BTreeSet::new()));
            entry.get_or_insert_default().extend(labels);
        }
        known
    }

    /// Of names alone, as Prometheus lists them.
    pub fn of_names(names: impl IntoIterator<Item = String>) -> Known {
        Known { series: names.into_iter().map(|name| (name, None)).collect(), is_all: true }
    }

    #[must_use]
    pub fn as_all(self) -> Known {
        Known { is_all: true, ..self }
    }

    /// Whether somebody may have a series of this name.
    pub fn has(&self, name: &str) -> bool {
        self.series.contains_key(name) || is_one_of(&MADE, name) || !self.is_all && is_one_of(&FOREIGN, name)
    }

    /// The labels of a series, when they are known.
    pub fn labels(&self, name: &str) -> Option<BTreeSet<String>> {
        let mut labels = self.series.get(name)?.clone()?;
        labels.extend(BY_SCRAPE.map(str::to_owned));
        Some(labels)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.series.keys().map(String::as_str)
    }
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|one| if one.ends_with(['_', ':']) { name.starts_with(one) } else { name == *one })
}

/// `a="x",b="y, z"} 1` has the labels a and b.
fn label_names(text: &str) -> Vec<String> {
    let (mut names, mut name, mut is_quoted, mut is_escaped) = (Vec::new(), String::new(), false, false);
    for one in text.chars() {
        match one {
            '"' if !is_escaped => is_quoted = !is_quoted,
            '}' if !is_quoted => break,
            '=' if !is_quoted => names.push(std::mem::take(&mut name)),
            ',' if !is_quoted => name.clear(),
            _ if !is_quoted => name.push(one),
            _ => {}
        }
        is_escaped = one == '\\' && !is_escaped;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_metrics_says_which_labels_a_series_has() {
        let page = "# TYPE x counter\nx_total{a=\"1, b=\\\"2\",c=\"}\"} 3 # {trace_id=\"7\"} 1\nx_total{d=\"\"} 1\nup 1\n# EOF\n";
        let known = Known::of_exposition(page);
        let labels: Vec<String> = known.labels("x_total").expect("known").into_iter().collect();
        assert_eq!(labels, ["a", "c", "d", "instance", "job"]);
        assert!(known.has("up") && known.has("redis_memory_used_bytes") && !known.has("upp"));
        let known = known.as_all();
        assert!(!known.has("redis_memory_used_bytes") && known.has("ALERTS"));
    }
}

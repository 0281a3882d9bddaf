//! A real Prometheus that scrapes what it is told to, every second.

use std::{
    fs,
    process::Command,
    time::{Duration, SystemTime},
};

use doorbuster::rules::bundle::File;
use serde_json::Value;
use tempfile::TempDir;

use super::{
    ports,
    process::{self, Process},
};
use crate::browser::get;

const START: Duration = Duration::from_secs(30);

/// What came through a collector says by `job` whose it is: `service.namespace/service.name`.
const WHOSE: &str =
    r#"{ source_labels: [service_name, job], regex: ";(?:.*/)?(.+)", target_label: service_name }"#;

/// A server. The process is declared before the folder: it ends before the folder goes.
pub struct Prometheus {
    #[expect(dead_code, reason = "held so that the server lives as long as this")]
    process: Process,
    port: u16,
    #[expect(dead_code, reason = "held so that the folder lives as long as the server")]
    home: TempDir,
}

impl Prometheus {
    /// `targets` are `host:port`, with their measurements at `/metrics`.
    pub fn scraping(targets: &[String]) -> Prometheus {
        Prometheus::with_rules(targets, &[])
    }

    /// The same, with these rules evaluated every second.
    pub fn with_rules(targets: &[String], rules: &[File]) -> Prometheus {
        let program =
            process::on_path(&["prometheus"]).unwrap_or_else(|| process::missing("Prometheus", "prometheus"));
        let (home, port) = (process::home("prometheus"), ports::one());
        let targets = serde_json::to_string(targets).expect("texts serialise");
        let file = home.path().join("prometheus.yml");
        let text = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n\
             rule_files: [rules/*.yml]\n\
             scrape_configs: [{{ job_name: lab, honor_labels: true, static_configs: [{{ targets: {targets} }}],\n  \
             metric_relabel_configs: [{WHOSE}] }}]\n"
        );
        fs::create_dir(home.path().join("rules")).expect("a new folder");
        for rule in rules {
            fs::write(home.path().join("rules").join(rule.name), rule.text).expect("its folder takes a file");
        }
        fs::write(&file, text).expect("its folder takes a file");
        let mut command = Command::new(program);
        command.arg(format!("--config.file={}", file.display()));
        command.arg(format!("--storage.tsdb.path={}", home.path().join("data").display()));
        command.arg("--enable-feature=exemplar-storage");
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let mut process = Process::start("Prometheus", command, home.path());
        let ready = format!("http://127.0.0.1:{port}/-/ready");
        process
            .await_ready(START, || get(ready.as_str()).try_send().is_ok_and(|answer| answer.status == 200));
        Prometheus { process, port, home }
    }

    /// Its base address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What `query` gives now.
    pub fn ask(&self, query: &str) -> Value {
        self.data("query", &[("query", query)])["result"].clone()
    }

    /// What `query` gave in each second of the `past`, by series.
    pub fn range(&self, query: &str, past: Duration) -> Vec<Value> {
        let seconds = |at: SystemTime| humantime::format_rfc3339_seconds(at).to_string();
        let now = SystemTime::now();
        let (start, end) = (seconds(now - past), seconds(now));
        let found =
            self.data("query_range", &[("query", query), ("start", &start), ("end", &end), ("step", "1s")]);
        found["result"].as_array().cloned().unwrap_or_default()
    }

    /// The series that `query` names, each with its exemplars of the last minutes.
    pub fn exemplars(&self, query: &str) -> Vec<Value> {
        let seconds = |at: SystemTime| humantime::format_rfc3339_seconds(at).to_string();
        let (now, minutes) = (SystemTime::now(), Duration::from_secs(300));
        let (start, end) = (seconds(now - minutes), seconds(now + minutes));
        let found = self.data("query_exemplars", &[("query", query), ("start", &start), ("end", &end)]);
        found.as_array().expect("a list").clone()
    }

    fn data(&self, question: &str, words: &[(&str, &str)]) -> Value {
        let words = serde_urlencoded::to_string(words).expect("texts");
        get(format!("{}/api/v1/{question}?{words}", self.url())).send().ok().json()["data"].clone()
    }
}

#[test]
fn a_prometheus_scrapes_itself() {
    let prometheus = Prometheus::scraping(&[]);
    assert_eq!(prometheus.ask("vector(7)")[0]["value"][1], "7");
}

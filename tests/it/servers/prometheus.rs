//! A real Prometheus that scrapes what it is told to, every second.

use std::{fs, process::Command, time::Duration};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    ports,
    process::{self, Process},
};
use crate::browser::get;

const START: Duration = Duration::from_secs(30);

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
        let program =
            process::on_path(&["prometheus"]).unwrap_or_else(|| process::missing("Prometheus", "prometheus"));
        let (home, port) = (process::home("prometheus"), ports::one());
        let targets = serde_json::to_string(targets).expect("texts serialise");
        let file = home.path().join("prometheus.yml");
        let text = format!(
            "global: {{ scrape_interval: 1s }}\n\
             scrape_configs: [{{ job_name: lab, static_configs: [{{ targets: {targets} }}] }}]\n"
        );
        fs::write(&file, text).expect("its folder takes a file");
        let mut command = Command::new(program);
        command.arg(format!("--config.file={}", file.display()));
        command.arg(format!("--storage.tsdb.path={}", home.path().join("data").display()));
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
        let query = serde_urlencoded::to_string([("query", query)]).expect("a text");
        let answer = get(format!("{}/api/v1/query?{query}", self.url())).send().ok();
        answer.json()["data"]["result"].clone()
    }
}

#[test]
fn a_prometheus_scrapes_itself() {
    let prometheus = Prometheus::scraping(&[]);
    assert_eq!(prometheus.ask("vector(7)")[0]["value"][1], "7");
}

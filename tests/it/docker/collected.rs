//! `docker/prometheus/full.yml` behind a page as the collector's exporter writes it: whose a series is stands in `job`, and
//! `target_info` does not say it at all. A real Prometheus reads it.

use std::{
    fs,
    net::Ipv4Addr,
    process::Command,
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use axum::{Router, http::header, routing::get as answer};
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot};

use super::compose::{at, services, words};
use crate::{
    browser::get,
    servers::{
        ports,
        process::{self, Process, home},
    },
    waiting::until,
};

const SOON: Duration = Duration::from_secs(30);

/// The exporter's way: `job` is `service.namespace/service.name`, and `target_info` has the rest of the resource.
const PAGE: &str = r#"# TYPE target_info gauge
target_info{job="webstore/shipping",instance="i1",deployment_environment_name="lab",service_version="1"} 1
target_info{job="webstore/lab",instance="i2",deployment_environment_name="lab"} 1
# TYPE lab_service_expected gauge
lab_service_expected{job="webstore/lab",instance="i2",service="shipping"} 1
lab_service_expected{job="webstore/lab",instance="i2",service="ads"} 1
# TYPE http_server_active_requests gauge
http_server_active_requests{job="webstore/shipping",instance="i1"} 2
http_server_active_requests{job="webstore/shipping",instance="i1",service_name="as it says"} 3
# TYPE redis_memory_used_bytes gauge
redis_memory_used_bytes{job="redis",instance="redis-exporter:9121"} 4
# EOF
"#;

/// Answers with a page, to everybody, until the value is dropped.
struct Page {
    place: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Page {
    fn of(text: &'static str) -> Page {
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        let app =
            Router::new().fallback(answer(move || async move { ([(header::CONTENT_TYPE, kind)], text) }));
        let (stop, stopped) = oneshot::channel::<()>();
        let (listening, place) = mpsc::channel();
        let serve = move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
            runtime.block_on(async move {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
                listening.send(listener.local_addr().expect("bound").to_string()).expect("the test is there");
                tokio::select! {
                    served = axum::serve(listener, app) => served.expect("serves for ever"),
                    _ = stopped => {}
                }
            });
        };
        let thread = thread::spawn(serve);
        let place = place.recv().expect("it listens");
        Page { place, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[test]
fn what_comes_by_the_collector_says_whose_it_is_as_a_scrape_does() {
    let page = Page::of(PAGE);
    let home = home("collected");
    let text = fs::read_to_string(at("docker/prometheus/full.yml")).expect("full.yml");
    assert!(text.contains("otelcol:8889"));
    let file = home.path().join("prometheus.yml");
    fs::write(&file, text.replace("otelcol:8889", &page.place)).expect("written");
    let program =
        process::on_path(&["prometheus"]).unwrap_or_else(|| process::missing("Prometheus", "prometheus"));
    let address = format!("127.0.0.1:{}", ports::one());
    let mut command = Command::new(program);
    // The container's flags, but for the folders.
    for flag in words(&services("full")["prometheus"]["command"]) {
        command.arg(match flag.split_once('=') {
            Some(("--config.file", _)) => format!("--config.file={}", file.display()),
            Some(("--storage.tsdb.path", _)) => {
                format!("--storage.tsdb.path={}", home.path().join("data").display())
            }
            _ => flag.to_owned(),
        });
    }
    command.arg(format!("--web.listen-address={address}"));
    let mut prometheus = Process::start("Prometheus", command, home.path());
    let url = format!("http://{address}");
    prometheus.await_ready(SOON, || {
        get(format!("{url}/-/ready")).try_send().is_ok_and(|answer| answer.status == 200)
    });
    let ask = |query: &str| -> Vec<Value> {
        let query = serde_urlencoded::to_string([("query", query)]).expect("a text");
        let answer = get(format!("{url}/api/v1/query?{query}")).send().ok().json();
        answer["data"]["result"].as_array().expect("a list").clone()
    };
    until(SOON, "the page was read", || !ask("redis_memory_used_bytes").is_empty());
    let values = |query: &str, label: &str| {
        let found = ask(query);
        let mut all: Vec<_> =
            found.iter().map(|one| one["metric"][label].as_str().unwrap_or_default().to_owned()).collect();
        all.sort();
        all
    };
    assert_eq!(values("target_info", "service_name"), ["lab", "shipping"]);
    // What says itself whose it is keeps its word, and `instance` is the exporter's.
    assert_eq!(values("http_server_active_requests", "service_name"), ["as it says", "shipping"]);
    assert_eq!(values("redis_memory_used_bytes", "instance"), ["redis-exporter:9121"]);
    // The rule itself: ads is expected, and nothing is heard of it.
    let rules = fs::read_to_string(at("alerts/generated/talk/platform.rules.yml")).expect("rules");
    let rule = rules.split("alert: ServiceDown").nth(1).expect("the rule");
    let expr =
        rule.split("expr: |").nth(1).and_then(|rest| rest.split("for:").next()).expect("an expression");
    // This Prometheus evaluates no rules, and has not for long.
    let expr = expr.split("and on () last_over_time").next().expect("an expression");
    assert_eq!(values(expr, "service_name"), ["ads"]);
}

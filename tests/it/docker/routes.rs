//! What the container `rules` writes, used by a real Prometheus and a real Alertmanager.

use std::{fs, path::Path, process::Command};

use serde_json::json;

use super::compose::{at, services, words};
use crate::{
    browser::{get, post},
    rules::tool::Tool,
    servers::{
        lab::Plan,
        ports,
        process::{self, Process, home},
    },
    stack::beside::{SOON, told},
    waiting::until,
};

/// Runs the container's own command, into `out` and for a lab at `sink`.
fn render(sink: &str, out: &Path, token: Option<&str>) {
    let told = services("full");
    let words = words(&told["rules"]["command"]);
    assert_eq!(words, ["rules", "render", "--pace", "talk", "--sink", "http://lab:8010", "--out", "/rules"]);
    let out = out.display().to_string();
    let words = words.iter().map(|word| match *word {
        "http://lab:8010" => sink,
        "/rules" => out.as_str(),
        word => word,
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
    command.args(words).env_remove("DOORBUSTER_TOKEN").envs(token.map(|token| ("DOORBUSTER_TOKEN", token)));
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_routes_lead_to_the_lab_and_the_token_lies_beside_them() {
    let home = home("routes");
    let out = home.path().join("with");
    render("http://lab:8010", &out, Some("secret"));
    let routes = out.join("alertmanager.yml");
    Tool::amtool(&["check-config"]).on(&routes).agrees();
    let text = fs::read_to_string(&routes).expect("routes");
    let urls: Vec<_> =
        text.lines().filter_map(|line| line.trim().split_once("url: ")).map(|(_, url)| url).collect();
    assert_eq!(urls.len(), 8);
    assert!(urls.iter().all(|url| url.starts_with("http://lab:8010/receivers/")), "{urls:?}");
    assert!(text.contains("lab.token") && !text.contains("secret"), "{text}");
    assert_eq!(fs::read_to_string(out.join("lab.token")).expect("a token"), "secret");
    let out = home.path().join("without");
    render("http://lab:8010", &out, None);
    let text = fs::read_to_string(out.join("alertmanager.yml")).expect("routes");
    assert!(!text.contains("lab.token") && !out.join("lab.token").exists(), "{text}");
}

#[test]
fn an_alertmanager_of_its_own_tells_a_lab_that_asks_for_its_token() {
    let lab = Plan::up().env("DOORBUSTER_BIND", "0.0.0.0").env("DOORBUSTER_TOKEN", "secret").start();
    let home = home("alertmanager");
    let out = home.path().join("rules");
    render(&lab.at(10, ""), &out, Some("secret"));
    let program = process::on_path(&["prometheus-alertmanager", "alertmanager"])
        .unwrap_or_else(|| process::missing("Alertmanager", "prometheus-alertmanager"));
    let address = format!("127.0.0.1:{}", ports::one());
    let mut command = Command::new(program);
    // The container's flags, but for the address and the folders.
    let all = services("full");
    for flag in words(&all["alertmanager"]["command"]) {
        command.arg(match flag.split_once('=') {
            Some(("--config.file", file)) => {
                assert_eq!(file, "/etc/doorbuster/rules/alertmanager.yml");
                format!("--config.file={}", out.join("alertmanager.yml").display())
            }
            Some(("--storage.path", _)) => format!("--storage.path={}", home.path().join("data").display()),
            _ => flag.to_owned(),
        });
    }
    // From elsewhere: the token's file is looked for beside the routes.
    command.arg(format!("--web.listen-address={address}")).current_dir("/");
    let mut alertmanager = Process::start("Alertmanager", command, home.path());
    let url = format!("http://{address}");
    alertmanager.await_ready(SOON, || {
        get(format!("{url}/-/ready")).try_send().is_ok_and(|answer| answer.status == 200)
    });
    let alert = json!([{ "labels": { "alertname": "A", "team": "payments" }, "annotations": {} }]);
    post(format!("{url}/api/v2/alerts"), alert).send().ok();
    until(SOON, "the lab was told", || told(&lab, "?receiver=payments").len() == 1);
}

#[test]
fn prometheus_takes_its_configurations_with_the_rules_of_every_pace() {
    for pace in ["talk", "stage", "production"] {
        let home = home("prometheus-config");
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorbuster"));
        let made = command.args(["rules", "render", "--pace", pace, "--sink", "http://lab:8010", "--out"]);
        let made = made.arg(home.path()).env("DOORBUSTER_TOKEN", "secret").output();
        assert!(made.expect("it runs").status.success());
        for profile in ["lite", "full"] {
            let text = fs::read_to_string(at(&format!("docker/prometheus/{profile}.yml"))).expect("a file");
            assert!(text.contains("/etc/doorbuster/rules/*.rules.yml"));
            let here = text.replace("/etc/doorbuster/rules", &home.path().display().to_string());
            let file = home.path().join("prometheus.yml");
            fs::write(&file, here).expect("written");
            let said = Tool::promtool(&["check", "config"]).on(&file).agrees();
            // Ten files of rules were found, and not a pattern without any.
            assert_eq!(said.matches("rules found").count(), 10, "{said}");
        }
    }
}

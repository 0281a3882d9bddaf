//! Nothing that leaves the lab says what is broken: every address is asked in every role, while an exercise runs and while
//! a scenario does, and all that was answered, streamed, exported and printed is searched for names of scenarios, faults
//! and their stories.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use doorbuster::{
    console::access::{self, Role},
    kernel::service::Service,
    scenario::{library::Library, spec::Spec},
};
use serde_json::{Value, json};

use super::concealed::seed_of;
use crate::{
    browser::{get, post},
    control::{roles::operations, stream::Stream},
    loki::push,
    otlp::receiver::Receiver,
    servers::lab::{Lab, Plan},
    sink::Sink,
    waiting::{until, until_some},
};

const PRESENTER: &str = "presenter-0123456789";
const TRAINEE: &str = "trainee-0123456789";
/// A phase begins, and what it breaks is in the signals.
const SOON: Duration = Duration::from_secs(90);
/// What an exercise is about, and what a presenter plays.
const INCIDENT: &str = "slow-pages";
const PLAYED: &str = "payment-outage-brazil";

/// Words that give a scenario away: its name, its title, and the ids of its faults.
fn needles(name: &str) -> Vec<String> {
    let spec = Library::new(None).get(name).expect("it is bundled");
    let Spec { title, phases, .. } = &*spec;
    let faults = phases.iter().flat_map(|phase| &phase.faults).map(|fault| fault.id.clone());
    let own: Vec<String> = [name.to_owned(), title.clone()].into_iter().chain(faults).collect();
    assert!(own.len() > 2, "{own:?}");
    own.iter().map(|word| word.to_lowercase()).collect()
}

/// What was answered, by role and address.
struct Seen(BTreeMap<String, String>);

impl Seen {
    /// Asks every address that reads, in each role.
    fn by(lab: &Lab, document: &Value, run: Option<&str>) -> Seen {
        let mut seen = BTreeMap::new();
        let address: SocketAddr = lab.at(10, "").trim_start_matches("http://").parse().expect("an address");
        for (role, token) in [(Role::Audience, ""), (Role::Trainee, TRAINEE), (Role::Presenter, PRESENTER)] {
            let ask = |path: &str| {
                let ask = get(lab.at(10, path));
                if token.is_empty() { ask } else { ask.token(token) }
            };
            let mut paths = Vec::new();
            for (method, template) in operations(document) {
                if method == "GET" && !["/api/events", "/api/switchboard"].contains(&&*template) {
                    paths.extend(addresses(lab, &template, run));
                }
            }
            for path in paths {
                let answer = ask(&path).send();
                let is_let_in = access::listed("GET", &path).is_none_or(|least| least <= role);
                assert!(
                    is_let_in || answer.status == 401 || answer.status == 403,
                    "{path} as {role:?}: {answer:?}"
                );
                seen.insert(format!("{} {path}", role.name()), answer.body);
            }
            let header =
                if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}") };
            let mut events = Stream::open(address, "/api/events", &header);
            let mut said = String::new();
            for _ in 0..4 {
                let event = events.next();
                said.push_str(&format!("{} {}\n", event.name, event.data));
            }
            seen.insert(format!("{} /api/events", role.name()), said);
        }
        Seen(seen)
    }

    /// Nothing of it but what `may` say so says what is broken.
    #[track_caller]
    fn is_clean(&self, needles: &[String], may: impl Fn(&str) -> bool) {
        for (place, text) in self.0.iter().filter(|(place, _)| !may(place)) {
            found_in(place, text, needles);
        }
    }
}

/// `template` with whatever there is to fill it with, and with parameters that make the answer large.
fn addresses(lab: &Lab, template: &str, run: Option<&str>) -> Vec<String> {
    let traces = || lab.control("/api/traces?limit=25").send().ok().json();
    match template {
        "/api/traces/{id}" => {
            let traces = traces();
            let ids =
                traces.as_array().expect("a list").iter().filter_map(|trace| trace["trace_id"].as_str());
            ids.map(|id| format!("/api/traces/{id}")).collect()
        }
        "/api/traces" => vec!["/api/traces?limit=500".to_owned()],
        "/api/logs" => {
            let of = |service: Service| format!("/api/logs?service={service}&limit=1000");
            Service::ALL.map(of).into()
        }
        "/api/series" => {
            let metrics = lab.control("/api/metrics").send().ok().json();
            let names =
                metrics.as_array().expect("a list").iter().filter_map(|metric| metric["name"].as_str());
            names.map(|name| format!("/api/series?metric={name}&limit=1000")).collect()
        }
        "/api/ledger" => vec!["/api/ledger?baseline=true".to_owned()],
        "/api/exercises/{id}" => run.map(|run| format!("/api/exercises/{run}")).into_iter().collect(),
        "/api/scenarios/{name}" => vec!["/api/scenarios/slow-query".to_owned()],
        "/api/profiles/{service}" => vec!["/api/profiles/storefront".to_owned()],
        "/runbooks/{alert}" => vec!["/runbooks/HighErrorRate".to_owned()],
        other => vec![other.to_owned()],
    }
}

#[track_caller]
fn found_in(place: &str, text: &str, needles: &[String]) {
    let lower = text.to_lowercase();
    for needle in needles {
        if let Some(at) = lower.find(needle.as_str()) {
            let around: String =
                lower.chars().skip(lower[..at].chars().count().saturating_sub(200)).take(400).collect();
            panic!("{place} says {needle}: {around}");
        }
    }
}

/// Texts that are the same whatever runs, and what shows or lists scenarios to the presenter.
fn is_published(place: &str) -> bool {
    ["/openapi.json", "/runbooks/", "presenter /api/scenarios"].iter().any(|part| place.contains(part))
}

#[test]
fn nothing_that_leaves_says_what_is_broken() {
    let (receiver, loki) = (Receiver::start(), Sink::start());
    let mut lab = Plan::up()
        .env("DOORBUSTER_BIND", "0.0.0.0")
        .env("DOORBUSTER_TOKEN", PRESENTER)
        .env("DOORBUSTER_TRAINEE_TOKEN", TRAINEE)
        .env("DOORBUSTER_VISITS_PER_MINUTE", "300")
        .env("DOORBUSTER_SCENARIO", "normal")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint())
        .env("OTEL_METRIC_EXPORT_INTERVAL", "1000")
        .env("OTEL_LOGS_EXPORTER", "otlp")
        .env("LOKI_URL", &loki.base())
        .env("RUST_LOG", "debug")
        .start();
    let document = get(lab.at(10, "/openapi.json")).send().ok().json();
    let call = |path: &str, body: Value, token: &str| post(lab.at(10, path), body).token(token).send();

    // A presenter plays a scenario: its name is for the presenter.
    call(&format!("/api/scenarios/{PLAYED}/start"), json!({"seed": 7}), PRESENTER).ok();
    call("/api/scenarios/jump", json!({"phase": "outage"}), PRESENTER).ok();
    let has_hit = || lab.control("/api/faults").send().ok().json().to_string().contains("\"first_hit_ms\":1");
    until(SOON, "the scenario's fault has hit", has_hit);
    let played = Seen::by(&lab, &document, None);
    played.is_clean(&needles(PLAYED), |place| is_published(place) || place.starts_with("presenter /api/"));
    assert!(played.0["presenter /api/state"].contains(PLAYED), "what is searched for can be found");
    assert!(
        played.0["trainee /metrics"].contains("lab_scenario_phase{phase=\"concealed\""),
        "{}",
        played.0["trainee /metrics"]
    );

    // A trainee looks for something: nobody is told what it is, whoever asks.
    call("/api/calm", json!({}), PRESENTER).ok();
    let begin = json!({"alias": "heron", "seed": seed_of(INCIDENT)});
    let run = call("/api/exercises/start", begin, TRAINEE).ok().json();
    let run = run["id"].as_str().expect("a number").to_owned();
    let slow = until_some(SOON, "a page is slow", || {
        let slow =
            lab.control("/api/traces?min_duration_ms=1100&seconds=30&service=storefront").send().ok().json();
        slow[0]["trace_id"].as_str().map(str::to_owned)
    });
    let second = call("/api/exercises/start", json!({"alias": "sock"}), TRAINEE).ok().json();
    let second = second["id"].as_str().expect("a number").to_owned();
    let answer = json!({"service": "storefront", "place": "everywhere", "kind": "delay", "trace_id": slow});
    let given = call(&format!("/api/exercises/{second}/answer"), answer, TRAINEE).ok();
    found_in("the answer to an answer", &given.body, &needles(INCIDENT));
    assert_eq!(given.json()["verdict"], Value::Null);
    for run in [&run, &second] {
        Seen::by(&lab, &document, Some(run)).is_clean(&needles(INCIDENT), is_published);
    }
    assert_eq!(call("/api/exercises/runs", json!({}), TRAINEE).status, 403);

    // Wherever signals went, neither was named.
    assert!(lab.terminate().success());
    let all: Vec<String> = [needles(INCIDENT), needles(PLAYED)].concat();
    for (at, line) in lab.lines().iter().enumerate() {
        found_in(&format!("line {at} of standard output"), &line.to_string(), &all);
    }
    found_in("standard error", &lab.said(), &all);
    let received = receiver.received();
    for (at, body) in received.bodies.iter().enumerate() {
        found_in(&format!("OTLP body {at}"), &String::from_utf8_lossy(body), &all);
    }
    let pushed: Vec<_> = loki.posts().iter().flat_map(push::read).collect();
    pushed.iter().for_each(|line| found_in("Loki", &format!("{line:?}"), &all));
    assert!(received.spans.len() > 1_000 && received.points.len() > 1_000 && pushed.len() > 100);
}

//! Marks on Grafana's dashboards. No Grafana can be had here: a stand-in keeps annotations as the documentation of its API
//! says (`POST`, `PATCH` and `GET /api/annotations`), and refuses whoever does not say who asks.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, RawQuery, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, patch},
};
use serde_json::{Value, json};

use crate::{
    browser::{get as ask, post},
    servers::{
        lab::{Lab, Plan},
        ports,
    },
    serving::Serving,
    waiting::until,
};

const SOON: Duration = Duration::from_secs(30);

type Kept = Arc<Mutex<Vec<Value>>>;

/// Keeps annotations, each with its place in the list as its number.
struct Grafana {
    kept: Kept,
    serving: Serving,
}

impl Grafana {
    fn start(port: u16, authorization: &'static str, kept: Vec<Value>) -> Grafana {
        let kept: Kept = Arc::new(Mutex::new(kept));
        let guard = move |request: Request, next: Next| async move {
            match request.headers().get("authorization") {
                Some(word) if word == authorization => next.run(request).await,
                _ => StatusCode::UNAUTHORIZED.into_response(),
            }
        };
        let app = Router::new()
            .route("/api/annotations", get(find).post(create))
            .route("/api/annotations/{number}", patch(change))
            .layer(middleware::from_fn(guard))
            .with_state(kept.clone());
        Grafana { kept, serving: Serving::start_at(port, app) }
    }

    fn all(&self) -> Vec<Value> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn one(&self, text: &str) -> Option<Value> {
        self.all().into_iter().find(|one| one["text"] == text)
    }
}

async fn create(State(kept): State<Kept>, Json(one): Json<Value>) -> Json<Value> {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.push(one);
    Json(json!({ "message": "Annotation added", "id": kept.len() - 1 }))
}

async fn change(State(kept): State<Kept>, Path(number): Path<usize>, Json(news): Json<Value>) -> Response {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(one) = kept.get_mut(number) else { return StatusCode::NOT_FOUND.into_response() };
    for (name, value) in news.as_object().into_iter().flatten() {
        one[name] = value.clone();
    }
    Json(json!({ "message": "Annotation patched" })).into_response()
}

async fn find(State(kept): State<Kept>, RawQuery(query): RawQuery) -> Json<Value> {
    let query = query.unwrap_or_default();
    let asked: Vec<(String, String)> = serde_urlencoded::from_str(&query).expect("a query string");
    let wanted = asked.iter().filter(|(name, _)| name == "tags").map(|(_, tag)| tag);
    let has =
        |one: &Value, tag: &String| one["tags"].as_array().is_some_and(|tags| tags.contains(&json!(tag)));
    let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let numbered = kept.iter().enumerate().map(|(number, one)| {
        let mut one = one.clone();
        one["id"] = json!(number);
        one
    });
    Json(numbered.filter(|one| wanted.clone().all(|tag| has(one, tag))).collect())
}

/// `me:pass word`, as an address has it.
const GUEST: &str = "me:pass%20word";
const BASIC: &str = "Basic bWU6cGFzcyB3b3Jk";

fn play(lab: &Lab, path: &str, body: Value) {
    post(lab.at(10, path), body).send().ok();
}

fn is_over(mark: &Value) -> bool {
    mark["timeEnd"].is_i64() && mark["tags"].as_array().is_some_and(|tags| tags.len() == 3)
}

#[test]
fn a_phase_is_marked_while_it_lasts_and_the_end_of_the_lab_ends_it() {
    let grafana = Grafana::start(0, BASIC, Vec::new());
    let url = format!("http://{GUEST}@{}", grafana.serving.place());
    let mut lab = Plan::up().env("GRAFANA_URL", &url).start();
    play(&lab, "/api/scenarios/service-down/start", json!({}));
    until(SOON, "the first phase is marked", || grafana.one("A service is down: calm").is_some());
    play(&lab, "/api/scenarios/jump", json!({ "phase": "down" }));
    until(SOON, "the first phase has ended", || {
        grafana.one("A service is down: calm").is_some_and(|one| is_over(&one))
    });
    until(SOON, "the second is marked", || grafana.one("A service is down: down").is_some());
    let second = grafana.one("A service is down: down").expect("it is marked");
    assert_eq!(second["timeEnd"], Value::Null, "{second}");
    assert_eq!(
        second["tags"].as_array().map(|tags| &tags[..3]),
        Some(&[json!("doorbuster"), json!("phase"), json!("service-down")][..])
    );
    assert!(lab.terminate().success());
    let all = grafana.all();
    assert_eq!(
        (all.len(), all.iter().all(is_over)),
        (2, true),
        "no fault is given away, nothing stays open: {all:#?}"
    );
    let said = lab.said();
    assert!(said.contains("phases are marked, faults are not") && !said.contains("pass"), "{said}");
}

#[test]
fn faults_are_marked_for_those_who_allow_it() {
    let grafana = Grafana::start(0, "Bearer glsa_of_a_test", Vec::new());
    let plan = Plan::up().env("GRAFANA_URL", &grafana.serving.url()).env("GRAFANA_TOKEN", "glsa_of_a_test");
    let lab = plan.env("DOORBUSTER_ANNOTATE_FAULTS", "true").start();
    let fault =
        json!({ "on": { "service": "payments", "country": ["BR"] }, "share": "35%", "effect": "hang" });
    post(lab.at(10, "/api/faults/br-cards"), fault).method("PUT").send().ok();
    let text = "br-cards: hang at country=BR service=payments";
    until(SOON, "the fault is marked", || grafana.one(text).is_some());
    ask(lab.at(10, "/api/faults/br-cards")).method("DELETE").send().ok();
    until(SOON, "its mark has ended", || grafana.one(text).is_some_and(|one| one["timeEnd"].is_i64()));
    let tags = grafana.one(text).map(|one| one["tags"].clone());
    assert_eq!(tags, Some(json!(["doorbuster", "fault"])));
}

#[test]
fn a_grafana_that_comes_late_hears_all_of_it_and_what_a_killed_lab_left_open_is_closed() {
    let port = ports::one();
    let lab = Plan::up().env("GRAFANA_URL", &format!("http://{GUEST}@127.0.0.1:{port}")).start();
    play(&lab, "/api/scenarios/service-down/start", json!({}));
    until(SOON, "it is said that nobody is there", || lab.said().contains("annotations: Grafana at"));
    play(&lab, "/api/scenarios/jump", json!({ "phase": "down" }));
    let left = |control: &str| {
        let tags = json!(["doorbuster", "phase", "slow-burn", format!("open at {control}")]);
        json!({ "time": 5, "text": control, "tags": tags })
    };
    let ours = lab.at(10, "").trim_start_matches("http://").to_owned();
    let grafana = Grafana::start(port, BASIC, vec![left(&ours), left("127.0.0.1:1")]);
    until(2 * SOON, "all is told", || grafana.all().len() == 4);
    assert!(is_over(&grafana.all()[0]), "{:#?}", grafana.all());
    assert_eq!(grafana.all()[1]["timeEnd"], Value::Null, "another lab's is left alone");
    let first = grafana.one("A service is down: calm").expect("it is told");
    assert!(is_over(&first) && first["time"].as_i64() < first["timeEnd"].as_i64(), "{first}");
    until(SOON, "it is said that somebody is there", || lab.said().contains("Grafana is back"));
}

#[test]
fn an_address_that_is_none_is_refused_without_a_word_of_who_asks() {
    let mut lab = Plan::up().env("GRAFANA_URL", "me:secret@grafana").start_unready();
    assert_eq!(lab.wait(SOON).code(), Some(2));
    assert!(lab.said().contains("GRAFANA_URL") && !lab.said().contains("secret"), "{}", lab.said());
}

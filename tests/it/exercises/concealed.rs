//! While an exercise runs, no answer says which; who joins, who leaves, and what ends it.

use doorbuster::console::exercises::{catalogue::ALL, draw::draw};
use serde_json::{Value, json};

use crate::{
    browser::{Answer, get, post},
    control::engine::{Engine, Plan},
};

fn begin(engine: &Engine, body: Value) -> Answer {
    post(engine.url("/api/exercises/start"), body).send()
}

fn read(engine: &Engine, path: &str) -> Answer {
    get(engine.url(path)).send()
}

fn tell(engine: &Engine, run: &str, what: &str, body: Value) -> Answer {
    post(engine.url(&format!("/api/exercises/{run}/{what}")), body).send()
}

fn id(run: &Value) -> &str {
    run["id"].as_str().expect("a number")
}

/// A seed that draws this scenario.
pub fn seed_of(scenario: &str) -> u64 {
    let is_it = |seed: &u64| draw(*seed, None).is_some_and(|one| one.scenario == scenario);
    (0..10_000).find(is_it).expect("a seed draws it")
}

#[test]
fn while_somebody_looks_no_answer_says_what_for() {
    let engine = Plan::here().start();
    let seed = seed_of("slow-pages");
    let run = begin(&engine, json!({"alias": "Blue Heron", "seed": seed})).ok().json();
    assert_eq!(
        (&run["state"], &run["seed"], &run["debrief"]),
        (&json!("under_way"), &json!(seed), &Value::Null)
    );
    let state = read(&engine, "/api/state").ok().json();
    assert_eq!(
        (&state["mode"], &state["scenario"], &state["faults"]),
        (&json!("exercise"), &Value::Null, &json!([]))
    );
    for path in [
        "/api/state",
        "/api/faults",
        "/api/ledger?baseline=true",
        "/api/exercises",
        "/api/exercises/runs",
        "/metrics",
    ] {
        let said = read(&engine, path).ok().body;
        assert!(!said.contains("slow-pages") && !said.contains("storefront-mud"), "{path}: {said}");
    }
    let steer = |what: &str, body: Value| post(engine.url(&format!("/api/scenarios/{what}")), body).send();
    for (what, body) in
        [("jump", json!({"phase": "mud"})), ("speed", json!({"factor": 9.0})), ("pause", json!({}))]
    {
        assert_eq!(steer(what, body).problem(409), "conflict", "{what}");
    }
    for guess in ["storefront-mud", "storefront-mu"] {
        let refused = get(engine.url(&format!("/api/faults/{guess}"))).method("DELETE").send();
        assert!(
            refused.problem(404) == "not_found" && !refused.body.contains("did you mean"),
            "{}",
            refused.body
        );
    }
    let answers = read(&engine, "/api/exercises/runs?answers=true").ok().json();
    assert_eq!(answers[0]["scenario"], "slow-pages", "an instructor may ask");

    let over = tell(&engine, id(&run), "give-up", json!({})).ok().json();
    assert_eq!((&over["state"], &over["debrief"]["scenario"]), (&json!("given_up"), &json!("slow-pages")));
    assert_eq!(read(&engine, "/api/state").json()["mode"], "normal");
    assert!(read(&engine, "/api/ledger").ok().body.contains("slow-pages"), "now it may be known");
}

#[test]
fn several_look_for_the_same_and_the_last_one_ends_it() {
    let engine = Plan::here().start();
    let one = begin(&engine, json!({"alias": "one", "difficulty": "hard"})).ok().json();
    assert_eq!(begin(&engine, json!({"alias": "two", "difficulty": "easy"})).problem(409), "conflict");
    assert_eq!(begin(&engine, json!({"alias": "one"})).problem(409), "conflict", "the alias is taken");
    let two = begin(&engine, json!({"alias": " <script>alert(2)</script> "})).ok().json();
    assert_eq!((&two["difficulty"], &two["alias"]), (&json!("hard"), &json!("<script>alert(2)</script>")));
    let answer = json!({"service": "cart", "place": "everywhere", "kind": "hang"});
    let told = tell(&engine, id(&one), "answer", answer.clone()).ok().json();
    assert_eq!(
        (&told["state"], &told["is_awaiting_others"], &told["verdict"], &told["debrief"]),
        (&json!("answered"), &json!(true), &Value::Null, &Value::Null),
        "somebody still looks"
    );
    let runs = read(&engine, "/api/exercises/runs").ok().json();
    assert_eq!((&runs[0]["alias"], &runs[1]["alias"]), (&two["alias"], &json!("one")));
    assert_eq!(
        (&runs[1]["scenario"], &runs[1]["points"], &runs[1]["seed"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(read(&engine, "/api/state").json()["mode"], "exercise");
    assert_eq!(tell(&engine, id(&one), "answer", answer).problem(409), "conflict", "one answer counts");
    let last = tell(&engine, id(&two), "give-up", json!({})).ok().json();
    let scenario = last["debrief"]["scenario"].as_str().expect("a name").to_owned();
    assert!(ALL.iter().any(|exercise| exercise.scenario == scenario));
    let told = read(&engine, &format!("/api/exercises/{}", id(&one))).ok().json();
    assert_eq!(
        (&told["debrief"]["scenario"], &told["is_awaiting_others"]),
        (&json!(scenario), &json!(false)),
        "now both are told"
    );
    assert!(told["verdict"]["points"].is_u64(), "{told}");
    assert_eq!(read(&engine, "/api/state").json()["mode"], "normal");
    assert_eq!(read(&engine, "/api/exercises/runs").json()[1]["scenario"], scenario);
}

#[test]
fn a_second_alias_of_one_trainee_learns_nothing_by_giving_up_or_by_asking() {
    let engine = Plan::here().start();
    let seed = seed_of("slow-pages");
    let heron = begin(&engine, json!({"alias": "heron", "seed": seed})).ok().json();
    let sock = begin(&engine, json!({"alias": "sock"})).ok().json();
    assert_eq!(
        (&sock["difficulty"], &sock["seed"]),
        (&Value::Null, &Value::Null),
        "both together are the answer"
    );
    for probe in [
        json!({"difficulty": "easy"}),
        json!({"difficulty": "medium"}),
        json!({"difficulty": "hard"}),
        json!({"seed": seed}),
    ] {
        let mut body = probe.clone();
        body["alias"] = json!("probe");
        assert_eq!(begin(&engine, body).problem(409), "conflict", "{probe}");
    }
    let given_up = tell(&engine, id(&sock), "give-up", json!({})).ok();
    for word in ["slow-pages", "storefront", "debrief\":{", "verdict\":{"] {
        assert!(!given_up.body.contains(word), "{word}: {given_up:?}");
    }
    assert_eq!(given_up.json()["is_awaiting_others"], true);
    tell(&engine, id(&heron), "give-up", json!({})).ok();
    let sock = read(&engine, &format!("/api/exercises/{}", id(&sock))).ok().json();
    assert_eq!((&sock["debrief"]["scenario"], &sock["seed"]), (&json!("slow-pages"), &json!(seed)));
}

#[test]
fn whoever_takes_the_stage_interrupts_those_who_look() {
    let engine = Plan::here().start();
    let steps = [
        ("/api/calm", json!({})),
        ("/api/mode", json!({"mode": "normal"})),
        ("/api/scenarios/slow-query/start", json!({})),
    ];
    for (path, body) in steps {
        let run = begin(&engine, json!({"alias": "one"})).ok().json();
        post(engine.url(path), body).send().ok();
        let run = read(&engine, &format!("/api/exercises/{}", id(&run))).ok().json();
        assert_eq!(run["state"], "interrupted", "{path}");
        assert!(run["debrief"]["scenario"].is_string(), "whoever was interrupted is told");
        assert_eq!(tell(&engine, id(&run), "hint", json!({})).problem(409), "conflict");
    }
}

#[test]
fn hints_cost_and_crying_wolf_does_too() {
    let engine = Plan::here().start();
    let run = begin(&engine, json!({"alias": "one"})).ok().json();
    assert_eq!(tell(&engine, id(&run), "notice", json!({})).ok().json()["false_alarms"], 1);
    for cost in [5, 10, 15] {
        let before = read(&engine, &format!("/api/exercises/{}", id(&run))).json();
        assert_eq!(before["next_hint_cost"], cost);
        tell(&engine, id(&run), "hint", json!({})).ok();
    }
    assert_eq!(tell(&engine, id(&run), "hint", json!({})).problem(409), "conflict");
    let now = read(&engine, &format!("/api/exercises/{}", id(&run))).json();
    assert_eq!((&now["cost"], now["hints"].as_array().map(Vec::len)), (&json!(35), Some(3)));
}

#[test]
fn what_is_no_answer_is_refused_with_the_nearest_right_word_and_ends_nothing() {
    let engine = Plan::here().start();
    assert_eq!(begin(&engine, json!({"alias": ""})).json()["field"], "alias");
    assert_eq!(begin(&engine, json!({"alias": "a\nb"})).problem(422), "invalid");
    assert_eq!(begin(&engine, json!({"alias": "x".repeat(41)})).problem(422), "invalid");
    let unknown = begin(&engine, json!({"alias": "a", "difficulty": "esy"}));
    assert!(
        unknown.problem(422) == "invalid" && unknown.body.contains("did you mean `easy`?"),
        "{}",
        unknown.body
    );
    let run = begin(&engine, json!({"alias": "a"})).ok().json();
    for (answer, field) in [
        (json!({"service": "payment"}), "service"),
        (json!({"place": "Brasil"}), "place"),
        (json!({"kind": "fails"}), "kind"),
        (json!({"trace_id": "<script>"}), "trace_id"),
    ] {
        let refused = tell(&engine, id(&run), "answer", answer);
        assert_eq!((refused.problem(422).as_str(), &refused.json()["field"]), ("invalid", &json!(field)));
    }
    assert_eq!(read(&engine, &format!("/api/exercises/{}", id(&run))).json()["state"], "under_way");
    assert_eq!(read(&engine, "/api/exercises/nobody").problem(404), "not_found");
}

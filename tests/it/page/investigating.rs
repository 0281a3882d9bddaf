//! A trainee without Grafana looks for a cause: the map, a failed trace, its log line, a point of a chart.

use serde_json::{Value, json};

use super::{
    composing::reads,
    person::{Person, SOON},
    show,
};
use crate::{
    browser::post,
    control::engine::{Engine, Plan},
    servers::lab,
    store::sent::{logs, metrics, now_ns, spans},
};

/// What would run if anything on the page were read as HTML.
const HOSTILE: &str =
    "<script>document.title='taken'</script><img src=x onerror=\\\"document.title='taken'\\\">";

/// A lab without a shop, and a trace of a stranger's in it whose names would like to run.
fn sent(id: &str) -> Engine {
    let engine = Plan::here().start();
    let hostile = |value: Value| -> Value {
        let text = value.to_string().replace("GET /old", HOSTILE).replace("tape is full", HOSTILE);
        serde_json::from_str(&text).expect("JSON")
    };
    post(engine.url("/v1/traces"), hostile(spans(id, now_ns()))).send().ok();
    post(engine.url("/v1/logs"), hostile(logs(id, now_ns()))).send().ok();
    post(engine.url("/v1/metrics"), metrics(id, now_ns())).send().ok();
    engine
}

#[test]
fn a_failed_trace_is_opened_from_the_chart_and_leads_to_its_log_line() {
    let id = "a".repeat(32);
    let engine = sent(&id);
    let person = Person::opens(&engine.url("/#/investigate/traces?status=error"));
    person.sees("1 trace, the newest first");
    person.clicks(".inv-dot.failed");
    person.waits_until("its spans are there", "document.querySelectorAll('.inv-bar').length === 2");
    person.sees("mainframe");
    assert!(
        reads(&person, ".inv-bar[aria-pressed=true]").contains("GET /records"),
        "the span that failed is chosen"
    );
    person.clicks(".inv-jump");
    person.sees("Its log lines");
    assert!(reads(&person, ".inv-span .inv-line-log").contains("tape=B"));
    assert!(reads(&person, ".inv-line-log.chosen").contains("tape=B"));
    person.presses("ArrowDown");
    assert!(
        reads(&person, ".inv-bar[aria-pressed=true]").contains("GET /records"),
        "keys go from span to span"
    );
    assert_eq!(person.complaints(), Vec::<String>::new());
    assert_eq!(person.barriers(), Vec::<String>::new());
}

#[test]
fn a_trace_that_is_gone_still_shows_its_log_lines_and_where_similar_ones_are() {
    let id = "d".repeat(32);
    let engine = Plan::here().start();
    post(engine.url("/v1/logs"), logs(&id, now_ns())).send().ok();
    let person = Person::opens(&engine.url(&format!("/#/investigate/trace/{id}")));
    person.sees("no such trace is in the store");
    person.sees("tape=B");
    person.sees("Its log lines that are left: 1");
    person.clicks(".inv-similar");
    person
        .waits_until("similar traces are listed", "location.hash === '#/investigate/traces?service=legacy'");
    assert_eq!(person.complaints(), Vec::<String>::new());
}

#[test]
fn a_trace_is_pinned_on_its_page() {
    let id = "e".repeat(32);
    let engine = sent(&id);
    let person = Person::opens(&engine.url(&format!("/#/investigate/trace/{id}")));
    person.sees("☆ Pin");
    person.clicks(".inv-pin");
    person.sees("★ Pinned");
    person.goes_to("about:blank");
    person.goes_to(&engine.url(&format!("/#/investigate/trace/{id}")));
    person.sees("★ Pinned");
    assert_eq!(person.barriers(), Vec::<String>::new());
}

#[test]
fn what_signals_say_is_shown_as_text_wherever_it_stands() {
    let engine = sent(&"b".repeat(32));
    let person = Person::opens(&engine.url("/#/investigate/logs"));
    for part in ["logs", "traces", "trace/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"] {
        person.goes_to(&engine.url(&format!("/#/investigate/{part}")));
        person.sees("<script>document.title='taken'</script>");
        assert_eq!(person.finds("document.querySelector('#view script, #view img')"), Value::Null, "{part}");
        assert_eq!(person.finds("document.title"), "Investigate · doorbuster", "{part}");
        assert_eq!(person.barriers(), Vec::<String>::new(), "{part}");
    }
    assert_eq!(person.complaints(), Vec::<String>::new());
}

#[test]
fn filters_stand_in_the_address_and_survive_a_reload() {
    let engine = sent(&"c".repeat(32));
    let person = Person::opens(&engine.url("/#/investigate/logs"));
    person.sees("tape=B");
    person.clicks(".inv-filters input[name=text]");
    person.types("nothing of that kind");
    person.sees("No line fits.");
    assert!(person.finds("location.hash").as_str().is_some_and(|hash| hash.contains("text=nothing+of")));
    person.goes_to("about:blank");
    person.goes_to(&engine.url("/#/investigate/logs?text=nothing+of+that+kind"));
    person.sees("No line fits.");
    assert_eq!(person.finds("document.querySelector('input[name=text]').value"), "nothing of that kind");
}

#[test]
fn a_point_of_the_latency_chart_opens_the_trace_of_an_exemplar() {
    let lab = show::evening();
    let person = Person::opens(&lab.at(10, "/#/investigate/graph"));
    person.waits_until("the shop is on the map", "document.querySelectorAll('.inv-node').length > 8");
    person.goes_to(&lab.at(10, "/#/investigate/metrics"));
    person.waits_until("there are exemplars", "document.querySelector('.inv-table td a')");
    person.waits_until(
        "there is a line",
        "/\\d/.test(document.querySelector('.chart').getAttribute('aria-label'))",
    );
    person.clicks(".u-over");
    person.waits_until("a trace is open", "location.hash.startsWith('#/investigate/trace/')");
    person.waits_until("it has spans", "document.querySelectorAll('.inv-bar').length > 0");
    assert_eq!(person.complaints(), Vec::<String>::new());
}

#[test]
fn a_failing_peer_is_seen_on_the_map_and_leads_to_its_traces() {
    let lab = show::evening();
    let fault = json!({ "on": { "service": "ads", "seam": "inbound" }, "effect": { "fail": { "status": { "503": 1 } } } });
    post(lab.at(10, "/api/faults/ads-away"), fault).method("PUT").send().ok();
    let person = Person::opens(&lab.at(10, "/#/investigate"));
    let many =
        "[...document.querySelectorAll('.inv-node.many')].find((node) => node.textContent.includes('ads'))";
    person.waits_until("ads fails", many);
    person.finds(&format!("{many}.id = 'wanted'"));
    person.finds("document.querySelector('#wanted')?.focus()");
    person.presses("Enter");
    person
        .waits_until("its traces are there", "location.hash.startsWith('#/investigate/traces?service=ads')");
    person.waits_until("failed ones among them", "document.querySelector('.inv-dot.failed')");
}

#[test]
fn whoever_burns_processor_time_is_found_without_a_trace() {
    let lab = lab::Plan::up()
        .env("DOORBUSTER_VISITS_PER_MINUTE", "600")
        .env("DOORBUSTER_SCENARIO", "calm")
        .env("DOORBUSTER_PROFILE", "true")
        .start();
    let fault = json!({ "on": { "service": "ads", "seam": "inbound" }, "effect": { "burn_cpu": { "per_crossing": "60ms" } } });
    post(lab.at(10, "/api/faults/ads-burns"), fault).method("PUT").send().ok();
    let person = Person::opens(&lab.at(10, "/#/investigate/profiles"));
    person.waits(
        3 * SOON,
        "ads takes most",
        "document.querySelector('.inv-table tbody th')?.textContent === 'ads' && document.querySelector('.inv-frame')",
    );
    person.sees("Processor time of ads");
    person.clicks(".inv-table tbody tr:nth-child(2) a");
    person.waits_until(
        "another is shown",
        "!document.querySelector('.inv-profile h3').textContent.includes('of ads') && location.hash.includes('service=')",
    );
    assert_eq!(person.barriers(), Vec::<String>::new());
    assert_eq!(person.complaints(), Vec::<String>::new());
}

#[test]
fn the_pure_parts_keep_what_they_promise() {
    let engine = Plan::here().start();
    let person = Person::opens(&engine.url("/"));
    let of = |module: &str, expression: &str| {
        person.finds(&format!("import('/views/investigate/{module}.js').then((it) => ({expression}))"))
    };
    // Who asks stands left of whom it asks, even where calls go round in a circle.
    let calls =
        "[{ from: 'a', to: 'b' }, { from: 'b', to: 'a' }, { from: 'b', to: 'c' }, { from: 'a', to: 'c' }]";
    assert_eq!(of("layers", &format!("it.columns(['c', 'a', 'b'], {calls})")), json!([["a"], ["b"], ["c"]]));
    assert_eq!(of("layers", "it.columns([], [])"), json!([]));
    // A counter becomes its rate, and one that begins anew takes nothing away.
    let series = |points: &str| {
        format!("[{{ kind: 'counter', service: 's', labels: {{}}, exemplars: [], points: {points} }}]")
    };
    let ys = |points: &str| of("measures", &format!("it.lines({}, 'service').lines[0].ys", series(points)));
    assert_eq!(ys("[[0, 0], [10, 20]]"), json!([null, 2, 2]));
    assert_eq!(ys("[[0, 9], [5, 0], [10, 5]]"), json!([null, 0, 1]));
    // The deepest span that failed is to blame; of spans side by side, time is counted once.
    let span = |id: &str, from: u32, took: u32, status: &str, children: &str| {
        format!(
            "{{ span_id: '{id}', offset_ms: {from}, duration_ms: {took}, status: '{status}', attributes: {{}}, \
             children: [{children}] }}"
        )
    };
    let inner = [span("b", 0, 60, "error", ""), span("c", 40, 60, "ok", "")].join(",");
    let tree = format!("{{ duration_ms: 120, roots: [{}] }}", span("a", 0, 120, "error", &inner));
    assert_eq!(of("rows", &format!("it.telling(it.rows({tree})).span.span_id")), "b");
    assert_eq!(of("rows", &format!("it.own({tree}.roots[0])")), 20);
    // A filter without a value is left out of the address, and comes back as it was.
    assert_eq!(of("address", "it.to('logs', { text: 'a b', level: '' })"), "#/investigate/logs?text=a+b");
    assert_eq!(of("address", "it.read('#/investigate/trace/1?span=2').id"), "1");
}

#[test]
fn what_is_usual_is_not_made_by_an_incident() {
    let engine = Plan::here().start();
    let person = Person::opens(&engine.url("/"));
    let of = |module: &str, expression: &str| {
        person.finds(&format!("import('/views/investigate/{module}.js').then((it) => ({expression}))"))
    };
    // Third parties are never perfect; one unlucky customer is no outage; what is bad is never usual.
    for (ratio, calls, usual, name) in [
        (0.08, 100, 0.07, "ok"),
        (0.2, 100, 0.07, "many"),
        (0.5, 4, 0.0, "ok"),
        (0.9, 100, 0.9, "many"),
        (0.016, 1000, 0.001, "some"),
    ] {
        assert_eq!(
            of("usual", &format!("it.level({ratio}, {calls}, {usual}).name")),
            name,
            "{ratio} of {calls}"
        );
    }
    let node = |rate: f64, p50: u32, p95: u32, errors: f64| {
        format!(
            "{{ service: 's', requests_per_second: {rate}, p50_ms: {p50}, p95_ms: {p95}, error_ratio: {errors} }}"
        )
    };
    let (calm, slow) = (node(10.0, 10, 50, 0.0), node(10.0, 1_000, 1_100, 0.4));
    let learnt = |graphs: &[&String]| {
        let lessons: String =
            graphs.iter().map(|one| format!("m.learn({{ nodes: [{one}], edges: [] }});")).collect();
        format!("(() => {{ const m = it.memory(); {lessons} return it.slower({slow}, m.of({slow})); }})()")
    };
    assert_eq!(of("usual", &learnt(&[&calm, &slow])), 100, "the best is remembered");
    assert_eq!(of("usual", &learnt(&[&slow])), Value::Null);
    assert_eq!(of("usual", &format!("it.isQuiet({}, {calm})", node(1.0, 1, 1, 0.0))), true);
    // A service whose door is closed says nothing of it: those who call it do.
    let calls = "[{ from: 'a', to: 's', requests_per_second: 2, error_ratio: 0.65 }]";
    assert_eq!(of("usual", &format!("it.failing({calm}, {calls})")), 0.65);
    // What a caller gave up is not to blame, and what the fine ones say too tells nothing.
    let span = |id: &str, error: &str, country: &str, children: &str| {
        format!(
            "{{ span_id: '{id}', service: 's', name: 'n', offset_ms: 0, duration_ms: 1, status: 'error', \
             attributes: {{ 'error.type': '{error}', 'shop.country': '{country}' }}, children: [{children}] }}"
        )
    };
    let tree = |inner: &str| format!("{{ duration_ms: 1, roots: [{}] }}", span("a", "timeout", "BR", inner));
    let cancelled = tree(&span("b", "cancelled", "BR", ""));
    let rows = |tree: &str| {
        format!(
            "import('/views/investigate/rows.js').then((rows) => rows.telling(rows.rows({tree})).span.span_id)"
        )
    };
    assert_eq!(person.finds(&rows(&cancelled)), "a");
    let blamed =
        "[1, 2, 3].map(() => ({ span: { service: 's', name: 'n', attributes: { country: 'BR' } } }))";
    let fine = "[new Set(['[\"service\",\"s\"]', '[\"span\",\"n\"]'])]";
    let told = of("common", &format!("it.tally({blamed}, {fine})"));
    assert_eq!(told, json!([{ "name": "country", "value": "BR", "count": 3, "usual": 0 }]));
    // Around a moment the largest exemplar is meant, and not the one that is nearest by chance.
    let spots = "[{ at: 100, value: 1, label: 'a' }, { at: 103, value: 9, label: 'a' }, { at: 300, value: 99, label: 'a' }]";
    assert_eq!(of("measures", &format!("it.nearest({spots}, 100, 'a').value")), 9);
}

//! Faults and numbers in the words of the page: pure functions, asked in the browser they are for.

use serde_json::{Value, json};

use super::person::Person;
use crate::control::engine::Plan;

/// What `function` of the module says of each of `inputs`.
fn said(module: &str, function: &str, inputs: &Value) -> Vec<String> {
    let engine = Plan::here().start();
    let person = Person::opens(&engine.url("/"));
    let answer = person
        .finds(&format!("import('/lib/{module}').then((it) => {inputs}.map((one) => it.{function}(one)))"));
    let lines = answer.as_array().expect("a list").iter();
    lines.map(|one| one.as_str().unwrap_or_default().replace('\u{a0}', " ")).collect()
}

#[test]
fn each_effect_and_each_target_is_told_in_plain_words() {
    let cases = [
        (
            json!({ "on": { "service": "payment-provider", "route": "POST /charge", "country": ["BR"] }, "share": "35%",
                "effect": { "fail": { "status": { "500": 1 } } } }),
            "35 % of card charges in Brazil fail",
        ),
        (
            json!({ "on": { "service": "catalog" }, "effect": { "delay": { "fixed": "1m 5s" } } }),
            "Requests to catalog take 1 min 5 s longer",
        ),
        (
            json!({ "on": { "service": "catalog" }, "share": "37.4999%",
                "effect": { "delay": { "long_tail": { "median": "60ms", "p99": "700ms" } } } }),
            "37 % of requests to catalog take about 60 ms longer, one in a hundred 700 ms",
        ),
        (
            json!({ "on": { "tier": ["gold", "platinum"], "payment_method": ["paypal"] }, "share": "0.5%", "effect": "hang" }),
            "0.5 % of requests to every service of gold and platinum customers by PayPal are never answered",
        ),
        (
            json!({ "on": { "service": "shipping" }, "effect": "down" }),
            "Shipping is down: it refuses every connection",
        ),
        (
            json!({ "on": { "service": "payments" }, "effect": { "hold_connections": { "count": 8 } } }),
            "8 of payments’ database connections are taken",
        ),
        (
            json!({ "on": { "service": "catalog", "query": "products.list" }, "share": "1%",
                "effect": { "slow_query": { "extra": "900ms" } } }),
            "1 % of products.list queries at catalog take 900 ms longer inside the database",
        ),
        (
            json!({ "on": { "service": "checkout", "query": "orders.insert" },
                "effect": { "hold_lock": { "table": "orders", "for": "3s" } } }),
            "orders.insert queries at checkout keep the table orders locked for 3 s",
        ),
        (
            json!({ "on": { "service": "ads" }, "effect": { "burn_cpu": { "per_crossing": "80ms" } } }),
            "Requests to ads burn 80 ms of processor time each",
        ),
        (
            json!({ "on": { "service": "ads" }, "effect": { "leak_memory": { "per_crossing": "512KiB", "cap": "512MiB" } } }),
            "Requests to ads leak 512 KiB each, 512 MiB at most",
        ),
        (json!({ "on": { "service": "cart" }, "effect": "cache_outage" }), "Cart’s cache does not answer"),
        (
            json!({ "on": { "service": "checkout", "peer": "payments" }, "effect": { "retry": { "attempts": 8, "backoff": "0s" } } }),
            "Checkout asks payments up to 8 times without a pause",
        ),
        (
            json!({ "on": { "service": "payments", "peer": "payment-provider", "version": "2.0.0" }, "effect": "lose_context" }),
            "Calls from payments to payment-provider lose their trace on the way while payments runs version 2.0.0",
        ),
    ];
    let faults: Value = cases.iter().map(|(fault, _)| fault.clone()).collect();
    let expected: Vec<&str> = cases.iter().map(|(_, words)| *words).collect();
    assert_eq!(said("faultwords.js", "words", &faults), expected);
}

#[test]
fn numbers_and_times_are_written_as_people_read_them() {
    assert_eq!(
        said("format.js", "rate", &json!([0, 7.46, 42, 2400.4, null])),
        ["0", "7.5", "42", "2,400", "–"]
    );
    assert_eq!(
        said("format.js", "share", &json!([0, 0.0004, 0.123, 0.5, 1])),
        ["0 %", "0.04 %", "12.3 %", "50 %", "100 %"]
    );
    assert_eq!(
        said("format.js", "duration", &json!([0, 0.2, 5, 340, 1200, 65_000, 11_400_000])),
        ["0 ms", "200 µs", "5.0 ms", "340 ms", "1.2 s", "1 min 5 s", "3 h 10 min"]
    );
    assert_eq!(said("format.js", "money", &json!([12345.6])), ["$12,346"]);
    assert_eq!(said("format.js", "stopwatch", &json!([65.9, 3723])), ["1:05", "1:02:03"]);
}

#[test]
fn what_others_wrote_is_text_and_never_a_part_of_the_page() {
    let engine = Plan::here().start();
    let person = Person::opens(&engine.url("/"));
    let made = "import('/lib/dom.js').then(({ h }) => { const it = h('p', { title: '<b>' }, '<script>alert(1)</script>', \
                h('a', { href: 'javascript:alert(1)' }, 'x')); return [it.children.length, it.textContent, \
                it.firstElementChild.hasAttribute('href')].join(' '); })";
    assert_eq!(person.finds(made), "1 <script>alert(1)</script>x false");
}

#[test]
fn a_country_s_colour_is_the_lab_s_judgement_and_few_payments_are_shown_as_unsure() {
    let engine = Plan::here().start();
    let person = Person::opens(&engine.url("/"));
    let country = |state: &str, evidence: Value| json!({ "payments": 6, "failed": 2, "state": state, "evidence": evidence });
    let evidence = json!({ "seconds": 45, "payments": 20, "failed": 9 });
    let all = json!([
        country("healthy", Value::Null),
        country("elevated", evidence.clone()),
        country("failing", evidence)
    ]);
    let ask = "import('/views/stage/countries.js').then(({ judged, interval }) => [";
    let judged = person.finds(&format!(
        "{ask}...{all}.map((one) => judged(one)).map(({{ kind, word }}) => `${{kind}}: ${{word}}`)])"
    ));
    assert_eq!(judged, json!(["quiet: 2 of 6 fail", "warn: 9 of 20 fail", "bad: 9 of 20 fail"]));
    let widths = person.finds(&format!(
        "{ask}4, 400].map((payments) => interval({{ payments, failed: payments / 4 }})).map(([low, high]) => high - low))"
    ));
    let width = |at: usize| widths[at].as_f64().expect("a number");
    assert!(width(0) > 0.5 && width(1) < 0.1, "{widths}");
}

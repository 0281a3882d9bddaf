//! Nothing that a person typed, and no token, leaves the process: every route of every service is asked with marked
//! secrets in all places of a request, and then everything that left is searched for them.
//!
//! What a caller is told about his own request is his. `tracestate` is passed on as it comes, which is W3C's rule.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
};

use doorbuster::kernel::{places, service::Service};
use serde_json::{Value, json};

use super::recalled::Recalled;
use crate::{
    browser::{self, get, post},
    loki::push,
    otlp::receiver::Receiver,
    profile::pushes,
    servers::lab::{ADMIN, Customer, Lab, Plan, USER},
    sink::Sink,
};

/// Two card numbers that pass Luhn's check, a token, an e-mail address, a street.
const MARKS: [&str; 5] = [
    "4111111111111111",
    "3782-822463-10005",
    "tok-zxmark-9f8e7d6c5b4a",
    "jane.zxmark@example.com",
    "221B Zxmark Street, London",
];
/// What must not be found, in lower case: parts of the marks, however the rest is encoded, and the tokens that work.
const NEEDLES: [&str; 6] = ["4111111111111111", "3782-822463", "zxmark", USER, ADMIN, "test-token-789"];
/// Words that a request may have as names of parameters or fields.
const NAMES: [&str; 16] = [
    "product_id",
    "quantity",
    "user_id",
    "country",
    "payment_method",
    "currency",
    "shipping_method",
    "promo_code",
    "search",
    "category",
    "limit",
    "from",
    "to",
    "amount",
    "name",
    "price",
];

#[test]
fn no_secret_leaves_in_any_signal() {
    let (receiver, loki, pyroscope) = (Receiver::start(), Sink::start(), Sink::start());
    let mut lab = Plan::up()
        .args(&["--profile", "--profile-every", "1s"])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.endpoint())
        .env("OTEL_LOGS_EXPORTER", "otlp")
        .env("LOKI_URL", &loki.base())
        .env("PYROSCOPE_ENDPOINT", &pyroscope.base())
        .env("SLOW_ENDPOINT_DELAY", "0.01")
        .env("RUST_LOG", "debug")
        .start();
    let of =
        |service: Service| places::of(service).routes.iter().map(move |route| (service.offset(), *route));
    let shop: Vec<(u16, &str)> = Service::ALL.into_iter().flat_map(of).collect();
    for (offset, route) in &shop {
        ask_everything(&lab, *offset, route);
    }
    let described = get(lab.at(10, "/openapi.json")).send().ok().json();
    let control = control(&described);
    control.iter().for_each(|route| ask_everything(&lab, 10, route));
    for mark in MARKS {
        buy(&lab, mark);
        // An address that nobody knows.
        dressed(get(lab.shop(&format!("/{}", encoded(mark)))), mark).send();
    }
    assert!(answer_to_a_method(&lab, "ZXMARK").starts_with("HTTP/1.1 405"), "it was heard");

    let mut left = BTreeMap::from([("/metrics".to_owned(), lab.metrics())]);
    for route in
        control.iter().filter_map(|route| route.strip_prefix("GET ")).filter(|path| !path.contains('{'))
    {
        left.insert(route.to_owned(), get(lab.at(10, route)).send().body);
    }
    assert!(left.contains_key("/api/ledger") && left.contains_key("/api/state"), "{:?}", left.keys());
    let services = Service::ALL.map(Service::name);
    let recalled = Recalled::by(&lab, &services);
    for needle in NEEDLES {
        let found = get(lab.at(10, &format!("/api/logs?text={needle}"))).send().ok().body;
        assert_eq!(found, "[]", "the store has lines with {needle}");
    }
    assert!(lab.terminate().success());
    left.insert("standard error".to_owned(), lab.said());
    let ledger = std::fs::read_to_string(lab.data_dir().join("ledger.jsonl")).expect("a ledger");
    left.insert("the ledger's file".to_owned(), ledger);
    for line in lab.lines() {
        found_in("standard output", &line.to_string());
    }
    left.iter().for_each(|(place, text)| found_in(place, text));
    let received = receiver.received();
    for (at, body) in received.bodies.iter().enumerate() {
        found_in(&format!("OTLP body {at}"), &String::from_utf8_lossy(body));
    }
    let pushed: Vec<_> = loki.posts().iter().flat_map(push::read).collect();
    pushed.iter().for_each(|line| found_in("Loki", &format!("{line:?}")));
    let profiles = pushes::all(&pyroscope);
    for profile in &profiles {
        found_in("Pyroscope", &format!("{:?} {}", profile.labels, String::from_utf8_lossy(&profile.raw)));
    }
    recalled.0.iter().for_each(|(path, text)| found_in(path, text));

    // All that would be worth nothing if nobody had listened.
    let refused = lab.lines().iter().filter(|line| line["message"] == "request refused").count();
    assert!(received.spans.len() > shop.len() && refused > shop.len(), "{} {refused}", received.spans.len());
    assert!(lab.lines().iter().any(|line| line["message"] == "order placed"));
    assert!(received.logs.len() > shop.len() && pushed.len() > shop.len());
    assert!(pushed.iter().any(|line| line.line.contains("\"request refused\"")));
    assert!(!profiles.is_empty());
    for (question, least) in [
        ("/api/logs?", services.len()),
        ("/api/traces?", services.len()),
        ("/api/traces/", 2 * services.len()),
        ("/api/series?", 10),
        ("/api/graph?", 1),
        ("/api/profiles/storefront?", 2),
        ("/api/events", 1),
    ] {
        let answers = recalled.answers(question);
        assert!(answers >= least, "{answers} answers to {question}");
    }
}

#[track_caller]
fn found_in(place: &str, text: &str) {
    let lower = text.to_lowercase();
    for needle in NEEDLES {
        let Some(at) = lower.find(needle) else { continue };
        let around: String =
            lower.chars().skip(lower[..at].chars().count().saturating_sub(300)).take(600).collect();
        panic!("{place} holds {needle}: {around}");
    }
}

/// What the control address answers: neither streams, which never end, nor what takes in the signals of others.
fn control(described: &Value) -> Vec<String> {
    let is_asked =
        |path: &str| !["/api/events", "/api/switchboard"].contains(&path) && !path.starts_with("/v1/");
    let paths = described["paths"].as_object().expect("paths");
    let methods = paths.iter().filter(|(path, _)| is_asked(path)).flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods").keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    methods.collect()
}

/// Asks `route` with each mark in each place: in the address, in every header, in every kind of body.
fn ask_everything(lab: &Lab, offset: u16, route: &str) {
    let (method, template) = route.split_once(' ').expect("a method and a path");
    // Methods outlive the test: there are five.
    let method =
        ["GET", "POST", "PUT", "DELETE", "PATCH"].into_iter().find(|one| *one == method).expect("known");
    for mark in MARKS {
        let query = serde_urlencoded::to_string(NAMES.map(|name| (name, mark))).expect("texts");
        for part in [encoded(mark), "1".to_owned()] {
            let path = filled(template, &part);
            for address in [format!("{path}?{query}"), path] {
                let ask = || dressed(get(lab.at(offset, &address)).method(method), mark);
                if method == "GET" {
                    ask().send();
                    continue;
                }
                for (media_type, body) in bodies(mark) {
                    ask().header("content-type", media_type).body(body).send();
                }
            }
        }
    }
}

/// A body of each kind that a handler may or may not like.
fn bodies(mark: &str) -> [(&'static str, String); 5] {
    let wrong: Value = NAMES.iter().map(|name| ((*name).to_owned(), Value::from(mark))).collect();
    let mut likely = json!({
        "product_id": 1, "quantity": 1, "country": "US", "payment_method": "credit_card", "currency": "USD",
        "shipping_method": "standard", "promo_code": mark, "amount": "1.00", "price": 1, "name": "A thing",
    });
    likely["card_number"] = mark.into();
    let form = serde_urlencoded::to_string(NAMES.map(|name| (name, mark))).expect("texts");
    [
        ("application/json", wrong.to_string()),
        ("application/json", likely.to_string()),
        ("application/json", format!("{{\"card_number\": \"{mark}")),
        ("application/x-www-form-urlencoded", form),
        ("text/plain", mark.to_owned()),
    ]
}

/// `mark` in every header that the shop reads, and in some that it does not.
fn dressed(ask: browser::Ask, mark: &str) -> browser::Ask {
    let encoded = encoded(mark);
    // What may name a session is harmless of itself; as far as that goes, a card number may.
    let session: String = mark.chars().filter(|one| one.is_ascii_alphanumeric() || *one == '-').collect();
    ask.token(if mark.starts_with("tok") { mark } else { ADMIN })
        .header("baggage", &format!("session.id={session},shop.country={encoded},card={encoded}"))
        .header("cookie", &format!("shop_session={session}; shop_currency={encoded}; card={encoded}"))
        .header("user-agent", mark)
        .header("referer", &format!("http://elsewhere.example/{encoded}"))
        .header("idempotency-key", &mark.replace(' ', "-"))
        .header("x-forwarded-for", mark)
        .header("x-request-id", mark)
        .header("accept-language", mark)
}

/// A whole visit of somebody who is careless with what they type, and yet gets their order.
fn buy(lab: &Lab, mark: &str) {
    let session: String = mark.chars().filter(char::is_ascii_alphanumeric).collect();
    let (customer, key) = (Customer::new(lab, &session, "DE"), mark.replace(' ', "-"));
    customer.add(2, 1).ok();
    customer.get("/cart").ok();
    let bought = customer.checkout(Some(&key), json!({ "country": "DE", "currency": "EUR" }));
    let order = bought.ok().json()["order_id"].as_str().expect("a number").to_owned();
    customer.get(&format!("/orders/{order}")).ok();
    customer.checkout(Some("other"), json!({ "promo_code": mark }));
    post(lab.shop("/cart/add"), json!({ "product_id": mark, "quantity": mark })).token(USER).send();
}

/// What a method gets that nobody knows; by hand, since no decent client sends one.
fn answer_to_a_method(lab: &Lab, method: &str) -> String {
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, lab.port_base)).expect("the shop is open");
    let request = format!("{method} /products HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).expect("the shop listens");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    answer
}

fn filled(template: &str, part: &str) -> String {
    let fill = |one: &str| if one.starts_with('{') { part.to_owned() } else { one.to_owned() };
    template.split('/').map(fill).collect::<Vec<_>>().join("/")
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

//! Effects that befall a crossing at any seam, and those of requests that come in or go out.

use std::{io::Read, net::TcpStream, time::Duration};

use doorbuster::kernel::service::Service;
use serde_json::json;

use super::{
    seams::{STREET, seams},
    street::{SOON, Street},
};
use crate::{
    browser::{get, post},
    waiting::until,
};

#[test]
fn a_delay_is_waited_for_at_every_seam_and_measured_there() {
    let street = Street::plan().open(&STREET);
    for seam in seams() {
        let name = seam.name;
        seam.ask(&street);
        street.set(json!([{ "id": "slow", "on": seam.on, "effect": { "delay": { "fixed": "400ms" } } }]));
        let span = seam.ask(&street);
        assert!(span.took >= Duration::from_millis(400), "{name}: {span:?}");
        assert!(span.error_type.is_empty(), "{name}: {span:?}");
        assert_eq!(street.count("slow").hit, 1, "{name}");
        street.set(json!([]));
        let span = seam.ask(&street);
        assert!(span.took < Duration::from_millis(400), "{name}: {span:?}");
    }
    // To wait on the way to the pool is not to wait for a connection.
    let waited = street.metric("db_client_connection_wait_time_seconds_sum", &["catalog"]);
    assert!(waited < 0.3, "{waited} s in the pool");
}

#[test]
fn what_hangs_is_answered_when_the_fault_is_cleared_and_not_before() {
    let street = Street::plan().open(&STREET);
    for seam in seams() {
        let name = seam.name;
        street.set(json!([{ "id": "stuck", "on": seam.on, "effect": "hang" }]));
        let asking = street.asking(get(street.url(seam.asked, seam.path)));
        until(SOON, "it hangs", || street.count("stuck").hit == 1);
        assert!(!asking.is_done(), "{name}");
        street.set(json!([]));
        let (answer, _) = asking.answer();
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
    }
}

#[test]
fn the_caller_s_deadline_decides_about_a_hanging_peer() {
    let street = Street::plan().open(&STREET);
    let hangs = [
        json!({ "service": "catalog", "seam": "inbound" }),
        json!({ "service": "recommendation", "seam": "outbound" }),
        json!({ "service": "catalog", "seam": "database" }),
    ];
    for on in hangs {
        street.spans.forget();
        street.set(json!([{ "id": "stuck", "on": on, "effect": "hang" }]));
        let (answer, took) =
            street.asking(get(street.url(Service::Recommendation, "/recommendations"))).answer();
        assert_eq!(answer.problem(504), "peer_timeout", "{on}");
        assert!(took >= Duration::from_secs(3), "{on}: {took:?}");
        let span = street.spans.last(Service::Recommendation, "GET /products/popular");
        assert_eq!(span.error_type, "timeout", "{on}");
        street.set(json!([]));
        street.get(Service::Recommendation, "/recommendations").ok();
    }
}

#[test]
fn a_failing_request_is_answered_as_a_service_fails_by_itself() {
    let street = Street::plan().open(&STREET);
    let asked = |status: &str, kind: &str| {
        let labels = [format!("status_code=\"{status}\""), format!("error_type=\"{kind}\"")];
        let labels = ["service_name=\"catalog\"", &labels[0], &labels[1]];
        street.metric("http_server_request_duration_seconds_count", &labels)
    };
    for (status, kind) in [
        (400, "malformed"),
        (404, "not_found"),
        (429, "too_many_requests"),
        (500, "internal"),
        (502, "peer_failed"),
        (503, "unavailable"),
        (504, "peer_timeout"),
    ] {
        let fail = json!({ "fail": { "status": { status.to_string(): 1 } } });
        street.set(json!([{ "id": "sick", "on": { "service": "catalog" }, "effect": fail }]));
        street.spans.forget();
        let answer = street.get(Service::Catalog, "/products/7");
        assert_eq!(answer.problem(status), kind);
        let span = street.spans.last(Service::Catalog, "GET /products/{id}");
        assert_eq!(answer.json()["trace_id"], span.trace_id, "{answer:?}");
        assert!(street.spans.of(Service::Catalog, "products.get").is_empty(), "the handler was not asked");
        if status >= 500 {
            assert_eq!((&*span.error_type, asked(&status.to_string(), kind)), (kind, 1.0));
        }
        let told = format!("{answer:?} {span:?} {}", street.metrics()).to_lowercase();
        for word in ["sick", "fault", "chaos", "inject"] {
            assert!(!told.contains(word), "{word} in {told}");
        }
    }
    let fail = json!({ "fail": { "status": { "507": 1 } } });
    street.set(json!([{ "id": "sick", "on": { "service": "catalog" }, "effect": fail }]));
    assert_eq!(street.get(Service::Catalog, "/products/7").problem(507), "about:blank");
    let health = street.get(Service::Catalog, "/ready");
    assert_eq!(health.status, 200, "who asks for health is no shopper");
    street.set(json!([]));
    street.get(Service::Catalog, "/products/7").ok();
}

#[test]
fn a_browser_gets_a_page_when_the_storefront_fails_and_a_program_a_problem() {
    let street = Street::plan().open(&[Service::Storefront, Service::Catalog]);
    let fail = json!({ "fail": { "status": { "503": 1 } } });
    let page = |tier: &str| {
        let on = json!({ "service": "storefront", "route": "GET /products", "tier": [tier] });
        street.set(json!([{ "id": "sick", "on": on, "effect": fail }]));
        get(street.url(Service::Storefront, "/products")).header("accept", "text/html").send()
    };
    let answer = page("standard");
    assert_eq!((answer.status, &*answer.content_type), (503, "text/html; charset=utf-8"), "{answer:?}");
    assert!(answer.body.contains("very busy"), "{answer:?}");
    assert_eq!(page("gold").status, 200, "a guest has no gold");
    street.set(json!([{ "id": "sick", "on": { "service": "storefront" }, "effect": fail }]));
    assert_eq!(street.get(Service::Storefront, "/products").problem(503), "unavailable");
    assert_eq!(street.get(Service::Storefront, "/static/shop.css").problem(503), "unavailable");
}

#[test]
fn a_third_party_fails_without_charging_and_its_peer_asks_once_more() {
    let street = Street::plan().open(&[Service::Payments, Service::PaymentProvider]);
    let pay = |key: &str| {
        let usd = json!({ "minor": 1999, "currency": "USD" });
        let body = json!({
            "order_id": key, "amount": usd, "amount_usd": usd, "country": "BR", "payment_method": "credit_card",
        });
        post(street.url(Service::Payments, "/payments"), body).header("baggage", "shop.country=BR").send()
    };
    let charges = || street.get(Service::PaymentProvider, "/charges/summary").ok().json()["charges"].clone();
    let fail = json!({ "fail": { "status": { "503": 1 }, "retry_after": "2s" } });
    let on = json!({ "service": "payment-provider", "route": "POST /charge", "country": ["BR"] });
    street.set(json!([{ "id": "br-cards", "on": on, "effect": fail }]));
    assert_eq!(pay("one").problem(502), "peer_failed");
    assert_eq!((street.count("br-cards").hit, charges()), (2, json!(0)), "asked twice, charged never");
    // The same at the payments' own side: the provider is not asked at all.
    let on = json!({ "service": "payments", "peer": "payment-provider" });
    street.set(json!([
        { "id": "wire", "on": on, "effect": fail },
        { "id": "seen", "on": { "service": "payment-provider" }, "effect": { "delay": { "fixed": "0s" } } },
    ]));
    assert_eq!(pay("two").problem(502), "peer_failed");
    assert_eq!((street.count("wire").hit, street.count("seen").matched), (2, 0));
    street.set(json!([]));
    pay("three").ok();
    assert_eq!(charges(), json!(1));
}

#[test]
fn a_changed_retry_policy_multiplies_the_calls_that_the_peer_sees() {
    let street = Street::plan().open(&STREET);
    let sick = json!({ "id": "sick", "on": { "service": "catalog", "seam": "inbound" },
        "effect": { "fail": { "status": { "503": 1 } } } });
    let storm = json!({ "id": "storm", "on": { "service": "recommendation", "peer": "catalog" },
        "effect": { "retry": { "attempts": 6 } } });
    let seen = || {
        let before = street.metric("http_server_request_duration_seconds_count", &["catalog"]);
        street.get(Service::Recommendation, "/recommendations").problem(503);
        street.metric("http_server_request_duration_seconds_count", &["catalog"]) - before
    };
    street.set(json!([sick]));
    assert_eq!(seen(), 1.0);
    street.set(json!([sick, storm]));
    assert_eq!(seen(), 6.0);
    let resent = street.spans.last(Service::Recommendation, "GET /products/popular");
    let count = resent.attributes.iter().find(|(key, _)| key == "http.request.resend_count");
    assert_eq!(count.map(|(_, value)| &**value), Some("5"), "{resent:?}");
    street.set(json!([sick]));
    assert_eq!(seen(), 1.0);

    // A repetition is a new draw: of a peer that fails half the time, one who asks often enough gets an answer.
    let mut half = sick.clone();
    half["share"] = json!("50%");
    let mut patient = storm.clone();
    patient["effect"]["retry"]["attempts"] = json!(20);
    street.set(json!([half, patient]));
    for _ in 0..20 {
        street.get(Service::Recommendation, "/recommendations").ok();
    }
    let count = street.count("sick");
    assert!(count.hit > 4 && count.matched == count.hit + 20, "{count:?}");
}

#[test]
fn a_lost_context_breaks_the_trace_and_nothing_else() {
    let street = Street::plan().open(&STREET);
    let ask = || {
        street.spans.forget();
        let ask = get(street.url(Service::Recommendation, "/recommendations"));
        ask.header("baggage", "shop.country=JP").send().ok();
        let caller = street.spans.last(Service::Recommendation, "GET /products/popular");
        let peer = street.spans.last(Service::Catalog, "GET /products/popular");
        let country = peer.attributes.iter().find(|(key, _)| key == "shop.country");
        assert_eq!(country.map(|(_, value)| &**value), Some("JP"), "{peer:?}");
        (caller.trace_id == peer.trace_id, peer.is_root)
    };
    assert_eq!(ask(), (true, false));
    let on = json!({ "service": "recommendation", "peer": "catalog" });
    street.set(json!([{ "id": "cut", "on": on, "effect": "lose_context" }]));
    assert_eq!(ask(), (false, true));
    street.set(json!([]));
    assert_eq!(ask(), (true, false));
}

#[test]
fn a_caller_who_goes_away_takes_the_hanging_request_along() {
    use std::io::Write;
    let street = Street::plan().open(&[Service::Ads]);
    street.set(json!([{ "id": "stuck", "on": { "service": "ads" }, "effect": "hang" }]));
    let mut caller = TcpStream::connect(street.settings.address(Service::Ads)).expect("it listens");
    caller.write_all(b"GET /ads HTTP/1.1\r\nhost: ads\r\n\r\n").expect("sent");
    until(SOON, "it hangs", || street.count("stuck").hit == 1);
    let active = || street.metric("http_server_active_requests", &["service_name=\"ads\""]);
    assert_eq!(active(), 1.0);
    caller.set_nonblocking(true).expect("a socket");
    assert!(caller.read(&mut [0]).is_err(), "nothing is answered");
    drop(caller);
    until(SOON, "the request is given up", || active() == 0.0);
}

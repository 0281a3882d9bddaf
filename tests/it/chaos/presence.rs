//! A service that is away, and one that is another version than it was.

use std::{
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use doorbuster::{
    kernel::service::Service,
    telemetry::{
        config::Config,
        init::{Setup, Telemetry},
    },
};
use serde_json::{Value, json};

use super::street::{SOON, Street};
use crate::{
    browser::{get, post},
    otlp::receiver::Receiver,
    waiting::until,
};

fn down() -> Value {
    json!([{ "id": "gone", "on": { "service": "cart" }, "effect": "down" }])
}

#[test]
fn a_service_that_is_down_refuses_connections_and_nothing_is_heard_of_it() {
    let mut street = Street::plan().open(&[Service::Catalog, Service::Cart]);
    let address = street.settings.address(Service::Cart);
    let line = json!({ "product_id": 1, "quantity": 2 });
    post(street.url(Service::Cart, "/carts/3/lines"), line).send().ok();
    let series = || street.metrics().matches("service_name=\"cart\"").count();
    let before = series();
    assert!(before > 10, "{before}");

    // Somebody is connected, and somebody waits for an answer.
    let mut idle = TcpStream::connect(address).expect("it listens");
    idle.set_read_timeout(Some(SOON)).expect("a socket");
    let hang = json!({ "id": "stuck", "on": { "service": "cart", "seam": "inbound" }, "effect": "hang" });
    street.set(json!([hang]));
    let url = street.url(Service::Cart, "/carts/3");
    let waiting = std::thread::spawn(move || get(url).try_send().map(|answer| answer.status));
    until(SOON, "it hangs", || street.count("stuck").hit == 1);

    street.set(json!([down()[0], hang]));
    until(SOON, "connections are refused", || TcpStream::connect(address).is_err());
    let closed = std::io::Read::read(&mut idle, &mut [0]);
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
    assert!(waiting.join().expect("ended").is_err(), "cut off without an answer");
    assert_eq!(series(), 0);
    assert!(street.metrics().contains("service_name=\"catalog\""), "its neighbour is heard");
    street.get(Service::Catalog, "/products/7").ok();

    street.set(json!([]));
    until(SOON, "it is back", || {
        get(street.url(Service::Cart, "/ready")).try_send().is_ok_and(|one| one.status == 200)
    });
    assert!(series() >= before);
    let cart = street.get(Service::Cart, "/carts/3").ok().json();
    assert_eq!(cart["lines"][0]["quantity"], 2, "{cart}");

    // Who is down can be stopped.
    street.set(down());
    until(SOON, "connections are refused", || TcpStream::connect(address).is_err());
    let begun = Instant::now();
    street.close();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[test]
fn a_service_waits_for_its_port_when_it_comes_back() {
    let street = Street::plan().open(&[Service::Ads]);
    let address = street.settings.address(Service::Ads);
    street.set(json!([{ "id": "gone", "on": { "service": "ads" }, "effect": "down" }]));
    until(SOON, "connections are refused", || TcpStream::connect(address).is_err());
    let squatter = std::net::TcpListener::bind(address).expect("the port is free");
    street.set(json!([]));
    // It tries every so often, and somebody else has the port: their connection is not the service's.
    let mut stranger = TcpStream::connect(address).expect("somebody listens");
    stranger.set_read_timeout(Some(Duration::from_millis(200))).expect("a socket");
    std::io::Write::write_all(&mut stranger, b"GET /ads HTTP/1.1\r\nhost: ads\r\n\r\n").expect("sent");
    assert!(std::io::Read::read(&mut stranger, &mut [0]).is_err(), "nobody answers");
    drop(stranger);
    drop(squatter);
    until(SOON, "it is back", || {
        get(street.url(Service::Ads, "/ads")).try_send().is_ok_and(|one| one.status == 200)
    });
}

/// The only test that starts telemetry in this process: there can be one.
#[test]
fn a_release_is_told_by_every_signal_and_its_fault_by_none() {
    let receiver = Receiver::start();
    let told =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint()), ("OTEL_METRIC_EXPORT_INTERVAL", "100".into())];
    let config =
        Config::read(|name| told.iter().find(|(one, _)| *one == name).map(|(_, value)| value.clone()));
    let mut telemetry = None;
    let street = Street::plan().open_with(&[Service::Ads], |services, _| {
        let setup = Setup {
            config: config.expect("a configuration"),
            services,
            platform: Service::Ads,
            lines_to: Box::new(std::io::sink()),
            onlooker: None,
        };
        let started = telemetry.insert(Telemetry::start(setup).expect("telemetry starts"));
        services.iter().map(|service| started.scope(*service)).collect::<Vec<Arc<_>>>()
    });
    let versions = |what: &str| -> Vec<String> {
        let received = receiver.received();
        let seen = received.versions.iter().filter(|(signal, _)| *signal == what);
        seen.map(|(_, version)| version.clone()).collect()
    };
    let all_say = |version: &str| {
        until(SOON, "every signal tells the version", || {
            street.get(Service::Ads, "/ads");
            ["traces", "metrics", "logs"]
                .iter()
                .all(|what| versions(what).last().is_some_and(|one| one == version))
        });
    };
    let built = env!("CARGO_PKG_VERSION");
    all_say(built);
    let fail = json!({ "fail": { "status": { "500": 1 } } });
    let on = json!({ "service": "ads", "version": "2.0.0" });
    let faults = json!([{ "id": "regression", "on": on, "effect": fail }]);
    street.set_with(faults.clone(), json!({ "ads": "2.0.0" }));
    all_say("2.0.0");
    assert_eq!(street.get(Service::Ads, "/ads").status, 500);
    street.set_with(faults, json!({}));
    all_say(built);
    street.get(Service::Ads, "/ads").ok();

    // Down, it sends nothing, also not of whom it has cut off: nothing more comes in five intervals' time.
    let hang = json!({ "id": "stuck", "on": { "service": "ads", "seam": "inbound" }, "effect": "hang" });
    street.set(json!([hang]));
    let url = street.url(Service::Ads, "/ads");
    let waiting = std::thread::spawn(move || get(url).try_send().is_err());
    until(SOON, "it hangs", || street.count("stuck").hit == 1);
    street.set(json!([{ "id": "gone", "on": { "service": "ads" }, "effect": "down" }, hang]));
    assert!(waiting.join().expect("ended"), "cut off");
    let address = street.settings.address(Service::Ads);
    until(SOON, "connections are refused", || TcpStream::connect(address).is_err());
    let points = || receiver.received().points.len();
    let (mut before, mut since) = (points(), Instant::now());
    until(SOON, "nothing is sent for half a second", || {
        if points() != before {
            (before, since) = (points(), Instant::now());
        }
        since.elapsed() > Duration::from_millis(500)
    });
    let received = receiver.received();
    let cut_off = received
        .spans
        .iter()
        .filter(|span| span.attributes.get("error.type").is_some_and(|one| one == "cancelled"));
    assert_eq!(cut_off.count(), 0);
    let told = format!("{:?} {:?} {:?}", received.spans, received.logs, received.points);
    for word in ["regression", "fault", "chaos", "inject"] {
        assert!(!told.contains(word), "{word}");
    }
    drop(street);
    telemetry.expect("started").stop(Duration::from_secs(1));
}

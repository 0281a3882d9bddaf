//! One container for each service: each is there, where the others look for it.

use std::time::Duration;

use doorbuster::kernel::{places, service::Service};
use serde_json::{Value, json};

use super::compose::{services, words};
use crate::{
    browser::{get, post},
    servers::{
        lab::{Lab, Plan},
        ports,
        postgres::Postgres,
        redis::Redis,
    },
    waiting::until,
};

/// Fourteen debug builds on a busy machine.
const SOON: Duration = Duration::from_secs(60);
/// Where signals go is not looked at here, and nobody is there.
const ELSEWHERE: [&str; 7] =
    ["OTEL_", "LOKI_", "PROMETHEUS_", "ALERTMANAGER_", "GRAFANA_", "DATABASE_", "REDIS_"];

/// The name of a service's container.
fn container(service: Service) -> &'static str {
    if service == Service::Lab { "engine" } else { service.name() }
}

#[test]
fn every_service_has_a_container_that_is_where_the_others_look_for_it() {
    let all = services("split");
    for service in Service::ALL {
        let told = &all[container(service)];
        assert_eq!(words(&told["command"]), ["serve", service.name()]);
        let port = 8000 + service.offset();
        let check = words(&told["healthcheck"]["test"]);
        let place = format!("http://127.0.0.1:{port}");
        assert_eq!(check, ["CMD", "/usr/bin/doorbuster", "ready", "--url", &place], "{service}");
        let environment = &told["environment"];
        for peer in Service::ALL.into_iter().filter(|peer| *peer != Service::Lab) {
            let place = format!("http://{peer}:{}", 8000 + peer.offset());
            assert_eq!(environment[peer.url_variable()], place.as_str(), "{service}");
        }
        // Whoever is struck has to hear it, and to report it.
        assert_eq!(environment["LAB_URL"], "http://lab:8010", "{service}");
        assert!(environment["DOORBUSTER_TOKEN"].is_string(), "{service}");
        assert_eq!(environment["OTEL_EXPORTER_OTLP_ENDPOINT"], "http://otelcol:4318", "{service}");
    }
    assert_eq!(words(&all["engine"]["networks"]["default"]["aliases"]), ["lab"]);
}

#[test]
fn whoever_keeps_something_keeps_it_in_the_servers() {
    let all = services("split");
    for service in Service::ALL {
        let environment =
            &all[if service == Service::Lab { "engine" } else { service.name() }]["environment"];
        let places = places::of(service);
        assert_eq!(environment["DATABASE_URL"].is_string(), {
            // The two come as one: each of these needs one of them.
            !places.tables.is_empty() || !places.passages.is_empty()
        });
    }
}

#[test]
fn services_start_after_those_they_ask() {
    let all = services("split");
    // Storefront's carts come by way of checkout, and so on: only that nobody starts before all it needs.
    let mut waits: Vec<&str> = vec!["storefront"];
    let mut at = 0;
    while let Some(service) = waits.get(at).copied() {
        at += 1;
        let before = all[service]["depends_on"].as_object().into_iter().flatten();
        for (name, _) in before {
            if !waits.contains(&name.as_str()) {
                waits.push(name);
            }
        }
    }
    for service in Service::ALL.into_iter().filter(|service| *service != Service::Lab) {
        assert!(waits.contains(&service.name()), "nobody waits for {service}");
    }
}

/// A container's command with its variables, as a process whose block of ports begins at `base`.
fn plan(service: Service, told: &Value, base: u16) -> Plan {
    let port = base + service.offset();
    // The image's own.
    let mut plan = Plan::serve(service.name(), base, port).env("DOORBUSTER_BIND", "0.0.0.0");
    for (name, value) in told["environment"].as_object().expect("variables") {
        if ELSEWHERE.iter().any(|start| name.starts_with(start)) {
            continue;
        }
        let mut value = value.as_str().expect("a text").to_owned();
        for peer in Service::ALL {
            let place = format!("http://{peer}:{}", 8000 + peer.offset());
            value = value.replace(&place, &format!("http://127.0.0.1:{}", base + peer.offset()));
        }
        plan = plan.env(name, &value);
    }
    plan
}

#[test]
fn the_containers_commands_and_variables_are_a_shop_that_sells_and_breaks_when_it_is_told_to() {
    let (all, base, redis) = (services("split"), ports::block(), Redis::start());
    let database = Postgres::shared().database();
    let start = |service: Service| {
        let told = &all[container(service)];
        let mut plan = plan(service, told, base);
        if told["environment"]["DATABASE_URL"].is_string() {
            plan = plan.env("DATABASE_URL", &database).env("REDIS_URL", &redis.url());
        }
        plan.start()
    };
    // The last first: whoever is asked is there before who asks.
    let shop = Service::ALL.into_iter().rev().filter(|service| *service != Service::Lab);
    let mut processes: Vec<Lab> = shop.map(start).collect();
    processes.push(start(Service::Lab));
    let at = |path: &str| format!("http://127.0.0.1:{}{path}", base + Service::Lab.offset());
    let token = all[container(Service::Lab)]["environment"]["DOORBUSTER_TOKEN"].as_str().expect("a token");
    let state = || get(at("/api/state")).token(token).send().ok().json();
    // A service that stands alone answers for itself.
    let own = format!("http://127.0.0.1:{}/metrics", base + Service::Checkout.offset());
    let checked_out = || {
        let page = get(own.as_str()).send().ok().body;
        let orders = page.lines().filter(|line| line.starts_with("shop_orders_total{"));
        orders.filter_map(|line| line.split("} ").nth(1)).any(|value| !value.starts_with('0'))
    };
    until(SOON, "all thirteen follow", || state()["followers"].as_array().map(Vec::len) == Some(13));
    until(SOON, "somebody bought something", checked_out);
    let down = || {
        post(at("/api/faults/gone"), json!({ "on": { "service": "ads" }, "effect": "down" })).method("PUT")
    };
    assert_eq!(down().send().problem(401), "unauthenticated");
    let token = all["engine"]["environment"]["DOORBUSTER_TOKEN"].as_str().expect("a token");
    down().token(token).send().ok();
    let ads = format!("http://127.0.0.1:{}/health", base + Service::Ads.offset());
    until(SOON, "ads is gone", || get(ads.as_str()).try_send().is_err());
}

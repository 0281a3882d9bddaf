//! One container for each service: each is there, where the others look for it.

use doorbuster::kernel::{places, service::Service};

use super::compose::{services, words};

#[test]
fn every_service_has_a_container_that_is_where_the_others_look_for_it() {
    let all = services("split");
    for service in Service::ALL {
        let host = if service == Service::Lab { "engine" } else { service.name() };
        let told = &all[host];
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

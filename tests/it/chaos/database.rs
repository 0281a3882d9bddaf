//! Effects in the database and at its pool, on both engines.

use std::{
    thread,
    time::{Duration, Instant},
};

use doorbuster::kernel::service::Service;
use serde_json::{Value, json};

use super::street::{Plan, SOON, Street};
use crate::{
    browser::{get, post},
    servers::postgres::Postgres,
    waiting::until,
};

/// The engines, each with what it says about the sessions of the catalogue.
enum Engine {
    Sqlite,
    Postgres { url: String },
}

impl Engine {
    fn both() -> [Engine; 2] {
        [Engine::Sqlite, Engine::Postgres { url: Postgres::shared().database() }]
    }

    fn street(&self) -> Street {
        let plan = Street::plan().flag("--db-pool-size", "4").flag("--db-acquire-timeout-ms", "300");
        self.told(plan).open(&[Service::Catalog])
    }

    fn told(&self, plan: Plan) -> Plan {
        match self {
            Engine::Sqlite => plan,
            Engine::Postgres { url } => plan.flag("--database-url", url),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Engine::Sqlite => "SQLite",
            Engine::Postgres { .. } => "PostgreSQL",
        }
    }

    /// PostgreSQL's own word on the sessions of the catalogue: how many are as `condition` says.
    fn sessions(&self, condition: &str) -> Option<usize> {
        let Engine::Postgres { url } = self else { return None };
        let asked = format!(
            "select count(*) from pg_stat_activity where datname = current_database() \
             and application_name = 'catalog' and {condition}"
        );
        Some(Postgres::shared().query(url, &asked).parse().expect("a number"))
    }
}

fn lamp(name: &str) -> Value {
    json!({ "name": name, "price": { "minor": 1999, "currency": "USD" }, "category": "home" })
}

/// Waits until so many connections are held, and not only used for a moment by what opens or checks them.
fn held(street: &Street, count: f64) {
    let used = || street.metric("db_client_connection_count", &["state=\"used\""]);
    let is_steady = || {
        (0..10).all(|_| {
            thread::sleep(Duration::from_millis(20));
            used() == count
        })
    };
    until(SOON, "so many connections are held", is_steady);
}

#[test]
fn held_connections_are_missing_in_the_pool_and_others_wait_in_vain() {
    for engine in Engine::both() {
        let (street, name) = (engine.street(), engine.name());
        let used = || street.metric("db_client_connection_count", &["state=\"used\""]);
        let timeouts = || street.metric("db_client_connection_timeouts_total", &["catalog"]);
        let pending = || street.metric("db_client_connection_pending_requests", &["catalog"]);
        street.get(Service::Catalog, "/products/7").ok();
        let waits = street.metric("db_client_connection_wait_time_seconds_count", &["catalog"]);
        assert_eq!((timeouts(), waits), (0.0, 1.0), "{name}");
        until(SOON, "the connection is back", || used() == 0.0);

        let hold = |what: Value| {
            let on = json!({ "service": "catalog" });
            street.set(json!([{ "id": "grip", "on": on, "effect": { "hold_connections": what } }]));
        };
        hold(json!({ "share": "50%" }));
        held(&street, 2.0);
        street.get(Service::Catalog, "/products/7").ok();

        hold(json!({ "count": 100 }));
        held(&street, 4.0);
        assert_eq!(
            engine.sessions("state = 'idle'").unwrap_or(4),
            4,
            "{name}: connections of the real thing"
        );
        let asking = street.asking(get(street.url(Service::Catalog, "/products/7")));
        until(SOON, "somebody waits", || pending() == 1.0);
        let (answer, took) = asking.answer();
        assert_eq!(answer.problem(503), "pool_exhausted", "{name}");
        assert!(took >= Duration::from_millis(300), "{name}: {took:?}");
        assert_eq!(street.spans.last(Service::Catalog, "products.get").error_type, "pool_exhausted");
        assert_eq!((timeouts(), pending()), (1.0, 0.0), "{name}");
        let waits = street.metric("db_client_connection_wait_time_seconds_count", &["catalog"]);
        assert_eq!(waits, 3.0, "{name}: only requests count as waiting");

        hold(json!({ "count": 1 }));
        until(SOON, "all but one are back", || used() == 1.0);
        street.set(json!([]));
        until(SOON, "all are back", || used() == 0.0);
        street.get(Service::Catalog, "/products/7").ok();
        assert_eq!(timeouts(), 1.0, "{name}");
    }
}

#[test]
fn who_waits_for_a_held_connection_gets_it_when_the_fault_is_cleared() {
    for engine in Engine::both() {
        let plan = Street::plan().flag("--db-pool-size", "2").flag("--db-acquire-timeout-ms", "60000");
        let street = engine.told(plan).open(&[Service::Catalog]);
        let hold = json!({ "hold_connections": { "share": "100%" } });
        street.set(json!([{ "id": "grip", "on": { "service": "catalog" }, "effect": hold }]));
        held(&street, 2.0);
        let asking = street.asking(get(street.url(Service::Catalog, "/products/7")));
        let pending = || street.metric("db_client_connection_pending_requests", &["catalog"]);
        until(SOON, "somebody waits", || pending() == 1.0);
        let cleared = Instant::now();
        street.set(json!([]));
        asking.answer().0.ok();
        assert!(cleared.elapsed() < Duration::from_secs(1), "{}: {:?}", engine.name(), cleared.elapsed());
    }
}

#[test]
fn a_slow_query_is_slow_inside_the_engine() {
    for engine in Engine::both() {
        let (street, name) = (engine.street(), engine.name());
        let slow = |extra: &str| {
            let on = json!({ "service": "catalog", "query": "products.get" });
            street.set(json!([{ "id": "slow", "on": on, "effect": { "slow_query": { "extra": extra } } }]));
        };
        let took = || {
            street.spans.forget();
            street.get(Service::Catalog, "/products/7").ok();
            street.spans.last(Service::Catalog, "products.get").took
        };
        took();
        slow("500ms");
        let slowly = took();
        assert!(
            slowly >= Duration::from_millis(500) && slowly < Duration::from_secs(3),
            "{name}: {slowly:?}"
        );
        street.get(Service::Catalog, "/products").ok();
        assert_eq!(street.count("slow").hit, 1, "{name}: other queries are not slow");

        // While it lasts, a connection is in use and the engine is at work on it.
        slow("50s");
        let used = || street.metric("db_client_connection_count", &["state=\"used\""]);
        let asking = street.asking(get(street.url(Service::Catalog, "/products/7")));
        until(SOON, "the connection is in use", || used() == 1.0);
        if matches!(engine, Engine::Postgres { .. }) {
            until(SOON, "PostgreSQL says that it sleeps", || {
                engine.sessions("wait_event = 'PgSleep'") == Some(1)
            });
        }
        // Others are served meanwhile: the service itself is not slow.
        street.get(Service::Catalog, "/products").ok();
        assert!(!asking.is_done(), "{name}");
        let cleared = Instant::now();
        street.set(json!([]));
        asking.answer().0.ok();
        assert!(cleared.elapsed() < Duration::from_secs(1), "{name}: {:?}", cleared.elapsed());
        assert!(took() < Duration::from_millis(500), "{name}");
        until(SOON, "nothing is in use", || used() == 0.0);
    }
}

#[test]
fn a_slow_query_that_is_given_up_does_not_stay_with_its_connection() {
    let engine = Engine::Sqlite;
    let plan = Street::plan().flag("--db-pool-size", "1").flag("--db-acquire-timeout-ms", "20000");
    let street = engine.told(plan).open(&[Service::Catalog, Service::Recommendation]);
    let on = json!({ "service": "catalog", "query": "popular_products.list" });
    street.set(json!([{ "id": "slow", "on": on, "effect": { "slow_query": { "extra": "4s" } } }]));
    // The caller's patience is three seconds: it goes away while SQLite is still at it.
    street.get(Service::Recommendation, "/recommendations").problem(504);
    let asking = street.asking(get(street.url(Service::Catalog, "/products/7")));
    let (answer, took) = asking.answer();
    answer.ok();
    assert!(took < Duration::from_secs(3), "the connection is free after the fourth second: {took:?}");
    street.spans.forget();
    street.get(Service::Catalog, "/products/7").ok();
    let took = street.spans.last(Service::Catalog, "products.get").took;
    assert!(took < Duration::from_millis(500), "{took:?}");
}

#[test]
fn a_held_lock_blocks_a_second_transaction() {
    for engine in Engine::both() {
        // Once where the query has no transaction of its own, and once inside one.
        for (query, ask_in_it) in [("products.get", false), ("products.count_sales", true)] {
            let (street, name) = (engine.street(), engine.name());
            let lock = json!({ "hold_lock": { "table": "products", "for": "50s" } });
            let on = json!({ "service": "catalog", "query": query });
            street.set(json!([{ "id": "lock", "on": on, "effect": lock }]));
            let sales = json!({ "order_id": "ord-1", "lines": [{ "product_id": 1, "quantity": 1 }] });
            let holds = match ask_in_it {
                true => post(street.url(Service::Catalog, "/sales"), sales),
                false => get(street.url(Service::Catalog, "/products/7")),
            };
            let holding = street.asking(holds);
            until(SOON, "the lock is held", || street.count("lock").hit == 1);
            if let Engine::Postgres { url } = &engine {
                let locked = "select count(*) from pg_locks where relation = 'products'::regclass \
                              and mode = 'ExclusiveLock' and granted";
                until(SOON, "PostgreSQL knows the lock", || Postgres::shared().query(url, locked) == "1");
            } else {
                until(SOON, "the connection is in use", || {
                    street.metric("db_client_connection_count", &["state=\"used\""]) == 1.0
                });
            }
            // Readers pass.
            street.get(Service::Catalog, "/products").ok();
            let writing = street
                .asking(post(street.url(Service::Catalog, "/products"), lamp(&format!("Lamp {ask_in_it}"))));
            match &engine {
                // SQLite waits for a second, and says why it gives up.
                Engine::Sqlite => {
                    let (answer, took) = writing.answer();
                    assert_eq!(answer.problem(503), "database_locked", "{query}");
                    assert!(took >= Duration::from_millis(900), "{took:?}");
                    street.set(json!([]));
                }
                Engine::Postgres { .. } => {
                    until(SOON, "PostgreSQL says that it waits for a lock", || {
                        engine.sessions("wait_event_type = 'Lock'") == Some(1)
                    });
                    assert!(!writing.is_done());
                    street.set(json!([]));
                    assert_eq!(writing.answer().0.status, 201, "{query}");
                }
            }
            holding.answer().0.ok();
            let other =
                post(street.url(Service::Catalog, "/products"), lamp(&format!("Other {ask_in_it}"))).send();
            assert_eq!(other.status, 201, "{name}, {query}: the lock is gone");
        }
    }
}

#[test]
fn who_gives_up_lets_go_of_the_lock() {
    for engine in Engine::both() {
        let plan = engine.told(Street::plan());
        let street = plan.open(&[Service::Catalog, Service::Recommendation]);
        let lock = json!({ "hold_lock": { "table": "products", "for": "50s" } });
        let on = json!({ "service": "catalog", "query": "popular_products.list" });
        street.set(json!([{ "id": "lock", "on": on, "effect": lock }]));
        // The caller's patience is three seconds, and the catalogue notices that it has gone.
        street.get(Service::Recommendation, "/recommendations").problem(504);
        let made = post(street.url(Service::Catalog, "/products"), lamp("Lamp of patience")).send();
        assert_eq!(made.status, 201, "{}: {made:?}", engine.name());
    }
}

#[test]
fn a_lock_is_let_go_by_itself_after_its_time_and_the_query_is_done() {
    for engine in Engine::both() {
        let (street, name) = (engine.street(), engine.name());
        let lock = json!({ "hold_lock": { "table": "products", "for": "300ms" } });
        let on = json!({ "service": "catalog", "query": "products.insert" });
        street.set(json!([{ "id": "lock", "on": on, "effect": lock }]));
        street.spans.forget();
        let made = post(street.url(Service::Catalog, "/products"), lamp("Lamp")).send();
        assert_eq!(made.status, 201, "{name}: {made:?}");
        let span = street.spans.last(Service::Catalog, "products.insert");
        assert!(span.took >= Duration::from_millis(300), "{name}: {span:?}");
        let id = made.json()["id"].as_i64().expect("a number");
        street.set(json!([]));
        street.get(Service::Catalog, &format!("/products/{id}")).ok();
    }
}

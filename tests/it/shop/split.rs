//! The shop as separate processes, as containers would run it, with two catalogues of which one dies.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    browser::get,
    servers::{
        lab::{Customer, Lab, Plan},
        ports,
        postgres::Postgres,
    },
    waiting::until,
};

/// Every service that listens, and where above the port base.
const SERVICES: [(&str, u16); 13] = [
    ("payment-provider", 91),
    ("crm", 92),
    ("inventory", 93),
    ("ads", 17),
    ("currency", 18),
    ("shipping", 19),
    ("promotions", 82),
    ("payments", 81),
    ("catalog", 14),
    ("cart", 13),
    ("recommendation", 11),
    ("checkout", 16),
    ("storefront", 0),
];
/// Where the second catalogue is.
const SECOND: u16 = 40;

/// All services, each a process of its own.
pub struct Split {
    pub port_base: u16,
    pub database: String,
    pub processes: BTreeMap<&'static str, Lab>,
}

impl Split {
    pub fn start() -> Split {
        let (port_base, database) = (ports::block(), Postgres::shared().database());
        let mut split = Split { port_base, database, processes: BTreeMap::new() };
        for (service, offset) in SERVICES {
            split.begin(service, offset);
        }
        split.processes.insert("catalog-2", split.plan("catalog", SECOND).start());
        split
    }

    pub fn plan(&self, service: &str, offset: u16) -> Plan {
        let both =
            [14, SECOND].map(|offset| format!("http://127.0.0.1:{}", self.port_base + offset)).join(",");
        Plan::serve(service, self.port_base, self.port_base + offset)
            .env("DATABASE_URL", &self.database)
            .env("CATALOG_URL", &both)
    }

    /// Starts `service`, again if it was there.
    pub fn begin(&mut self, service: &'static str, offset: u16) {
        let process = self.plan(service, offset).start();
        self.processes.insert(service, process);
    }

    pub fn shop(&self) -> String {
        format!("http://127.0.0.1:{}", self.port_base)
    }
}

#[test]
fn the_shop_runs_as_separate_processes_and_one_of_two_catalogues_may_die() {
    let mut split = Split::start();
    let customer = Customer::of(split.shop(), "split", "IN");
    customer.add(8, 1).ok();
    customer.checkout(None, json!({ "country": "IN", "currency": "INR" })).ok();

    let served = |split: &Split, which: &str| {
        let lines = split.processes[which].lines();
        lines.iter().filter(|line| line["message"] == "product viewed").count()
    };
    let view = || get(format!("{}/products/1", split.shop())).send();
    until(Duration::from_secs(5), "both catalogues have been asked", || {
        (0..10).for_each(|_| drop(view().ok()));
        served(&split, "catalog") >= 10 && served(&split, "catalog-2") >= 10
    });

    if let Some(mut dead) = split.processes.remove("catalog") {
        dead.kill();
    }
    // A connection that broke while it was used may fail; after a second nothing does.
    let died = Instant::now();
    while died.elapsed() < Duration::from_secs(1) {
        let _ = get(format!("{}/products/1", split.shop())).send();
    }
    for _ in 0..50 {
        get(format!("{}/products/1", split.shop())).send().ok();
    }

    split.begin("catalog", 14);
    until(Duration::from_secs(5), "the catalogue that is back is asked again", || {
        get(format!("{}/products/1", split.shop())).send().ok();
        served(&split, "catalog") > 0
    });
}

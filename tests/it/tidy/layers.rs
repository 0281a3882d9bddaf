//! Who may know whom.

use super::{
    house::{House, kept},
    source,
};

/// A layer and what it may use; lowest first. `lab` puts everything together and may use all.
const LAYERS: [(&str, &[&str]); 13] = [
    ("kernel", &[]),
    ("shop", &["kernel"]),
    ("telemetry", &["kernel"]),
    ("chaos", &["kernel"]),
    ("weave", &["telemetry", "chaos", "kernel"]),
    ("load", &["kernel"]),
    ("scenario", &["chaos", "load", "kernel"]),
    ("rules", &["kernel"]),
    ("store", &["kernel"]),
    ("stack", &["rules", "kernel"]),
    ("verify", &["scenario", "stack", "kernel"]),
    ("console", &["scenario", "load", "store", "stack", "verify", "chaos", "kernel"]),
    (
        "lab",
        &[
            "console",
            "verify",
            "stack",
            "store",
            "rules",
            "scenario",
            "load",
            "weave",
            "chaos",
            "telemetry",
            "shop",
            "kernel",
        ],
    ),
];

/// The business, what is measured and what is broken: each could be taken out without the others noticing.
const STRANGERS: [&str; 3] = ["shop", "telemetry", "chaos"];

/// Words of which the business is innocent, and whose they are.
const NOT_IN_THE_SHOP: [(&str, &str); 11] = [
    ("tracing", "telemetry"),
    ("opentelemetry", "telemetry"),
    ("metrics", "telemetry"),
    ("telemetry", "telemetry"),
    ("weave", "what is woven in"),
    ("chaos", "chaos"),
    ("fault", "chaos"),
    ("faults", "chaos"),
    ("Instant", "clocks; kernel::clock tells the time of day"),
    ("SystemTime", "clocks; kernel::clock tells the time of day"),
    ("rand", "dice; kernel::id::fresh makes names"),
];

fn reaches_up(house: &House) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in house.program() {
        let Some(layer) = file.layer() else { continue };
        let Some((_, below)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
            wrong.push(format!("{}: `{layer}` is no layer of the house", file.path));
            continue;
        };
        for used in layers_used(file) {
            if used != layer && !below.contains(&used) {
                wrong.push(format!("{}: {layer} may not use {used}", file.path));
            }
        }
    }
    wrong
}

fn layers_used(file: &super::house::File) -> Vec<&'static str> {
    let paths = file.paths();
    let is_used = |layer: &str| paths.iter().any(|path| path.len() > 1 && path[..2] == ["crate", layer]);
    LAYERS.iter().map(|(name, _)| *name).filter(|name| is_used(name)).collect()
}

fn strangers_meet(house: &House) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in house.program() {
        let Some(layer) = file.layer().filter(|layer| STRANGERS.contains(&layer.as_str())) else { continue };
        for other in layers_used(file) {
            if other != layer && STRANGERS.contains(&other) {
                wrong.push(format!("{}: {layer} must not know {other}", file.path));
            }
        }
    }
    wrong
}

fn the_shop_knows_too_much(house: &House) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in house.program().filter(|file| file.layer().as_deref() == Some("shop")) {
        for (word, whose) in NOT_IN_THE_SHOP {
            if source::names(&file.code, word) {
                wrong.push(format!("{}: the shop must not know `{word}`: {whose}", file.path));
            }
        }
        if file.paths().iter().any(|path| path.len() > 1 && path[..2] == ["tokio", "time"]) {
            wrong.push(format!("{}: the shop must not know `tokio::time`: clocks", file.path));
        }
    }
    wrong
}

#[test]
fn a_layer_uses_only_what_stands_below_it() {
    kept(reaches_up(&House::ours()));
}

#[test]
fn a_layer_that_reaches_up_is_caught() {
    let house = House::of([
        ("src/kernel/db.rs", "use crate::shop::cart;"),
        ("src/load/run.rs", "use crate::{kernel::id, shop::cart};"),
        ("src/shop/cart/api.rs", "use super::store;\nfn f() { store::get() }"),
        ("src/weave/dress.rs", "use crate::{chaos::dice, kernel::db, telemetry::names};"),
        ("src/lab/serve.rs", "use crate::{console, kernel, shop, weave};"),
        ("src/rules/pace.rs", "#[cfg(test)]\nmod tests {\n use super::super::super::stack;\n}"),
        ("src/misc/any.rs", ""),
        ("src/main.rs", "use doorbuster::lab;"),
    ]);
    let expected = [
        "src/kernel/db.rs: kernel may not use shop",
        "src/load/run.rs: load may not use shop",
        "src/misc/any.rs: `misc` is no layer of the house",
        "src/rules/pace.rs: rules may not use stack",
    ];
    assert_eq!(reaches_up(&house), expected);
}

#[test]
fn the_business_what_is_measured_and_what_is_broken_never_name_one_another() {
    kept(strangers_meet(&House::ours()));
}

#[test]
fn strangers_that_meet_are_caught() {
    let house = House::of([
        ("src/chaos/dice.rs", "fn f() { crate::telemetry::names::A }"),
        ("src/shop/cart/api.rs", "use crate::kernel::reply;"),
        ("src/telemetry/names.rs", "use super::super::shop;"),
    ]);
    let expected = [
        "src/chaos/dice.rs: chaos must not know telemetry",
        "src/telemetry/names.rs: telemetry must not know shop",
    ];
    assert_eq!(strangers_meet(&house), expected);
}

#[test]
fn the_shop_knows_no_telemetry_no_chaos_no_clock_and_no_dice() {
    kept(the_shop_knows_too_much(&House::ours()));
}

#[test]
fn a_shop_that_knows_too_much_is_caught() {
    for bad in [
        "tracing::info!(\"x\");",
        "use std::time::{Duration, Instant};",
        "let now = std::time::SystemTime::now();",
        "use tokio::{sync::Mutex, time};",
        "tokio::time::sleep(d).await;",
        "let fault = 1;",
        "rand::random()",
    ] {
        assert_eq!(the_shop_knows_too_much(&House::of([("src/shop/a.rs", bad)])).len(), 1, "{bad}");
        assert!(the_shop_knows_too_much(&House::of([("src/load/a.rs", bad)])).is_empty(), "{bad}");
    }
    for good in ["// no fault", "let text = \"chaos\";", "use std::time::Duration;", "Default::default()"] {
        assert!(the_shop_knows_too_much(&House::of([("src/shop/a.rs", good)])).is_empty(), "{good}");
    }
}

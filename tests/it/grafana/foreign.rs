//! The families of others, at an address that a Prometheus can scrape.

use std::{fmt::Write, time::Instant};

use axum::{Router, routing::get};

use super::served::Served;

pub const SAMPLES: &str = include_str!("foreign.prom");

/// They grow and sway from now on.
pub fn serve() -> Served {
    let start = Instant::now();
    Served::start(Router::new().route("/metrics", get(async move || page(start.elapsed().as_secs_f64()))))
}

/// The samples after some seconds: what is counted grows, faster and faster; what is measured sways.
fn page(seconds: f64) -> String {
    let mut page = String::new();
    let mut grows = false;
    for line in SAMPLES.lines() {
        if line.starts_with('#') {
            grows = line.ends_with("counter");
            writeln!(page, "{line}").expect("a text takes it");
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let value: f64 = value.parse().expect("a number");
        let is_limit = series.contains("capacity") || series.contains("limit") || series.contains("max");
        let value = match (grows, is_limit) {
            (true, _) => value + value / 1_000.0 * seconds * seconds,
            (false, true) => value,
            (false, false) => value * (1.0 + 0.2 * seconds.sin()),
        };
        writeln!(page, "{series} {value}").expect("a text takes it");
    }
    page
}

//! One crossing of each of the four seams, to be broken in whatever way can befall any of them.

use doorbuster::kernel::service::Service;
use serde_json::{Value, json};

use super::street::{Ended, Street};

/// A crossing of each seam: where a fault has to stand, the question that makes the crossing, and the span that
/// measures it.
pub struct Seam {
    pub name: &'static str,
    pub on: Value,
    pub asked: Service,
    pub path: &'static str,
    pub service: Service,
    pub span: &'static str,
}

pub fn seams() -> [Seam; 4] {
    [
        Seam {
            name: "inbound",
            on: json!({ "service": "catalog", "seam": "inbound", "route": "GET /categories" }),
            asked: Service::Catalog,
            path: "/categories",
            service: Service::Catalog,
            span: "GET /categories",
        },
        Seam {
            name: "outbound",
            on: json!({ "service": "recommendation", "seam": "outbound", "peer": "catalog" }),
            asked: Service::Recommendation,
            path: "/recommendations",
            service: Service::Recommendation,
            span: "GET /products/popular",
        },
        Seam {
            name: "database",
            on: json!({ "service": "catalog", "seam": "database", "query": "products.get" }),
            asked: Service::Catalog,
            path: "/products/7",
            service: Service::Catalog,
            span: "products.get",
        },
        Seam {
            name: "cache",
            on: json!({ "service": "cart", "seam": "cache", "query": "cart.get" }),
            asked: Service::Cart,
            path: "/carts/3",
            service: Service::Cart,
            span: "cart.get",
        },
    ]
}

/// The services that these crossings need.
pub const STREET: [Service; 3] = [Service::Catalog, Service::Recommendation, Service::Cart];

impl Seam {
    /// Makes the crossing, and says how it is measured.
    pub fn ask(&self, street: &Street) -> Ended {
        street.spans.forget();
        street.get(self.asked, self.path).ok();
        street.spans.last(self.service, self.span)
    }
}

/// The table of this folder is whole: an effect that can befall any seam is tried at all four, and the others are those
/// that have tests of their own.
#[test]
fn every_effect_is_tried_at_every_seam_that_it_names() {
    use doorbuster::chaos::{fault::Effect, target};
    let named: Vec<&str> = seams().iter().map(|seam| seam.name).collect();
    assert_eq!(named, target::Seam::ALL.map(target::Seam::name));
    let tried: [(&str, Value, &[&str]); 12] = [
        ("delay", json!({ "delay": { "fixed": "1s" } }), &named),
        ("fail", json!({ "fail": { "status": { "500": 1 } } }), &["inbound", "outbound"]),
        ("hang", json!("hang"), &named),
        ("down", json!("down"), &["inbound"]),
        ("hold_connections", json!({ "hold_connections": { "count": 1 } }), &["database"]),
        ("slow_query", json!({ "slow_query": { "extra": "1s" } }), &["database"]),
        ("hold_lock", json!({ "hold_lock": { "table": "orders", "for": "1s" } }), &["database"]),
        ("burn_cpu", json!({ "burn_cpu": { "per_crossing": "1s" } }), &named),
        ("leak_memory", json!({ "leak_memory": { "per_crossing": "1MiB", "cap": "2MiB" } }), &named),
        ("cache_outage", json!("cache_outage"), &["cache"]),
        ("retry", json!({ "retry": { "attempts": 2 } }), &["outbound"]),
        ("lose_context", json!("lose_context"), &["outbound"]),
    ];
    assert_eq!(tried.each_ref().map(|(name, ..)| *name), Effect::NAMES);
    for (name, effect, tried) in tried {
        let effect: Effect = serde_json::from_value(effect).expect(name);
        let makes_sense: Vec<&str> = effect.seams().iter().map(|seam| seam.name()).collect();
        assert_eq!((effect.name(), makes_sense.as_slice()), (name, tried));
    }
}

//! The graph as it is shown: nodes, edges, and how they fare.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;

use super::slots::{Call, Kind, SLOT_SECONDS, Slots, Tally};

/// Who calls whom.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

/// A service, a database or a cache.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Node {
    pub service: String,
    /// How its callers see it, where it says nothing itself: a third party, a database.
    pub kind: Kind,
    /// Whether it has signals of its own. The figures of one that has not are those of its callers.
    pub speaks: bool,
    #[serde(flatten)]
    pub figures: Figures,
}

/// Calls from one to another.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Edge {
    pub from: String,
    pub to: String,
    pub kind: Kind,
    #[serde(flatten)]
    pub figures: Figures,
}

/// Rate, failures and durations over the time that was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Figures {
    pub requests_per_second: f64,
    /// From 0 to 1.
    pub error_ratio: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
}

/// The graph of the last `seconds`, in whole slots, by a clock that shows `now_ms`.
pub fn graph(slots: &Slots, seconds: i64, now_ms: i64) -> Graph {
    let now = now_ms / 1_000;
    let first = (now - seconds).div_euclid(SLOT_SECONDS);
    let lasted = (now - first * SLOT_SECONDS).max(1) as f64;
    let mut answered: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut asked: BTreeMap<&Call, Tally> = BTreeMap::new();
    for slot in slots.since(first) {
        slot.answered.iter().for_each(|(service, tally)| answered.entry(service).or_default().merge(tally));
        slot.asked.iter().for_each(|(call, tally)| asked.entry(call).or_default().merge(tally));
    }
    let mut silent: BTreeMap<&str, (Kind, Tally)> = BTreeMap::new();
    for (call, tally) in asked.iter().filter(|(call, _)| !answered.contains_key(&*call.to)) {
        silent.entry(&call.to).or_insert_with(|| (call.kind, Tally::default())).1.merge(tally);
    }
    let askers: BTreeSet<&str> = asked.keys().map(|call| &*call.from).collect();
    let mut nodes: Vec<Node> = Vec::new();
    let mut node = |service: &str, kind, speaks, tally: &Tally| {
        nodes.push(Node { service: service.to_owned(), kind, speaks, figures: figures(tally, lasted) });
    };
    answered.iter().for_each(|(service, tally)| node(service, Kind::Http, true, tally));
    let only_asks = askers.iter().filter(|asker| !answered.contains_key(**asker));
    // Who asks and is never asked, such as the shoppers, has answered nothing.
    only_asks.for_each(|asker| node(asker, Kind::Http, true, &Tally::default()));
    let is_new = |service: &str| !askers.contains(service);
    silent.iter().filter(|(service, _)| is_new(service)).for_each(|(service, (kind, tally))| {
        node(service, *kind, false, tally);
    });
    let edge = |(call, tally): (&&Call, &Tally)| Edge {
        from: call.from.to_string(),
        to: call.to.to_string(),
        kind: call.kind,
        figures: figures(tally, lasted),
    };
    Graph { nodes, edges: asked.iter().map(edge).collect() }
}

fn figures(tally: &Tally, seconds: f64) -> Figures {
    let count = tally.count as f64;
    Figures {
        requests_per_second: count / seconds,
        error_ratio: if tally.count > 0 { tally.errors as f64 / count } else { 0.0 },
        p50_ms: tally.latency.quantile(0.5),
        p95_ms: tally.latency.quantile(0.95),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        otlp::{
            glance::{Glance, KIND_CLIENT, KIND_SERVER},
            sender::Sender,
        },
        traces::trace::Seen,
    };

    const NOW_MS: i64 = 1_000_000_000;

    fn sender(service: &str) -> Sender {
        Sender { service: service.into(), version: "".into(), attributes: Vec::new() }
    }

    fn seen<'a>(sender: &'a Sender, span: &'a Glance<'a>) -> Seen<'a> {
        Seen { sender, span, server: None }
    }

    /// A span that ended `seconds` ago and took 100 ms.
    fn span(seconds: i64, kind: u64) -> Glance<'static> {
        let end_ns = ((NOW_MS - seconds * 1_000) as u64) * 1_000_000;
        Glance { kind, start_ns: end_ns - 100_000_000, end_ns, ..Glance::default() }
    }

    fn slots() -> Slots {
        Slots::new(1 << 20)
    }

    #[test]
    fn calls_become_nodes_and_edges_with_their_figures() {
        let mut slots = slots();
        for seconds in 0..40 {
            let is_error = seconds % 4 == 0;
            let mut note =
                |service: &str, span: Glance<'_>| slots.note(&seen(&sender(service), &span), NOW_MS);
            note("lab", Glance { peer: Some("storefront"), ..span(seconds, KIND_CLIENT) });
            note("storefront", span(seconds, KIND_SERVER));
            note("storefront", Glance { peer: Some("crm"), is_error, ..span(seconds, KIND_CLIENT) });
            note("storefront", Glance { database: Some("redis"), ..span(seconds, KIND_CLIENT) });
            note(
                "storefront",
                Glance { database: Some("sqlite"), peer: Some("::1"), ..span(seconds, KIND_CLIENT) },
            );
            note("storefront", span(seconds, 1));
        }
        let graph = graph(&slots, 60, NOW_MS);
        let node = |node: &Node| (node.service.clone(), node.kind, node.speaks);
        let expected = [
            ("storefront", Kind::Http, true),
            ("lab", Kind::Http, true),
            ("crm", Kind::Http, false),
            ("redis", Kind::Cache, false),
            ("sqlite", Kind::Database, false),
        ];
        let expected: Vec<_> = expected.map(|(name, kind, speaks)| (name.to_owned(), kind, speaks)).into();
        assert_eq!(graph.nodes.iter().map(node).collect::<Vec<_>>(), expected);
        let edges: Vec<_> = graph.edges.iter().map(|edge| format!("{}>{}", edge.from, edge.to)).collect();
        assert_eq!(edges, ["lab>storefront", "storefront>crm", "storefront>redis", "storefront>sqlite"]);
        let crm = graph.edges[1].figures;
        assert_eq!((crm.error_ratio, crm.requests_per_second), (0.25, 40.0 / 60.0));
        assert!((crm.p95_ms / 100.0 - 1.0).abs() < 0.19, "{crm:?}");
    }

    #[test]
    fn what_is_too_old_or_of_the_future_is_not_counted() {
        let mut slots = slots();
        for seconds in [2_000, -200, 0] {
            slots.note(&seen(&sender("cart"), &span(seconds, KIND_SERVER)), NOW_MS);
        }
        assert_eq!((slots.fill().items, slots.fill().turned_away), (1, 2));
        slots.note(&seen(&sender("cart"), &span(-1_800, KIND_SERVER)), NOW_MS + 1_800_000);
        assert_eq!((slots.fill().items, slots.fill().evicted), (1, 0), "the first has had its time");
    }

    #[test]
    fn strangers_that_call_themselves_anew_each_time_stay_within_the_bound() {
        let mut slots = Slots::new(100_000);
        for number in 0..5_000 {
            let seconds = 500 - number / 10;
            slots.note(&seen(&sender(&format!("service-{number}")), &span(seconds, KIND_SERVER)), NOW_MS);
            assert!(slots.fill().bytes <= 100_000, "{:?}", slots.fill());
        }
        assert!(slots.fill().evicted > 10 && slots.fill().items > 10, "{:?}", slots.fill());
    }
}

//! Loki and Tempo are asked what they have of what a lab sent.

use std::{sync::Arc, time::Duration};

use super::{
    asking::{Said, knowing, of},
    standin::{Standin, WayIn},
};
use crate::{
    browser::get,
    loki::push::{self, Kept},
    otlp::{receiver::Receiver, signals::Span},
    servers::{
        lab::{Lab, Plan},
        ports,
    },
    sink::Sink,
    waiting::until_some,
};

/// What is looked for has to be ten seconds old.
const SOON: Duration = Duration::from_secs(40);
/// Ann, whose password is `s@cret`.
const ANN: &str = "Basic YW5uOnNAY3JldA==";
const ANNS: WayIn = &[("authorization", ANN)];
const ANNS_TENANT: WayIn = &[("authorization", ANN), ("x-scope-orgid", "tenant-9")];
const BEARER: WayIn = &[("authorization", "Bearer s@cret")];

type Variables<'a> = &'a [(&'a str, &'a str)];

/// A lab that sends its lines one way and its spans another, and what came there.
struct Scene {
    lab: Lab,
    lines: Arc<Sink>,
    spans: Arc<Receiver>,
}

impl Scene {
    fn open() -> Scene {
        let (lines, spans) = (Arc::new(Sink::start()), Arc::new(Receiver::start()));
        let plan = Plan::up().env("LOKI_URL", &lines.base());
        let lab = plan.env("OTEL_EXPORTER_OTLP_ENDPOINT", &spans.endpoint()).start();
        get(lab.shop("/products/1")).send().ok();
        Scene { lab, lines, spans }
    }

    fn loki(&self, way_in: WayIn, keeps: fn(&Kept) -> bool) -> Standin {
        let lines = self.lines.clone();
        let kept = move || lines.posts().iter().flat_map(push::read).filter(keeps).collect();
        Standin::loki(way_in, kept)
    }

    fn tempo(&self, way_in: WayIn, keeps: fn(&Span) -> bool) -> Standin {
        let spans = self.spans.clone();
        Standin::tempo(way_in, move || spans.received().spans.into_iter().filter(keeps).collect())
    }

    /// What the doctor says once there is something to look for.
    #[track_caller]
    fn doctor(&self, args: &[&str]) -> Said {
        until_some(SOON, "there is a trace that has had its time", || {
            let said = of(&self.lab, args);
            (!said.text.contains("the lab itself")).then_some(said)
        })
    }
}

#[test]
fn what_arrived_is_found() {
    let scene = Scene::open();
    let (loki, tempo) = (scene.loki(&[], |_| true), scene.tempo(&[], |_| true));
    let said = scene.doctor(&["--loki", &loki.url(), "--tempo", &tempo.url()]);
    assert_eq!((said.code, said.complaint.as_str()), (0, ""), "{said:?}");
    // The one request there was: a span and a line of either service, and what lies between them.
    assert!(said.line(&["tempo", "ok"]).contains("4 spans"), "{said:?}");
    let lines = scene.lab.lines().iter().filter(|line| line["trace_id"].is_string()).count();
    assert!(lines >= 2);
    assert!(said.line(&["loki", "ok"]).contains(&format!("{lines} lines of 2 services")), "{said:?}");
    let report = of(&scene.lab, &["--loki", &loki.url(), "--tempo", &tempo.url(), "--json"]).json();
    assert_eq!(report["fine"], true, "{report}");
    assert_eq!([&report["asked"][0]["backend"], &report["asked"][1]["backend"]], ["loki", "tempo"]);
}

#[test]
fn what_did_not_arrive_or_not_all_of_it_is_missing() {
    let scene = Scene::open();
    let (loki, tempo) = (scene.loki(&[], |_| false), scene.tempo(&[], |_| false));
    let said = scene.doctor(&["--loki", &loki.url(), "--tempo", &tempo.url()]);
    assert_eq!((said.code, said.complaint.as_str()), (1, ""), "{said:?}");
    assert!(said.line(&["loki", "missing"]).contains("0 of storefront's "), "{said:?}");
    assert!(said.line(&["tempo", "missing"]).contains("it is not there"), "{said:?}");

    let loki = scene.loki(&[], |line| line.labels["service_name"] != "catalog");
    let tempo = scene.tempo(&[], |span| span.kind == "server");
    let said = scene.doctor(&["--loki", &loki.url(), "--tempo", &tempo.url()]);
    assert_eq!(said.code, 1, "{said:?}");
    let line = said.line(&["loki", "missing"]);
    assert!(line.contains("0 of catalog's ") && !line.contains("storefront's"), "{line}");
    assert!(said.line(&["tempo", "missing"]).contains("2 spans"), "{said:?}");
}

#[test]
fn a_backend_that_is_not_there_is_away() {
    let scene = Scene::open();
    let nobody = format!("http://127.0.0.1:{}", ports::one());
    let said = scene.doctor(&["--loki", &nobody, "--tempo", &nobody]);
    assert_eq!((said.code, said.complaint.as_str()), (1, ""), "{said:?}");
    for name in ["loki", "tempo"] {
        assert!(said.line(&[name, "away"]).contains("refused"), "{said:?}");
    }
}

#[test]
fn the_way_in_is_shown_to_backends_and_to_nobody_else() {
    let scene = Scene::open();
    let (loki, tempo) = (scene.loki(ANNS_TENANT, |_| true), scene.tempo(ANNS, |_| true));
    let strangers = scene.doctor(&["--loki", &loki.url(), "--tempo", &tempo.url()]);
    assert_eq!(strangers.code, 1);
    for name in ["loki", "tempo"] {
        assert!(strangers.line(&[name, "away"]).contains("it answers 401"), "{strangers:?}");
    }

    let token = scene.loki(BEARER, |_| true);
    let (ann, tenant) = ("ann:s%40cret", ("LOKI_ORG_ID", "tenant-9"));
    let user = [("LOKI_USERNAME", "ann"), ("LOKI_PASSWORD", "s@cret"), tenant];
    let (at_loki, at_tempo) = (loki.url_of(ann), tempo.url_of(ann));
    let asked: [([&str; 2], Variables<'_>); 4] = [
        (["--loki", &at_loki], &[tenant]),
        (["--loki", &loki.url()], &user),
        (["--loki", &token.url()], &[("LOKI_BEARER_TOKEN", "s@cret")]),
        // Who we are to Loki is nobody else's business: with it, this address would have two.
        (["--tempo", &at_tempo], &[("LOKI_BEARER_TOKEN", "s@cret")]),
    ];
    for (args, variables) in asked {
        for json in [None, Some("--json")] {
            let args: Vec<&str> = args.iter().copied().chain(json).collect();
            let said = knowing(&scene.lab.at(10, ""), &args, variables);
            assert_eq!(said.code, 0, "{said:?}");
            let told = format!("{said:?}");
            assert!(!told.contains("cret") && !told.contains("YW5u") && !told.contains("ann:"), "{told}");
        }
    }
}

//! Every parser that takes bytes from outside, as a function of bytes that must return. `fuzz_targets/` gives them to
//! libFuzzer; the tests of the project (`tests/it/fuzz.rs`) run each over its seeds and over random bytes, so that a target
//! cannot rot unnoticed.

use std::time::Duration;

use axum::{extract::FromRequestParts, http::Request};
use doorbuster::{
    console::{
        graph::GraphWanted,
        logs::LogsWanted,
        profiles::ProfileWanted,
        series::SeriesWanted,
        traces::TracesWanted,
        wanted::{self, Asked, Wanted},
    },
    kernel::origin::Origin,
    rules::{
        check::{
            known::Known,
            survey::{Measure, survey},
            times::Beat,
        },
        file::RuleFile,
        flaw::{Flaw, Source},
        pace::Pace,
        render,
        routing::Routing,
        slo,
    },
    scenario::parse,
    stack::inbox::{Inbox, Webhook},
    store::{
        keep::Store,
        logs::ring,
        metrics::answer,
        otlp::request::{self, Encoding, Signal},
        traces::search,
    },
    weave::{
        baggage,
        subject::Subject,
        visitor::{TRACEPARENT, Visitor},
    },
};
use futures_util::FutureExt;
use garde::Validate;
use http::{HeaderMap, HeaderValue};
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
    trace::v1::ExportTraceServiceRequest,
};
use prost::Message;

/// A parser, and where examples of what it reads are kept in the repository (`fuzz/seeds/NAME`, or a folder of files that
/// are used for something else as well).
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    pub seeds: &'static [&'static str],
}

/// All of them; `fuzz_targets/NAME.rs` is each one's program.
pub const ALL: [Target; 10] = [
    Target { name: "scenario", run: scenario, seeds: &["scenarios"] },
    Target { name: "otlp_protobuf", run: otlp_protobuf, seeds: &["fuzz/seeds/otlp_protobuf"] },
    Target { name: "otlp_json", run: otlp_json, seeds: &["fuzz/seeds/otlp_json"] },
    Target { name: "rules", run: rules, seeds: &["alerts"] },
    Target { name: "routes", run: routes, seeds: &["alerts"] },
    Target { name: "objectives", run: objectives, seeds: &["slo/sloth"] },
    Target { name: "traceparent", run: traceparent, seeds: &["fuzz/seeds/traceparent"] },
    Target { name: "baggage", run: baggage, seeds: &["fuzz/seeds/baggage"] },
    Target { name: "query", run: query, seeds: &["fuzz/seeds/query"] },
    Target { name: "webhook", run: webhook, seeds: &["fuzz/seeds/webhook"] },
];

/// A scenario's file, or a fault's: reading it ends in a scenario that survives being written down, or in errors about
/// places that exist.
pub fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match parse::read("fuzz.yaml", text) {
        Ok(spec) => {
            assert!(spec.validate().is_ok());
            let written = serde_json::to_string(&spec).expect("written");
            let again = parse::read("written.json", &written).expect("what was read can be read again");
            assert_eq!(serde_json::to_string(&again).expect("written"), written);
        }
        Err(wrong) => {
            assert!(!wrong.is_empty() && wrong.len() <= 64);
            for one in wrong {
                assert!(one.line >= 1 && one.column >= 1 && !one.message.is_empty());
                assert!(one.to_string().chars().all(|letter| letter == '\n' || !letter.is_control()));
            }
        }
    }
    let _ = parse::read_fault("fuzz.yaml", text, Some("fuzz"));
}

/// A request by OTLP in protobuf: the first byte says which signal. What is found sound can be decoded, is taken by a
/// store that stays within its bound, and can be looked at.
pub fn otlp_protobuf(bytes: &[u8]) {
    otlp(bytes, Encoding::Protobuf);
    let _ = request::unpacked(bytes);
}

/// A request by OTLP in JSON.
pub fn otlp_json(bytes: &[u8]) {
    otlp(bytes, Encoding::Json);
}

fn otlp(bytes: &[u8], encoding: Encoding) {
    let Some((first, body)) = bytes.split_first() else { return };
    let signal = Signal::ALL[usize::from(*first) % 3];
    let Ok(request) = request::read(body, encoding, signal) else { return };
    let store = Store::new(1 << 20);
    match signal {
        Signal::Traces => {
            ExportTraceServiceRequest::decode(&*request).expect("it was found sound");
            store.take_spans(&request);
        }
        Signal::Metrics => {
            ExportMetricsServiceRequest::decode(&*request).expect("it was found sound");
            store.take_foreign_metrics(&request);
        }
        Signal::Logs => {
            ExportLogsServiceRequest::decode(&*request).expect("it was found sound");
            store.take_records(&request);
        }
    }
    let fill = store.fill();
    for part in [fill.traces, fill.logs, fill.metrics, fill.graph] {
        assert!(part.bytes <= part.limit_bytes, "{part:?}");
    }
    for trace in store.traces(&search::Wanted { limit: 100, ..Default::default() }) {
        let id = u128::from_str_radix(&trace.trace_id, 16).expect("an id").to_be_bytes();
        assert!(store.trace(&id).is_some());
    }
    for line in store.lines(&ring::Wanted { limit: 100, ..Default::default() }) {
        assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok_and(|line| line.is_object()));
    }
    for metric in store.metrics() {
        let wanted = answer::Wanted { metric: metric.name, limit: 100, ..Default::default() };
        let _ = serde_json::to_string(&store.series(&wanted)).expect("series are JSON");
    }
    let _ = serde_json::to_string(&store.graph(900)).expect("a graph is JSON");
}

/// A file of rules: at every pace it can be written, or the reason has a place. Checking it ends as well.
pub fn rules(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match RuleFile::parse("fuzz.yml", text) {
        Ok(file) => {
            for pace in Pace::ALL {
                let _ = file.clone().at(pace).text();
            }
        }
        Err(flaws) => sound(&flaws.0),
    }
    look_through(text);
}

/// A file of routes, as Alertmanager takes it: once read it can be timed, led to the lab's own receivers and written, and
/// what is written can be read.
pub fn routes(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Routing::parse("fuzz.yml", text) {
        Ok(routing) => {
            for routing in [routing.clone().timed(Pace::Talk), routing.into_sink("http://127.0.0.1:8010")] {
                let _ = Routing::parse("written.yml", &routing.text());
            }
        }
        Err(flaws) => sound(&flaws.0),
    }
    look_through(text);
}

/// A file of objectives, in Sloth's form.
pub fn objectives(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(flaws) = slo::parse("fuzz.yml", text) {
        sound(&flaws.0);
    }
    let source = Source { name: "fuzz.yml", text };
    for pace in [Pace::Stage, Pace::Talk] {
        if let Err(flaws) = render::render(source, pace, None) {
            sound(&flaws.0);
        }
    }
}

/// All that `rules check` says.
fn look_through(text: &str) {
    let known = Known::of_names(["up".to_owned()]);
    let measure = Measure {
        pace: Pace::Stage,
        beat: Beat { scrape: Duration::from_secs(1), evaluation: Duration::from_secs(1) },
        known: &known,
        pages: Default::default(),
    };
    sound(&survey(&[Source { name: "fuzz.yml", text }], &measure));
}

fn sound(flaws: &[Flaw]) {
    for flaw in flaws {
        assert!(flaw.line >= 1 && flaw.column >= 1 && !flaw.message.is_empty(), "{flaw:?}");
    }
}

/// A `traceparent` header: there is always a trace to work with.
pub fn traceparent(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let headers = HeaderMap::from_iter([(TRACEPARENT, value)]);
    let visitor = Visitor::with(&headers, Origin::default(), Subject::default());
    assert_ne!(visitor.trace_id, [0; 16]);
}

/// A `baggage` header: what is understood of it survives being sent on.
pub fn baggage(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else { return };
    let Some(origin) = baggage::parse(&HeaderMap::from_iter([(baggage::HEADER, value)])) else { return };
    let Some(sent) = baggage::header(&origin) else { return };
    let again = baggage::parse(&HeaderMap::from_iter([(baggage::HEADER, sent)])).unwrap_or_default();
    let words =
        |origin: &Origin| (origin.country, origin.payment_method, origin.tier, origin.session.clone());
    assert_eq!(words(&again), words(&origin));
}

/// The query string of a question to the store.
pub fn query(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    read_query::<TracesWanted>(text);
    read_query::<LogsWanted>(text);
    read_query::<SeriesWanted>(text);
    read_query::<GraphWanted>(text);
    read_query::<ProfileWanted>(text);
    let _ = wanted::since_ms(Some(text));
    let _ = wanted::pairs("label", &[text.to_owned()]);
    let _ = wanted::id::<16>("trace_id", text);
}

fn read_query<T: Asked>(text: &str) {
    let Ok(request) = Request::builder().uri(format!("/?{text}")).body(()) else { return };
    let (mut parts, ()) = request.into_parts();
    let read = Wanted::<T>::from_request_parts(&mut parts, &()).now_or_never();
    if let Some(Err(error)) = read {
        assert!(!error.detail().is_empty());
    }
}

/// The body of a notification by Alertmanager.
pub fn webhook(bytes: &[u8]) {
    let Ok(webhook) = serde_json::from_slice::<Webhook>(bytes) else { return };
    let alerts = webhook.alerts.len();
    let inbox = Inbox::new();
    let note = inbox.take("oncall", webhook);
    assert_eq!((note.alerts.len(), inbox.list(None).len()), (alerts, 1));
    let _ = serde_json::to_string(&*note).expect("a notification is JSON");
}

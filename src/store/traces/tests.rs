//! Traces from their encoded spans to lists and trees.

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status},
};
use prost::Message;

use super::{
    kept::TraceId,
    search::{Summary, Wanted},
    shelf::Shelf,
    tree::{Branch, Tree, tree},
};
use crate::kernel::lock::Mutex;

const NOW_MS: i64 = 1_000_000;

fn search(shelf: &Mutex<Shelf>, wanted: &Wanted) -> Vec<Summary> {
    super::search::search(shelf, wanted).0
}

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: key.to_owned(), value, ..Default::default() }
}

fn number(key: &str, value: i64) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::IntValue(value)) });
    KeyValue { key: key.to_owned(), value, ..Default::default() }
}

fn id(trace: u8) -> TraceId {
    [trace; 16]
}

fn span(trace: u8, own: u64, parent: u64, attributes: Vec<KeyValue>) -> Span {
    let parent_span_id = if parent == 0 { Vec::new() } else { parent.to_be_bytes().to_vec() };
    Span {
        trace_id: id(trace).to_vec(),
        span_id: own.to_be_bytes().to_vec(),
        parent_span_id,
        name: format!("span {own}"),
        kind: 2,
        start_time_unix_nano: u64::from(trace) * 1_000_000_000 + own * 1_000,
        end_time_unix_nano: u64::from(trace) * 1_000_000_000 + 7_000_000,
        attributes,
        ..Span::default()
    }
}

fn of(service: &str, spans: Vec<Span>) -> ResourceSpans {
    let attributes = vec![text("service.name", service), text("service.version", "1.2")];
    let resource = Some(Resource { attributes, ..Default::default() });
    ResourceSpans {
        resource,
        scope_spans: vec![ScopeSpans { spans, ..Default::default() }],
        ..Default::default()
    }
}

fn shelf(resource_spans: Vec<ResourceSpans>) -> Mutex<Shelf> {
    let mut shelf = Shelf::new(16 << 20);
    shelf.take(&ExportTraceServiceRequest { resource_spans }.encode_to_vec(), NOW_MS, |_| {});
    Mutex::new(shelf)
}

fn two() -> Mutex<Shelf> {
    let failed = Status { code: 2, message: "declined".into() };
    let charge = vec![
        text("http.route", "/charge"),
        number("http.response.status_code", 402),
        text("shop.country", "BR"),
    ];
    let home = vec![text("http.route", "/"), number("http.response.status_code", 200)];
    shelf(vec![
        of("storefront", vec![span(1, 1, 0, vec![text("http.route", "/checkout")]), span(2, 1, 0, home)]),
        of("payments", vec![Span { status: Some(failed), ..span(1, 2, 1, charge) }]),
    ])
}

#[test]
fn traces_are_found_by_each_thing_that_is_known_of_them() {
    let shelf = two();
    let any = Wanted { limit: 50, ..Wanted::default() };
    let pair = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    let service = |name: &str| Some(name.to_owned());
    for (wanted, expected) in [
        (any.clone(), &[2, 1][..]),
        (Wanted { limit: 1, ..any.clone() }, &[2]),
        (Wanted { service: service("payments"), ..any.clone() }, &[1]),
        (Wanted { service: service("storefront"), ..any.clone() }, &[2, 1]),
        (Wanted { service: service("storefront"), route: service("/charge"), ..any.clone() }, &[]),
        (Wanted { route: service("/charge"), ..any.clone() }, &[1]),
        (Wanted { has_errors: Some(true), ..any.clone() }, &[1]),
        (Wanted { has_errors: Some(false), ..any.clone() }, &[2]),
        // It failed in payments: storefront's own spans are fine.
        (Wanted { has_errors: Some(true), service: service("payments"), ..any.clone() }, &[1]),
        (Wanted { has_errors: Some(true), service: service("storefront"), ..any.clone() }, &[]),
        (Wanted { has_errors: Some(true), attributes: pair("shop.country", "BR"), ..any.clone() }, &[1]),
        (Wanted { has_errors: Some(true), attributes: pair("http.route", "/"), ..any.clone() }, &[]),
        (Wanted { min_duration_ns: 8_000_000, ..any.clone() }, &[]),
        (Wanted { since_ns: 2_000_000_000, ..any.clone() }, &[2]),
        (Wanted { attributes: pair("http.response.status_code", "402"), ..any.clone() }, &[1]),
        (Wanted { attributes: pair("shop.country", "US"), ..any.clone() }, &[]),
        (Wanted { attributes: pair("service.version", "1.2"), ..any.clone() }, &[2, 1]),
        // Each holds for a span of the trace, but not for the same one.
        (
            Wanted { service: service("storefront"), attributes: pair("shop.country", "BR"), ..any.clone() },
            &[],
        ),
        (
            Wanted { service: service("payments"), attributes: pair("shop.country", "BR"), ..any.clone() },
            &[1],
        ),
    ] {
        let found: Vec<String> = search(&shelf, &wanted).into_iter().map(|one| one.trace_id).collect();
        let expected: Vec<String> = expected.iter().map(|one| format!("{one:02x}").repeat(16)).collect();
        assert_eq!(found, expected, "{wanted:?}");
    }
}

#[test]
fn a_summary_tells_of_the_whole_trace() {
    let wanted = Wanted { has_errors: Some(true), limit: 1, ..Wanted::default() };
    let [one] = &search(&two(), &wanted)[..] else { panic!("one trace") };
    assert_eq!(
        (one.service.as_str(), one.name.as_str(), one.route.as_deref()),
        ("storefront", "span 1", Some("/checkout"))
    );
    assert_eq!(
        (one.spans, one.errors, one.status, one.started.as_str()),
        (2, 1, "error", "1970-01-01T00:00:01.000Z")
    );
    assert_eq!((one.duration_ms, one.services.join(" ")), (6.999, "payments storefront".to_owned()));
}

fn grown(shelf: &Mutex<Shelf>, trace: u8) -> Tree {
    let shelf = shelf.lock();
    tree("id".to_owned(), shelf.get(&id(trace)).expect("it is there").trace, false)
}

fn count(branches: &[Branch]) -> usize {
    branches.iter().map(|branch| 1 + count(&branch.children)).sum()
}

#[test]
fn a_trace_is_shown_as_a_tree() {
    let tree = grown(&two(), 1);
    let [root] = &tree.roots[..] else { panic!("{tree:?}") };
    let [child] = &root.children[..] else { panic!("{root:?}") };
    assert_eq!((root.parent_span_id.as_deref(), root.version.as_deref()), (None, Some("1.2")));
    assert_eq!((child.service.as_str(), child.kind, child.status), ("payments", "server", "error"));
    assert_eq!((child.status_message.as_deref(), child.offset_ms), (Some("declined"), 0.001));
    assert_eq!(child.attributes["http.response.status_code"], 402);
}

#[test]
fn a_span_whose_parent_is_missing_is_a_root() {
    let tree = grown(&shelf(vec![of("a", vec![span(3, 5, 4, Vec::new()), span(3, 1, 0, Vec::new())])]), 3);
    assert_eq!((tree.spans, tree.roots.len()), (2, 2));
}

#[test]
fn spans_that_are_one_another_s_parents_are_all_shown_once() {
    let spans = vec![span(4, 1, 2, Vec::new()), span(4, 2, 1, Vec::new()), span(4, 3, 3, Vec::new())];
    let tree = grown(&shelf(vec![of("a", spans)]), 4);
    assert_eq!((tree.spans, count(&tree.roots)), (3, 3));
}

#[test]
fn a_chain_without_end_can_still_be_read_as_json() {
    let chain = (1..=4_000).map(|own| span(5, own, own - 1, Vec::new())).collect();
    let tree = grown(&shelf(vec![of("a", chain)]), 5);
    assert_eq!((tree.roots.len(), count(&tree.roots)), (1, 4_000));
    let text = serde_json::to_string(&tree).expect("it serialises");
    serde_json::from_str::<serde_json::Value>(&text).expect("it is not too deep");
}

#[test]
fn a_client_that_names_nobody_is_shown_beside_who_answered_whichever_comes_first() {
    let client = |own, attributes| Span { kind: 3, ..span(1, own, 0, attributes) };
    let address = vec![text("server.address", "127.0.0.1")];
    let named = vec![text("peer.service", "cart"), text("server.address", "127.0.0.1")];
    let asked = of("stranger", vec![client(1, vec![]), client(3, address), client(5, named)]);
    let answered = of("cart", vec![span(1, 2, 1, vec![]), span(1, 4, 3, vec![]), span(1, 6, 5, vec![])]);
    for batches in [[asked.clone(), answered.clone()], [answered, asked]] {
        let mut shelf = Shelf::new(16 << 20);
        let mut pairs = Vec::new();
        for batch in batches {
            let request = ExportTraceServiceRequest { resource_spans: vec![batch] };
            shelf.take(&request.encode_to_vec(), NOW_MS, |seen| {
                let server = seen.server.map(|server| server.service.to_string());
                pairs.extend(server.map(|to| (seen.sender.service.to_string(), to, seen.span.span_id[7])));
            });
        }
        pairs.sort_unstable_by_key(|(.., id)| *id);
        let pair = |id| ("stranger".to_owned(), "cart".to_owned(), id);
        assert_eq!(pairs, [pair(1), pair(3)], "who is named is known without");
    }
}

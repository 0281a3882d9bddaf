//! What the shelf keeps, and what it evicts first.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status},
};
use prost::Message;

use super::{MOST_PINNED, Pinned, Shelf};
use crate::store::{
    fill::Taken,
    traces::{kept::TraceId, priority::Priority, trace::MOST_SPANS},
};

const NOW_MS: i64 = 1_000_000;
const LATER_MS: i64 = NOW_MS + 60_000;
const LIMIT: usize = 100_000;

fn id(trace: u16) -> TraceId {
    let mut id = [9; 16];
    id[..2].copy_from_slice(&trace.to_be_bytes());
    id
}

fn span(trace: u16, number: u64) -> Span {
    Span {
        trace_id: id(trace).to_vec(),
        span_id: (number + 1).to_be_bytes().to_vec(),
        parent_span_id: if number == 0 { Vec::new() } else { 1_u64.to_be_bytes().to_vec() },
        name: format!("step {number}"),
        start_time_unix_nano: 1_000 + number,
        end_time_unix_nano: 2_000,
        ..Span::default()
    }
}

fn failed(trace: u16) -> Span {
    Span { status: Some(Status { code: 2, ..Status::default() }), ..span(trace, 0) }
}

fn request(spans: Vec<Span>) -> Vec<u8> {
    let scope_spans = vec![ScopeSpans { spans, ..Default::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..Default::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn take_at(shelf: &mut Shelf, spans: Vec<Span>, now_ms: i64) -> Taken {
    shelf.take(&request(spans), now_ms, |_| {})
}

fn take(shelf: &mut Shelf, spans: Vec<Span>) -> Taken {
    take_at(shelf, spans, NOW_MS)
}

/// When a trace of a flood comes: five a second.
fn at_ms(trace: u16) -> i64 {
    LATER_MS + i64::from(trace) * 200
}

/// Traces of one span each that come later: with a shelf this small, many times what it holds.
fn flood(shelf: &mut Shelf, traces: std::ops::Range<u16>, spans: impl Fn(u16) -> Span) {
    for trace in traces {
        take_at(shelf, vec![spans(trace)], at_ms(trace));
        assert!(shelf.fill().bytes <= LIMIT, "{:?}", shelf.fill());
    }
}

fn held(shelf: &Shelf) -> BTreeMap<Priority, usize> {
    shelf.priorities().into_iter().map(|one| (one.priority, one.traces)).collect()
}

#[test]
fn a_trace_is_called_after_its_root_in_whichever_order_its_spans_come() {
    let mut shelf = Shelf::new(1 << 20);
    take(&mut shelf, vec![span(1, 2)]);
    let name = |shelf: &Shelf| shelf.get(&id(1)).map(|shown| shown.trace.head.name.to_string());
    assert_eq!(name(&shelf).as_deref(), Some("step 2"));
    take(&mut shelf, vec![span(1, 0), span(1, 1)]);
    assert_eq!(name(&shelf).as_deref(), Some("step 0"));
    assert_eq!(shelf.fill().items, 3);
}

#[test]
fn of_ordinary_traces_the_one_that_came_first_goes_first_and_all_stays_within_the_bound() {
    let mut shelf = Shelf::new(LIMIT);
    let mut kept = 0;
    for trace in 0..1_000 {
        kept += take(&mut shelf, (0..3).map(|number| span(trace, number)).collect()).kept;
        assert!(shelf.fill().bytes <= LIMIT, "{:?}", shelf.fill());
    }
    let fill = shelf.fill();
    assert_eq!((kept, fill.items as u64 + fill.evicted, fill.turned_away), (3_000, 3_000, 0));
    assert!(fill.evicted > 1_000 && fill.items > 100, "{fill:?}");
    let mut ids = shelf.ids();
    ids.sort_unstable();
    let numbers: Vec<u16> = ids.iter().map(|(_, id)| u16::from_be_bytes([id[0], id[1]])).collect();
    let first = 1_000 - numbers.len() as u16;
    assert_eq!(numbers, (first..1_000).collect::<Vec<_>>());
}

#[test]
fn failed_slow_referenced_and_pinned_traces_outlive_ordinary_ones() {
    let mut shelf = Shelf::new(LIMIT);
    let slow = |trace| Span { end_time_unix_nano: 4_000_000_000, ..span(trace, 0) };
    take(&mut shelf, vec![span(1, 0), failed(2), slow(3), span(4, 0), span(5, 0), span(6, 0)]);
    shelf.refer(&[id(4)], NOW_MS);
    assert!(shelf.cite(&id(5), i64::MAX, NOW_MS) && !shelf.cite(&id(99), i64::MAX, NOW_MS));
    assert_eq!(shelf.pin(&id(6), NOW_MS), Pinned::Now);
    flood(&mut shelf, 100..3_000, |trace| span(trace, 0));
    let here = (1..=6).map(|trace| shelf.has(&id(trace))).collect::<Vec<_>>();
    assert_eq!(here, [false, true, true, true, true, true]);
    // Without references they are evicted like all others.
    shelf.refer(&[], at_ms(3_000));
    assert!(shelf.unpin(&id(6), at_ms(3_000)) && !shelf.unpin(&id(6), at_ms(3_000)));
    flood(&mut shelf, 3_000..6_000, |trace| span(trace, 0));
    let here = (1..=6).map(|trace| shelf.has(&id(trace))).collect::<Vec<_>>();
    assert_eq!(here, [false, true, true, false, true, false]);
}

#[test]
fn a_storm_of_failures_pushes_out_neither_what_is_young_nor_what_is_referenced() {
    let mut shelf = Shelf::new(LIMIT);
    take(&mut shelf, (1..20).map(|trace| span(trace, 0)).collect());
    shelf.refer(&(1..20).map(id).collect::<Vec<_>>(), NOW_MS);
    flood(&mut shelf, 100..5_000, |trace| if trace % 4 == 0 { span(trace, 0) } else { failed(trace) });
    assert!((1..20).all(|trace| shelf.has(&id(trace))));
    let held = held(&shelf);
    assert!(held[&Priority::Ordinary] > 15 && held[&Priority::Notable] > 15, "{held:?}");
    // Complete traces make way for those of the last seconds.
    assert!((4_960..5_000).all(|trace| shelf.has(&id(trace))), "{held:?}");
}

#[test]
fn a_trace_is_not_evicted_before_it_is_complete() {
    let mut shelf = Shelf::new(LIMIT);
    // Seven seconds between its spans, while the shelf is filled several times over by what is complete at once.
    let mut others = 100;
    for second in 0..8 {
        let now_ms = NOW_MS + second * 7_000;
        take_at(&mut shelf, vec![span(1, second.unsigned_abs())], now_ms);
        for step in 0..35 {
            take_at(&mut shelf, vec![span(others, 0)], now_ms + step * 200);
            others += 1;
        }
    }
    assert_eq!(shelf.get(&id(1)).map(|shown| shown.trace.spans.len()), Some(8));
    assert!(shelf.fill().evicted > 50, "{:?}", shelf.fill());
}

#[test]
fn pins_are_bounded_in_number_and_in_room() {
    let mut shelf = Shelf::new(1 << 20);
    let most = MOST_PINNED as u16;
    take(&mut shelf, (0..=most).map(|trace| span(trace, 0)).collect());
    for trace in 0..most {
        assert_eq!(shelf.pin(&id(trace), NOW_MS), Pinned::Now);
    }
    assert_eq!(shelf.pin(&id(0), NOW_MS), Pinned::Already);
    assert_eq!(shelf.pin(&id(most), NOW_MS), Pinned::TooMany);
    assert_eq!(shelf.pin(&id(500), NOW_MS), Pinned::Gone);
    assert!(shelf.get(&id(0)).is_some_and(|shown| shown.is_pinned));
    let mut small = Shelf::new(LIMIT);
    take(&mut small, (0..100).map(|number| span(1, number)).collect());
    assert_eq!(small.pin(&id(1), NOW_MS), Pinned::TooLarge);
}

#[test]
fn what_is_slow_is_judged_by_what_is_usual_for_the_route() {
    let mut shelf = Shelf::new(1 << 20);
    let taking = |trace, name: &str, millis: u64| Span {
        name: name.to_owned(),
        end_time_unix_nano: 1_000 + millis * 1_000_000,
        ..span(trace, 0)
    };
    for trace in 0..40 {
        take(&mut shelf, vec![taking(trace, "page", 30), taking(100 + trace, "report", 900)]);
    }
    let slow = [
        taking(200, "page", 400),
        taking(201, "report", 1_000),
        taking(202, "once", 1_000),
        taking(203, "page", 45),
    ];
    take_at(&mut shelf, slow.into(), LATER_MS);
    take_at(&mut shelf, vec![span(300, 0)], LATER_MS + 60_000);
    assert_eq!(held(&shelf)[&Priority::Notable], 1, "{:?}", shelf.priorities());
}

#[test]
fn a_batch_that_comes_twice_is_kept_once_and_shown_once() {
    let mut shelf = Shelf::new(1 << 20);
    let request = request(vec![span(1, 0), span(1, 1)]);
    let mut shown = 0;
    for _ in 0..2 {
        assert_eq!(shelf.take(&request, NOW_MS, |_| shown += 1), Taken { kept: 2, turned_away: 0 });
    }
    assert_eq!((shown, shelf.fill().items), (2, 2));
}

#[test]
fn what_cannot_be_kept_is_counted() {
    let mut shelf = Shelf::new(16 << 20);
    let nameless = Span { trace_id: Vec::new(), ..span(1, 1) };
    let huge = Span { name: "x".repeat(64 * 1024), ..span(1, 1) };
    assert_eq!(take(&mut shelf, vec![nameless, huge, span(1, 0)]), Taken { kept: 1, turned_away: 2 });
    let many = (0..MOST_SPANS as u64 + 9).map(|number| span(2, number)).collect();
    assert_eq!(take(&mut shelf, many).turned_away, 9);
    assert_eq!(shelf.fill().turned_away, 11);
}

#[test]
fn a_trace_that_is_cut_says_how_much_is_missing_and_keeps_its_root_though_it_comes_last() {
    let mut shelf = Shelf::new(64 << 20);
    for batch in 0..20_u64 {
        take(&mut shelf, (1..=1_000).map(|number| span(1, batch * 1_000 + number)).collect());
    }
    let root = Span { name: "the job".into(), end_time_unix_nano: 9_000_000, ..span(1, 0) };
    assert_eq!(take(&mut shelf, vec![root]), Taken { kept: 1, turned_away: 0 });
    let trace = shelf.get(&id(1)).expect("it is there").trace;
    assert_eq!((trace.spans.len(), trace.turned_away), (MOST_SPANS + 1, 15_000));
    assert_eq!((&*trace.head.name, trace.end_ns), ("the job", 9_000_000));
}

#[test]
fn one_trace_does_not_take_the_room_of_all_others() {
    let mut shelf = Shelf::new(1 << 20);
    let large = |number| Span { name: "x".repeat(10_000), ..span(1, number) };
    take(&mut shelf, (0..200).map(large).collect());
    let trace = shelf.get(&id(1)).expect("it is there").trace;
    assert!(trace.bytes() < (1 << 18) + 20_000 && trace.turned_away > 100, "{}", trace.turned_away);
}

/// The processor time that a trace takes whose client spans all name this machine, against one whose peers are named.
#[test]
fn spans_to_localhost_cost_no_more_than_spans_to_a_named_peer() {
    let encoded = |peer: &str| {
        let value = Some(AnyValue { value: Some(Value::StringValue(peer.to_owned())) });
        let address = KeyValue { key: "server.address".to_owned(), value, ..Default::default() };
        let client = |number| Span { kind: 3, attributes: vec![address.clone()], ..span(1, number) };
        request((0..MOST_SPANS as u64).map(client).collect())
    };
    let seconds = |request: &[u8]| {
        let taken = (0..3).map(|_| {
            let mut shelf = Shelf::new(64 << 20);
            let begun = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
            shelf.take(request, NOW_MS, |_| {});
            let ended = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
            (ended.tv_sec - begun.tv_sec) as f64 + (ended.tv_nsec - begun.tv_nsec) as f64 / 1e9
        });
        taken.fold(f64::INFINITY, f64::min)
    };
    let (named, local) = (seconds(&encoded("payments")), seconds(&encoded("localhost")));
    // Before, it was a hundred times as much.
    assert!(local < 4.0 * named + 0.01, "{local} s to localhost, {named} s to a named peer");
}

//! Profiles from samples to trees, pictures and pprof.

use std::{io::Read, sync::Arc};

use flate2::read::GzDecoder;
use prost::Message;
use pyroscope::encode::r#gen::google;

use super::{
    flame, pprof,
    shelf::{Batch, Sample, Shelf},
    tree::{plain, tree},
};

const NOW_MS: i64 = 1_000_000_000;

fn sample(service: &str, route: Option<&str>, frames: &str, count: u64) -> Sample {
    let frames: Vec<Arc<str>> = frames.split(' ').map(Into::into).collect();
    Sample { service: service.into(), route: route.map(Into::into), frames: frames.into(), count }
}

fn batch(seconds_ago: i64, samples: Vec<Sample>) -> Batch {
    Batch { ended_ms: NOW_MS - seconds_ago * 1_000, hertz: 100, samples }
}

fn shelf() -> Shelf {
    let mut shelf = Shelf::new(1 << 20);
    let samples = vec![
        sample("payments", Some("POST /charge"), "main serve burn", 30),
        sample("payments", Some("POST /charge"), "main serve", 10),
        sample("payments", None, "main <idle>&", 10),
        sample("cart", Some("GET /cart"), "main serve", 5),
    ];
    shelf.take(&batch(1, samples.clone()), NOW_MS);
    shelf.take(&batch(100, samples), NOW_MS);
    shelf
}

#[test]
fn processor_time_is_told_by_service_and_route() {
    let list = shelf().list();
    let one = |index: usize| {
        let one = &list[index];
        (one.service.as_str(), one.route.as_deref(), one.samples, one.cpu_seconds)
    };
    assert_eq!(one(0), ("payments", Some("POST /charge"), 80, 0.8));
    assert_eq!(one(1), ("payments", None, 20, 0.2));
    assert_eq!(one(2), ("cart", Some("GET /cart"), 10, 0.1));
}

#[test]
fn stacks_are_laid_over_one_another_and_the_past_can_be_left_out() {
    let shelf = shelf();
    let profile = shelf.profile("payments", Some("POST /charge"), NOW_MS - 60_000).expect("samples");
    assert_eq!(profile.samples(), 40);
    let root = tree(&profile, "payments");
    let serve = &root.children[0].children[0];
    assert_eq!((root.total, serve.name.as_str(), serve.own, serve.total), (40, "serve", 10, 40));
    assert_eq!((serve.children[0].name.as_str(), serve.children[0].own), ("burn", 30));
    assert_eq!(shelf.profile("payments", None, 0).expect("samples").samples(), 100);
    assert_eq!(shelf.profile("payments", Some("GET /"), 0), None);
}

#[test]
fn a_flame_graph_stands_alone_and_names_cannot_break_out_of_it() {
    let shelf = shelf();
    let profile = shelf.profile("payments", None, 0).expect("samples");
    let svg = flame::svg(&tree(&profile, "payments"), "payments <b>", profile.hertz);
    assert!(svg.starts_with("<svg xmlns=") && svg.trim_end().ends_with("</svg>"), "{svg}");
    assert!(svg.contains("&lt;idle&gt;&amp;") && svg.contains("payments &lt;b&gt;: 1.00 s"), "{svg}");
    assert!(svg.contains("<title>burn (0.60 s, 60.0 %, 60 samples)</title>"), "{svg}");
    assert!(!svg.contains("<idle>") && !svg.contains("script") && !svg.contains("href"), "{svg}");
    assert_eq!(svg.matches("<g>").count(), svg.matches("</g>").count());
}

#[test]
fn pprof_has_the_innermost_frame_first_and_the_route_as_a_label() {
    let shelf = shelf();
    let profile = shelf.profile("payments", None, 0).expect("samples");
    let mut plain = Vec::new();
    GzDecoder::new(&pprof::encode(&profile).expect("memory")[..]).read_to_end(&mut plain).expect("gzip");
    let read = google::Profile::decode(&plain[..]).expect("pprof");
    let text = |index: i64| read.string_table[index as usize].as_str();
    let name = |location: &u64| {
        let line = &read.location[*location as usize - 1].line[0];
        text(read.function[line.function_id as usize - 1].name)
    };
    let mut shown: Vec<_> = read
        .sample
        .iter()
        .map(|sample| {
            let names: Vec<_> = sample.location_id.iter().map(name).collect();
            let route = sample.label.first().map(|label| (text(label.key), text(label.str)));
            (names.join(" "), route, sample.value[0])
        })
        .collect();
    shown.sort();
    let route = Some(("route", "POST /charge"));
    let expected = [
        ("<idle>& main".to_owned(), None, 200_000_000),
        ("burn serve main".to_owned(), route, 600_000_000),
        ("serve main".to_owned(), route, 200_000_000),
    ];
    assert_eq!(shown, expected);
    assert_eq!((text(read.sample_type[0].r#type), text(read.sample_type[0].unit)), ("cpu", "nanoseconds"));
}

#[test]
fn samples_stay_within_the_bound_and_fifteen_minutes() {
    let mut shelf = Shelf::new(50_000);
    for second in 0..2_000 {
        let now_ms = NOW_MS + second * 1_000;
        let samples = (0..5).map(|n| sample("cart", None, &format!("main f{second} g{n}"), 1)).collect();
        shelf.take(&Batch { ended_ms: now_ms, hertz: 100, samples }, now_ms);
        assert!(shelf.fill().bytes <= 50_000, "{:?}", shelf.fill());
    }
    let fill = shelf.fill();
    assert!(fill.evicted > 1_000 && fill.items > 50, "{fill:?}");
    let late = shelf.take(&batch(0, vec![sample("cart", None, "main", 1)]), NOW_MS + 2_000_000);
    assert_eq!((late.kept, late.turned_away), (0, 1));
}

#[test]
fn what_only_carries_can_be_left_out_and_no_time_is_lost() {
    let carried = "start_thread std::thread::run tokio::runtime::poll doorbuster::serve <axum::Router>::call";
    let mut shelf = Shelf::new(1 << 20);
    let samples = vec![
        sample("cart", None, &format!("{carried} doorbuster::add"), 5),
        sample("cart", None, &format!("{carried} hyper::poll doorbuster::add core::fmt"), 3),
        sample("cart", None, "start_thread tokio::park", 2),
    ];
    shelf.take(&batch(1, samples), NOW_MS);
    let root = plain(&tree(&shelf.profile("cart", None, 0).expect("samples"), "cart"));
    assert_eq!((root.own, root.total, root.children.len()), (2, 10, 1));
    let serve = &root.children[0];
    assert_eq!((serve.name.as_str(), serve.own, serve.total), ("doorbuster::serve", 0, 8));
    assert_eq!((serve.children[0].own, serve.children[0].total, serve.children.len()), (8, 8, 1));
}

#[test]
fn a_stack_of_a_debug_build_is_no_deeper_than_readers_of_json_allow_and_keeps_what_worked() {
    let mut shelf = Shelf::new(1 << 20);
    let frames = |carriers: usize, own: usize| {
        let own = (0..own).map(|level| format!("shop::level_{level}"));
        vec!["tokio::poll".to_owned(); carriers].into_iter().chain(own).collect::<Vec<_>>().join(" ")
    };
    for deep in [frames(70, 50), frames(0, 300), frames(20, 3)] {
        shelf.take(&batch(1, vec![sample("payments", None, &deep, 1)]), NOW_MS);
    }
    let profile = shelf.profile("payments", None, 0).expect("samples");
    let text =
        serde_json::to_string(&serde_json::json!({ "root": tree(&profile, "payments") })).expect("written");
    let read: serde_json::Value = serde_json::from_str(&text).expect("readers of JSON take it");
    for leaf in ["shop::level_49", "shop::level_299", "shop::level_2", "shop::level_0"] {
        assert!(text.contains(&format!("\"{leaf}\"")), "{leaf}: {read}");
    }
    assert_eq!(read["root"]["total"], 3);
}

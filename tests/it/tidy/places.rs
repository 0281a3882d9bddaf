//! `kernel::places` says what there is to aim at; here it is held against what the services really declare.

use std::{collections::BTreeSet, fs, path::Path};

use doorbuster::kernel::{places, service::Service};

/// The source of a service, without its unit tests.
fn source(service: Service) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/shop");
    let name = service.name().replace('-', "_");
    let mut text = String::new();
    if service.is_third_party() {
        text.push_str(&program(&root.join(format!("third_party/{name}.rs"))));
    } else {
        read(&root.join(name), &mut text);
    }
    text
}

fn read(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("tests") {
            read(&path, text);
        } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("tests.rs") {
            text.push_str(&program(&path));
        } else if path.extension().is_some_and(|kind| kind == "sql") {
            text.push_str(&fs::read_to_string(&path).expect("text"));
        }
    }
}

fn program(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("source");
    text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned()
}

/// What stands between `before` and `after`, each time.
fn between<'a>(text: &'a str, before: &'a str, after: char) -> impl Iterator<Item = (&'a str, &'a str)> {
    text.split(before).skip(1).filter_map(move |rest| rest.split_once(after))
}

fn routes(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (path, rest) in between(text, ".route(\"", '"') {
        // The call's other argument: up to the parenthesis that closes it.
        let mut depth = 1;
        let end = rest.find(|one| {
            depth += match one {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        let handlers = &rest[..end.expect("a parenthesis")];
        for method in ["get", "post", "put", "delete"] {
            if handlers.contains(&format!(" {method}(")) || handlers.contains(&format!(".{method}(")) {
                all.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    all
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_fault_can_aim_at_every_route_query_passage_and_table_and_at_nothing_else() {
    for service in Service::ALL.into_iter().filter(|service| *service != Service::Lab) {
        let (text, places) = (source(service), places::of(service));
        assert_eq!(set(places.routes), routes(&text), "routes of {service}");
        let queries: BTreeSet<String> = between(&text.replace(['\n', ' '], ""), "Query::new(\"", '"')
            .map(|(name, _)| name.to_owned())
            .collect();
        assert_eq!(set(places.queries), queries, "queries of {service}");
        let tables: BTreeSet<String> =
            between(&text, "CREATE TABLE ", ' ').map(|(name, _)| name.to_owned()).collect();
        assert_eq!(set(places.tables), tables, "tables of {service}");
        let passages: BTreeSet<String> = match places.passages.is_empty() {
            true => BTreeSet::new(),
            false => between(&text, "\"cart.", '"').map(|(name, _)| format!("cart.{name}")).collect(),
        };
        let chores = set(&["cart.abandon_idle"]);
        assert_eq!(set(places.passages), &passages - &chores, "passages of {service}");
    }
}

#[test]
fn a_fault_can_aim_at_every_peer_that_is_asked() {
    let assemble = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lab/assemble.rs");
    let text = fs::read_to_string(assemble).expect("source");
    for service in Service::ALL.into_iter().filter(|service| *service != Service::Lab) {
        let arm = format!("Service::{service:?} => ");
        let (_, rest) = text.split_once(&arm).unwrap_or_else(|| panic!("{arm}"));
        let arm = rest.split("Service::Lab =>").next().unwrap_or_default();
        let arm = arm.split("\n        Service::").next().unwrap_or_default();
        let asked: BTreeSet<String> =
            between(arm, "client(Service::", ')').map(|(name, _)| name.to_owned()).collect();
        let known: BTreeSet<String> =
            places::of(service).peers.iter().map(|peer| format!("{peer:?}")).collect();
        assert_eq!(known, asked, "peers of {service}");
    }
}

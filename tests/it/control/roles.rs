//! Which role may send what: every operation that is described, sent in every role.

use doorbuster::console::access::{self, Role};
use serde_json::Value;

use super::{
    engine::{Engine, Plan, TOKEN, TRAINEE},
    stream::Stream,
};
use crate::browser::get;

/// The roles with their tokens.
const ROLES: [(Role, Option<&str>); 3] =
    [(Role::Audience, None), (Role::Trainee, Some(TRAINEE)), (Role::Presenter, Some(TOKEN))];

/// Method and template of each operation.
pub fn operations(document: &Value) -> Vec<(String, String)> {
    let paths = document["paths"].as_object().expect("paths").iter();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().expect("an item").keys();
        methods.map(|method| (method.to_uppercase(), path.clone()))
    });
    operations.collect()
}

/// The status alone: a stream has no end.
fn status(engine: &Engine, method: &str, path: &str, token: Option<&str>) -> u16 {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = ureq::http::Request::builder().method(method).uri(engine.url(path));
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    agent.run(request.body(()).expect("a request")).expect("an answer").status().as_u16()
}

#[test]
fn every_operation_has_a_role_and_no_lower_one_may_send_it() {
    let engine = Plan::beyond().start();
    let document = get(engine.url("/openapi.json")).send().ok().json();
    for (method, template) in operations(&document) {
        let least = access::listed(&method, &template);
        let least =
            least.unwrap_or_else(|| panic!("{method} {template} has no role: add it to console/access.rs"));
        let path = template.replace("{name}", "nothing").replace("{id}", "nothing");
        let path = path.replace("{service}", "nothing").replace("{alert}", "nothing");
        for (role, token) in ROLES {
            let status = status(&engine, &method, &path, token);
            let refused = match role {
                Role::Audience => 401,
                Role::Trainee | Role::Presenter => 403,
            };
            match role < least {
                true => assert_eq!(status, refused, "{method} {path} as {role:?}"),
                false => assert!(status != 401 && status != 403, "{method} {path} as {role:?}: {status}"),
            }
        }
        let operation = &document["paths"][&template][method.to_lowercase()];
        let named = operation["security"].to_string();
        assert_eq!(named.contains("trainee"), least <= Role::Trainee, "{method} {template}: {named}");
        assert!(named.contains("presenter"), "{method} {template}: {named}");
    }
    for scheme in ["trainee", "presenter"] {
        assert_eq!(document["components"]["securitySchemes"][scheme]["scheme"], "bearer", "{scheme}");
    }
}

#[test]
fn a_reader_of_events_hears_what_its_role_may_hear() {
    let engine = Plan::beyond().start();
    let listen = |token: Option<&str>| {
        let header = token.map(|token| format!("Authorization: Bearer {token}")).unwrap_or_default();
        Stream::open(engine.address, "/api/events", &header)
    };
    let mut presenter = listen(Some(TOKEN));
    assert_eq!(presenter.next().name, "state");
    let mut readers = [(listen(None), "audience"), (listen(Some(TRAINEE)), "trainee")];
    for (events, role) in &mut readers {
        let first = events.next();
        assert_eq!(
            (first.name.as_str(), &first.data["role"], &first.data["mode"]),
            ("role", &(*role).into(), &"calm".into())
        );
    }
    let start = get(engine.url("/api/scenarios/payment-outage/start")).method("POST").token(TOKEN);
    start.send().ok();
    assert_eq!(presenter.next_called("scenario").data["name"], "payment-outage");
    for (events, role) in &mut readers {
        // What comes before the vitals of the next second but one has been said by then.
        let mut heard = Vec::new();
        while heard.iter().filter(|name| *name == "vitals").count() < 3 {
            let event = events.next();
            assert!(!event.data.to_string().contains("payment-outage"), "{role}: {event:?}");
            if event.name == "role" {
                assert_eq!(event.data["mode"], "other", "{role}");
            }
            heard.push(event.name);
        }
        heard.sort_unstable();
        heard.dedup();
        assert_eq!(heard, ["role", "vitals"], "{role}");
    }
}

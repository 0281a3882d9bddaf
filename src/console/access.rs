//! Which role each address of the control API asks for, where the lab listens beyond this machine. One table: the guard
//! obeys it, `/openapi.json` states it, and a test compares it with the router. What is missing here is the presenter's.

use axum::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::page_files::FILES;

/// Who sends a request, by the token that comes with it. Each role may do what the roles before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// No token: sees how the shop fares, and nothing else.
    Audience,
    /// Takes part in exercises and reads the signals.
    Trainee,
    /// May do anything.
    Presenter,
}

impl Role {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Role::Audience => "audience",
            Role::Trainee => "trainee",
            Role::Presenter => "presenter",
        }
    }
}

/// What the audience's window needs, and texts that are published with the source. None of it depends on what runs.
const AUDIENCE: [(&str, &str); 5] = [
    ("GET", "/"),
    ("GET", "/openapi.json"),
    ("GET", "/runbooks/{alert}"),
    // Filtered by the reader's role (`events`).
    ("GET", "/api/events"),
    ("GET", "/api/vitals"),
];

/// Signals, alerts, and a trainee's own runs.
const TRAINEE: [(&str, &str); 22] = [
    ("GET", "/metrics"),
    ("GET", "/api/traces"),
    ("GET", "/api/traces/{id}"),
    ("GET", "/api/logs"),
    ("GET", "/api/metrics"),
    ("GET", "/api/series"),
    ("GET", "/api/graph"),
    ("GET", "/api/profiles"),
    ("GET", "/api/profiles/{service}"),
    ("GET", "/api/store"),
    ("GET", "/api/alerts"),
    ("GET", "/api/alerts/rules"),
    ("GET", "/api/alerts/routes"),
    ("GET", "/api/alerts/notifications"),
    ("GET", "/api/objectives"),
    ("GET", "/api/exercises"),
    ("POST", "/api/exercises/start"),
    ("GET", "/api/exercises/{id}"),
    ("POST", "/api/exercises/{id}/notice"),
    ("POST", "/api/exercises/{id}/hint"),
    ("POST", "/api/exercises/{id}/answer"),
    ("POST", "/api/exercises/{id}/give-up"),
];

/// What shows or changes what is broken, and what senders of signals and alerts use.
const PRESENTER: [(&str, &str); 31] = [
    ("GET", "/api/state"),
    ("GET", "/api/faults"),
    ("GET", "/api/places"),
    ("GET", "/api/scenarios"),
    ("GET", "/api/scenarios/{name}"),
    ("GET", "/api/ledger"),
    ("GET", "/api/switchboard"),
    ("GET", "/api/verify"),
    ("GET", "/api/exercises/runs"),
    ("PUT", "/api/traces/{id}/pin"),
    ("DELETE", "/api/traces/{id}/pin"),
    ("PUT", "/api/faults/{id}"),
    ("DELETE", "/api/faults/{id}"),
    ("POST", "/api/verify"),
    ("DELETE", "/api/verify"),
    ("POST", "/admin/demo-mode"),
    ("POST", "/admin/generate-traffic"),
    ("POST", "/api/calm"),
    ("POST", "/api/check/fault"),
    ("POST", "/api/mode"),
    ("POST", "/api/scenarios/jump"),
    ("POST", "/api/scenarios/pause"),
    ("POST", "/api/scenarios/resume"),
    ("POST", "/api/scenarios/speed"),
    ("POST", "/api/scenarios/stop"),
    ("POST", "/api/scenarios/{name}/start"),
    ("POST", "/api/switchboard/counts"),
    ("POST", "/receivers/{name}"),
    ("POST", "/v1/logs"),
    ("POST", "/v1/metrics"),
    ("POST", "/v1/traces"),
];

/// The least role that may send `method` to the address with this template, as the table has it.
pub fn listed(method: &str, template: &str) -> Option<Role> {
    let has = |rows: &[(&str, &str)]| rows.contains(&(method, template));
    if has(&AUDIENCE) {
        Some(Role::Audience)
    } else if has(&TRAINEE) {
        Some(Role::Trainee)
    } else if has(&PRESENTER) {
        Some(Role::Presenter)
    } else {
        None
    }
}

/// The least role for a request; `template` is nothing where no address matches.
pub fn least(method: &Method, template: Option<&str>) -> Role {
    // HEAD is answered as GET is, without the body; OPTIONS tells methods alone.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let reads = method == Method::GET;
    match template {
        _ if method == Method::OPTIONS => Role::Audience,
        // There is nothing there to be read.
        None if reads => Role::Audience,
        Some(template) if reads && is_page_file(template) => Role::Audience,
        Some(template) => listed(method.as_str(), template).unwrap_or(Role::Presenter),
        None => Role::Presenter,
    }
}

fn is_page_file(template: &str) -> bool {
    template.strip_prefix('/').is_some_and(|path| FILES.iter().any(|(file, _)| *file == path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_is_listed_twice() {
        let mut all = [&AUDIENCE[..], &TRAINEE, &PRESENTER].concat();
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
    }

    #[test]
    fn what_is_not_listed_needs_the_presenter() {
        assert_eq!(least(&Method::GET, Some("/api/secrets")), Role::Presenter);
        assert_eq!(least(&Method::DELETE, Some("/api/vitals")), Role::Presenter);
        assert_eq!(least(&Method::POST, None), Role::Presenter);
        assert_eq!(least(&Method::HEAD, Some("/api/vitals")), Role::Audience);
        assert_eq!(least(&Method::HEAD, Some("/api/state")), Role::Presenter);
        assert_eq!(least(&Method::GET, Some("/app.js")), Role::Audience);
    }
}

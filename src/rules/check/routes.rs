//! Routes that lead nowhere, receivers that nothing reaches, inhibitions that never hold anything back.

use std::collections::BTreeSet;

use super::reach::Candidate;
use crate::rules::{
    flaw::{Flaw, Place, Severity, Source, nearest},
    matcher::Matcher,
    routing::{Inhibition, Route, Routing},
};

/// What is wrong with the routes; with `alerts`, also what none of these alerts would ever use.
pub fn check(source: Source<'_>, routing: &Routing, alerts: &[Candidate<'_>]) -> Vec<Flaw> {
    let mut checking = Checking { source, routing, alerts, found: Vec::new(), reached: BTreeSet::new() };
    let all: Vec<&Candidate<'_>> = alerts.iter().collect();
    checking.route(&routing.route, &all, true);
    checking.receivers();
    for inhibition in &routing.inhibitions {
        checking.inhibition(inhibition);
    }
    checking.found
}

struct Checking<'a> {
    source: Source<'a>,
    routing: &'a Routing,
    alerts: &'a [Candidate<'a>],
    found: Vec<Flaw>,
    /// Receivers that some route which can be reached names.
    reached: BTreeSet<String>,
}

impl Checking<'_> {
    /// `coming` are the alerts that may arrive here.
    fn route(&mut self, route: &Route, coming: &[&Candidate<'_>], is_reached: bool) {
        self.known_receiver(route);
        if is_reached {
            self.reached.insert(route.receiver.clone());
        }
        let mut left: Vec<&Candidate<'_>> = coming.to_vec();
        for (at, below) in route.routes.iter().enumerate() {
            let before = route.routes[..at].iter().find(|before| takes_all(before, below));
            if let Some(before) = before {
                let why =
                    format!("nothing comes here: the route in line {} takes it first", before.place.line);
                self.error(below.place, "unreachable-route", why);
            }
            let arriving: Vec<&Candidate<'_>> =
                left.iter().copied().filter(|alert| alert.can_match(&below.matchers)).collect();
            if !coming.is_empty() && arriving.is_empty() && before.is_none() {
                let shown: Vec<String> = below.matchers.iter().map(ToString::to_string).collect();
                let why = format!("no alert of these rules comes here ({})", shown.join(", "));
                self.found.push(self.source.flaw(below.place, Severity::Warning, "unused-route", why));
            }
            self.route(below, &arriving, is_reached && before.is_none());
            if !below.goes_on {
                left.retain(|alert| !alert.must_match(&below.matchers));
            }
        }
    }

    fn known_receiver(&mut self, route: &Route) {
        let names = self.routing.receiver_places().iter().map(|(name, _)| name.as_str());
        if !names.clone().any(|name| name == route.receiver) {
            let near = nearest(&route.receiver, names);
            let why = format!("there is no receiver `{}`{near}", route.receiver);
            self.error(route.receiver_place, "unknown-receiver", why);
        }
    }

    fn receivers(&mut self) {
        for (name, place) in self.routing.receiver_places() {
            if !self.reached.contains(name) {
                self.error(*place, "unreachable-receiver", format!("no route leads to receiver `{name}`"));
            }
        }
    }

    fn inhibition(&mut self, inhibition: &Inhibition) {
        if self.alerts.is_empty() {
            return;
        }
        for (side, matchers) in [("source", &inhibition.source), ("target", &inhibition.target)] {
            if !self.alerts.iter().any(|alert| alert.can_match(matchers)) {
                let shown: Vec<String> = matchers.iter().map(ToString::to_string).collect();
                let why = format!(
                    "no alert of these rules can be the {side} ({}){}",
                    shown.join(", "),
                    self.near(matchers)
                );
                self.error(inhibition.place, "idle-inhibition", why);
            }
        }
        for (label, place) in &inhibition.equal {
            let may_have = |matchers: &[Matcher]| {
                self.alerts.iter().any(|alert| alert.can_match(matchers) && alert.may_have(label))
            };
            for (side, matchers) in [("source", &inhibition.source), ("target", &inhibition.target)] {
                if self.alerts.iter().any(|alert| alert.can_match(matchers)) && !may_have(matchers) {
                    let why = format!(
                        "`equal`: no alert that can be the {side} has the label `{label}`; two that lack it count as equal"
                    );
                    self.error(*place, "idle-inhibition", why);
                }
            }
        }
    }

    /// An alert whose name is nearly the one that is asked for.
    fn near(&self, matchers: &[Matcher]) -> String {
        let named = matchers.iter().find(|matcher| matcher.label == "alertname").map(ToString::to_string);
        let word = named.as_deref().and_then(|text| text.split('"').nth(1)).unwrap_or_default();
        if word.is_empty() {
            String::new()
        } else {
            nearest(word, self.alerts.iter().map(|alert| alert.name))
        }
    }

    fn error(&mut self, place: Place, kind: &'static str, why: String) {
        self.found.push(self.source.error(place, kind, why));
    }
}

/// Whether whatever would come to `later` has been taken by `before`: it asks for nothing that `later` does not ask for.
fn takes_all(before: &Route, later: &Route) -> bool {
    let asked: Vec<String> = later.matchers.iter().map(ToString::to_string).collect();
    !before.goes_on && before.matchers.iter().all(|matcher| asked.contains(&matcher.to_string()))
}

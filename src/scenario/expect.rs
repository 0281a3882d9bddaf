//! Whether an expectation can be met or missed: it speaks of one thing, says something of it, and does not contradict
//! itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    flaws::Flaws,
    spec::{Expectation, Spec},
};
use crate::kernel::nearest::unknown;

/// What is wrong with an expectation of `spec`.
pub fn check(expectation: &Expectation, spec: &Spec, path: &str, flaws: &mut Flaws<'_>) {
    after(expectation, spec, path, flaws);
    // Half an expectation may say something else than the whole.
    if flaws.is_lost(path) {
        return;
    }
    match (&expectation.alert, &expectation.metric) {
        (Some(_), Some(_)) => flaws.add(path, "speaks of an alert and of a metric: make it two"),
        (None, None) => flaws.add(path, "speaks of nothing: name an `alert` or a `metric`"),
        (Some(labels), None) => {
            if labels.get("alertname").is_none_or(|name| name.trim().is_empty()) {
                flaws.add(format!("{path}.alert"), "`alertname` is needed");
            }
            alert(expectation, path, flaws);
        }
        (None, Some(query)) => {
            if query.trim().is_empty() {
                flaws.add(format!("{path}.metric"), "must not be empty");
            }
            metric(expectation, path, flaws);
        }
    }
}

fn after(expectation: &Expectation, spec: &Spec, path: &str, flaws: &mut Flaws<'_>) {
    let Some(after) = &expectation.after else { return };
    let names: BTreeSet<&str> = spec.phases.iter().map(|phase| phase.name.as_str()).collect();
    let mut paths = (0..spec.phases.len()).map(|at| format!("phases[{at}].name"));
    if !names.contains(after.as_str()) && !paths.any(|path| flaws.is_lost(&path)) {
        flaws.add(format!("{path}.after"), unknown("phase", after, names));
    }
}

fn alert(expectation: &Expectation, path: &str, flaws: &mut Flaws<'_>) {
    for (field, is_there) in of_metric(expectation) {
        if is_there {
            flaws.add(format!("{path}.{field}"), "is said of a metric, not of an alert");
        }
    }
    let said: Vec<&str> =
        of_alert(expectation).into_iter().filter_map(|(field, is_there)| is_there.then_some(field)).collect();
    match said.split_first() {
        None => {
            let words =
                "says nothing: `fires_within`, `notified`, `inhibited_by`, `resolved_within` or `never`";
            flaws.add(path, words);
        }
        Some((_, others)) if expectation.never && !others.is_empty() => {
            flaws.add(format!("{path}.never"), format!("contradicts `{}`", others.join("` and `")));
        }
        Some(_) => {}
    }
    if expectation.notified.as_ref().is_some_and(|notified| notified.receiver.trim().is_empty()) {
        flaws.add(format!("{path}.notified.receiver"), "must not be empty");
    }
    if let Some(labels) = &expectation.inhibited_by {
        inhibited(expectation, labels, path, flaws);
    }
    if expectation.deferred && expectation.resolved_within.is_none() {
        flaws.add(format!("{path}.deferred"), "says how it is resolved: say `resolved_within` as well");
    }
}

fn inhibited(expectation: &Expectation, by: &BTreeMap<String, String>, path: &str, flaws: &mut Flaws<'_>) {
    let path = format!("{path}.inhibited_by");
    if by.is_empty() {
        flaws.add(&path, "names no label: an `alertname`, for one");
    }
    if expectation.notified.is_some() {
        flaws.add(&path, "contradicts `notified`: nobody is told of what is held back");
    }
    if expectation.alert.as_ref() == Some(by) {
        flaws.add(path, "is the alert itself");
    }
}

/// Whether what may fire makes sense beside what is expected.
pub fn allowed(spec: &Spec, flaws: &mut Flaws<'_>) {
    let never = |name: &str| {
        let is_said = |one: &Expectation| one.alert.as_ref().is_some_and(|labels| labels.len() == 1);
        let mut named = spec.expect.iter().filter(|one| one.never && is_said(one));
        named.any(|one| {
            one.alert.as_ref().is_some_and(|labels| labels.get("alertname").is_some_and(|of| of == name))
        })
    };
    let mut known = BTreeSet::new();
    for (at, name) in spec.allow.iter().enumerate() {
        let path = format!("allow[{at}]");
        if name.trim().is_empty() {
            flaws.add(&path, "must not be empty");
        } else if !known.insert(name) {
            flaws.add(&path, format!("`{name}` is allowed before"));
        } else if never(name) {
            flaws.add(&path, format!("contradicts `never`, which is expected of `{name}`"));
        }
    }
}

fn metric(expectation: &Expectation, path: &str, flaws: &mut Flaws<'_>) {
    for (field, is_there) in of_alert(expectation) {
        if is_there {
            flaws.add(format!("{path}.{field}"), "is said of an alert, not of a metric");
        }
    }
    match (expectation.rises_above, expectation.falls_below) {
        (None, None) => flaws.add(path, "says nothing: `rises_above` or `falls_below`"),
        (Some(_), Some(_)) => {
            flaws.add(format!("{path}.falls_below"), "contradicts `rises_above`: make it two expectations");
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    if expectation.within.is_none() {
        flaws.add(path, "does not say how long the metric may take: `within`");
    }
}

fn of_alert(expectation: &Expectation) -> [(&'static str, bool); 5] {
    [
        ("never", expectation.never),
        ("fires_within", expectation.fires_within.is_some()),
        ("resolved_within", expectation.resolved_within.is_some()),
        ("notified", expectation.notified.is_some()),
        ("inhibited_by", expectation.inhibited_by.is_some()),
    ]
}

fn of_metric(expectation: &Expectation) -> [(&'static str, bool); 3] {
    [
        ("rises_above", expectation.rises_above.is_some()),
        ("falls_below", expectation.falls_below.is_some()),
        ("within", expectation.within.is_some()),
    ]
}

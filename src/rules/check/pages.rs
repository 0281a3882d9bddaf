//! Whether whoever is woken up has something to read.

use std::collections::BTreeSet;

use crate::rules::{
    file::{Kind, RuleFile},
    flaw::{Flaw, Severity, Source},
};

/// Below this path the lab itself has the pages.
const OUR_PAGES: &str = "http://127.0.0.1:8010/runbooks/";

pub fn check(source: Source<'_>, file: &RuleFile, pages: &BTreeSet<&str>) -> Vec<Flaw> {
    let mut found = Vec::new();
    for rule in file.rules() {
        let Kind::Alert(name) = &rule.kind else { continue };
        match rule.annotation("runbook_url") {
            None => {
                let why =
                    format!("`{name}` has no `runbook_url`: whoever is woken up by it has nothing to read");
                found.push(source.flaw(rule.place, Severity::Warning, "no-runbook", why));
            }
            // A template may bring the scheme.
            Some(url) if !url.contains("://") && !url.trim_start().starts_with("{{") => {
                let why = format!(
                    "the `runbook_url` of `{name}` is no whole address (`{url}`): in a message there is nothing it would be \
                     relative to"
                );
                found.push(source.error(rule.place, "no-runbook", why));
            }
            Some(url) => {
                let page =
                    url.strip_prefix(OUR_PAGES).map(|rest| rest.split(['#', '?']).next().unwrap_or_default());
                if let Some(page) = page.filter(|page| !pages.contains(page) && !page.contains("{{")) {
                    let near = crate::rules::flaw::nearest(page, pages.iter().copied());
                    let why =
                        format!("`{name}` points to the page `{page}`, which the lab does not have{near}");
                    found.push(source.error(rule.place, "no-runbook", why));
                }
            }
        }
    }
    found
}

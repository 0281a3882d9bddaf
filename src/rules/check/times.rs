//! Times that are too short for how often is scraped and evaluated.

use std::time::Duration;

use crate::rules::{
    file::{Group, Rule, RuleFile},
    flaw::{Flaw, Source},
    pace::SCRAPES_MIN,
    parts, span,
};

/// How often things happen where the rules will run.
#[derive(Clone, Copy, Debug)]
pub struct Beat {
    pub scrape: Duration,
    pub evaluation: Duration,
}

pub fn check(source: Source<'_>, file: &RuleFile, beat: Beat) -> Vec<Flaw> {
    let each = |group: &Group| {
        let evaluation = group.interval.unwrap_or(beat.evaluation);
        let flaws = |rule| {
            let mut found = ranges(source, rule, Beat { evaluation, ..beat });
            found.extend(hold(source, rule, evaluation));
            found
        };
        group.rules.iter().flat_map(flaws).collect::<Vec<_>>()
    };
    file.groups.iter().flat_map(each).collect()
}

fn ranges(source: Source<'_>, rule: &Rule, beat: Beat) -> Vec<Flaw> {
    let mut found = Vec::new();
    for range in parts::ranges(&rule.expr) {
        let (of, least) = match range.step {
            None => ("scrapes", beat.scrape * SCRAPES_MIN),
            Some(step) => ("steps", step.unwrap_or(beat.evaluation) * 2),
        };
        if range.range < least {
            let why = format!(
                "{} is under {} {of} ({}): now and then it holds too little, and then there is no result, and no error \
                 either",
                range.text,
                if of == "scrapes" { "five" } else { "two" },
                span::text(least)
            );
            found.push(source.error(rule.expr_place, "window-too-short", why));
        }
    }
    found
}

fn hold(source: Source<'_>, rule: &Rule, evaluation: Duration) -> Option<Flaw> {
    let hold = rule.hold.filter(|hold| !hold.is_zero() && *hold < evaluation)?;
    let (hold, evaluation) = (span::text(hold), span::text(evaluation));
    let why = format!("`for: {hold}` is under one evaluation ({evaluation}), which is what it will be");
    Some(source.error(rule.place, "for-too-short", why))
}

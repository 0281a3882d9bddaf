//! Window catalogues, Sloth's `AlertWindows`: over which windows which share of an error budget may be spent before
//! somebody is told. The scheme is that of Google's SRE workbook, chapter 5.

use std::time::Duration;

use super::{
    fields::{Fields, Reader},
    flaw::{Flaws, Place, Source},
    span,
    tree::{self, Node},
};

pub const API_VERSION: &str = "sloth.slok.dev/v1";
pub const KIND: &str = "AlertWindows";

/// The windows of one period.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    pub period: Duration,
    pub page: Pair,
    pub ticket: Pair,
}

/// Two ways to notice: quickly what burns fast, and what burns slowly too.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    pub quick: Window,
    pub slow: Window,
}

/// Too much is spent when both the short and the long window say so.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    pub budget_percent: f64,
    pub short: Duration,
    pub long: Duration,
}

impl Catalogue {
    pub fn parse(name: &str, text: &str) -> Result<Catalogue, Flaws> {
        let source = Source { name, text };
        let documents = tree::read(source)?;
        let reader = Reader::new(source);
        let catalogue = documents.first().and_then(|root| catalogue(&reader, root));
        let flaws = reader.flaws();
        match catalogue {
            Some(catalogue) => flaws.or(catalogue),
            None if flaws.0.is_empty() => Err(source.error(Place::START, "yaml", "the file is empty").into()),
            None => Err(flaws),
        }
    }

    /// Every window there is, the shortest first, each once.
    pub fn spans(&self) -> Vec<Duration> {
        let windows = [&self.page.quick, &self.page.slow, &self.ticket.quick, &self.ticket.slow];
        let mut spans: Vec<Duration> =
            windows.iter().flat_map(|window| [window.short, window.long]).collect();
        spans.sort();
        spans.dedup();
        spans
    }

    /// How many times faster than allowed the budget goes when `window` has had enough: budget share × period ÷ long
    /// window.
    pub fn factor(&self, window: &Window) -> f64 {
        let factor = window.budget_percent / 100.0 * self.period.as_secs_f64() / window.long.as_secs_f64();
        // 0.05 × 720 ÷ 6 is a hair beside 6; what a person reads is the number that is meant.
        (factor * 1e9).round() / 1e9
    }
}

fn catalogue(reader: &Reader<'_>, root: &Node) -> Option<Catalogue> {
    let fields = reader.fields(root, "a window catalogue", &["apiVersion", "kind", "spec"])?;
    for (key, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        if let Some(said) = fields.required_text(key).filter(|said| said != expected) {
            let place = fields.get(key).map_or(root.place, |node| node.place);
            reader.error(place, "wrong-value", format!("`{key}` is `{expected}`, not `{said}`"));
        }
    }
    let spec = reader.fields(fields.required("spec")?, "`spec`", &["sloPeriod", "page", "ticket"])?;
    let period = required_span(&spec, "sloPeriod");
    let (page, ticket) = (pair(reader, &spec, "page"), pair(reader, &spec, "ticket"));
    let catalogue = Catalogue { period: period?, page: page?, ticket: ticket? };
    if let Some(long) = catalogue.spans().last().filter(|long| **long >= catalogue.period) {
        let (long, period) = (span::text(*long), span::text(catalogue.period));
        let why = format!("a window of {long} is as long as the period of {period} or longer");
        reader.error(root.place, "wrong-value", why);
    }
    Some(catalogue)
}

fn pair(reader: &Reader<'_>, spec: &Fields<'_, '_, '_>, key: &str) -> Option<Pair> {
    let fields = reader.fields(spec.required(key)?, &format!("`{key}`"), &["quick", "slow"])?;
    let (quick, slow) = (window(reader, &fields, "quick"), window(reader, &fields, "slow"));
    Some(Pair { quick: quick?, slow: slow? })
}

fn window(reader: &Reader<'_>, pair: &Fields<'_, '_, '_>, key: &str) -> Option<Window> {
    let node = pair.required(key)?;
    let fields =
        reader.fields(node, &format!("`{key}`"), &["errorBudgetPercent", "shortWindow", "longWindow"])?;
    fields.required("errorBudgetPercent");
    let budget_percent = fields.number("errorBudgetPercent");
    let (short, long) = (required_span(&fields, "shortWindow"), required_span(&fields, "longWindow"));
    let window = Window { budget_percent: budget_percent?, short: short?, long: long? };
    if window.short >= window.long {
        reader.error(node.place, "wrong-value", "`shortWindow` is shorter than `longWindow`");
    }
    if !(window.budget_percent > 0.0 && window.budget_percent <= 100.0) {
        reader.error(node.place, "wrong-value", "`errorBudgetPercent` is from 0 to 100");
    }
    Some(window)
}

fn required_span(fields: &Fields<'_, '_, '_>, key: &str) -> Option<Duration> {
    fields.required(key)?;
    fields.span(key).filter(|span| !span.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TALK: &str = "apiVersion: sloth.slok.dev/v1
kind: AlertWindows
spec:
  sloPeriod: 1h
  page:
    quick: { errorBudgetPercent: 12, shortWindow: 5s, longWindow: 30s }
    slow: { errorBudgetPercent: 20, shortWindow: 15s, longWindow: 2m }
  ticket:
    quick: { errorBudgetPercent: 30, shortWindow: 30s, longWindow: 6m }
    slow: { errorBudgetPercent: 20, shortWindow: 1m, longWindow: 12m }
";

    #[test]
    fn factors_follow_from_budget_and_windows() {
        let talk = Catalogue::parse("talk.yaml", TALK).expect("a catalogue");
        let windows = [&talk.page.quick, &talk.page.slow, &talk.ticket.quick, &talk.ticket.slow];
        assert_eq!(windows.map(|window| talk.factor(window)), [14.4, 6.0, 3.0, 1.0]);
        assert_eq!(
            talk.spans().iter().map(|one| one.as_secs()).collect::<Vec<_>>(),
            [5, 15, 30, 60, 120, 360, 720]
        );
    }

    #[test]
    fn a_catalogue_that_cannot_be_is_refused() {
        for (old, new, why) in [
            ("sloPeriod: 1h", "sloPeriod: 10m", "a window of 12m is as long as the period of 10m or longer"),
            ("shortWindow: 5s", "shortWindow: 45s", "`shortWindow` is shorter than `longWindow`"),
            ("slow: { errorBudgetPercent: 20, shortWindow: 1m, longWindow: 12m }", "", "`slow` is missing"),
            ("sloPeriod", "sloPeroid", "`spec` has no field `sloPeroid`, did you mean `sloPeriod`?"),
        ] {
            let flaws = Catalogue::parse("talk.yaml", &TALK.replace(old, new)).expect_err(new);
            assert!(flaws.0.iter().any(|flaw| flaw.message == why), "{flaws}");
        }
    }
}

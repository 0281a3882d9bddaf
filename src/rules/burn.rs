//! Objectives and windows become rules: how much fails over each window, how fast the budget goes, and the two alerts that
//! say when it goes too fast.
//!
//! Group, record and alert names, labels and expressions are those of Sloth, for its dashboards and its users' own are
//! built on them; a test compares them with what Sloth publishes. The crate `slokit` renders nearly the same, but calls the
//! info series and the groups otherwise and leaves out `title`, so this is done here.
//!
//! As with Sloth since v0.11, an alert does not have the label `sloth_window` of the pair that fired: it is one alert from
//! the first pair to the last, and a receiver is not told twice.

use promql_parser::parser::Expr;

use super::{
    breaking::Trouble,
    fields::Reader,
    file::{Group, Kind, Rule, RuleFile, Words, within},
    flaw::{Flaws, Place, Source},
    promql,
    slo::{Query, Sli, Slo, Spec, Told},
    span,
    windows::{Catalogue, Pair},
};

/// What `sloth_slo_info` says of how it was made.
const MODE: &str = "cli-gen-prom";
const MAKER: &str = "doorbuster";

/// The rules of `spec`, of which `source` is the file.
pub fn render(spec: &Spec, source: Source<'_>, catalogue: &Catalogue) -> Result<RuleFile, Flaws> {
    let reader = Reader::new(source);
    let rendering = |slo| Rendering { reader: &reader, spec, slo, catalogue };
    let groups: Vec<Group> = spec.slos.iter().flat_map(|slo| rendering(slo).groups()).collect();
    reader.flaws().or(RuleFile { name: spec.file.clone(), groups })
}

/// The name of the record of how much fails over `window`.
fn error_ratio(window: &str) -> String {
    format!("slo:sli_error:ratio_rate{window}")
}

struct Rendering<'a, 's> {
    reader: &'a Reader<'s>,
    spec: &'a Spec,
    slo: &'a Slo,
    catalogue: &'a Catalogue,
}

impl Rendering<'_, '_> {
    fn groups(&self) -> Vec<Group> {
        let alerts = [
            ("page", &self.slo.page, &self.catalogue.page),
            ("ticket", &self.slo.ticket, &self.catalogue.ticket),
        ];
        let alerts = alerts
            .into_iter()
            .filter_map(|(severity, told, pair)| self.alert(severity, told.as_ref()?, pair));
        let parts = [
            ("sli-recordings", self.measured()),
            ("meta-recordings", self.meta()),
            ("alerts", alerts.collect()),
        ];
        let group = |(part, rules): (&str, Vec<Rule>)| Group {
            name: format!("sloth-slo-{part}-{}", self.id()),
            place: self.slo.place,
            interval: None,
            query_offset: None,
            others: Vec::new(),
            rules,
        };
        parts.into_iter().filter(|(_, rules)| !rules.is_empty()).map(group).collect()
    }

    fn id(&self) -> String {
        format!("{}-{}", self.spec.service, self.slo.name)
    }

    /// How much fails over each window, and over the whole period: there as an average of the shortest window's, for a
    /// range of thirty days costs more than it tells.
    fn measured(&self) -> Vec<Rule> {
        let spans = self.catalogue.spans();
        let mut rules: Vec<Rule> =
            spans.iter().filter_map(|window| self.over(&span::text(*window))).collect();
        let short = error_ratio(&span::text(self.catalogue.page.quick.short));
        let (filter, period) = (self.filter(), span::text(self.catalogue.period));
        let text = format!(
            "sum_over_time({short}{filter}[{period}]) / ignoring (sloth_window) count_over_time({short}{filter}[{period}])"
        );
        // The series has these labels anyway. Said here, as later versions of Sloth do, the records of two objectives in a
        // file are no duplicates in the eyes of promtool.
        let labels = self.labels([("sloth_window", period.as_str())]);
        rules.extend(self.record(&error_ratio(&period), &text, labels));
        rules
    }

    fn over(&self, window: &str) -> Option<Rule> {
        let text = match &self.slo.sli {
            Sli::Events { error, total } => {
                // Each alone, so that what is wrong is found where it stands.
                let (error, total) = (self.query(error, window), self.query(total, window));
                format!("({})\n/\n({})", error?, total?)
            }
            Sli::Raw { error_ratio } => format!("({})", self.query(error_ratio, window)?),
        };
        let labels = self.labels([("sloth_window", window)]);
        self.record(&error_ratio(window), &text, labels)
    }

    /// `query` over `window`, when it can be read; what is wrong is said for the first window only.
    fn query(&self, query: &Query, window: &str) -> Option<String> {
        let text = query.over(window);
        match promql::read(&text) {
            Ok(_) => Some(text),
            Err(trouble) => {
                if self.catalogue.spans().first().is_some_and(|first| span::text(*first) == window) {
                    let place = within(self.reader.source.text, query.place, &text, trouble.at);
                    self.reader.error(place, "promql", trouble.why);
                }
                None
            }
        }
    }

    fn meta(&self) -> Vec<Rule> {
        let ratio = self.slo.objective / 100.0;
        let days = self.catalogue.period.as_secs_f64() / 86_400.0;
        let filter = self.filter();
        let burn = |window| {
            format!(
                "{}{filter} / on(sloth_id, sloth_slo, sloth_service) group_left slo:error_budget:ratio{filter}",
                error_ratio(&span::text(window))
            )
        };
        let objective = self.slo.objective.to_string();
        let info = [
            ("sloth_mode", MODE),
            ("sloth_objective", &objective),
            ("sloth_spec", super::slo::VERSION),
            ("sloth_version", MAKER),
        ];
        let records = [
            ("slo:objective:ratio", format!("vector({ratio})"), self.labels([])),
            ("slo:error_budget:ratio", format!("vector(1-{ratio})"), self.labels([])),
            ("slo:time_period:days", format!("vector({days})"), self.labels([])),
            ("slo:current_burn_rate:ratio", burn(self.catalogue.page.quick.short), self.labels([])),
            ("slo:period_burn_rate:ratio", burn(self.catalogue.period), self.labels([])),
            (
                "slo:period_error_budget_remaining:ratio",
                format!("1 - slo:period_burn_rate:ratio{filter}"),
                self.labels([]),
            ),
            ("sloth_slo_info", "vector(1)".to_owned(), self.labels(info)),
        ];
        records.into_iter().filter_map(|(name, text, labels)| self.record(name, &text, labels)).collect()
    }

    /// Fires when both windows of the quick pair, or both of the slow one, have had enough.
    fn alert(&self, severity: &str, told: &Told, pair: &Pair) -> Option<Rule> {
        let (filter, budget) = (self.filter(), self.slo.budget());
        let [quick, slow] = [&pair.quick, &pair.slow].map(|window| {
            let factor = self.catalogue.factor(window);
            let [short, long] = [window.short, window.long]
                .map(|span| format!("{}{filter} > ({factor} * {budget})", error_ratio(&span::text(span))))
                .map(|over| format!("max({over}) without (sloth_window)"));
            format!("({short} and {long})")
        });
        let expr = self.expr(&format!("{quick} or {slow}"))?;
        let subject = "{{$labels.sloth_service}} {{$labels.sloth_slo}} SLO error budget burn rate is";
        let annotations = vec![
            ("summary".to_owned(), format!("{subject} over expected.")),
            ("title".to_owned(), format!("({severity}) {subject} too fast.")),
        ];
        let labels = vec![("sloth_severity".to_owned(), severity.to_owned())];
        Some(Rule {
            kind: Kind::Alert(self.slo.alert.clone()),
            place: self.slo.place,
            expr,
            expr_place: self.slo.place,
            hold: None,
            keep_firing: None,
            labels: merged([&labels, &self.slo.alert_labels, &told.labels]),
            annotations: merged([&annotations, &self.slo.annotations, &told.annotations]),
        })
    }

    fn record(&self, name: &str, text: &str, labels: Words) -> Option<Rule> {
        Some(Rule {
            kind: Kind::Record(name.to_owned()),
            place: self.slo.place,
            expr: self.expr(text)?,
            expr_place: self.slo.place,
            hold: None,
            keep_firing: None,
            labels,
            annotations: Vec::new(),
        })
    }

    /// An expression of ours around one of theirs: theirs has been read before, so what is wrong is how they fit.
    fn expr(&self, text: &str) -> Option<Expr> {
        let wrong = |trouble: Trouble| {
            self.reader.error(
                self.slo.place,
                "promql",
                format!("objective `{}`: {}", self.slo.name, trouble.why),
            );
        };
        promql::read(text).map_err(wrong).ok()
    }

    fn ids(&self) -> Words {
        let own = [
            ("sloth_id", self.id()),
            ("sloth_service", self.spec.service.clone()),
            ("sloth_slo", self.slo.name.clone()),
        ];
        own.map(|(key, word)| (key.to_owned(), word)).to_vec()
    }

    /// Selects what belongs to this objective.
    fn filter(&self) -> String {
        let words: Vec<String> = self.ids().iter().map(|(key, word)| format!("{key}=\"{word}\"")).collect();
        format!("{{{}}}", words.join(", "))
    }

    fn labels<const N: usize>(&self, more: [(&str, &str); N]) -> Words {
        let more = more.map(|(key, word)| (key.to_owned(), word.to_owned())).to_vec();
        merged([&self.ids(), &more, &self.spec.labels, &self.slo.labels])
    }
}

/// All of them by name; of two with the same name the later one counts.
fn merged<const N: usize>(parts: [&Words; N]) -> Words {
    let all: std::collections::BTreeMap<&String, &String> =
        parts.into_iter().flatten().map(|(key, word)| (key, word)).collect();
    all.into_iter().map(|(key, word)| (key.clone(), word.clone())).collect()
}

/// A pair that no failure, not even of everything, can bring to fire.
#[derive(Clone, Debug, PartialEq)]
pub struct Dead {
    pub slo: String,
    pub place: Place,
    pub severity: &'static str,
    pub speed: &'static str,
    pub factor: f64,
    /// Whether the alert has no other pair that can fire.
    pub is_all: bool,
}

/// The pairs of `spec` that can never fire: factor × (1 − objective) is 1 or more, and nothing fails more than wholly.
pub fn dead(spec: &Spec, catalogue: &Catalogue) -> Vec<Dead> {
    let mut found = Vec::new();
    for slo in &spec.slos {
        for (severity, told, pair) in
            [("page", &slo.page, &catalogue.page), ("ticket", &slo.ticket, &catalogue.ticket)]
        {
            let is_dead = |window| catalogue.factor(window) * slo.budget() >= 1.0;
            let speeds = [("quick", &pair.quick), ("slow", &pair.slow)];
            let is_all = speeds.iter().all(|(_, window)| is_dead(window));
            for (speed, window) in speeds.into_iter().filter(|(_, window)| told.is_some() && is_dead(window))
            {
                let factor = catalogue.factor(window);
                found.push(Dead { slo: slo.name.clone(), place: slo.place, severity, speed, factor, is_all });
            }
        }
    }
    found
}

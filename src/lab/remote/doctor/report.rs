//! What the doctor found: for a person a table, for a program JSON.

use serde::Serialize;

use super::{
    components::Component,
    exits::{Exit, Verdict},
};
use crate::lab::table::columns;

/// All that was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether nothing is wrong.
    pub fine: bool,
    /// The parts of the lab itself.
    pub components: Vec<Watched>,
    pub exits: Vec<Judged>,
    /// Backends that were asked what arrived, in the order of the flags.
    pub asked: Vec<Finding>,
}

/// A part of the lab, and the word for it.
#[derive(Debug, Serialize)]
pub struct Watched {
    pub verdict: Verdict,
    #[serde(flatten)]
    pub component: Component,
}

/// A way out, and the word for it.
#[derive(Debug, Serialize)]
pub struct Judged {
    pub verdict: Verdict,
    #[serde(flatten)]
    pub exit: Exit,
}

/// What a backend had to say when it was asked for what the lab had sent.
#[derive(Debug, PartialEq, Serialize)]
pub struct Finding {
    pub backend: &'static str,
    pub verdict: Verdict,
    /// What was looked for, as one could ask for it by hand.
    pub looked_for: String,
    /// What was found, or why nothing.
    pub found: String,
}

impl Report {
    pub fn new(components: Vec<Component>, exits: Vec<Exit>, asked: Vec<Finding>) -> Self {
        let watched = |component: Component| Watched { verdict: component.verdict(), component };
        let components: Vec<Watched> = components.into_iter().map(watched).collect();
        let exits: Vec<Judged> =
            exits.into_iter().map(|exit| Judged { verdict: exit.verdict(), exit }).collect();
        let verdicts = exits.iter().map(|one| one.verdict).chain(asked.iter().map(|one| one.verdict));
        let mut verdicts = verdicts.chain(components.iter().map(|one| one.verdict));
        Report { fine: verdicts.all(Verdict::is_fine), components, exits, asked }
    }

    /// As one screen.
    pub fn table(&self) -> String {
        let mut text = String::new();
        if !self.components.is_empty() {
            let rows: Vec<Vec<String>> = self.components.iter().map(Watched::cells).collect();
            text.push_str(&columns(&["component", "verdict", "last moved", ""], &rows));
            text.push('\n');
        }
        let rows: Vec<Vec<String>> = self.exits.iter().map(Judged::cells).collect();
        let head = [
            "signal",
            "destination",
            "verdict",
            "sent, last minute",
            "failed requests",
            "waiting",
            "place",
            "",
        ];
        text.push_str(&columns(&head, &rows));
        if !self.asked.is_empty() {
            let rows: Vec<Vec<String>> = self.asked.iter().map(Finding::cells).collect();
            text.push('\n');
            text.push_str(&columns(&["asked", "verdict", "found", "looked for"], &rows));
        }
        text
    }
}

impl Watched {
    fn cells(&self) -> Vec<String> {
        let Watched { verdict, component } = self;
        let Component { component, still_seconds, reason, .. } = component;
        let since = format!("{still_seconds} s ago");
        vec![component.clone(), verdict.name().to_owned(), since, reason.clone().unwrap_or_default()]
    }
}

impl Judged {
    fn cells(&self) -> Vec<String> {
        let Judged { verdict, exit } = self;
        vec![
            exit.signal.clone(),
            exit.destination.clone(),
            verdict.name().to_owned(),
            exit.last_minute.sent.map_or("not counted".to_owned(), |sent| sent.to_string()),
            exit.last_minute.failed.to_string(),
            format!("{} KiB", exit.queue_bytes.div_ceil(1024)),
            exit.place.clone(),
            exit.words(),
        ]
    }
}

impl Finding {
    fn cells(&self) -> Vec<String> {
        let Finding { backend, verdict, looked_for, found } = self;
        [*backend, verdict.name(), found, looked_for].map(str::to_owned).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taking() -> Exit {
        Exit { signal: "traces".to_owned(), standing: "taking".to_owned(), ..Exit::default() }
    }

    fn finding(verdict: Verdict) -> Finding {
        Finding { backend: "tempo", verdict, looked_for: "trace abc".to_owned(), found: "nothing".to_owned() }
    }

    #[test]
    fn one_thing_that_is_wrong_is_enough() {
        assert!(
            Report::new(Vec::new(), vec![taking()], vec![finding(Verdict::Ok), finding(Verdict::Idle)]).fine
        );
        assert!(!Report::new(Vec::new(), vec![taking()], vec![finding(Verdict::Missing)]).fine);
        let away = Exit { standing: "away".to_owned(), ..taking() };
        assert!(!Report::new(Vec::new(), vec![taking(), away], Vec::new()).fine);
    }

    #[test]
    fn a_part_of_the_lab_that_stands_still_is_named_and_enough() {
        let part = |stalled, reason: Option<&str>| Component {
            component: "store".to_owned(),
            stalled,
            still_seconds: 7,
            reason: reason.map(str::to_owned),
        };
        assert!(Report::new(vec![part(false, None)], vec![taking()], Vec::new()).fine);
        let report = Report::new(vec![part(true, Some("it hangs"))], vec![taking()], Vec::new());
        let text = report.table();
        let named =
            |line: &str| line.starts_with("store") && line.contains("stalled") && line.contains("7 s ago");
        assert!(!report.fine && text.lines().any(named) && text.contains("it hangs"), "{text}");
    }

    #[test]
    fn the_verdict_stands_beside_what_it_is_about() {
        let text = Report::new(Vec::new(), vec![taking()], vec![finding(Verdict::Missing)]).table();
        assert!(text.lines().any(|line| line.starts_with("traces") && line.contains(" ok ")), "{text}");
        let missing = |line: &str| line.starts_with("tempo  missing") && line.ends_with("trace abc");
        assert!(text.lines().any(missing), "{text}");
    }
}

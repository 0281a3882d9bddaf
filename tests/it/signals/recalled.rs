//! All that the built-in store gives out, and a little of what is told to whoever listens.

use serde_json::Value;

use crate::{browser::get, control::stream::Stream, servers::lab::Lab};

/// As many whole traces of a service as are read: one costs a question.
const TRACES: usize = 40;

/// Answers of the lab's control address, each with the question.
pub struct Recalled(pub Vec<(String, String)>);

impl Recalled {
    /// Asks `lab` for everything, and again for each of `services`, since an answer is bounded.
    pub fn by(lab: &Lab, services: &[&str]) -> Recalled {
        let mut recalled = Recalled(Vec::new());
        recalled.ask(lab, "/api/graph?seconds=900");
        for service in services {
            recalled.ask(lab, &format!("/api/logs?service={service}&limit=1000"));
            let traces = recalled.ask(lab, &format!("/api/traces?service={service}&limit=500"));
            let traces = traces.as_array().expect("a list");
            for trace in traces.iter().step_by(traces.len() / TRACES + 1) {
                recalled.ask(lab, &format!("/api/traces/{}", text(&trace["trace_id"])));
            }
        }
        for metric in recalled.ask(lab, "/api/metrics").as_array().expect("a list") {
            recalled.ask(lab, &format!("/api/series?metric={}&limit=1000", text(&metric["name"])));
        }
        for profile in recalled.ask(lab, "/api/profiles").as_array().expect("a list") {
            let route = profile["route"].as_str().map(|route| ("route", route));
            for format in ["json", "svg"] {
                let words: Vec<_> = route.into_iter().chain([("format", format)]).collect();
                let words = serde_urlencoded::to_string(words).expect("texts");
                recalled.read(lab, &format!("/api/profiles/{}?{words}", text(&profile["service"])));
            }
        }
        let address = lab.at(10, "").trim_start_matches("http://").parse().expect("an address");
        let mut events = Stream::open(address, "/api/events", "");
        let (first, vitals) = (events.next(), events.next_called("vitals"));
        recalled.0.push(("/api/events".to_owned(), format!("{} {}", first.data, vitals.data)));
        recalled
    }

    /// How many answers there are to questions that begin like this.
    pub fn answers(&self, begin: &str) -> usize {
        self.0.iter().filter(|(path, _)| path.starts_with(begin)).count()
    }

    fn ask(&mut self, lab: &Lab, path: &str) -> Value {
        serde_json::from_str(self.read(lab, path)).expect("JSON")
    }

    fn read(&mut self, lab: &Lab, path: &str) -> &str {
        let body = get(lab.at(10, path)).send().ok().body;
        self.0.push((path.to_owned(), body));
        self.0.last().map(|(_, body)| body.as_str()).unwrap_or_default()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

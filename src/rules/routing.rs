//! An `alertmanager.yml` as it came.

use serde_json::{Value, json};

use super::{flaw::Flaws, pace::Pace};

/// The routes and receivers of a file.
pub struct Routing(Value);

impl Routing {
    pub fn parse(name: &str, text: &str) -> Result<Routing, Flaws> {
        serde_json::from_str(text).map(Routing).map_err(|error| Flaws(vec![format!("{name}: {error}")]))
    }

    pub fn timed(self, _: Pace) -> Routing {
        self
    }

    pub fn into_sink(mut self, base: &str) -> Routing {
        for receiver in self.0["receivers"].as_array_mut().into_iter().flatten() {
            let url = format!("{base}/receivers/{}", receiver["name"].as_str().unwrap_or_default());
            receiver["webhook_configs"] = json!([{"url": url, "send_resolved": true, "max_alerts": 0}]);
        }
        self
    }

    pub fn text(&self) -> String {
        format!("{:#}\n", self.0)
    }

    pub fn left_out(&self) -> &[String] {
        &[]
    }
}

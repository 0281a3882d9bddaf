//! What the lab says of its own parts, and what that means. Pure.

use serde::{Deserialize, Serialize};

use super::exits::Verdict;

/// A row of `/api/state`'s `components`: `console::components::ComponentNow`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Component {
    pub component: String,
    pub stalled: bool,
    pub still_seconds: u64,
    #[serde(default)]
    pub reason: Option<String>,
}

impl Component {
    pub fn verdict(&self) -> Verdict {
        if self.stalled { Verdict::Stalled } else { Verdict::Ok }
    }
}

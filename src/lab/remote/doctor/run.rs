//! Asks the lab how each way out is doing and, where told to, the backends what arrived.

use serde::Deserialize;

use super::{
    super::{
        flags::Doctor,
        lab::{Answer, Lab, No},
    },
    backend::Backend,
    components::Component,
    exits::Exit,
    loki, prometheus,
    report::Report,
    tempo,
};

/// As much of `/api/state` as matters here.
#[derive(Deserialize)]
struct State {
    telemetry: Vec<Exit>,
    /// A lab of an older version has none.
    #[serde(default)]
    components: Vec<Component>,
}

type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What the environment says to whoever asks Loki something.
fn logcli(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

/// The report; a "no" that shows it when something is not as it should be.
pub async fn doctor(flags: &Doctor) -> Answer {
    let lab = Lab::new(&flags.lab)?;
    // Addresses that make no sense are said before anybody is asked anything.
    let backend = |name, flag, url: &Option<String>, read: Read<'_>| {
        url.as_deref().map(|url| Backend::new(name, flag, url, read)).transpose()
    };
    let prometheus = backend(("prometheus", "/-/ready"), "--prometheus", &flags.prometheus, &|_| None)?;
    let loki = backend(("loki", "/ready"), "--loki", &flags.loki, &logcli)?;
    let tempo = backend(("tempo", "/ready"), "--tempo", &flags.tempo, &|_| None)?;

    let state: State = lab.ask(Lab::get("/api/state")).await?;
    let mut asked = Vec::new();
    if let Some(prometheus) = prometheus {
        asked.push(prometheus::check(&prometheus, &lab).await?);
    }
    if let Some(loki) = loki {
        asked.push(loki::check(&loki, &lab).await?);
    }
    if let Some(tempo) = tempo {
        asked.push(tempo::check(&tempo, &lab).await?);
    }
    let report = Report::new(state.components, state.telemetry, asked);
    let shown = if lab.json {
        let text = serde_json::to_string_pretty(&report);
        text.map_err(|error| No::CouldNot(error.to_string()))? + "\n"
    } else {
        report.table()
    };
    if report.fine { Ok(shown) } else { Err(No::Shown(shown)) }
}

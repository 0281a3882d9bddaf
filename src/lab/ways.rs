//! What the start-up table says of signals: where each goes, or why it does not.

use futures_util::future::{join_all, join3};

use super::{reach, table::Row};
use crate::telemetry::{
    config::Config,
    destination::{Destination, Signal},
    exporter,
};

/// A row for each signal, and for log lines where they go elsewhere. Asks all at once whether they can be reached.
pub async fn rows(config: &Config) -> Vec<Row> {
    let otlp = join_all(Signal::OTLP.map(|signal| otlp_row(config, signal)));
    let loki = async {
        match &config.loki {
            Some(loki) => Some(sent("logs", loki).await),
            None => None,
        }
    };
    let (mut rows, loki, profiles) = join3(otlp, loki, profiles_row(config)).await;
    rows.extend(loki);
    rows.extend(profiles);
    rows.extend(sampling_row(config));
    rows
}

async fn otlp_row(config: &Config, signal: Signal) -> Row {
    let name = signal.name();
    if config.disabled {
        return Row::new(name, "off", "OTEL_SDK_DISABLED is set");
    }
    if config.declined.contains(&signal) {
        return Row::new(name, "not sent", format!("{} does not name otlp", exporter::variable(signal)));
    }
    match config.destination(signal) {
        Some(to) => sent(name, to).await,
        None if signal == Signal::Logs && config.loki.is_some() => Row::new(
            name,
            "not sent by OTLP",
            "they go to Loki; OTEL_LOGS_EXPORTER=otlp sends them both ways",
        ),
        None => Row::new(name, "not sent", "OTEL_EXPORTER_OTLP_ENDPOINT is not set"),
    }
}

/// Said only where not all that is made leaves.
fn sampling_row(config: &Config) -> Option<Row> {
    match (&config.tail, &config.traces) {
        (Some(rule), Some(_)) => {
            Some(Row::new("sampling", rule.to_string(), "of the traces that leave by OTLP"))
        }
        (Some(_), None) => Some(Row::new(
            "sampling",
            "all",
            "DOORBUSTER_TAIL_SAMPLING does nothing unless traces are sent by OTLP",
        )),
        (None, _) => config.sampler_given.then(|| Row::new("sampling", "by OTEL_TRACES_SAMPLER", "")),
    }
}

async fn profiles_row(config: &Config) -> Option<Row> {
    let name = Signal::Profiles.name();
    match (config.profile_every, &config.pyroscope) {
        (None, None) => None,
        (None, Some(_)) => Some(Row::new(name, "off", "PYROSCOPE_ENDPOINT does nothing without --profile")),
        (Some(_), None) => Some(Row::new(name, "not sent", "PYROSCOPE_ENDPOINT is not set")),
        (Some(_), Some(to)) => Some(sent(name, to).await),
    }
}

async fn sent(name: &'static str, to: &Destination) -> Row {
    let endpoint = to.endpoint.to_string();
    let there = match reach::place(&endpoint) {
        Some(place) => reach::listens(&place).await,
        None => true,
    };
    let shown = endpoint.split('?').next().unwrap_or_default().to_owned();
    Row::new(name, shown, if there { "" } else { "not reachable: signals wait until it is" })
}

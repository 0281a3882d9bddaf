//! The egress measures itself: what was sent, what failed, what was given up and why, and what waits.

use opentelemetry::{KeyValue, metrics::Meter};

use super::{exits::Exit, run::Egress};
use crate::telemetry::names::{attribute, help, metric, unit};

/// Makes the state of the egress itself measurable.
pub fn watch(egress: &Egress, meter: &Meter) {
    type Reading = fn(&Exit) -> u64;
    let counters: [(&str, Reading); 3] = [
        (metric::TELEMETRY_SENT, |exit| exit.sent),
        (metric::TELEMETRY_FAILED, |exit| exit.failed),
        (metric::TELEMETRY_NOT_SAMPLED, |exit| exit.not_sampled),
    ];
    for (name, read) in counters {
        let egress = egress.clone();
        meter
            .u64_observable_counter(name)
            .with_description(help(name))
            .with_unit(unit::RECORDS)
            .with_callback(move |observer| {
                egress.exits().iter().for_each(|exit| observer.observe(read(exit), &exit.labels()));
            })
            .build();
    }
    let dropping = egress.clone();
    meter
        .u64_observable_counter(metric::TELEMETRY_DROPPED)
        .with_description(help(metric::TELEMETRY_DROPPED))
        .with_unit(unit::RECORDS)
        .with_callback(move |observer| {
            for exit in dropping.exits() {
                let [signal, destination] = exit.labels();
                for (reason, count) in exit.dropped_because {
                    let reason = KeyValue::new(attribute::REASON, reason);
                    observer.observe(count, &[signal.clone(), destination.clone(), reason]);
                }
            }
        })
        .build();
    let egress = egress.clone();
    meter
        .u64_observable_gauge(metric::TELEMETRY_QUEUE)
        .with_description(help(metric::TELEMETRY_QUEUE))
        .with_unit(unit::BYTES)
        .with_callback(move |observer| {
            for exit in egress.exits() {
                observer.observe(exit.queue_bytes as u64, &exit.labels());
            }
        })
        .build();
}

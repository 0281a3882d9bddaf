//! Shows the built-in store all signals of this process, without a network between: what telemetry calls an onlooker,
//! in the words of the store.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use tracing::Level as Spoken;

use super::{cli::ShowFlags, table::Row};
use crate::{
    kernel::service::Service,
    store::{
        keep::Store,
        logs::line::{Level, Line as Kept},
        profiles::shelf::{Batch, Sample},
    },
    telemetry::{egress::onlooker::Onlooker, line::Line, profile::samples::Profile},
};

const MIB: usize = 1024 * 1024;

/// Hands on what it is shown.
pub struct Keeper {
    store: Arc<Store>,
    /// By [`Service::index`]: each name once, however many lines bear it.
    names: Vec<Arc<str>>,
}

/// The store of a lab with these flags; nothing when it is off.
pub fn store(flags: &ShowFlags) -> Option<Arc<Store>> {
    (flags.store_mb > 0).then(|| Arc::new(Store::new(flags.store_mb * MIB)))
}

/// What the table says of the store.
pub fn row(flags: &ShowFlags) -> Row {
    match flags.store_mb {
        0 => Row::new("store", "off", "--store-mb is 0"),
        size => Row::new(
            "store",
            format!("the last {size} MiB"),
            "at /api/traces, /api/logs, /api/series, /api/graph",
        ),
    }
}

impl Keeper {
    pub fn of(store: Arc<Store>) -> Arc<dyn Onlooker> {
        Arc::new(Keeper { store, names: Service::ALL.iter().map(|service| service.name().into()).collect() })
    }

    fn name(&self, service: Service) -> Arc<str> {
        self.names.get(service.index()).cloned().unwrap_or_else(|| service.name().into())
    }
}

impl Onlooker for Keeper {
    fn spans(&self, request: &Bytes, _: u64) {
        self.store.take_spans(request);
    }

    fn metrics(&self, request: &ExportMetricsServiceRequest) {
        self.store.take_metrics(request);
    }

    fn lines(&self, lines: Vec<Line>) {
        let kept = lines.into_iter().map(|line| Kept {
            at_ns: since_1970(line.at).as_nanos().try_into().unwrap_or(u64::MAX),
            service: self.name(line.service),
            level: level(line.level),
            trace_id: line.ids.map(|(trace_id, _)| trace_id.to_bytes()),
            span_id: line.ids.map(|(_, span_id)| span_id.to_bytes()),
            text: line.text,
        });
        self.store.take_lines(kept);
    }

    fn profile(&self, profile: &Profile) {
        let samples = profile.samples.iter().map(|sample| Sample {
            service: self.name(sample.service),
            route: sample.route.clone(),
            frames: sample.frames.clone(),
            count: sample.count,
        });
        self.store.take_samples(&Batch {
            ended_ms: since_1970(profile.ended).as_millis().try_into().unwrap_or(i64::MAX),
            hertz: profile.hertz,
            samples: samples.collect(),
        });
    }
}

fn since_1970(at: SystemTime) -> std::time::Duration {
    at.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn level(spoken: Spoken) -> Level {
    match spoken {
        Spoken::TRACE => Level::Trace,
        Spoken::DEBUG => Level::Debug,
        Spoken::INFO => Level::Info,
        Spoken::WARN => Level::Warn,
        Spoken::ERROR => Level::Error,
    }
}

//! The layer of the global subscriber: each event becomes a JSON line on standard output and, when logs are sent by
//! OTLP, a record of the service it belongs to.

use std::{cell::RefCell, sync::Arc, time::SystemTime};

use opentelemetry::{Context, trace::TraceContextExt};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use tracing::{Event, Subscriber};
use tracing_subscriber::{Layer, layer, registry::LookupSpan};

use super::{
    json,
    line::{self, Line},
    presence::Presence,
    routing,
    stdout::Stdout,
};

/// Turns an event into an OTLP record of one service.
pub type Bridge = OpenTelemetryTracingBridge<SdkLoggerProvider, SdkLogger>;

/// Writes and routes log lines.
pub struct Lines {
    pub stdout: Stdout,
    /// By [`crate::kernel::service::Service::index`]; empty when logs are not sent by OTLP.
    pub bridges: Vec<Option<Bridge>>,
    /// Where lines go besides standard output, if anybody wants them.
    pub others: Option<Arc<line::Lines>>,
    /// By [`crate::kernel::service::Service::index`].
    pub presences: Vec<Arc<Presence>>,
}

thread_local! {
    static LINE: RefCell<String> = const { RefCell::new(String::new()) };
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, context: layer::Context<'_, S>) {
        let service = routing::current();
        let at = SystemTime::now();
        let ids = Context::map_current(|context| {
            let span = context.span();
            let ids = span.span_context();
            ids.is_valid().then(|| (ids.trace_id(), ids.span_id()))
        });
        LINE.with_borrow_mut(|line| {
            line.clear();
            json::line(line, event, at, service.name(), ids);
            self.stdout.put(line.as_bytes());
            let (Some(others), Some(presence)) = (&self.others, self.presences.get(service.index())) else {
                return;
            };
            // Who is not there is not heard, but where everybody is.
            if !presence.is_mute() {
                let (level, version) = (*event.metadata().level(), presence.version());
                line::put(others, Line { service, version, level, at, ids, text: line.trim_end().into() });
            }
        });
        if let Some(Some(bridge)) = self.bridges.get(service.index()) {
            bridge.on_event(event, context);
        }
    }
}

//! Somebody in this process who is shown all that leaves it, without a network between. Who it is, telemetry does not
//! know.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;

use crate::telemetry::{line::Line, profile::samples::Profile};

/// Is shown signals on the thread of the egress, one after the other; what it does with them holds up whatever comes
/// behind, but never a service.
pub trait Onlooker: Send + Sync {
    /// An encoded OTLP export request of spans.
    fn spans(&self, request: &Bytes, records: u64);
    /// Everything measured up to now.
    fn metrics(&self, request: &ExportMetricsServiceRequest);
    fn lines(&self, lines: Vec<Line>);
    fn profile(&self, profile: &Profile);
}

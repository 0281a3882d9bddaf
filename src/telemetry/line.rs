//! A log line on its way to whoever wants it besides standard output.

use std::{sync::Arc, time::SystemTime};

use opentelemetry::trace::{SpanId, TraceId};
use tracing::Level;

use super::{egress::queue::Queue, presence::Version};
use crate::kernel::service::Service;

/// Lines that wait may take about this much, in bytes.
const LIMIT_BYTES: usize = 8 * 1024 * 1024;
/// What a line takes in memory besides its text.
const OVERHEAD_BYTES: usize = size_of::<Line>() + 32;

/// One line as it stands on standard output, and what is known of it without reading it.
#[derive(Clone, Debug)]
pub struct Line {
    pub service: Service,
    pub version: Version,
    pub level: Level,
    pub at: SystemTime,
    pub ids: Option<(TraceId, SpanId)>,
    /// The JSON object, without the newline.
    pub text: Box<str>,
}

/// Lines on their way out.
pub type Lines = Queue<Line>;

/// An empty queue of the right size.
pub fn queue() -> Arc<Lines> {
    Arc::new(Queue::new(LIMIT_BYTES))
}

/// Adds a line to `lines`.
pub fn put(lines: &Lines, line: Line) {
    let weight = line.text.len() + OVERHEAD_BYTES;
    lines.push(line, weight, |_| 1);
}

//! A span of a seam, from its start to its end, however it ends.

use std::{borrow::Cow, time::Instant};

use opentelemetry::{
    Context, KeyValue,
    trace::{SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, Tracer},
};

use crate::telemetry::{
    names::{CANCELLED, attribute},
    scope::Signals,
};

/// A span that has begun, and the context in which it is the current one.
pub struct Passage {
    pub context: Context,
    begun: Instant,
    ended: bool,
}

impl Passage {
    /// Begins a span under `parent`.
    pub fn begin(
        signals: &Signals,
        kind: SpanKind,
        name: impl Into<Cow<'static, str>>,
        attributes: Vec<KeyValue>,
        parent: &Context,
    ) -> Self {
        let builder = SpanBuilder::from_name(name).with_kind(kind).with_attributes(attributes);
        let span = signals.tracer.build_with_context(builder, parent);
        Passage { context: parent.with_span(span), begun: Instant::now(), ended: false }
    }

    pub fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Which span it is: what an exemplar of its measurements points at.
    pub fn span_context(&self) -> SpanContext {
        self.context.span().span_context().clone()
    }

    pub fn set(&self, attribute: KeyValue) {
        self.context.span().set_attribute(attribute);
    }

    /// Marks the span as failed.
    pub fn fail(&self, error_type: Cow<'static, str>) {
        let span = self.context.span();
        span.set_attribute(KeyValue::new(attribute::ERROR_TYPE, error_type));
        span.set_status(Status::error(""));
    }

    /// Ends the span; dropped without, it has been given up.
    pub fn end(&mut self) {
        self.ended = true;
        self.context.span().end();
    }

    /// Ends a passage to a database or cache: marks what failed, and measures how long it took.
    pub fn end_query(
        &mut self,
        signals: Option<&Signals>,
        labels: &mut Vec<KeyValue>,
        error: Option<&'static str>,
    ) {
        if let Some(error) = error {
            self.fail(error.into());
            labels.push(KeyValue::new(attribute::ERROR_TYPE, error));
        }
        if let Some(signals) = signals {
            signals.instruments.db_duration.record(self.seconds(), labels, &self.span_context());
        }
        self.end();
    }

    pub fn has_ended(&self) -> bool {
        self.ended
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        if !self.ended {
            self.fail(Cow::Borrowed(CANCELLED));
            self.context.span().end();
        }
    }
}

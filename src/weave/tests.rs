//! The inbound seam before a caller that goes away.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request, http::StatusCode, middleware, routing::get};
use opentelemetry::{
    Context,
    trace::{SpanId, Status, TraceContextExt},
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SdkTracerProvider, Span, SpanData, SpanProcessor},
};
use tower::ServiceExt;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer, layer::SubscriberExt, registry};

use super::inbound::observe;
use crate::{
    kernel::service::Service,
    telemetry::{
        names::{CANCELLED, attribute},
        routing,
        scope::{Kinds, Scope},
    },
};

/// A line that was written: its level, its service, its span and its `error.type`.
#[derive(Clone, Debug)]
struct Line {
    level: Level,
    service: Service,
    span: SpanId,
    error_type: String,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<Line>>>);

impl Written {
    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn errors(&self) -> Vec<Line> {
        self.lines().iter().filter(|line| line.level == Level::ERROR).cloned().collect()
    }
}

impl<S: Subscriber> Layer<S> for Written {
    fn on_event(&self, event: &Event<'_>, _: layer::Context<'_, S>) {
        let mut error_type = ErrorType::default();
        event.record(&mut error_type);
        let span = Context::current().span().span_context().span_id();
        let (level, service) = (*event.metadata().level(), routing::current());
        self.lines().push(Line { level, service, span, error_type: error_type.0 });
    }
}

#[derive(Default)]
struct ErrorType(String);

impl Visit for ErrorType {
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == attribute::ERROR_TYPE {
            value.clone_into(&mut self.0);
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Ended(Arc<Mutex<Vec<SpanData>>>);

impl SpanProcessor for Ended {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn cart(scope: Scope) -> Router {
    Router::new()
        .route("/fine", get(async || "fine"))
        .route("/broken", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/endless", get(async || std::future::pending::<()>().await))
        .layer(middleware::from_fn_with_state(Arc::new(scope), observe))
}

/// Asks, and goes away when there is no answer at once.
async fn ask(cart: &Router, path: &str) {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let answered = cart.clone().oneshot(request);
    let _ = tokio::time::timeout(Duration::from_millis(20), answered).await;
}

#[tokio::test]
async fn each_failed_server_span_has_an_error_line_also_when_its_caller_went_away() {
    let (written, ended) = (Written::default(), Ended::default());
    let _subscribed = tracing::subscriber::set_default(registry::Registry::default().with(written.clone()));
    let provider = SdkTracerProvider::builder().with_span_processor(ended.clone()).build();
    let resource = Resource::builder_empty().build();
    let scope = Scope::new(Service::Cart, Arc::default(), &provider, resource, Kinds::default());
    let cart = cart(scope);
    for path in ["/fine", "/broken", "/endless", "/endless", "/fine", "/endless"] {
        ask(&cart, path).await;
    }
    let spans = ended.0.lock().unwrap_or_else(PoisonError::into_inner);
    let failed: Vec<SpanId> = spans
        .iter()
        .filter(|span| matches!(span.status, Status::Error { .. }))
        .map(|span| span.span_context.span_id())
        .collect();
    let errors = written.errors();
    assert_eq!(failed.len(), 4);
    assert_eq!(errors.iter().map(|line| line.span).collect::<Vec<_>>(), failed);
    assert!(errors.iter().all(|line| line.service == Service::Cart), "{errors:?}");
    let cancelled = errors.iter().filter(|line| line.error_type == CANCELLED).count();
    assert_eq!((cancelled, written.lines().len()), (3, 6), "one line a request");
}

#[tokio::test]
async fn a_request_that_is_cut_off_leaves_its_line_without_signals_as_well() {
    let written = Written::default();
    let _subscribed = tracing::subscriber::set_default(registry::Registry::default().with(written.clone()));
    let cart = cart(Scope::silent(Service::Cart));
    for path in ["/fine", "/endless"] {
        ask(&cart, path).await;
    }
    let errors = written.errors();
    assert_eq!(errors.len(), 1);
    assert_eq!((errors[0].service, &*errors[0].error_type), (Service::Cart, CANCELLED));
}

//! The inbound seam: one server span, one measurement and the log lines of a request.

use std::{borrow::Cow, sync::Arc};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::Response,
};
use opentelemetry::{
    Context, KeyValue,
    propagation::{Extractor, TextMapPropagator},
    trace::{FutureExt, SpanKind, TraceContextExt},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::{error, info};

use super::spans::Passage;
use crate::{
    kernel::{
        discreet,
        error::Error,
        fact::{Fact, Stated},
        origin::Origin,
    },
    telemetry::{
        facts,
        names::{CANCELLED, attribute},
        scope::{Scope, Signals},
    },
};

/// Watches a request from its arrival to its answer, or to the moment the caller goes away.
pub async fn observe(State(scope): State<Arc<Scope>>, request: Request, next: Next) -> Response {
    let (method, route) = address(&request);
    let Some(signals) = scope.signals() else {
        let mut open = Open {
            scope: &scope,
            context: None,
            method: &method,
            route: route.as_deref(),
            is_answered: false,
        };
        let mut response = next.run(request).await;
        open.is_answered = true;
        let facts = taken(&mut response);
        scope.speak(|| speak(&response, &facts, &method, route.as_deref()));
        return response;
    };
    let mut crossing = Crossing::begin(signals, &request, &method, route.clone());
    let context = crossing.passage.context.clone();
    // Behind the span, so that it is dropped before: the line of a request that is cut off falls into its span's time.
    let mut open = Open {
        scope: &scope,
        context: Some(&context),
        method: &method,
        route: route.as_deref(),
        is_answered: false,
    };
    let mut response = next.run(request).with_context(context.clone()).await;
    open.is_answered = true;
    let facts = taken(&mut response);
    crossing.finish(&response, &facts);
    {
        let _current = context.clone().attach();
        scope.speak(|| speak(&response, &facts, &method, route.as_deref()));
    }
    crossing.passage.end();
    name_trace(&mut response, &context);
    response
}

/// A request that has no answer yet. Dropped without one, the caller has gone away, or the connection is closed: then the
/// request leaves its line all the same, as its span says that it failed.
struct Open<'a> {
    scope: &'a Scope,
    context: Option<&'a Context>,
    method: &'a Method,
    route: Option<&'a str>,
    is_answered: bool,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        let _current = self.context.map(|context| context.clone().attach());
        let (method, route) = (known(self.method), self.route);
        self.scope.speak(|| {
            error!(
                name: "request.cancelled",
                { error.r#type = CANCELLED, http.request.method = method, http.route = route },
                "request cancelled"
            );
        });
    }
}

/// A request on its way through the seam.
struct Crossing<'a> {
    signals: &'a Signals,
    passage: Passage,
    labels: Vec<KeyValue>,
    active: [KeyValue; 1],
}

impl<'a> Crossing<'a> {
    fn begin(signals: &'a Signals, request: &Request, method: &Method, route: Option<String>) -> Self {
        let name = span_name(method, route.as_deref());
        let method = KeyValue::new(attribute::METHOD, known(method));
        let path = discreet::path(request.uri().path(), route.as_deref());
        let mut attributes = Vec::with_capacity(10);
        attributes.push(method.clone());
        attributes.push(KeyValue::new(attribute::URL_PATH, path));
        attributes.push(KeyValue::new(attribute::URL_SCHEME, "http"));
        let mut labels = Vec::with_capacity(4);
        labels.push(method.clone());
        if let Some(route) = route {
            let route = KeyValue::new(attribute::ROUTE, route);
            attributes.push(route.clone());
            labels.push(route);
        }
        if let Some(origin) = request.extensions().get::<Origin>() {
            attributes.extend(business(origin));
        }
        let parent =
            TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(request.headers()));
        let passage = Passage::begin(signals, SpanKind::Server, name, attributes, &parent);
        let active = [method];
        signals.instruments.server_active.add(1, &active);
        Crossing { signals, passage, labels, active }
    }

    fn finish(&mut self, response: &Response, facts: &[Fact]) {
        let status = response.status();
        let code = KeyValue::new(attribute::STATUS_CODE, i64::from(status.as_u16()));
        self.passage.set(code.clone());
        self.labels.push(code);
        // By the conventions, what the client did wrong is no error of the server.
        if status.is_server_error() {
            let error = response.extensions().get::<Error>();
            let kind = error
                .map_or_else(|| Cow::Owned(status.as_str().to_owned()), |error| error.kind().name().into());
            self.passage.fail(kind.clone());
            self.labels.push(KeyValue::new(attribute::ERROR_TYPE, kind));
        }
        let (seconds, span) = (self.passage.seconds(), self.passage.span_context());
        for fact in facts {
            facts::measure(fact, &self.signals.instruments, seconds, &span);
            if let Some(order) = facts::order_id(fact) {
                self.passage.set(order);
            }
        }
        self.signals.instruments.server_duration.record(seconds, &self.labels, &span);
    }
}

impl Drop for Crossing<'_> {
    fn drop(&mut self) {
        let instruments = &self.signals.instruments;
        instruments.server_active.add(-1, &self.active);
        if !self.passage.has_ended() {
            self.labels.push(KeyValue::new(attribute::ERROR_TYPE, CANCELLED));
            let span = self.passage.span_context();
            instruments.server_duration.record(self.passage.seconds(), &self.labels, &span);
        }
    }
}

fn address(request: &Request) -> (Method, Option<String>) {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    (request.method().clone(), route)
}

fn taken(response: &mut Response) -> Vec<Fact> {
    response.extensions_mut().remove::<Stated>().unwrap_or_default().0
}

/// One line a fact; for a failure its cause. A request that states nothing still leaves a line: whoever looks for the
/// lines of a trace finds every service in it.
fn speak(response: &Response, stated: &[Fact], method: &Method, route: Option<&str>) {
    stated.iter().for_each(facts::log);
    let (status, method) = (response.status(), known(method));
    let Some(failure) = response.extensions().get::<Error>() else {
        let code = status.as_u16();
        if status.is_server_error() {
            error!(
                name: "request.failed",
                { http.request.method = method, http.route = route, http.response.status_code = code },
                "request failed"
            );
        } else if stated.is_empty() {
            info!(
                name: "request.served",
                { http.request.method = method, http.route = route, http.response.status_code = code },
                "request served"
            );
        }
        return;
    };
    // The client may read what he typed; whoever reads logs may not.
    let (detail, cause) = (discreet::words(failure.detail()), failure.cause().map(discreet::words));
    let (kind, cause) = (failure.kind().name(), cause.as_deref());
    if status.is_server_error() {
        error!(
            name: "request.failed", { error.r#type = kind, detail, cause,
            http.request.method = method, http.route = route,
            http.response.status_code = status.as_u16() }, "request failed"
        );
    } else {
        info!(
            name: "request.refused", { error.r#type = kind, detail, cause,
            http.request.method = method, http.route = route,
            http.response.status_code = status.as_u16() }, "request refused"
        );
    }
}

/// Puts the trace's id into a problem document, so that whoever got it can find the trace.
fn name_trace(response: &mut Response, context: &Context) {
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/problem+json"));
    let Some(error) = response.extensions().get::<Error>().filter(|_| is_problem) else { return };
    let trace_id = context.span().span_context().trace_id().to_string();
    let body = error.problem(Some(trace_id)).body();
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = body;
}

/// The business attributes of a span.
pub fn business(origin: &Origin) -> impl Iterator<Item = KeyValue> {
    let country = origin.country.map(|one| KeyValue::new(attribute::SHOP_COUNTRY, one.code()));
    let method = origin.payment_method.map(|one| KeyValue::new(attribute::SHOP_PAYMENT_METHOD, one.name()));
    let tier = origin.tier.map(|one| KeyValue::new(attribute::SHOP_TIER, one.name()));
    [country, method, tier].into_iter().flatten()
}

/// What a server span is called: `POST /charge`.
pub fn span_name(method: &Method, route: Option<&str>) -> String {
    match route {
        Some(route) => format!("{} {route}", known(method)),
        None => known(method).to_owned(),
    }
}

/// The conventions' word for methods nobody knows; a label must be bounded.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("_OTHER")
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(header::HeaderName::as_str).collect()
    }
}

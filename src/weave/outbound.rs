//! The outbound seam: one client span and one measurement an attempt; trace and baggage travel along.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use opentelemetry::{
    Context, KeyValue,
    propagation::{Injector, TextMapPropagator},
    trace::{FutureExt, SpanKind},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;

use super::{baggage, inbound, spans::Passage};
use crate::{
    kernel::{
        client::{Carrier, Errand, Lost, Retry},
        service::Service,
    },
    telemetry::{
        ids,
        names::attribute,
        scope::{Scope, Signals},
    },
};

/// A carrier that is watched.
pub struct Observed<C> {
    inner: C,
    scope: Arc<Scope>,
}

impl<C> Observed<C> {
    pub fn new(inner: C, scope: Arc<Scope>) -> Self {
        Observed { inner, scope }
    }
}

impl<C: Carrier> Carrier for Observed<C> {
    fn carry(&self, mut errand: Errand) -> BoxFuture<'_, Result<Response<Bytes>, Lost>> {
        if let Some(header) = baggage::header(&errand.origin) {
            errand.headers.insert(baggage::HEADER, header);
        }
        match self.scope.signals() {
            Some(signals) => Box::pin(self.watched(signals, errand)),
            None => self.inner.carry(errand),
        }
    }

    fn retry(&self, errand: &Errand, declared: Retry) -> Retry {
        self.inner.retry(errand, declared)
    }
}

impl<C: Carrier> Observed<C> {
    async fn watched(&self, signals: &Signals, mut errand: Errand) -> Result<Response<Bytes>, Lost> {
        let peer = errand.peer;
        let origin = errand.origin.clone();
        let method = KeyValue::new(attribute::METHOD, errand.method.to_string());
        let address = KeyValue::new(attribute::SERVER_ADDRESS, peer.name());
        let mut attributes = Vec::with_capacity(10);
        attributes.push(method.clone());
        attributes.push(address.clone());
        attributes.push(KeyValue::new(attribute::URL_TEMPLATE, errand.route));
        if errand.attempt > 0 {
            attributes.push(KeyValue::new(attribute::RESEND_COUNT, i64::from(errand.attempt)));
        }
        attributes.extend(inbound::business(&origin));
        let name = format!("{} {}", errand.method, errand.route);
        let mut passage = ids::with_trace_id(errand.trace_id, || {
            Passage::begin(signals, SpanKind::Client, name, attributes, &Context::current())
        });
        let propagator = TraceContextPropagator::new();
        propagator.inject_context(&passage.context, &mut Headers(&mut errand.headers));

        let answer = self.inner.carry(errand).with_context(passage.context.clone()).await;

        let mut labels = vec![method, address];
        let failure = match &answer {
            Ok(response) => {
                let status = response.status();
                let code = KeyValue::new(attribute::STATUS_CODE, i64::from(status.as_u16()));
                passage.set(code.clone());
                labels.push(code);
                let failed = status.is_client_error() || status.is_server_error();
                failed.then(|| Cow::Owned(status.as_str().to_owned()))
            }
            Err(lost) => Some(Cow::Borrowed(lost.name())),
        };
        if let Some(kind) = failure {
            passage.fail(kind.clone());
            labels.push(KeyValue::new(attribute::ERROR_TYPE, kind));
        }
        let (seconds, span) = (passage.seconds(), passage.span_context());
        signals.instruments.client_duration.record(seconds, &labels, &span);
        if peer == Service::PaymentProvider {
            let status = if answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
                "success"
            } else {
                "failed"
            };
            let country = origin.country.map_or("unknown", |country| country.code());
            let mut labels =
                vec![KeyValue::new(attribute::COUNTRY, country), KeyValue::new(attribute::STATUS, status)];
            labels.extend(
                origin.payment_method.map(|one| KeyValue::new(attribute::PAYMENTS_METHOD, one.name())),
            );
            signals.instruments.provider_duration.record(seconds, &labels, &span);
        }
        passage.end();
        answer
    }
}

struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        // An empty tracestate says nothing and is not sent.
        if value.is_empty() {
            return;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(key.as_bytes()), HeaderValue::from_str(&value))
        {
            self.0.insert(name, value);
        }
    }
}

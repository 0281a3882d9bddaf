//! Whom a service is serving right now, as far as faults care. Known at the inbound seam; kept for as long as the
//! handler works, so that the queries and questions it makes know it too.

use std::sync::Arc;

use http::{HeaderMap, header::HeaderName};
use opentelemetry::trace::TraceContextExt;
use rand::RngExt;

use super::subject::Subject;
use crate::{
    chaos::crossing::{Crossing, Place},
    kernel::{
        client::{ATTEMPT, Errand},
        origin::Origin,
    },
};

pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

tokio::task_local! {
    static CURRENT: Arc<Visitor>;
}

/// Who passes.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub trace_id: [u8; 16],
    /// How often the request was made before.
    pub attempt: u32,
    pub who: Origin,
    pub subject: Subject,
}

impl Visitor {
    /// Who sent a request with these headers.
    pub fn with(headers: &HeaderMap, who: Origin, subject: Subject) -> Self {
        let attempt = headers.get(ATTEMPT).and_then(|value| value.to_str().ok()?.parse().ok());
        Visitor {
            trace_id: current_trace().or_else(|| told_trace(headers)).unwrap_or_else(fresh_trace),
            attempt: attempt.unwrap_or(0),
            who,
            subject,
        }
    }

    /// Whom the current task serves. Nobody, where the service acts by itself or nothing was broken yet when the request
    /// came: then all that is known is the trace.
    pub fn current() -> Arc<Visitor> {
        CURRENT.try_with(Arc::clone).unwrap_or_else(|_| {
            Arc::new(Visitor {
                trace_id: current_trace().unwrap_or_else(fresh_trace),
                attempt: 0,
                who: Origin::default(),
                subject: Subject::default(),
            })
        })
    }

    /// Who stands behind an errand.
    pub fn behind(errand: &Errand) -> Self {
        let served = CURRENT.try_with(Arc::clone).ok();
        let of_served = served.as_ref().map(|visitor| visitor.trace_id);
        let trace_id = errand.trace_id.or_else(current_trace).or(of_served).unwrap_or_else(fresh_trace);
        let subject = served.map(|visitor| visitor.subject.clone()).unwrap_or_default();
        Visitor { trace_id, attempt: errand.attempt, who: errand.origin.clone(), subject }
    }

    /// Lets `work` and all it asks for happen on behalf of this visitor.
    pub async fn served<T>(self: Arc<Self>, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }

    pub fn crossing<'a>(&'a self, place: Place<'a>) -> Crossing<'a> {
        Crossing {
            place,
            trace_id: self.trace_id,
            attempt: self.attempt,
            who: &self.who,
            product: self.subject.product,
            category: self.subject.category.as_deref(),
        }
    }
}

fn current_trace() -> Option<[u8; 16]> {
    let context = opentelemetry::Context::current();
    let span = context.span();
    let ids = span.span_context();
    ids.is_valid().then(|| ids.trace_id().to_bytes())
}

/// The trace that the caller says it belongs to: the second part of `00-<trace>-<span>-<flags>`.
fn told_trace(headers: &HeaderMap) -> Option<[u8; 16]> {
    let text = headers.get(TRACEPARENT)?.to_str().ok()?;
    let digits = text.split('-').nth(1).filter(|part| part.len() == 32)?;
    let number = u128::from_str_radix(digits, 16).ok().filter(|number| *number != 0)?;
    Some(number.to_be_bytes())
}

fn fresh_trace() -> [u8; 16] {
    rand::rng().random()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_third_party_learns_the_trace_from_the_caller() {
        let told = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let headers = HeaderMap::from_iter([
            (TRACEPARENT, HeaderValue::from_static(told)),
            (ATTEMPT, HeaderValue::from(3)),
        ]);
        let visitor = Visitor::with(&headers, Origin::default(), Subject::default());
        assert_eq!(visitor.trace_id, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes());
        assert_eq!(visitor.attempt, 3);
        for nonsense in ["", "00-0-1-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01"] {
            let headers = HeaderMap::from_iter([(TRACEPARENT, HeaderValue::from_static(nonsense))]);
            assert_eq!(told_trace(&headers), None, "{nonsense}");
        }
    }
}

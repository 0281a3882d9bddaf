//! The inbound seam as profiles see it: while a request is worked on, the thread bears the code of its route.

use std::{future::poll_fn, pin::pin, sync::Arc};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};

use super::inbound::span_name;
use crate::telemetry::scope::Scope;

/// Names the thread at each step of the request and gives the name back after it: between two steps the thread works for
/// others.
pub async fn named(State(scope): State<Arc<Scope>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let name = span_name(request.method(), route);
    let Some(badge) = scope.routes.as_ref().and_then(|routes| routes.badge(scope.service, &name)) else {
        return next.run(request).await;
    };
    let mut work = pin!(next.run(request));
    poll_fn(|context| {
        let _worn = badge.wear();
        work.as_mut().poll(context)
    })
    .await
}

//! What each seam wears, from outside to inside, with the reason for each layer. Nothing else decides on their order.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, header},
    middleware,
};
use tower_http::{catch_panic::CatchPanicLayer, cors::CorsLayer};

use super::{
    baggage, cache::Watched as WatchedCache, database::Watched, inbound, outbound::Observed, panics,
};
use crate::{
    kernel::{
        cache,
        client::{Carrier, Deadline},
        db::{self, Pool},
        extract::BODY_LIMIT_BYTES,
    },
    telemetry::scope::Scope,
};

/// Dresses what comes in to a service of ours. Read from the bottom: the last layer is the outermost.
pub fn inbound(router: Router, scope: Arc<Scope>) -> Router {
    router
        // A handler that panics has answered 500; its service goes on.
        .layer(CatchPanicLayer::custom(panics::after_panic))
        // Nobody fills our memory.
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        // Span, measurements and log lines see what the caller sees, whatever made it so.
        .layer(middleware::from_fn_with_state(scope, inbound::observe))
        // Who asks must be known before anybody speaks of the request.
        .layer(middleware::from_fn(baggage::read))
}

/// Lets pages of other origins call the shop's API. None may unless it is named, and cookies are never theirs to send.
pub fn cross_origin(router: Router, origins: &[HeaderValue]) -> Router {
    if origins.is_empty() {
        return router;
    }
    let allowed = CorsLayer::new()
        .allow_origin(origins.to_vec())
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
        ]);
    router.layer(allowed)
}

/// Dresses what comes in to a third party, which has no telemetry.
pub fn third_party(router: Router) -> Router {
    router
        .layer(CatchPanicLayer::custom(panics::after_panic))
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(middleware::from_fn(baggage::read))
}

/// Dresses what goes out to a peer.
pub fn outbound(transport: impl Carrier + 'static, scope: Arc<Scope>) -> Arc<dyn Carrier> {
    // The span stands outside the deadline, so that giving up is seen as a time-out and not as silence.
    Arc::new(Observed::new(Deadline(transport), scope))
}

/// Dresses the queries of a service.
pub fn database(scope: Arc<Scope>, pool: &Pool) -> Arc<dyn db::Seam> {
    Arc::new(Watched::new(scope, pool))
}

/// Dresses the passages to a service's cache.
pub fn cache(scope: Arc<Scope>) -> Arc<dyn cache::Seam> {
    Arc::new(WatchedCache::new(scope))
}

//! What each seam wears, from outside to inside, with the reason for each layer. Nothing else decides on their order.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, header},
    middleware,
};
use tower::ServiceBuilder;
use tower_http::{catch_panic::CatchPanicLayer, cors::CorsLayer};

use super::{
    baggage, cache::Watched as WatchedCache, database::Watched, faulty, inbound, outbound::Observed, panics,
    sampled,
};
use crate::{
    chaos::panel::Panel,
    kernel::{
        cache,
        client::{Carrier, Deadline},
        db::{self, Pool},
        extract::BODY_LIMIT_BYTES,
    },
    telemetry::scope::Scope,
};

/// Makes handlers breakable. Stands right around them: whoever is refused, delayed or forgotten here has been seen to
/// come, and is answered as the service answers when it fails by itself.
pub fn breakable(handlers: Router, panel: Arc<Panel>) -> Router {
    handlers.layer(middleware::from_fn_with_state(panel, faulty::inbound))
}

/// Dresses what comes in to a service of ours; the first layer is the outermost. One stack and not four: a router boxes
/// whatever it is layered with, each time.
pub fn inbound(router: Router, scope: Arc<Scope>) -> Router {
    let sampled = scope.routes.is_some().then(|| scope.clone());
    let layers = ServiceBuilder::new()
        // All that is done for a request is done in its name, the seam's own work as well.
        .option_layer(sampled.map(|scope| middleware::from_fn_with_state(scope, sampled::named)))
        // Who asks must be known before anybody speaks of the request.
        .layer(middleware::from_fn(baggage::read))
        // Span, measurements and log lines see what the caller sees, whatever made it so.
        .layer(middleware::from_fn_with_state(scope, inbound::observe))
        // Nobody fills our memory.
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        // A handler that panics has answered 500; its service goes on.
        .layer(CatchPanicLayer::custom(panics::after_panic));
    router.layer(layers)
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
pub fn outbound(transport: impl Carrier + 'static, scope: Arc<Scope>, panel: Arc<Panel>) -> Arc<dyn Carrier> {
    // A hang or a delay runs into the deadline like a slow peer.
    let faulty = faulty::Outbound::new(transport, panel);
    // The span stands outside the deadline, so that giving up is seen as a time-out and not as silence.
    Arc::new(Observed::new(Deadline(faulty), scope))
}

/// Dresses what shoppers ask: they are the world outside, and nothing of theirs is ever broken.
pub fn shoppers(transport: impl Carrier + 'static, scope: Arc<Scope>) -> Arc<dyn Carrier> {
    Arc::new(Observed::new(Deadline(transport), scope))
}

/// Dresses the queries of a service.
pub fn database(scope: Arc<Scope>, panel: Arc<Panel>, pool: &Pool) -> Arc<dyn db::Seam> {
    // The query's span lasts for as long as the query takes, for whatever reason.
    Arc::new(Watched::new(scope, Arc::new(faulty::Database(panel)), pool))
}

/// Dresses the passages to a service's cache.
pub fn cache(scope: Arc<Scope>, panel: Arc<Panel>) -> Arc<dyn cache::Seam> {
    Arc::new(WatchedCache::new(scope, Arc::new(faulty::Cache(panel))))
}

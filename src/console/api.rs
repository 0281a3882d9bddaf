//! All addresses of the control API, and what stands around them.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, State},
    http::header,
    middleware,
    response::{IntoResponse, Response},
};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    alerts, checks,
    desk::{Console, Desk},
    events,
    exercises::api as exercises,
    faults, graph, guard, history, intake, ledger, linger, logs, modes, objectives,
    openapi::{self, Document, Head},
    otlp, page, places, profiles, receivers, runbooks, scenarios, series, state, store, switchboard, traces,
    traffic,
    verify::api as verify,
};
use crate::kernel::{extract::BODY_LIMIT_BYTES, strangers};

/// The control API over `console`. Must be called inside the runtime it is served on: it watches for changes there.
pub fn router(console: Console) -> Router {
    let guard = console.guard.clone();
    let desk = Desk::new(console);
    tokio::spawn(events::announce(desk.weak()));
    // Who sends signals sends more at once than who sends a command.
    let senders = OpenApiRouter::new()
        .routes(routes!(otlp::traces))
        .routes(routes!(otlp::metrics))
        .routes(routes!(otlp::logs))
        .layer(Extension(Arc::new(intake::Intake::default())))
        .layer(DefaultBodyLimit::max(otlp::BODY_BYTES));
    // A group of alerts is larger than a command as well.
    let told = OpenApiRouter::new()
        .routes(routes!(receivers::tell))
        .layer(DefaultBodyLimit::max(receivers::BODY_BYTES));
    let (known, document) = OpenApiRouter::with_openapi(Head::openapi())
        .routes(routes!(page::index))
        .routes(routes!(metrics))
        .routes(routes!(openapi::document))
        .routes(routes!(state::state))
        .routes(routes!(history::vitals))
        .routes(routes!(events::listen))
        .routes(routes!(modes::switch))
        .routes(routes!(modes::demo_mode))
        .routes(routes!(modes::calm))
        .routes(routes!(traffic::generate))
        .routes(routes!(scenarios::list))
        .routes(routes!(scenarios::show))
        .routes(routes!(scenarios::start))
        .routes(routes!(scenarios::stop))
        .routes(routes!(scenarios::pause))
        .routes(routes!(scenarios::resume))
        .routes(routes!(scenarios::jump))
        .routes(routes!(scenarios::speed))
        .routes(routes!(faults::list))
        .routes(routes!(faults::set, faults::clear))
        .routes(routes!(checks::fault))
        .routes(routes!(places::list))
        .routes(routes!(ledger::lines))
        .routes(routes!(switchboard::follow))
        .routes(routes!(switchboard::count))
        .routes(routes!(traces::list))
        .routes(routes!(traces::show))
        .routes(routes!(logs::list))
        .routes(routes!(series::metrics))
        .routes(routes!(series::series))
        .routes(routes!(graph::graph))
        .routes(routes!(profiles::list))
        .routes(routes!(profiles::show))
        .routes(routes!(store::fill))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::rules))
        .routes(routes!(alerts::routes))
        .routes(routes!(alerts::notifications))
        .routes(routes!(objectives::list))
        .routes(routes!(runbooks::page))
        .routes(routes!(verify::read, verify::begin, verify::end))
        .routes(routes!(exercises::read))
        .routes(routes!(exercises::begin))
        .routes(routes!(exercises::runs))
        .routes(routes!(exercises::show))
        .routes(routes!(exercises::notice))
        .routes(routes!(exercises::hint))
        .routes(routes!(exercises::answer))
        .routes(routes!(exercises::give_up))
        .merge(senders)
        .merge(told)
        .split_for_parts();
    // Made of types alone: it serialises, or a test says so.
    let document = Document::new(document.to_json().unwrap_or_default());
    strangers::answered(page::beside(known))
        .with_state(desk)
        .layer(Extension(document))
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(middleware::from_fn_with_state(guard, guard::watch))
        .layer(middleware::from_fn(linger::hear_out))
}

/// Measurements of all services of this process (OpenMetrics)
#[utoipa::path(get, path = "/metrics", tag = "signals", operation_id = "read_metrics",
    responses((status = 200, description = "The measurements", body = String,
        content_type = "application/openmetrics-text")))]
async fn metrics(State(desk): State<Arc<Desk>>) -> Response {
    let console = &desk.console;
    ([(header::CONTENT_TYPE, console.metrics_type)], (console.metrics)()).into_response()
}

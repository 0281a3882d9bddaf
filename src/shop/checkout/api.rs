//! Checkout over HTTP: a cart becomes an order, and the orders that were made are shown.

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use serde::Deserialize;

use crate::kernel::{
    chore::Chore,
    db::Db,
    error::{Error, Result},
    extract::{Json, Path, Query},
    fact::Fact,
    id::{CustomerId, OrderId},
    origin::Origin,
    reply::Reply,
};

use super::{
    model::{CheckoutRequest, Order},
    peers::Peers,
    refunds,
    steps::{Bought, Till, buy},
    store,
};

#[derive(Clone)]
pub struct App {
    till: Till,
}

impl App {
    pub fn new(db: Db, peers: Peers) -> Self {
        App { till: Till::new(db, peers) }
    }

    /// Charges whose order never came are given back without anybody asking.
    pub fn chores(&self) -> Vec<Chore> {
        vec![refunds::chore(&self.till.db, self.till.peers())]
    }
}

#[cfg(test)]
impl App {
    pub fn till(&self) -> &Till {
        &self.till
    }
}

pub fn router(app: App) -> Router {
    Router::new()
        .route("/checkouts", post(checkout))
        .route("/orders", get(list))
        .route("/orders/{order_id}", get(one))
        .with_state(app)
}

async fn checkout(
    State(app): State<App>,
    origin: Origin,
    Json(request): Json<CheckoutRequest>,
) -> Result<Reply<Order>> {
    let CheckoutRequest { country, payment_method, .. } = request;
    let started = Fact::CheckoutStarted { country, payment_method };
    let mut facts = Vec::new();
    match buy(&app.till, &origin, request, &mut facts).await {
        Ok(Bought::Now(order)) => Ok(Reply::created(order).stating(started).stating_all(facts)),
        // Asking again for what was bought starts nothing: conversion is counted by orders wanted, not by clicks.
        Ok(Bought::Before(order)) => Ok(Reply::of(order).stating_all(facts)),
        Err(error) => {
            let failed = Fact::CheckoutFailed { country, payment_method };
            Err([started].into_iter().chain(facts).chain([failed]).fold(error, Error::stating))
        }
    }
}

#[derive(Deserialize)]
struct Listing {
    customer: CustomerId,
    limit: Option<i64>,
}

const LISTED: i64 = 50;
const MOST_LISTED: i64 = 100;

async fn list(State(app): State<App>, Query(asked): Query<Listing>) -> Result<Reply<Vec<Order>>> {
    let limit = asked.limit.unwrap_or(LISTED);
    if !(1..=MOST_LISTED).contains(&limit) {
        return Err(Error::invalid("limit", format!("a limit is from 1 to {MOST_LISTED}")));
    }
    Ok(Reply::of(store::list(&app.till.db, &asked.customer, limit).await?))
}

#[derive(Deserialize)]
struct Whose {
    customer: CustomerId,
}

/// Another's order is answered like none at all: who guesses numbers learns nothing.
async fn one(
    State(app): State<App>,
    Path(order_id): Path<String>,
    Query(whose): Query<Whose>,
) -> Result<Reply<Order>> {
    let nothing = || Error::not_found("there is no such order");
    if !order_id.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(nothing());
    }
    let order = store::get(&app.till.db, &OrderId::from(order_id)).await?;
    order.filter(|order| order.customer == whose.customer).map(Reply::of).ok_or_else(nothing)
}

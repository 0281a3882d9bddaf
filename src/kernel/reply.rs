//! A successful answer together with the facts it states.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::fact::{Fact, Stated};

/// What a handler returns when all went well: `Ok(Reply::of(order).stating(Fact::OrderPlaced { .. }))`.
#[derive(Debug)]
pub struct Reply<T> {
    pub body: T,
    status: StatusCode,
    facts: Vec<Fact>,
}

impl<T> Reply<T> {
    /// 200 with `body` as JSON.
    pub fn of(body: T) -> Self {
        Reply { body, status: StatusCode::OK, facts: Vec::new() }
    }

    /// 201 with `body` as JSON.
    pub fn created(body: T) -> Self {
        Reply { status: StatusCode::CREATED, ..Reply::of(body) }
    }

    /// Adds a fact; the order is the order of the log lines.
    #[must_use]
    pub fn stating(mut self, fact: Fact) -> Self {
        self.facts.push(fact);
        self
    }

    /// Adds facts that may or may not be there.
    #[must_use]
    pub fn stating_all(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        self.facts.extend(facts);
        self
    }

    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        response.extensions_mut().insert(Stated(self.facts));
        response
    }
}

//! A span as the store keeps it: encoded, with the little that has to be known of it without decoding it.

use std::sync::Arc;

use crate::store::otlp::{
    glance::{Glance, KIND_CLIENT, KIND_SERVER},
    sender::Sender,
};

pub type TraceId = [u8; 16];
pub type SpanId = [u8; 8];

/// What a span means to others of its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Server,
    /// A client span that does not name its peer: only the server span below it does.
    NamelessClient,
    Other,
}

/// A span as it came, and who sent it.
#[derive(Clone, Debug)]
pub struct Kept {
    pub id: SpanId,
    pub parent: Option<SpanId>,
    pub role: Role,
    pub sender: Arc<Sender>,
    pub span: Box<[u8]>,
}

impl Role {
    pub fn of(span: &Glance<'_>) -> Self {
        match span.kind {
            KIND_SERVER => Role::Server,
            KIND_CLIENT if span.database.is_none() && span.named_peer().is_none() => Role::NamelessClient,
            _ => Role::Other,
        }
    }
}

//! The lab as a receiver: Alertmanager's webhooks come in here, under the name of whoever was to be told.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};

use super::{answers::Refusals, body::Body, desk::Desk};
use crate::{
    kernel::{
        error::{Error, Kind, Result},
        extract::Path,
    },
    stack::inbox::Webhook,
};

/// A group may hold hundreds of alerts, each with its labels and annotations: some 2 KiB.
pub const BODY_BYTES: usize = 2 * 1024 * 1024;
/// Longer than any name somebody gave a receiver.
const NAME_BYTES: usize = 200;

/// Tell a receiver: Alertmanager's webhook, version 4
///
/// The lab keeps it, in memory and for nobody else; `/api/alerts/notifications` and the event `notification` show it.
#[utoipa::path(post, path = "/receivers/{name}", tag = "alerts", operation_id = "tell_receiver", request_body = Webhook,
    params(("name" = String, Path, description = "The receiver's name, as in alertmanager.yml", max_length = 200,
        pattern = r"^[^\x00-\x1F\x7F-\x9F]+$")),
    responses((status = 204, description = "It is kept"), Refusals))]
pub async fn tell(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
    webhook: Result<Body<Webhook>>,
) -> Result<StatusCode> {
    if name.len() > NAME_BYTES || name.chars().any(char::is_control) {
        let detail = format!("a receiver's name has at most {NAME_BYTES} bytes, all of them visible");
        return Err(Error::invalid("name", detail));
    }
    let Body(webhook) = webhook.map_err(|error| {
        if error.kind() == Kind::TooLarge {
            Error::new(Kind::TooLarge, format!("a notification may have at most {BODY_BYTES} bytes"))
        } else {
            error
        }
    })?;
    desk.console.stack.inbox.take(&name, webhook);
    Ok(StatusCode::NO_CONTENT)
}

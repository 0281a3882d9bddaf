//! What a checkout is asked for, whichever way it was sent.

use axum::http::StatusCode;

use super::{
    peers::Peers,
    sent::{CheckoutBody, promo_code},
    session::Visitor,
};
use crate::{
    kernel::{error::Result, origin::Origin},
    shop::checkout::model::{CheckoutRequest, Order},
};

/// The order, and whether it was placed just now (201) or had been before (200).
pub async fn place(
    peers: &Peers,
    visitor: &Visitor,
    body: &CheckoutBody,
    idempotency_key: Option<String>,
) -> Result<(StatusCode, Order)> {
    let request = CheckoutRequest {
        customer: visitor.customer()?,
        country: body.country,
        payment_method: body.payment_method,
        currency: body.currency,
        shipping_method: body.shipping_method,
        promo_code: promo_code(body.promo_code.clone())?,
        tier: visitor.tier(),
        idempotency_key,
    };
    // From here on the request is about this country and this way to pay, whatever it said of itself before.
    let origin = Origin {
        country: Some(body.country),
        payment_method: Some(body.payment_method),
        ..visitor.origin.clone()
    };
    peers.checkout(&request, &origin).await
}

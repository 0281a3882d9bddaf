//! What payments asks of others.

use axum::http::StatusCode;

use crate::{
    kernel::{
        client::{Ask, Client, Refusal},
        origin::Origin,
    },
    shop::third_party::payment_provider::{Charge, ChargeRequest, Refund, RefundRequest},
};

#[derive(Clone)]
pub struct Peers {
    pub payment_provider: Client,
}

/// What the provider made of a charge.
#[derive(Debug)]
pub enum Answer {
    Charged(Charge),
    Declined,
    /// The key was charged with another amount before, or was refunded.
    Contradicts,
    /// The provider did not do its work.
    Failed(Refusal),
}

impl Peers {
    pub async fn charge(&self, origin: &Origin, charge: &ChargeRequest) -> Answer {
        let ask = Ask::post("/charge", origin).json(charge);
        match self.payment_provider.call(ask).await {
            Ok(charge) => Answer::Charged(charge),
            Err(refusal) => match refusal.status() {
                Some(StatusCode::PAYMENT_REQUIRED) => Answer::Declined,
                Some(StatusCode::CONFLICT) => Answer::Contradicts,
                Some(_) | None => Answer::Failed(refusal),
            },
        }
    }

    pub async fn refund(&self, origin: &Origin, refund: &RefundRequest) -> Result<Refund, Refusal> {
        self.payment_provider.call(Ask::post("/refunds", origin).json(refund)).await
    }
}

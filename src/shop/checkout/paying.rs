//! Steps 8 and 9: the intent, the charge, the order.
//!
//! The intent is committed before the charge, and taken by the order's own transaction. What fails in between gives the
//! charge back; what dies in between leaves an open intent, which the customer's next attempt goes on with, or the chore
//! of [`refunds`] refunds.

use axum::http::StatusCode;

use crate::{
    kernel::{
        clock,
        db::{Db, DbError},
        error::Result,
        fact::Fact,
        origin::Origin,
    },
    shop::payments::model::PaymentRequest,
};

use super::{
    intents::{self, Intent, Opened},
    model::Order,
    peers::Peers,
    refunds::{self, Outcome},
    store,
};

/// Charges for `order` and writes it. `false` when nothing was written because the order is there already, or because
/// another process has claimed the charge for its refund.
pub async fn charge_and_write(
    db: &Db,
    peers: &Peers,
    origin: &Origin,
    order: &mut Order,
    facts: &mut Vec<Fact>,
) -> Result<bool> {
    let wanted = Intent {
        key: Intent::fresh_key(&order.order_id),
        order_id: order.order_id.clone(),
        customer: order.customer.clone(),
        country: order.country,
        payment_method: order.payment_method,
        amount: order.total,
        attempts: 0,
    };
    let mut superseded = Vec::new();
    let opened = intents::open(db, wanted, clock::now_millis(), &mut superseded).await;
    for intent in &superseded {
        refunds::refund(db, peers, origin, intent, facts).await;
    }
    let intent = match opened? {
        Opened::Intent(intent) => intent,
        Opened::Bought => return Ok(false),
    };
    let payment = PaymentRequest {
        order_id: order.order_id.clone(),
        key: Some(intent.key.clone()),
        amount: order.total,
        amount_usd: order.total_usd,
        country: order.country,
        payment_method: order.payment_method,
    };
    let payment = match peers.pay(origin, &payment).await {
        Ok(payment) => payment,
        Err(refusal) => {
            // Only a declined card was not charged for sure. What became of anything else, the next attempt or the chore
            // finds out.
            if refusal.status() == Some(StatusCode::PAYMENT_REQUIRED) {
                let _ = intents::remove(db, &intent.key).await;
            }
            return Err(refusal.into());
        }
    };
    let placed_at_ms = clock::now_millis();
    order.payment_id = payment.charge_id;
    order.placed_at = clock::rfc3339(placed_at_ms);
    match store::insert(db, order, &intent.key, placed_at_ms).await {
        Ok(is_written) => Ok(is_written),
        Err(error) => {
            // A commit whose answer was lost has taken the intent along: then there is nothing to claim.
            let outcome = refunds::give_back(db, peers, origin, &intent, facts).await;
            if outcome == Outcome::NotOurs || error == DbError::Duplicate {
                return Ok(false);
            }
            Err(error.into())
        }
    }
}

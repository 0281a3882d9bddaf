//! Gives back what was charged for an order that could not be written: at once where that is possible, and otherwise by a
//! chore, which finds the intents that a process left behind when it died or when its database or the provider was away.

use std::time::Duration;

use crate::{
    kernel::{
        chore::{Chore, Task},
        clock,
        db::Db,
        fact::Fact,
        origin::Origin,
    },
    shop::payments::model::RefundRequest,
};

use super::{
    intents::{self, Intent},
    peers::Peers,
};

/// The pause between two looks for intents that are due.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The most refunds of one round; the next takes the rest.
const MOST_OF_A_ROUND: i64 = 50;

/// What became of an attempt to give a charge back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Refunded,
    /// It is tried again later.
    Pending,
    /// There is nothing to give back: the order was written after all, or another process does it.
    NotOurs,
}

/// Claims the intent of an order that could not be written, and gives its charge back.
pub async fn give_back(
    db: &Db,
    peers: &Peers,
    origin: &Origin,
    intent: &Intent,
    facts: &mut Vec<Fact>,
) -> Outcome {
    take_and_refund(db, peers, origin, intent, i64::MAX, facts).await
}

async fn take_and_refund(
    db: &Db,
    peers: &Peers,
    origin: &Origin,
    intent: &Intent,
    due_by_ms: i64,
    facts: &mut Vec<Fact>,
) -> Outcome {
    match intents::claim(db, intent, clock::now_millis(), due_by_ms).await {
        Ok(true) => refund(db, peers, origin, intent, facts).await,
        Ok(false) => Outcome::NotOurs,
        Err(_) => pending(intent, facts),
    }
}

/// Gives back the charge of an intent that is claimed. The provider does it once per key, so that it may be asked again.
pub async fn refund(
    db: &Db,
    peers: &Peers,
    origin: &Origin,
    intent: &Intent,
    facts: &mut Vec<Fact>,
) -> Outcome {
    let request = RefundRequest { order_id: intent.order_id.clone(), key: intent.key.clone() };
    let Ok(refund) = peers.refund(origin, &request).await else { return pending(intent, facts) };
    if let Some(amount) = refund.amount {
        facts.push(Fact::PaymentRefunded { order_id: intent.order_id.clone(), amount });
    }
    // One that cannot be removed now is refunded once more, which the provider answers with the same refund.
    let _ = intents::remove(db, &intent.key).await;
    Outcome::Refunded
}

fn pending(intent: &Intent, facts: &mut Vec<Fact>) -> Outcome {
    facts.push(Fact::RefundPending { order_id: intent.order_id.clone(), amount: intent.amount });
    Outcome::Pending
}

/// Refunds intents whose order never came. Every replica may run it: an intent is claimed by one of them.
pub fn chore(db: &Db, peers: &Peers) -> Chore {
    let (db, peers) = (db.clone(), peers.clone());
    Chore::new("checkout.refund_overdue", LOOK_EVERY, move || {
        let (db, peers) = (db.clone(), peers.clone());
        async move { overdue(&db, &peers, clock::now_millis()).await }
    })
}

/// A task for each intent that is due at `now_ms`. A database that is away is asked again next time.
pub async fn overdue(db: &Db, peers: &Peers, now_ms: i64) -> Vec<Task> {
    let due = intents::due(db.pool(), now_ms, MOST_OF_A_ROUND).await.unwrap_or_default();
    due.into_iter()
        .map(|intent| {
            let (db, peers) = (db.clone(), peers.clone());
            let origin = Origin {
                country: Some(intent.country),
                payment_method: Some(intent.payment_method),
                ..Origin::default()
            };
            let task: Task = Box::pin(async move {
                let mut facts = Vec::new();
                take_and_refund(&db, &peers, &origin, &intent, now_ms, &mut facts).await;
                facts
            });
            task
        })
        .collect()
}

//! Payments, and the memory of those that were made.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::kernel::{
    country::Country,
    error::{Error, Result},
    id::OrderId,
    money::{Currency, Money},
    origin::PaymentMethod,
};

/// A payment that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRequest {
    pub order_id: OrderId,
    /// The provider's key: the same key is the same charge. The order's number, unless said.
    #[serde(default)]
    pub key: Option<String>,
    pub amount: Money,
    /// The same amount in US dollars, for figures.
    pub amount_usd: Money,
    pub country: Country,
    pub payment_method: PaymentMethod,
}

/// A payment that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub charge_id: String,
    pub order_id: OrderId,
    pub amount: Money,
}

/// A payment that is to be given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequest {
    pub order_id: OrderId,
    /// The key it was made with.
    pub key: String,
}

impl RefundRequest {
    pub fn check(&self) -> Result<()> {
        check("order_id", self.order_id.as_str())?;
        check("key", &self.key)
    }
}

const KEY_CHARS: usize = 64;

fn check(field: &'static str, key: &str) -> Result<()> {
    match (1..=KEY_CHARS).contains(&key.len()) {
        true => Ok(()),
        false => Err(Error::invalid(field, format!("it has 1 to {KEY_CHARS} bytes"))),
    }
}

impl PaymentRequest {
    /// The provider's key.
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or(self.order_id.as_str())
    }

    pub fn check(&self) -> Result<()> {
        check("order_id", self.order_id.as_str())?;
        check("key", self.key())?;
        if self.amount.minor < 0 {
            return Err(Error::invalid("amount", "an amount is not negative"));
        }
        if self.amount_usd.minor < 0 || self.amount_usd.currency != Currency::Usd {
            return Err(Error::invalid("amount_usd", "the amount in USD is in USD and not negative"));
        }
        Ok(())
    }
}

/// The last payments that were made: a repeated question about one of them needs no provider.
#[derive(Debug)]
pub struct Made {
    most: usize,
    /// By key.
    payments: HashMap<String, (PaymentRequest, Payment)>,
    arrivals: VecDeque<String>,
}

impl Made {
    /// Remembers `most` payments.
    pub fn new(most: usize) -> Self {
        Made { most, payments: HashMap::new(), arrivals: VecDeque::new() }
    }

    /// The payment made for exactly this request. A request that differs is the provider's to refuse.
    pub fn find(&self, asked: &PaymentRequest) -> Option<Payment> {
        let (request, payment) = self.payments.get(asked.key())?;
        (request == asked).then(|| payment.clone())
    }

    /// Remembers a payment, in place of the oldest when there are too many.
    pub fn remember(&mut self, asked: PaymentRequest, payment: Payment) {
        let key = asked.key().to_owned();
        if self.payments.insert(key.clone(), (asked, payment)).is_none() {
            self.arrivals.push_back(key);
        }
        while self.payments.len() > self.most
            && let Some(oldest) = self.arrivals.pop_front()
        {
            self.payments.remove(&oldest);
        }
    }

    /// Forgets a payment that is given back.
    pub fn forget(&mut self, key: &str) {
        if self.payments.remove(key).is_some() {
            self.arrivals.retain(|one| one != key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_payments_are_remembered_as_they_were_asked_for() {
        let ask = |order: &str, minor| PaymentRequest {
            order_id: OrderId::from(order.to_owned()),
            key: None,
            amount: Money::new(minor, Currency::Eur),
            amount_usd: Money::new(minor, Currency::Usd),
            country: Country::De,
            payment_method: PaymentMethod::DebitCard,
        };
        let mut made = Made::new(2);
        for order in ["a", "a", "b", "c"] {
            let asked = ask(order, 5);
            let payment = Payment {
                charge_id: order.to_uppercase(),
                order_id: asked.order_id.clone(),
                amount: asked.amount,
            };
            made.remember(asked, payment);
        }
        let found = |order, minor| made.find(&ask(order, minor)).map(|payment| payment.charge_id);
        assert_eq!(found("c", 5).as_deref(), Some("C"));
        assert_eq!(found("b", 5).as_deref(), Some("B"));
        assert_eq!(found("a", 5), None, "the oldest is forgotten");
        assert_eq!(found("c", 6), None, "another amount is another question");
        made.forget("c");
        assert_eq!(made.find(&ask("c", 5)), None, "it was given back");
    }
}

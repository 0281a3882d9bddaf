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

/// A payment that is wanted. The order's number is also the provider's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRequest {
    pub order_id: OrderId,
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

const ORDER_ID_CHARS: usize = 64;

impl PaymentRequest {
    pub fn check(&self) -> Result<()> {
        if !(1..=ORDER_ID_CHARS).contains(&self.order_id.as_str().len()) {
            return Err(Error::invalid("order_id", "an order number has no such shape"));
        }
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
    payments: HashMap<OrderId, (PaymentRequest, Payment)>,
    arrivals: VecDeque<OrderId>,
}

impl Made {
    /// Remembers `most` payments.
    pub fn new(most: usize) -> Self {
        Made { most, payments: HashMap::new(), arrivals: VecDeque::new() }
    }

    /// The payment made for exactly this request. A request that differs is the provider's to refuse.
    pub fn find(&self, asked: &PaymentRequest) -> Option<Payment> {
        let (request, payment) = self.payments.get(&asked.order_id)?;
        (request == asked).then(|| payment.clone())
    }

    /// Remembers a payment, in place of the oldest when there are too many.
    pub fn remember(&mut self, asked: PaymentRequest, payment: Payment) {
        let order_id = asked.order_id.clone();
        if self.payments.insert(order_id.clone(), (asked, payment)).is_none() {
            self.arrivals.push_back(order_id);
        }
        while self.payments.len() > self.most
            && let Some(oldest) = self.arrivals.pop_front()
        {
            self.payments.remove(&oldest);
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
    }
}

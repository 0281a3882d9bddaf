//! The customer-relationship system of somebody else: it counts each customer's orders.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};

use crate::kernel::{
    error::Result,
    extract::{Json, Path},
    id::{CustomerId, OrderId},
    money::Money,
    reply::Reply,
};

/// The most customers it remembers; beyond that, whoever came first is forgotten.
const MAX_CUSTOMERS: usize = 20_000;

#[derive(Clone, Default)]
pub struct App(Arc<Mutex<Model>>);

pub fn router(app: App) -> Router {
    Router::new()
        .route("/customers/{customer}/orders", post(note))
        .route("/customers/{customer}", get(one))
        .with_state(app)
}

/// An order worth knowing about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderNote {
    pub order_id: OrderId,
    pub total: Money,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    pub orders: u64,
}

async fn note(
    State(app): State<App>,
    Path(customer): Path<CustomerId>,
    Json(order): Json<OrderNote>,
) -> StatusCode {
    app.model(|model| model.note(customer, order.order_id));
    StatusCode::ACCEPTED
}

async fn one(State(app): State<App>, Path(customer): Path<CustomerId>) -> Result<Reply<Customer>> {
    Ok(Reply::of(app.model(|model| model.customer(&customer))))
}

impl App {
    fn model<T>(&self, work: impl FnOnce(&mut Model) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Default)]
struct Model {
    customers: HashMap<CustomerId, Noted>,
    arrivals: VecDeque<CustomerId>,
}

struct Noted {
    orders: u64,
    /// The same order told twice in a row is one order.
    last: OrderId,
}

impl Model {
    fn note(&mut self, customer: CustomerId, order: OrderId) {
        if let Some(noted) = self.customers.get_mut(&customer) {
            if noted.last != order {
                noted.orders += 1;
                noted.last = order;
            }
            return;
        }
        if self.customers.len() >= MAX_CUSTOMERS
            && let Some(first) = self.arrivals.pop_front()
        {
            self.customers.remove(&first);
        }
        self.arrivals.push_back(customer.clone());
        self.customers.insert(customer, Noted { orders: 1, last: order });
    }

    fn customer(&self, customer: &CustomerId) -> Customer {
        Customer { orders: self.customers.get(customer).map_or(0, |noted| noted.orders) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_told_twice_is_one_order() {
        let mut model = Model::default();
        let customer = CustomerId::new(123, None);
        for order in ["ord-1", "ord-1", "ord-2"] {
            model.note(customer.clone(), OrderId::from(order.to_owned()));
        }
        assert_eq!(model.customer(&customer), Customer { orders: 2 });
        assert_eq!(model.customer(&CustomerId::new(789, None)), Customer { orders: 0 });
    }
}

//! The warehouse of somebody else: counts stock and keeps goods aside for orders.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use serde::{Deserialize, Serialize};

use crate::kernel::{
    error::{Error, Result},
    extract::{Json, Path},
    id::{OrderId, ProductId},
    reply::Reply,
};

/// What is in stock of a product nobody has counted: it is made to order.
const MADE_TO_ORDER: i64 = 1_000_000;
/// The most reservations that are remembered; beyond that, the oldest counts as delivered.
const MAX_RESERVATIONS: usize = 20_000;

#[derive(Clone, Default)]
pub struct App(Arc<Mutex<Model>>);

pub fn router(app: App) -> Router {
    Router::new()
        .route("/reservations", post(reserve))
        .route("/reservations/{order_id}", delete(release))
        .route("/stock/{product_id}", get(stock).put(set_stock))
        .with_state(app)
}

/// Goods that are to be kept aside, all or none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reservation {
    pub order_id: OrderId,
    pub lines: Vec<ReservedLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservedLine {
    pub product_id: ProductId,
    pub quantity: i64,
}

/// The answer to a reservation that cannot be made: what there is too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    pub product_id: ProductId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    pub quantity: i64,
}

async fn reserve(State(app): State<App>, Json(asked): Json<Reservation>) -> Result<Response> {
    if asked.lines.iter().any(|line| line.quantity < 1) {
        return Err(Error::invalid("quantity", "a quantity is at least 1"));
    }
    Ok(match app.model(|model| model.reserve(&asked)) {
        Ok(()) => Answer(asked).into_response(),
        Err(shortage) => (StatusCode::CONFLICT, Answer(shortage)).into_response(),
    })
}

async fn release(State(app): State<App>, Path(order_id): Path<OrderId>) -> StatusCode {
    app.model(|model| model.release(&order_id));
    StatusCode::NO_CONTENT
}

async fn stock(State(app): State<App>, Path(product_id): Path<ProductId>) -> Result<Reply<Stock>> {
    Ok(Reply::of(Stock { quantity: app.model(|model| model.stock(product_id)) }))
}

async fn set_stock(
    State(app): State<App>,
    Path(product_id): Path<ProductId>,
    Json(stock): Json<Stock>,
) -> Result<Reply<Stock>> {
    if !(0..=MADE_TO_ORDER).contains(&stock.quantity) {
        return Err(Error::invalid("quantity", format!("a quantity is from 0 to {MADE_TO_ORDER}")));
    }
    app.model(|model| model.stock.insert(product_id, stock.quantity));
    Ok(Reply::of(stock))
}

impl App {
    fn model<T>(&self, work: impl FnOnce(&mut Model) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Default)]
struct Model {
    stock: HashMap<ProductId, i64>,
    reservations: HashMap<OrderId, BTreeMap<ProductId, i64>>,
    /// Order numbers as they came. One that was released stays until its turn, so this may be longer than the map.
    arrivals: VecDeque<OrderId>,
}

impl Model {
    /// Keeps all lines aside or none. The same order again keeps what it kept; with other goods, it keeps those instead.
    fn reserve(&mut self, asked: &Reservation) -> std::result::Result<(), Shortage> {
        let mut wanted = BTreeMap::new();
        for line in &asked.lines {
            let quantity: &mut i64 = wanted.entry(line.product_id).or_default();
            *quantity = quantity.saturating_add(line.quantity);
        }
        let before = self.reservations.get(&asked.order_id).cloned().unwrap_or_default();
        let kept = |product_id| before.get(&product_id).copied().unwrap_or(0);
        for (&product_id, &quantity) in &wanted {
            if self.stock(product_id) + kept(product_id) < quantity {
                return Err(Shortage { product_id });
            }
        }
        self.give_back(&before);
        for (&product_id, quantity) in &wanted {
            *self.stock.entry(product_id).or_insert(MADE_TO_ORDER) -= quantity;
        }
        if self.reservations.insert(asked.order_id.clone(), wanted).is_none() {
            self.remember(asked.order_id.clone());
        }
        Ok(())
    }

    fn release(&mut self, order_id: &OrderId) {
        if let Some(lines) = self.reservations.remove(order_id) {
            self.give_back(&lines);
        }
    }

    fn stock(&self, product_id: ProductId) -> i64 {
        self.stock.get(&product_id).copied().unwrap_or(MADE_TO_ORDER)
    }

    fn give_back(&mut self, lines: &BTreeMap<ProductId, i64>) {
        for (&product_id, quantity) in lines {
            *self.stock.entry(product_id).or_insert(MADE_TO_ORDER) += quantity;
        }
    }

    fn remember(&mut self, order_id: OrderId) {
        self.arrivals.push_back(order_id);
        while self.arrivals.len() > MAX_RESERVATIONS
            && let Some(oldest) = self.arrivals.pop_front()
        {
            // Delivered: its goods do not come back.
            self.reservations.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reservation(order: &str, lines: &[(ProductId, i64)]) -> Reservation {
        let lines = lines.iter().map(|&(product_id, quantity)| ReservedLine { product_id, quantity });
        Reservation { order_id: OrderId::from(order.to_owned()), lines: lines.collect() }
    }

    #[test]
    fn a_reservation_is_whole_repeatable_and_given_back() {
        let mut model = Model::default();
        model.stock.extend([(1, 3), (2, 1)]);
        let stock = |model: &Model| (model.stock(1), model.stock(2));

        assert_eq!(model.reserve(&reservation("a", &[(1, 2), (2, 2)])), Err(Shortage { product_id: 2 }));
        assert_eq!(stock(&model), (3, 1), "all or none");
        assert_eq!(model.reserve(&reservation("a", &[(1, 1), (1, 1), (2, 1)])), Ok(()));
        assert_eq!(model.reserve(&reservation("a", &[(1, 2), (2, 1)])), Ok(()));
        assert_eq!(stock(&model), (1, 0), "a repeated order takes nothing more");
        assert_eq!(model.reserve(&reservation("b", &[(2, 1)])), Err(Shortage { product_id: 2 }));
        assert_eq!(model.reserve(&reservation("a", &[(1, 3)])), Ok(()));
        assert_eq!(stock(&model), (0, 1), "a changed order keeps what it wants now");
        model.release(&OrderId::from("a".to_owned()));
        model.release(&OrderId::from("a".to_owned()));
        assert_eq!(stock(&model), (3, 1));
        assert_eq!(model.stock(99), MADE_TO_ORDER);
    }
}

//! Orders that were placed: the history, and the page of one.

use askama::Template;

use super::{
    shell::Shell,
    words::{capital, moment, price},
};
use crate::{
    kernel::{id::ProductId, money::Money},
    shop::checkout::model::Order,
};

/// An order in the history and on its own page.
#[derive(Debug)]
pub struct OrderView {
    pub id: String,
    pub placed_at: String,
    pub placed: String,
    pub status: String,
    pub total: String,
    pub pieces: i64,
    pub lines: Vec<OrderRow>,
    pub goods: String,
    pub discounts: Vec<(String, String)>,
    pub shipping: String,
    pub country: &'static str,
    pub payment_method: &'static str,
}

#[derive(Debug)]
pub struct OrderRow {
    pub product_id: ProductId,
    pub name: String,
    pub quantity: i64,
    pub unit: String,
    pub total: String,
}

impl From<Order> for OrderView {
    fn from(order: Order) -> Self {
        let goods = order.lines.iter().map(|line| line.total.minor).fold(0, i64::saturating_add);
        let lines = order.lines.iter().map(|line| OrderRow {
            product_id: line.product_id,
            name: line.name.clone(),
            quantity: line.quantity,
            unit: price(line.unit),
            total: price(line.total),
        });
        let off = |amount: Money| price(Money::new(amount.minor.saturating_neg(), amount.currency));
        OrderView {
            id: order.order_id.to_string(),
            placed: moment(&order.placed_at),
            status: capital(order.status.name()),
            total: price(order.total),
            pieces: order.lines.iter().map(|line| line.quantity).sum(),
            lines: lines.collect(),
            goods: price(Money::new(goods, order.currency)),
            discounts: order.discounts.iter().map(|one| (one.what.clone(), off(one.amount))).collect(),
            shipping: price(order.shipping),
            country: order.country.title(),
            payment_method: order.payment_method.title(),
            placed_at: order.placed_at,
        }
    }
}

#[derive(Template)]
#[template(path = "orders.html")]
pub struct OrdersPage {
    pub shell: Shell,
    pub orders: Vec<OrderView>,
}

#[derive(Template)]
#[template(path = "order.html")]
pub struct OrderPage {
    pub shell: Shell,
    pub order: OrderView,
    /// Whether it was placed just now.
    pub thanks: bool,
}

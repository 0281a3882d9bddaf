//! Orders that were placed.

use axum::response::Response;

use super::html::show;
use crate::{
    kernel::error::Result,
    shop::{
        checkout::model::Order,
        storefront::{
            goods::pieces,
            peers::Peers,
            session::Visitor,
            view::{
                history::{OrderPage, OrdersPage},
                shell::Shell,
            },
        },
    },
};

pub async fn orders(peers: &Peers, visitor: &Visitor, orders: Vec<Order>) -> Result<Response> {
    let shell = Shell::new("Your orders", visitor, pieces(peers, visitor).await);
    show(&OrdersPage { shell, orders: orders.into_iter().map(Into::into).collect() })
}

pub async fn order(peers: &Peers, visitor: &Visitor, order: Order, thanks: bool) -> Result<Response> {
    let title = if thanks { "Thank you" } else { "Your order" };
    let shell = Shell::new(title, visitor, pieces(peers, visitor).await);
    show(&OrderPage { shell, order: order.into(), thanks })
}

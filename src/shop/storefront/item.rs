//! A line of a cart with its product, and what lines are worth. Pure.

use crate::{
    kernel::{
        id::ProductId,
        money::{Currency, Money},
    },
    shop::catalog::model::Product,
};

/// One line of a cart with its product; without one when the catalogue no longer has it.
#[derive(Clone, Debug)]
pub struct Item {
    pub product_id: ProductId,
    pub quantity: i64,
    pub product: Option<Product>,
}

impl Item {
    /// The worth of the line.
    pub fn subtotal(&self) -> Option<Money> {
        self.product.as_ref().map(|product| product.price.times(self.quantity))
    }
}

/// The worth of all lines that still have a product.
pub fn total(items: &[Item], currency: Currency) -> Money {
    let minor = items.iter().filter_map(Item::subtotal).map(|subtotal| subtotal.minor);
    Money::new(minor.fold(0, i64::saturating_add), currency)
}

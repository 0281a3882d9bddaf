//! What promotions are asked and what they answer. All amounts are in one currency, the catalogue's.

use serde::{Deserialize, Serialize};

use crate::kernel::{
    id::{CustomerId, OrderId, ProductId},
    money::Money,
    origin::Tier,
};

/// A checkout that wants its discounts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApplicationRequest {
    pub order_id: OrderId,
    pub customer: CustomerId,
    pub tier: Tier,
    #[serde(default)]
    pub code: Option<String>,
    /// In how many orders this customer has used the code before.
    pub times_used: i64,
    pub lines: Vec<PricedLine>,
}

/// Some of one product at the price of one piece.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PricedLine {
    pub product_id: ProductId,
    pub quantity: i64,
    pub unit: Money,
}

/// What is taken off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    pub code: Option<String>,
    pub discounts: Vec<Discount>,
    /// The sum of the discounts.
    pub total: Money,
}

/// One discount, and what a customer reads beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    pub what: String,
    pub amount: Money,
}

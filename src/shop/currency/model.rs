//! What currency is asked and what it answers.

use serde::{Deserialize, Serialize};

use crate::kernel::money::{Currency, Money};

/// Amounts that are wanted in another currency.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConvertRequest {
    pub amounts: Vec<Money>,
    pub to: Currency,
}

/// The same amounts in the same order, converted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Converted {
    pub amounts: Vec<Money>,
}

//! Who a request comes from, in words that travel with it from the shopper to the last service.

use std::{convert::Infallible, fmt, str::FromStr, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::country::Country;

/// How a customer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    CreditCard,
    DebitCard,
    Paypal,
    BankTransfer,
}

impl PaymentMethod {
    pub const ALL: [PaymentMethod; 4] = [
        PaymentMethod::CreditCard,
        PaymentMethod::DebitCard,
        PaymentMethod::Paypal,
        PaymentMethod::BankTransfer,
    ];

    pub fn name(self) -> &'static str {
        match self {
            PaymentMethod::CreditCard => "credit_card",
            PaymentMethod::DebitCard => "debit_card",
            PaymentMethod::Paypal => "paypal",
            PaymentMethod::BankTransfer => "bank_transfer",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            PaymentMethod::CreditCard => "Credit card",
            PaymentMethod::DebitCard => "Debit card",
            PaymentMethod::Paypal => "PayPal",
            PaymentMethod::BankTransfer => "Bank transfer",
        }
    }
}

/// A customer's loyalty tier; what it is worth is the business of promotions.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    #[default]
    Standard,
    Silver,
    Gold,
    Platinum,
}

impl Tier {
    pub const ALL: [Tier; 4] = [Tier::Standard, Tier::Silver, Tier::Gold, Tier::Platinum];

    pub fn name(self) -> &'static str {
        match self {
            Tier::Standard => "standard",
            Tier::Silver => "silver",
            Tier::Gold => "gold",
            Tier::Platinum => "platinum",
        }
    }
}

/// Displays and reads an enum by its `name`.
macro_rules! by_name {
    ($kind:ty, $what:literal) => {
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $kind {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.into_iter().find(|one| one.name() == text).ok_or_else(|| {
                    let known = Self::ALL.map(Self::name).join(" ");
                    format!(concat!("unknown ", $what, ", expected one of {}"), known)
                })
            }
        }
    };
}

by_name!(PaymentMethod, "payment method");
by_name!(Tier, "tier");

/// Who asks. Travels as W3C baggage; a handler takes it as an argument and hands it to each peer it asks. What is not
/// known stays empty: nobody has to send baggage to buy something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub country: Option<Country>,
    pub payment_method: Option<PaymentMethod>,
    pub tier: Option<Tier>,
    /// Tells visitors apart who share a token: 1 to 64 letters, digits and dashes.
    pub session: Option<Arc<str>>,
    /// Baggage members that are not ours; handed on as they came.
    pub others: Option<Arc<str>>,
}

/// Whether `text` can name a session. It becomes part of a cart's key: short, and of harmless characters.
pub fn is_session(text: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(harmless)
}

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Origin>().cloned().unwrap_or_default())
    }
}

//! Names of things that a customer meets: customers, carts, orders, products.

use std::fmt;

use rand::RngExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A product's number in the catalogue, from 1 on.
pub type ProductId = i64;

/// Whose cart and orders these are: the token's user, and the session where several visitors share a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerId(String);

impl CustomerId {
    /// `user` is the token's number; `session` tells apart the visitors who share it.
    pub fn new(user: u32, session: Option<&str>) -> Self {
        match session {
            Some(session) => CustomerId(format!("{user}-{session}")),
            None => CustomerId(user.to_string()),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An order's number, as the success page shows it: `ord-` and 20 hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(String);

impl OrderId {
    /// The same customer and key always make the same number. That is what makes a repeated checkout harmless: it goes on
    /// with the charge it began before, and finds the order it wrote before.
    pub fn for_checkout(customer: &CustomerId, key: &str) -> Self {
        let digest =
            Sha256::new().chain_update(customer.as_str()).chain_update([0]).chain_update(key).finalize();
        OrderId(format!("ord-{}", hex(&digest[..10])))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for OrderId {
    fn from(text: String) -> Self {
        OrderId(text)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name nobody has used before: 128 random bits in hex. For carts, sessions and charges.
pub fn fresh() -> String {
    hex(&rand::rng().random::<[u8; 16]>())
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

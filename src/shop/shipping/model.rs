//! What shipping is asked and what it answers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::kernel::{country::Country, money::Money};

/// How an order travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    #[default]
    Standard,
    Express,
    Overnight,
}

impl Method {
    pub const ALL: [Method; 3] = [Method::Standard, Method::Express, Method::Overnight];

    /// The word in requests and signals.
    pub fn name(self) -> &'static str {
        match self {
            Method::Standard => "standard",
            Method::Express => "express",
            Method::Overnight => "overnight",
        }
    }

    /// The name a person reads.
    pub fn title(self) -> &'static str {
        match self {
            Method::Standard => "Standard",
            Method::Express => "Express",
            Method::Overnight => "Overnight",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Method::ALL.into_iter().find(|method| method.name() == text).ok_or_else(|| {
            format!("unknown shipping method, expected one of {}", Method::ALL.map(Method::name).join(" "))
        })
    }
}

/// A parcel that wants a price.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct QuoteRequest {
    pub country: Country,
    pub method: Method,
    /// Pieces in the parcel.
    pub items: i64,
}

/// A price in US dollars, and the working days from order to door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub method: Method,
    pub cost: Money,
    pub days_min: u32,
    pub days_max: u32,
}

//! The countries the shop ships to. A closed list, so that every label made of it is bounded.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::money::Currency;

/// A country the shop ships to, by the short code that signals carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Country {
    Us,
    Uk,
    De,
    Fr,
    Jp,
    Br,
    In,
    Ca,
    Au,
}

impl Country {
    /// Every country, in the order menus show them.
    pub const ALL: [Country; 9] = [
        Country::Us,
        Country::Uk,
        Country::De,
        Country::Fr,
        Country::Jp,
        Country::Br,
        Country::In,
        Country::Ca,
        Country::Au,
    ];

    /// The code as it stands in requests, labels and scenario files.
    pub fn code(self) -> &'static str {
        match self {
            Country::Us => "US",
            Country::Uk => "UK",
            Country::De => "DE",
            Country::Fr => "FR",
            Country::Jp => "JP",
            Country::Br => "BR",
            Country::In => "IN",
            Country::Ca => "CA",
            Country::Au => "AU",
        }
    }

    /// The name a person reads.
    pub fn title(self) -> &'static str {
        match self {
            Country::Us => "United States",
            Country::Uk => "United Kingdom",
            Country::De => "Germany",
            Country::Fr => "France",
            Country::Jp => "Japan",
            Country::Br => "Brazil",
            Country::In => "India",
            Country::Ca => "Canada",
            Country::Au => "Australia",
        }
    }

    /// The currency people pay with there.
    pub fn currency(self) -> Currency {
        match self {
            Country::Us => Currency::Usd,
            Country::Uk => Currency::Gbp,
            Country::De | Country::Fr => Currency::Eur,
            Country::Jp => Currency::Jpy,
            Country::Br => Currency::Brl,
            Country::In => Currency::Inr,
            Country::Ca => Currency::Cad,
            Country::Au => Currency::Aud,
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Country {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Country::ALL
            .into_iter()
            .find(|country| country.code() == text)
            .ok_or_else(|| format!("unknown country, expected one of {}", codes()))
    }
}

fn codes() -> String {
    Country::ALL.map(Country::code).join(" ")
}

//! What shipping is asked, what it answers, and the table of zones and prices behind it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::kernel::{
    country::Country,
    money::{Currency, Money},
};

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

/// The most pieces in one parcel: more than any cart holds.
pub const ITEMS_MAX: i64 = 10_000;

/// The quote for one parcel; `None` where that method does not go.
pub fn quote(request: QuoteRequest) -> Option<Quote> {
    let QuoteRequest { country, method, items } = request;
    let tariff = tariff(zone(country), method)?;
    let more = tariff.each_more.times(items.saturating_sub(1));
    let cost = tariff.first.plus(more)?;
    Some(Quote { method, cost, days_min: tariff.days.0, days_max: tariff.days.1 })
}

/// The quotes of every method that goes there, slowest and cheapest first.
pub fn quotes(country: Country, items: i64) -> Vec<Quote> {
    Method::ALL.into_iter().filter_map(|method| quote(QuoteRequest { country, method, items })).collect()
}

/// How far it is from the warehouse, which stands in Ohio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zone {
    Domestic,
    Near,
    Europe,
    Far,
}

fn zone(country: Country) -> Zone {
    match country {
        Country::Us => Zone::Domestic,
        Country::Ca => Zone::Near,
        Country::Uk | Country::De | Country::Fr => Zone::Europe,
        Country::Jp | Country::Br | Country::In | Country::Au => Zone::Far,
    }
}

struct Tariff {
    first: Money,
    each_more: Money,
    /// Working days, from and to.
    days: (u32, u32),
}

fn tariff(zone: Zone, method: Method) -> Option<Tariff> {
    let (first, each_more, days) = match (zone, method) {
        (Zone::Domestic, Method::Standard) => (499, 50, (3, 5)),
        (Zone::Domestic, Method::Express) => (1299, 100, (1, 2)),
        (Zone::Domestic, Method::Overnight) => (2499, 200, (1, 1)),
        (Zone::Near, Method::Standard) => (799, 75, (4, 7)),
        (Zone::Near, Method::Express) => (1799, 150, (2, 3)),
        (Zone::Near, Method::Overnight) => (3499, 300, (1, 1)),
        (Zone::Europe, Method::Standard) => (999, 100, (5, 9)),
        (Zone::Europe, Method::Express) => (2499, 200, (2, 4)),
        (Zone::Europe, Method::Overnight) => (4999, 400, (1, 2)),
        (Zone::Far, Method::Standard) => (1299, 150, (7, 14)),
        (Zone::Far, Method::Express) => (3299, 300, (3, 6)),
        // No plane is that fast.
        (Zone::Far, Method::Overnight) => return None,
    };
    let usd = |cents| Money::new(cents, Currency::Usd);
    Some(Tariff { first: usd(first), each_more: usd(each_more), days })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_piece_pays_the_way_and_the_others_their_weight() {
        for (country, method, items, cents) in [
            (Country::Us, Method::Standard, 1, 499),
            (Country::Us, Method::Standard, 3, 599),
            (Country::De, Method::Express, 2, 2699),
            (Country::Jp, Method::Standard, 10, 2649),
        ] {
            let quote = quote(QuoteRequest { country, method, items }).expect("it goes there");
            assert_eq!(quote.cost, Money::new(cents, Currency::Usd), "{country} {method} {items}");
        }
    }

    #[test]
    fn overnight_does_not_go_everywhere() {
        assert!(quote(QuoteRequest { country: Country::Br, method: Method::Overnight, items: 1 }).is_none());
        assert_eq!(quotes(Country::Br, 1).len(), 2);
        assert_eq!(quotes(Country::Uk, 1).len(), 3);
    }

    #[test]
    fn faster_costs_more_and_takes_no_longer() {
        for country in Country::ALL {
            for pair in quotes(country, 5).windows(2) {
                assert!(pair[0].cost.minor < pair[1].cost.minor, "{country}");
                assert!(pair[0].days_max >= pair[1].days_max, "{country}");
            }
        }
    }
}

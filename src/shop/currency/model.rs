//! The table of rates, and conversion by it. Exact: a rational number in `i128`, rounded once, half up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::kernel::money::{Currency, Money, half_up};

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

/// One amount before and after, and by how much it was multiplied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    pub from: Money,
    pub to: Money,
    /// Major units of `to` for one of `from`, with six decimals.
    pub rate: String,
}

/// The table: major units for one US dollar, with six decimals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    pub base: Currency,
    pub rates: BTreeMap<Currency, String>,
}

/// The most amounts in one question.
pub const AMOUNTS_MAX: usize = 200;
/// The largest amount that is converted, in minor units. No rate of the table lifts it out of `i64`.
pub const MINOR_MAX: i64 = 100_000_000_000_000;

const MICROS: i64 = 1_000_000;

/// Millionths of a major unit for one US dollar. Rounded figures of a quiet day in 2024: a demo needs rates that are
/// plausible and never change.
fn micros_per_dollar(currency: Currency) -> i64 {
    match currency {
        Currency::Usd => 1_000_000,
        Currency::Eur => 920_000,
        Currency::Gbp => 790_000,
        Currency::Jpy => 149_500_000,
        Currency::Brl => 4_970_000,
        Currency::Inr => 83_200_000,
        Currency::Cad => 1_360_000,
        Currency::Aud => 1_520_000,
    }
}

/// `amount` in `to`, to the nearest minor unit; `None` beyond [`MINOR_MAX`].
pub fn convert(amount: Money, to: Currency) -> Option<Money> {
    let bounded = (-MINOR_MAX..=MINOR_MAX).contains(&amount.minor);
    bounded.then(|| {
        let from = amount.currency;
        let numerator = weight(amount.minor, micros_per_dollar(to), to.scale());
        let denominator = weight(1, micros_per_dollar(from), from.scale());
        Money::new(half_up(numerator, denominator), to)
    })
}

/// Major units of `to` for one of `from`, with six decimals.
pub fn rate(from: Currency, to: Currency) -> String {
    let numerator = weight(1, micros_per_dollar(to), MICROS);
    let micros = half_up(numerator, i128::from(micros_per_dollar(from)));
    format!("{}.{:06}", micros / MICROS, micros % MICROS)
}

/// The whole table.
pub fn rates() -> Rates {
    let base = Currency::Usd;
    Rates { base, rates: Currency::ALL.into_iter().map(|to| (to, rate(base, to))).collect() }
}

fn weight(minor: i64, micros: i64, scale: i64) -> i128 {
    i128::from(minor) * i128::from(micros) * i128::from(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_right_to_the_minor_unit() {
        for (minor, from, to, wanted) in [
            (2999, Currency::Usd, Currency::Usd, 2999),
            (2999, Currency::Usd, Currency::Eur, 2759),    // 27.5908
            (2999, Currency::Usd, Currency::Gbp, 2369),    // 23.6921
            (2999, Currency::Usd, Currency::Jpy, 4484),    // 4483.505
            (2999, Currency::Usd, Currency::Brl, 14905),   // 149.0503
            (2999, Currency::Usd, Currency::Inr, 249_517), // 2495.168
            (2999, Currency::Usd, Currency::Cad, 4079),    // 40.7864
            (2999, Currency::Usd, Currency::Aud, 4558),    // 45.5848
            (1, Currency::Jpy, Currency::Usd, 1),          // 0.0067
            (1, Currency::Usd, Currency::Jpy, 1),          // 1.495
            (-50, Currency::Usd, Currency::Eur, -46),
            (0, Currency::Gbp, Currency::Inr, 0),
        ] {
            let money = Money::new(minor, from);
            assert_eq!(convert(money, to), Some(Money::new(wanted, to)), "{money} {from} in {to}");
        }
    }

    #[test]
    fn the_same_currency_changes_nothing() {
        for currency in Currency::ALL {
            for minor in [0, 1, -7, MINOR_MAX] {
                let money = Money::new(minor, currency);
                assert_eq!(convert(money, currency), Some(money));
            }
        }
    }

    #[test]
    fn the_largest_amount_fits_in_every_currency_and_a_larger_one_is_refused() {
        for from in Currency::ALL {
            for to in Currency::ALL {
                let largest = convert(Money::new(MINOR_MAX, from), to).expect("it fits");
                assert!(largest.minor > 0 && largest.minor < i64::MAX, "{from} to {to}");
            }
        }
        assert_eq!(convert(Money::new(MINOR_MAX + 1, Currency::Usd), Currency::Eur), None);
        assert_eq!(convert(Money::new(i64::MIN, Currency::Usd), Currency::Eur), None);
    }

    #[test]
    fn rates_have_six_decimals() {
        assert_eq!(rate(Currency::Usd, Currency::Eur), "0.920000");
        assert_eq!(rate(Currency::Jpy, Currency::Usd), "0.006689");
        assert_eq!(rate(Currency::Inr, Currency::Inr), "1.000000");
        assert_eq!(rates().rates.len(), Currency::ALL.len());
    }
}

//! Money: integer minor units plus a currency. Floating point appears only where a JSON number leaves the shop.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One of the eight currencies the shop knows (ISO 4217).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    Usd,
    Eur,
    Gbp,
    Jpy,
    Brl,
    Inr,
    Cad,
    Aud,
}

impl Currency {
    /// Every currency, in the order menus show them.
    pub const ALL: [Currency; 8] = [
        Currency::Usd,
        Currency::Eur,
        Currency::Gbp,
        Currency::Jpy,
        Currency::Brl,
        Currency::Inr,
        Currency::Cad,
        Currency::Aud,
    ];

    /// ISO 4217 code.
    pub fn code(self) -> &'static str {
        match self {
            Currency::Usd => "USD",
            Currency::Eur => "EUR",
            Currency::Gbp => "GBP",
            Currency::Jpy => "JPY",
            Currency::Brl => "BRL",
            Currency::Inr => "INR",
            Currency::Cad => "CAD",
            Currency::Aud => "AUD",
        }
    }

    /// What stands before an amount on a page.
    pub fn symbol(self) -> &'static str {
        match self {
            Currency::Usd => "$",
            Currency::Eur => "€",
            Currency::Gbp => "£",
            Currency::Jpy => "¥",
            Currency::Brl => "R$",
            Currency::Inr => "₹",
            Currency::Cad => "CA$",
            Currency::Aud => "A$",
        }
    }

    /// Digits behind the decimal point (ISO 4217 exponent): 0 for the yen, 2 for the rest.
    pub fn digits(self) -> u32 {
        match self {
            Currency::Jpy => 0,
            Currency::Usd
            | Currency::Eur
            | Currency::Gbp
            | Currency::Brl
            | Currency::Inr
            | Currency::Cad
            | Currency::Aud => 2,
        }
    }

    /// Minor units in one major unit: 100 cents to the dollar, 1 to the yen.
    pub fn scale(self) -> i64 {
        10_i64.pow(self.digits())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Currency::ALL.into_iter().find(|currency| currency.code() == text).ok_or_else(|| {
            format!("unknown currency, expected one of {}", Currency::ALL.map(Currency::code).join(" "))
        })
    }
}

/// An amount in minor units (cents; yen for the yen). Services exchange it in this shape; the storefront shows decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

impl Money {
    /// `minor` is in the currency's smallest unit.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Money { minor, currency }
    }

    pub const fn zero(currency: Currency) -> Self {
        Money::new(0, currency)
    }

    /// Reads a decimal such as `29.99`. More digits than the currency has are refused, not rounded: what a customer
    /// typed is what is kept.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not an amount in {currency}");
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(part) {
            return Err(wrong());
        }
        let part = part.trim_end_matches('0');
        let width = currency.digits() as usize;
        if part.len() > width {
            return Err(format!("`{text}` has more than {width} decimals, {currency} has no smaller unit"));
        }
        let minor: i64 = format!("{whole}{part:0<width$}").parse().map_err(|_| wrong())?;
        Ok(Money::new(sign * minor, currency))
    }

    /// The amount in major units, for JSON at the edge. Exact to the last minor unit up to 2^53 minor units, because a
    /// correctly rounded quotient prints back as the decimal it stands for.
    pub fn major(self) -> f64 {
        self.minor as f64 / self.currency.scale() as f64
    }

    /// This amount `quantity` times; saturates rather than wraps.
    pub fn times(self, quantity: i64) -> Self {
        Money::new(self.minor.saturating_mul(quantity), self.currency)
    }

    /// A share of this amount in basis points (1/100 of a per cent), rounded half up.
    pub fn basis_points(self, points: i64) -> Self {
        let scaled = i128::from(self.minor) * i128::from(points);
        Money::new(half_up(scaled, 10_000), self.currency)
    }

    /// The sum, or `None` when the currencies differ or the sum does not fit.
    pub fn plus(self, other: Money) -> Option<Money> {
        (self.currency == other.currency)
            .then(|| self.minor.checked_add(other.minor))
            .flatten()
            .map(|minor| Money::new(minor, self.currency))
    }

    /// The difference, or `None` when the currencies differ or it does not fit.
    pub fn minus(self, other: Money) -> Option<Money> {
        self.plus(Money::new(other.minor.checked_neg()?, other.currency))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minor < 0 { "-" } else { "" };
        let (scale, width) = (self.currency.scale().unsigned_abs(), self.currency.digits() as usize);
        let minor = self.minor.unsigned_abs();
        match width {
            0 => write!(f, "{sign}{minor}"),
            _ => write!(f, "{sign}{}.{:0width$}", minor / scale, minor % scale),
        }
    }
}

/// `numerator / denominator`, rounded half away from zero; saturates at the ends of `i64`. `denominator` is positive.
pub fn half_up(numerator: i128, denominator: i128) -> i64 {
    let rounded = (numerator.abs() * 2 + denominator) / (denominator * 2);
    let limit = i128::from(i64::MAX);
    i64::try_from((rounded * numerator.signum()).clamp(-limit, limit)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_survives_the_way_in_and_out() {
        for (text, currency, minor) in [
            ("29.99", Currency::Usd, 2999),
            ("29.9", Currency::Usd, 2990),
            ("0.07", Currency::Eur, 7),
            ("1500", Currency::Jpy, 1500),
            ("-3.50", Currency::Gbp, -350),
        ] {
            let money = Money::parse(text, currency).expect(text);
            assert_eq!(money.minor, minor, "{text}");
            assert_eq!(Money::parse(&money.to_string(), currency), Ok(money));
        }
    }

    #[test]
    fn what_is_not_an_amount_is_refused() {
        for text in ["", ".", "1.234", "1,5", "1e3", "٣", "--1", "99999999999999999999"] {
            assert!(Money::parse(text, Currency::Usd).is_err(), "{text}");
        }
        assert!(Money::parse("1.5", Currency::Jpy).is_err());
    }

    #[test]
    fn shares_round_half_up() {
        assert_eq!(Money::new(5, Currency::Usd).basis_points(1000).minor, 1);
        assert_eq!(Money::new(4, Currency::Usd).basis_points(1000).minor, 0);
        assert_eq!(Money::new(-5, Currency::Usd).basis_points(1000).minor, -1);
    }

    #[test]
    fn currencies_do_not_mix() {
        assert_eq!(Money::zero(Currency::Usd).plus(Money::zero(Currency::Eur)), None);
    }
}

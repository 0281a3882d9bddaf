//! How amounts, names and moments read on a page.

use crate::kernel::money::Money;

/// An amount as a person reads it: `$1,299.00`, `¥4,484`.
pub fn price(money: Money) -> String {
    let text = money.to_string();
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("−", rest));
    let (whole, part) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::with_capacity(text.len() + 6);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{}{grouped}{part}", money.currency.symbol())
}

/// A name with a capital: `electronics` → `Electronics`.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `2026-11-20T20:15:00.123Z` → `2026-11-20 20:15 UTC`; anything else as it is.
pub fn moment(rfc3339: &str) -> String {
    match (rfc3339.get(..10), rfc3339.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => rfc3339.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::money::Currency;

    #[test]
    fn amounts_read_like_amounts() {
        for (minor, currency, text) in [
            (2_999, Currency::Usd, "$29.99"),
            (123_456_789, Currency::Eur, "€1,234,567.89"),
            (100_000, Currency::Gbp, "£1,000.00"),
            (99_999, Currency::Brl, "R$999.99"),
            (4_484, Currency::Jpy, "¥4,484"),
            (484, Currency::Jpy, "¥484"),
            (-550, Currency::Cad, "−CA$5.50"),
            (0, Currency::Inr, "₹0.00"),
        ] {
            assert_eq!(price(Money::new(minor, currency)), text);
        }
    }

    #[test]
    fn moments_are_short_and_nonsense_stays_nonsense() {
        assert_eq!(moment("2026-11-20T20:15:00.123Z"), "2026-11-20 20:15 UTC");
        assert_eq!(moment("soon"), "soon");
        assert_eq!(capital("électronique"), "Électronique");
        assert_eq!(capital(""), "");
    }
}

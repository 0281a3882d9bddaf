//! Products, and the rules for making one.

use serde::{Deserialize, Serialize};

use crate::kernel::{
    error::{Error, Result},
    id::{OrderId, ProductId},
    money::{Currency, Money},
};

/// A product as every service sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub id: ProductId,
    pub name: String,
    pub description: String,
    /// In US dollars; currency converts.
    pub price: Money,
    pub category: String,
    /// Pieces sold so far.
    pub sold: i64,
    /// RFC 3339.
    pub created_at: String,
}

/// A product that somebody wants in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewProduct {
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub price: Money,
    pub category: String,
}

/// What an order sold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sales {
    pub order_id: OrderId,
    pub lines: Vec<SoldLine>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SoldLine {
    pub product_id: ProductId,
    pub quantity: i64,
}

/// How many lines of an order were counted; none when the order was counted before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub counted: usize,
}

const NAME_CHARS: usize = 120;
const DESCRIPTION_CHARS: usize = 1_000;
const CATEGORY_CHARS: usize = 40;
const SEARCH_CHARS: usize = 100;
const MAX_PRICE: Money = Money::new(100_000_000, Currency::Usd);
const ORDER_ID_CHARS: usize = 64;
const MAX_SOLD_LINES: usize = 100;
const MAX_SOLD_QUANTITY: i64 = 1_000;

impl NewProduct {
    /// The same product without space around its texts, when it may be in the catalogue.
    pub fn checked(mut self) -> Result<Self> {
        for text in [&mut self.name, &mut self.description, &mut self.category] {
            *text = text.trim().to_owned();
        }
        if !(1..=NAME_CHARS).contains(&self.name.chars().count()) || !is_plain(&self.name) {
            let detail = format!("a name has 1 to {NAME_CHARS} letters, digits, spaces and common marks");
            return Err(Error::invalid("name", detail));
        }
        if self.description.chars().count() > DESCRIPTION_CHARS || !is_plain(&self.description) {
            let detail = format!(
                "a description has up to {DESCRIPTION_CHARS} letters, digits, spaces and common marks"
            );
            return Err(Error::invalid("description", detail));
        }
        if self.price.currency != Currency::Usd {
            return Err(Error::invalid("price", "a price is in USD"));
        }
        if !(1..=MAX_PRICE.minor).contains(&self.price.minor) {
            return Err(Error::invalid("price", format!("a price is from 0.01 to {MAX_PRICE} USD")));
        }
        if !is_category(&self.category) {
            return Err(Error::invalid("category", "a category has 1 to 40 of a-z, 0-9, space and dash"));
        }
        Ok(self)
    }

    /// What a search looks into: name and description in small letters. Made here, because the two engines disagree
    /// on what the small letter of an Ä is.
    pub fn search_text(&self) -> String {
        format!("{}|{}", self.name, self.description).to_lowercase()
    }
}

impl Sales {
    pub fn check(&self) -> Result<()> {
        let id = self.order_id.as_str();
        if !(1..=ORDER_ID_CHARS).contains(&id.len()) || !id.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::invalid("order_id", "an order number has no such shape"));
        }
        if self.lines.len() > MAX_SOLD_LINES {
            return Err(Error::invalid("lines", format!("at most {MAX_SOLD_LINES} lines at once")));
        }
        if !self.lines.iter().all(|line| (1..=MAX_SOLD_QUANTITY).contains(&line.quantity)) {
            let detail = format!("quantities are from 1 to {MAX_SOLD_QUANTITY}");
            return Err(Error::invalid("quantity", detail));
        }
        Ok(())
    }
}

/// Which products a list shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Empty for all.
    pub category: String,
    /// A pattern for `LIKE … ESCAPE '!'`.
    pub pattern: String,
    pub limit: i64,
}

impl Filter {
    pub const MAX_LIMIT: i64 = 100;

    pub fn new(category: Option<String>, search: Option<&str>, limit: Option<i64>) -> Result<Self> {
        let category = category.unwrap_or_default();
        if !category.is_empty() && !is_category(&category) {
            return Err(Error::invalid("category", "a category has 1 to 40 of a-z, 0-9, space and dash"));
        }
        let search = search.unwrap_or_default().trim();
        if search.chars().count() > SEARCH_CHARS || search.chars().any(char::is_control) {
            let detail = format!("a search has up to {SEARCH_CHARS} printable characters");
            return Err(Error::invalid("search", detail));
        }
        let limit = checked_limit(limit, Self::MAX_LIMIT)?;
        Ok(Filter { category, pattern: contains(search), limit })
    }
}

/// `limit`, or `default` without one.
pub fn checked_limit(limit: Option<i64>, default: i64) -> Result<i64> {
    let limit = limit.unwrap_or(default);
    if !(1..=Filter::MAX_LIMIT).contains(&limit) {
        return Err(Error::invalid("limit", format!("a limit is from 1 to {}", Filter::MAX_LIMIT)));
    }
    Ok(limit)
}

/// The pattern that finds `search` anywhere, with the signs that mean something to LIKE taken literally.
fn contains(search: &str) -> String {
    let mut pattern = String::from("%");
    for char in search.to_lowercase().chars() {
        if matches!(char, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(char);
    }
    pattern.push('%');
    pattern
}

/// Letters and digits of any script, spaces, and the marks a product's name or description needs. A closed list: no
/// markup, no statements, no control characters.
fn is_plain(text: &str) -> bool {
    text.chars().all(|char| char.is_alphanumeric() || " .,:!?'\"&%+#()/-–—°×’™®".contains(char))
}

fn is_category(text: &str) -> bool {
    (1..=CATEGORY_CHARS).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b' ' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lamp() -> NewProduct {
        NewProduct {
            name: "Lamp".into(),
            description: String::new(),
            price: Money::new(1999, Currency::Usd),
            category: "home".into(),
        }
    }

    #[test]
    fn a_new_product_is_checked_field_by_field() {
        let usd = |minor| Money::new(minor, Currency::Usd);
        let cases: [(Option<&str>, NewProduct); 15] = [
            (None, lamp()),
            (None, NewProduct { name: " Café 12\" – “no”".replace(['“', '”'], "'"), ..lamp() }),
            (None, NewProduct { name: "ä".repeat(120), ..lamp() }),
            (None, NewProduct { price: usd(100_000_000), ..lamp() }),
            (Some("name"), NewProduct { name: "  ".into(), ..lamp() }),
            (Some("name"), NewProduct { name: "a".repeat(121), ..lamp() }),
            (Some("name"), NewProduct { name: "<script>alert(1)</script>".into(), ..lamp() }),
            (Some("name"), NewProduct { name: "'; DROP TABLE products; --".into(), ..lamp() }),
            (Some("name"), NewProduct { name: "a\0b".into(), ..lamp() }),
            (Some("description"), NewProduct { description: "a".repeat(1001), ..lamp() }),
            (Some("price"), NewProduct { price: usd(0), ..lamp() }),
            (Some("price"), NewProduct { price: usd(100_000_001), ..lamp() }),
            (Some("price"), NewProduct { price: Money::new(5, Currency::Eur), ..lamp() }),
            (Some("category"), NewProduct { category: "Home".into(), ..lamp() }),
            (Some("category"), NewProduct { category: "a".repeat(41), ..lamp() }),
        ];
        for (field, product) in cases {
            let outcome = product.clone().checked();
            assert_eq!(outcome.err().as_ref().and_then(Error::field), field, "{product:?}");
        }
    }

    #[test]
    fn a_search_is_taken_literally() {
        for (search, pattern) in
            [("", "%%"), ("Lamp", "%lamp%"), ("100%", "%100!%%"), ("a_b!", "%a!_b!!%"), ("ÄÖ", "%äö%")]
        {
            assert_eq!(contains(search), pattern);
        }
    }

    #[test]
    fn a_filter_has_bounds() {
        assert_eq!(Filter::new(None, None, None).map(|filter| filter.limit).ok(), Some(100));
        for (field, filter) in [
            ("limit", Filter::new(None, None, Some(0))),
            ("limit", Filter::new(None, None, Some(101))),
            ("category", Filter::new(Some("' OR 1=1".into()), None, None)),
            ("search", Filter::new(None, Some("a\0"), None)),
        ] {
            assert_eq!(filter.err().as_ref().and_then(Error::field), Some(field));
        }
    }
}

//! The cart and the checkout: what is bought, how it is sent and paid, and what it comes to.

use askama::Template;

use super::{
    failure::{advice, headline},
    shell::{Choice, Shell},
    shelves::Card,
    words::{capital, price},
};
use crate::{
    kernel::{
        country::Country,
        error::{Error, Kind},
        id::ProductId,
        origin::PaymentMethod,
    },
    shop::{
        shipping::model::{Method, Quote},
        storefront::item::Item,
    },
};

/// A line of the cart.
#[derive(Debug)]
pub struct CartRow {
    pub product_id: ProductId,
    pub quantity: i64,
    /// Missing when the catalogue no longer has it.
    pub card: Option<Card>,
    pub subtotal: String,
}

impl From<Item> for CartRow {
    fn from(item: Item) -> Self {
        CartRow {
            product_id: item.product_id,
            quantity: item.quantity,
            subtotal: item.subtotal().map(price).unwrap_or_default(),
            card: item.product.map(Card::from),
        }
    }
}

/// A way to send the order, with what it costs when that is known.
#[derive(Debug)]
pub struct ShippingRow {
    pub value: &'static str,
    pub title: &'static str,
    pub cost: String,
    pub days: String,
    pub chosen: bool,
}

/// The ways to send it; `quotes` is empty when nobody could say, and then every way is offered.
pub fn shipping_rows(quotes: &[Quote], chosen: Method) -> Vec<ShippingRow> {
    let row = |method: Method, cost: String, days: String| ShippingRow {
        value: method.name(),
        title: method.title(),
        cost,
        days,
        chosen: method == chosen,
    };
    if quotes.is_empty() {
        let unknown = |method| row(method, String::new(), "price shown on the order".to_owned());
        return Method::ALL.map(unknown).into();
    }
    quotes.iter().map(|quote| row(quote.method, price(quote.cost), days(quote))).collect()
}

fn days(quote: &Quote) -> String {
    match (quote.days_min, quote.days_max) {
        (1, 1) => "next working day".to_owned(),
        (min, max) if min == max => format!("{min} working days"),
        (min, max) => format!("{min}–{max} working days"),
    }
}

pub fn countries(chosen: Country) -> Vec<Choice> {
    let choice = |country: Country| Choice {
        value: country.code(),
        label: country.title().to_owned(),
        chosen: country == chosen,
    };
    Country::ALL.map(choice).into()
}

pub fn payment_methods(chosen: PaymentMethod) -> Vec<Choice> {
    let choice = |method: PaymentMethod| Choice {
        value: method.name(),
        label: method.title().to_owned(),
        chosen: method == chosen,
    };
    PaymentMethod::ALL.map(choice).into()
}

/// What went wrong with a form, and with which of its fields.
#[derive(Debug)]
pub struct Complaint {
    pub title: &'static str,
    pub text: String,
    pub field: String,
}

impl Complaint {
    /// The form stands right below, so nobody has to be told to go back to it.
    pub fn about(error: &Error) -> Self {
        let kind = error.kind();
        let advice = if kind == Kind::Invalid { "" } else { advice(kind) };
        let title = if kind == Kind::Invalid { "Something is not right yet" } else { headline(kind) };
        let text = format!("{}. {advice}", capital(error.detail())).trim_end().to_owned();
        Complaint { title, text, field: error.field().unwrap_or_default().to_owned() }
    }

    pub fn of_new_prices() -> Self {
        Complaint {
            title: "Prices have changed for your choice",
            text: "Please check and place the order again. Nothing was bought yet.".to_owned(),
            field: String::new(),
        }
    }

    pub fn of_no_prices() -> Self {
        Complaint {
            title: "We cannot say what it costs right now",
            text: "Nothing was bought. Please refresh the prices in a moment.".to_owned(),
            field: String::new(),
        }
    }

    pub fn is_about(&self, field: &str) -> bool {
        self.field == field
    }
}

#[derive(Template)]
#[template(path = "cart.html")]
pub struct CartPage {
    pub shell: Shell,
    pub rows: Vec<CartRow>,
    pub subtotal: String,
}

#[derive(Template)]
#[template(path = "checkout.html")]
pub struct CheckoutPage {
    pub shell: Shell,
    pub cart_id: String,
    pub rows: Vec<CartRow>,
    pub country: &'static str,
    pub countries: Vec<Choice>,
    pub payment_methods: Vec<Choice>,
    /// The currency, when it was not the customer who chose it.
    pub for_currency: Option<&'static str>,
    pub shipping: Vec<ShippingRow>,
    /// The way to send it that is in the total.
    pub method: &'static str,
    /// As it was typed.
    pub promo_code: String,
    /// As it is applied; empty without one.
    pub code: String,
    /// What the code does, when that is known.
    pub code_note: String,
    /// The customer's tier, when it takes something off.
    pub loyalty: Option<&'static str>,
    pub subtotal: String,
    /// Empty when nobody could say what shipping costs.
    pub shipping_cost: String,
    pub total: String,
    /// What the total was made for; none when it is not known, and then there is nothing to buy.
    pub quoted: Option<String>,
    pub complaint: Option<Complaint>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::money::{Currency, Money};

    #[test]
    fn shipping_without_quotes_is_still_a_choice() {
        let rows = shipping_rows(&[], Method::Express);
        assert_eq!(rows.iter().map(|row| row.chosen).collect::<Vec<_>>(), [false, true, false]);
        let quote = |method, days_min, days_max| Quote {
            method,
            cost: Money::new(499, Currency::Usd),
            days_min,
            days_max,
        };
        let quotes = [quote(Method::Standard, 3, 5), quote(Method::Overnight, 1, 1)];
        let rows = shipping_rows(&quotes, Method::Standard);
        let days: Vec<_> = rows.iter().map(|row| row.days.as_str()).collect();
        assert_eq!(days, ["3–5 working days", "next working day"]);
    }
}

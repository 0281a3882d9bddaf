//! What the pages show: plain data made of the services' answers, and the words and pictures that go with it. Pure.

use askama::Template;

use super::{
    assets,
    model::{Item, total},
    session::{Visitor, query_pairs},
};
use crate::{
    kernel::{
        country::Country,
        error::{Error, Kind},
        id::ProductId,
        money::{Currency, Money},
        origin::PaymentMethod,
    },
    shop::{
        ads::model::Ad,
        catalog::model::Product,
        checkout::model::Order,
        promotions::model::Campaign,
        shipping::model::{Method, Quote},
    },
};

/// What every page has around its own matter.
#[derive(Debug)]
pub struct Shell {
    pub title: String,
    /// Pieces in the cart; 0 also when nobody knows.
    pub pieces: i64,
    pub search: String,
    pub currencies: Vec<Choice>,
    /// Where the currency menu leads: here again, with everything that was asked for but the currency.
    pub here: String,
    pub keep: Vec<(String, String)>,
    pub stylesheet: &'static str,
}

/// An entry of a menu.
#[derive(Debug, PartialEq, Eq)]
pub struct Choice {
    pub value: &'static str,
    pub label: String,
    pub chosen: bool,
}

impl Shell {
    pub fn new(title: impl Into<String>, visitor: &Visitor, pieces: i64) -> Self {
        let mut keep = query_pairs(&visitor.uri);
        keep.retain(|(name, _)| name != "currency");
        let search = keep.iter().find(|(name, _)| name == "search").map(|(_, value)| value.clone());
        Shell {
            title: title.into(),
            pieces,
            search: search.unwrap_or_default(),
            currencies: currencies(visitor.currency),
            here: visitor.uri.path().to_owned(),
            keep,
            stylesheet: assets::STYLESHEET.as_str(),
        }
    }

    /// Around a page that cannot be asked for again by its address, such as the answer to a form.
    pub fn nowhere(title: impl Into<String>, visitor: &Visitor) -> Self {
        let here = "/".to_owned();
        Shell { here, keep: Vec::new(), search: String::new(), ..Shell::new(title, visitor, 0) }
    }
}

pub fn currencies(chosen: Currency) -> Vec<Choice> {
    let choice = |currency: Currency| Choice {
        value: currency.code(),
        label: format!("{} {}", currency.code(), currency.symbol()),
        chosen: currency == chosen,
    };
    Currency::ALL.map(choice).into()
}

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

/// A product in a grid, or large on its own page.
#[derive(Debug)]
pub struct Card {
    pub id: ProductId,
    pub name: String,
    pub description: String,
    pub category: String,
    pub category_title: String,
    pub price: String,
    /// The picture's address, and the colours behind it.
    pub art: String,
    pub tint: &'static str,
}

impl From<Product> for Card {
    fn from(product: Product) -> Self {
        Card {
            id: product.id,
            price: price(product.price),
            art: assets::art(&product.name, &product.category),
            tint: tint(&product.category),
            category_title: capital(&product.category),
            category: product.category,
            name: product.name,
            description: product.description,
        }
    }
}

/// Class of the colours behind a category's pictures. A category nobody has thought of gets the plain ones.
fn tint(category: &str) -> &'static str {
    match category {
        "electronics" => "tint-blue",
        "books" => "tint-amber",
        "home" => "tint-green",
        "clothing" => "tint-rose",
        "sports" => "tint-teal",
        "toys" => "tint-violet",
        _ => "tint-plain",
    }
}

/// Products of one category, in the catalogue's order.
#[derive(Debug)]
pub struct Section {
    pub category: String,
    pub title: String,
    pub cards: Vec<Card>,
}

/// How many products of a category the home page shows.
const SECTION_CARDS: usize = 4;

/// The home page's sections, in the order in which the catalogue first names each category.
pub fn sections(products: Vec<Product>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for product in products {
        let at = sections.iter().position(|section| section.category == product.category);
        let at = at.unwrap_or_else(|| {
            let (category, title) = (product.category.clone(), capital(&product.category));
            sections.push(Section { category, title, cards: Vec::new() });
            sections.len() - 1
        });
        if let Some(section) = sections.get_mut(at)
            && section.cards.len() < SECTION_CARDS
        {
            section.cards.push(product.into());
        }
    }
    sections
}

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

    pub fn is_about(&self, field: &str) -> bool {
        self.field == field
    }
}

/// An order in the history and on its own page.
#[derive(Debug)]
pub struct OrderView {
    pub id: String,
    pub placed_at: String,
    pub placed: String,
    pub status: String,
    pub total: String,
    pub pieces: i64,
    pub lines: Vec<OrderRow>,
    pub goods: String,
    pub discounts: Vec<(String, String)>,
    pub shipping: String,
    pub country: &'static str,
    pub payment_method: &'static str,
}

#[derive(Debug)]
pub struct OrderRow {
    pub product_id: ProductId,
    pub name: String,
    pub quantity: i64,
    pub unit: String,
    pub total: String,
}

impl From<Order> for OrderView {
    fn from(order: Order) -> Self {
        let goods = order.lines.iter().map(|line| line.total.minor).fold(0, i64::saturating_add);
        let lines = order.lines.iter().map(|line| OrderRow {
            product_id: line.product_id,
            name: line.name.clone(),
            quantity: line.quantity,
            unit: price(line.unit),
            total: price(line.total),
        });
        let off = |amount: Money| price(Money::new(amount.minor.saturating_neg(), amount.currency));
        OrderView {
            id: order.order_id.to_string(),
            placed: moment(&order.placed_at),
            status: capital(order.status.name()),
            total: price(order.total),
            pieces: order.lines.iter().map(|line| line.quantity).sum(),
            lines: lines.collect(),
            goods: price(Money::new(goods, order.currency)),
            discounts: order.discounts.iter().map(|one| (one.what.clone(), off(one.amount))).collect(),
            shipping: price(order.shipping),
            country: order.country.title(),
            payment_method: order.payment_method.title(),
            placed_at: order.placed_at,
        }
    }
}

/// What a person may do about a failure, in words that blame nobody.
pub fn advice(kind: Kind) -> &'static str {
    match kind {
        Kind::Malformed | Kind::Invalid | Kind::UnsupportedMedia | Kind::TooLarge => {
            "Please go back, have a look at what was entered, and try again."
        }
        Kind::Unauthenticated => "Please open the shop anew and try again.",
        Kind::Forbidden => "Please open the shop's own page and try again from there.",
        Kind::NotFound | Kind::MethodNotAllowed => {
            "It may have been moved, sold out, or never been here. The shop is full of other things."
        }
        Kind::Declined => "Nothing was charged. Another way to pay may work.",
        Kind::Conflict => "Your orders show what has been done already.",
        Kind::OutOfStock => "Nothing was charged. Please take it out of the cart, or fewer of it.",
        Kind::Internal
        | Kind::PeerFailed
        | Kind::PeerUnreachable
        | Kind::PoolExhausted
        | Kind::DatabaseUnavailable
        | Kind::DatabaseLocked
        | Kind::PeerTimeout => {
            "This is our mistake, not yours. Your cart is kept, and trying again never charges twice."
        }
    }
}

/// A heading for a failure.
pub fn headline(kind: Kind) -> &'static str {
    match kind {
        Kind::NotFound | Kind::MethodNotAllowed => "We could not find that",
        Kind::Declined => "The payment was declined",
        Kind::OutOfStock => "Somebody was faster",
        Kind::Conflict => "That has been done before",
        Kind::Unauthenticated | Kind::Forbidden => "That is not allowed",
        Kind::Malformed | Kind::Invalid | Kind::UnsupportedMedia | Kind::TooLarge => {
            "Something in the request is not right"
        }
        Kind::PoolExhausted | Kind::DatabaseUnavailable | Kind::DatabaseLocked => {
            "The shop is very busy right now"
        }
        Kind::Internal | Kind::PeerFailed | Kind::PeerUnreachable | Kind::PeerTimeout => {
            "The shop has a problem"
        }
    }
}

#[derive(Template)]
#[template(path = "home.html")]
pub struct Home {
    pub shell: Shell,
    pub popular: Vec<Card>,
    pub sections: Vec<Section>,
    pub campaigns: Vec<Campaign>,
    pub ad: Option<Ad>,
}

#[derive(Template)]
#[template(path = "products.html")]
pub struct Products {
    pub shell: Shell,
    pub category: String,
    pub heading: String,
    pub categories: Vec<Section>,
    pub cards: Vec<Card>,
    pub ad: Option<Ad>,
}

#[derive(Template)]
#[template(path = "product.html")]
pub struct ProductPage {
    pub shell: Shell,
    pub card: Card,
    pub recommended: Vec<Card>,
    pub ad: Option<Ad>,
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
    pub currencies: Vec<Choice>,
    pub shipping: Vec<ShippingRow>,
    pub promo_code: String,
    pub subtotal: String,
    /// Empty when nobody could say what shipping costs.
    pub shipping_cost: String,
    pub total: String,
    pub complaint: Option<Complaint>,
}

#[derive(Template)]
#[template(path = "orders.html")]
pub struct OrdersPage {
    pub shell: Shell,
    pub orders: Vec<OrderView>,
}

#[derive(Template)]
#[template(path = "order.html")]
pub struct OrderPage {
    pub shell: Shell,
    pub order: OrderView,
    /// Whether it was placed just now.
    pub thanks: bool,
}

#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    pub shell: Shell,
    pub headline: &'static str,
    pub detail: String,
    pub advice: &'static str,
    pub status: u16,
    pub back: &'static str,
    pub back_title: &'static str,
}

/// The categories as links, without products.
pub fn categories(names: Vec<String>) -> Vec<Section> {
    let link = |category: String| Section { title: capital(&category), category, cards: Vec::new() };
    names.into_iter().map(link).collect()
}

/// The sums under a checkout: goods, shipping when it is known, and both.
pub fn sums(items: &[Item], shipping: Option<Money>, currency: Currency) -> (String, String, String) {
    let goods = total(items, currency);
    let all = shipping.and_then(|cost| goods.plus(cost)).unwrap_or(goods);
    (price(goods), shipping.map(price).unwrap_or_default(), price(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(id: ProductId, category: &str) -> Product {
        Product {
            id,
            name: format!("product {id}"),
            description: String::new(),
            price: Money::new(100, Currency::Usd),
            category: category.into(),
            sold: 0,
            created_at: String::new(),
        }
    }

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
    fn sections_keep_the_catalogues_order_and_stay_short() {
        let mut products = vec![product(1, "toys"), product(2, "books"), product(3, "toys")];
        products.extend((4..20).map(|id| product(id, "books")));
        let sections = sections(products);
        let shape: Vec<_> =
            sections.iter().map(|section| (section.title.as_str(), section.cards.len())).collect();
        assert_eq!(shape, [("Toys", 2), ("Books", 4)]);
    }

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

    #[test]
    fn moments_are_short_and_nonsense_stays_nonsense() {
        assert_eq!(moment("2026-11-20T20:15:00.123Z"), "2026-11-20 20:15 UTC");
        assert_eq!(moment("soon"), "soon");
        assert_eq!(capital("électronique"), "Électronique");
        assert_eq!(capital(""), "");
    }
}

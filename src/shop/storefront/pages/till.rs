//! The cart and the checkout.

use axum::response::{IntoResponse, Redirect, Response};
use futures_util::future::join;
use serde::Deserialize;

use super::html::{as_failure, show};
use crate::{
    kernel::{
        country::Country,
        error::{Error, Result},
        id::OrderId,
        money::Currency,
        origin::PaymentMethod,
    },
    shop::{
        cart::model::Cart,
        shipping::model::{Method, Quote},
        storefront::{
            goods::{count, shown_items, shown_quotes},
            peers::Peers,
            sent::CheckoutBody,
            session::Visitor,
            view::{
                shell::{Shell, currencies},
                till::{
                    CartPage, CartRow, CheckoutPage, Complaint, countries, payment_methods, shipping_rows,
                    sums,
                },
            },
        },
    },
};

pub async fn cart(peers: &Peers, visitor: &Visitor) -> Result<Response> {
    let cart = peers.cart(&visitor.customer()?, &visitor.origin).await?;
    let pieces = count(&cart);
    let (items, currency) = shown_items(peers, visitor, &cart, visitor.currency).await?;
    let (subtotal, ..) = sums(&items, None, currency);
    let shell = Shell::new("Your cart", visitor, pieces);
    show(&CartPage { shell, rows: items.into_iter().map(CartRow::from).collect(), subtotal })
}

/// What the checkout form says so far. A browser is led to sensible values rather than told off.
#[derive(Debug, Default, Deserialize)]
pub struct CheckoutForm {
    country: Option<String>,
    /// The country that the form was made for: when another is chosen, its currency follows.
    for_country: Option<String>,
    currency: Option<String>,
    payment_method: Option<String>,
    shipping_method: Option<String>,
    promo_code: Option<String>,
}

/// The same with a meaning.
#[derive(Debug, PartialEq, Eq)]
struct Choices {
    country: Country,
    currency: Currency,
    payment_method: PaymentMethod,
    shipping_method: Method,
    promo_code: String,
}

impl CheckoutForm {
    fn choices(self, usual: Currency) -> Choices {
        let read = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Country>().ok());
        let (country, before) = (read(&self.country), read(&self.for_country));
        let currency = self.currency.and_then(|text| text.parse().ok()).unwrap_or(usual);
        // Without a country, the one whose money it is; the first of them.
        let by_money = || Country::ALL.into_iter().find(|country| country.currency() == currency);
        let moved = country.filter(|country| before.is_some_and(|before| before != *country));
        Choices {
            country: country.or_else(by_money).unwrap_or(Country::Us),
            currency: moved.map_or(currency, Country::currency),
            payment_method: self
                .payment_method
                .and_then(|text| text.parse().ok())
                .unwrap_or(PaymentMethod::CreditCard),
            shipping_method: self.shipping_method.and_then(|text| text.parse().ok()).unwrap_or_default(),
            promo_code: self.promo_code.unwrap_or_default(),
        }
    }
}

pub async fn checkout(peers: &Peers, visitor: &Visitor, form: CheckoutForm) -> Result<Response> {
    let cart = peers.cart(&visitor.customer()?, &visitor.origin).await?;
    if cart.lines.is_empty() {
        return Ok(Redirect::to("/cart").into_response());
    }
    let choices = form.choices(visitor.currency);
    let shell = Shell::new("Checkout", visitor, count(&cart));
    checkout_form(peers, visitor, &cart, choices, shell, None).await
}

/// The answer to a checkout form that was refused: the form again with what is wrong with it, as long as there is a
/// cart to buy and something the customer can do about it.
pub async fn checkout_again(
    peers: &Peers,
    visitor: &Visitor,
    body: CheckoutBody,
    error: Error,
) -> Result<Response> {
    if !error.kind().status().is_client_error() {
        return Err(error);
    }
    let cart = peers.cart(&visitor.customer()?, &visitor.origin).await.ok();
    let Some(cart) = cart.filter(|cart| !cart.lines.is_empty()) else { return Err(error) };
    let choices = Choices {
        country: body.country,
        currency: body.currency,
        payment_method: body.payment_method,
        shipping_method: body.shipping_method,
        promo_code: body.promo_code.unwrap_or_default(),
    };
    let complaint = Complaint::about(&error);
    let shell = Shell { pieces: count(&cart), ..Shell::nowhere("Checkout", visitor) };
    match checkout_form(peers, visitor, &cart, choices, shell, Some(complaint)).await {
        Ok(page) => Ok(as_failure(page, error)),
        Err(_) => Err(error),
    }
}

async fn checkout_form(
    peers: &Peers,
    visitor: &Visitor,
    cart: &Cart,
    choices: Choices,
    shell: Shell,
    complaint: Option<Complaint>,
) -> Result<Response> {
    let Choices { country, currency, payment_method, shipping_method, promo_code } = choices;
    let (items, quotes) = join(
        shown_items(peers, visitor, cart, currency),
        shown_quotes(peers, visitor, country, count(cart), currency),
    )
    .await;
    let (items, shown) = items?;
    // Prices in one currency and shipping in another would not add up.
    let quotes: Vec<Quote> = quotes.into_iter().filter(|quote| quote.cost.currency == shown).collect();
    let chosen = quotes.iter().find(|quote| quote.method == shipping_method).or(quotes.first());
    let (subtotal, shipping_cost, total) = sums(&items, chosen.map(|quote| quote.cost), shown);
    let method = chosen.map_or(shipping_method, |quote| quote.method);
    show(&CheckoutPage {
        shell,
        cart_id: cart.cart_id.clone(),
        rows: items.into_iter().map(CartRow::from).collect(),
        country: country.code(),
        countries: countries(country),
        payment_methods: payment_methods(payment_method),
        currencies: currencies(currency),
        shipping: shipping_rows(&quotes, method),
        promo_code,
        subtotal,
        shipping_cost,
        total,
        complaint,
    })
}

/// Where the page of a placed order is.
pub fn thanks_address(order: &OrderId) -> String {
    format!("/checkout/success/{order}")
}

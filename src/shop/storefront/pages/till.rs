//! The cart and the checkout.

use super::{
    choices::{CheckoutForm, Choices},
    html::{as_failure, show},
    offer::Offer,
};
use crate::{
    kernel::{
        error::{Error, Kind, Result},
        id::OrderId,
        origin::Tier,
    },
    shop::{
        cart::model::Cart,
        storefront::{
            goods::{count, shown_items},
            item::total,
            peers::Peers,
            placing::place,
            sent::CheckoutBody,
            session::Visitor,
            view::{
                shell::{Shell, currencies},
                till::{
                    CartPage, CartRow, CheckoutPage, Complaint, countries, payment_methods, shipping_rows,
                },
                words::price,
            },
        },
    },
};
use axum::response::{IntoResponse, Redirect, Response};

pub async fn cart(peers: &Peers, visitor: &Visitor) -> Result<Response> {
    let cart = peers.cart(&visitor.customer()?, &visitor.origin).await?;
    let pieces = count(&cart);
    let (items, currency) = shown_items(peers, visitor, &cart, visitor.currency).await?;
    let subtotal = price(total(&items, currency));
    let shell = Shell::new("Your cart", visitor, pieces);
    show(&CartPage { shell, rows: items.into_iter().map(CartRow::from).collect(), subtotal })
}

pub async fn checkout(peers: &Peers, visitor: &Visitor, form: CheckoutForm) -> Result<Response> {
    let cart = peers.cart(&visitor.customer()?, &visitor.origin).await?;
    if cart.lines.is_empty() {
        return Ok(Redirect::to("/cart").into_response());
    }
    let choices = form.choices(visitor);
    let offer = Offer::of(peers, visitor, &cart, &choices).await?;
    let shell = Shell::new("Checkout", visitor, count(&cart));
    checkout_form(peers, visitor, &cart, choices, offer, shell, None).await
}

/// Buys what the form says, when that is what the total beside it was shown for. Otherwise nothing is bought, and the
/// form comes back with the prices as they are.
pub async fn buy(
    peers: &Peers,
    visitor: &Visitor,
    body: CheckoutBody,
    key: Option<String>,
) -> Result<Response> {
    let cart = peers.cart(&visitor.customer()?, &visitor.origin).await?;
    if !cart.lines.is_empty() {
        let choices = Choices::from(&body);
        let offer = Offer::of(peers, visitor, &cart, &choices).await?;
        let same = offer.quoted.is_some() && offer.quoted == body.quoted;
        // A form that has bought leads to its order, whatever has been put in the cart since.
        if !same && !has_bought(peers, visitor, key.as_deref()).await? {
            let shell = Shell { pieces: count(&cart), ..Shell::nowhere("Checkout", visitor) };
            let known = offer.quoted.is_some();
            let complaint = Some(if known { Complaint::of_new_prices() } else { Complaint::of_no_prices() });
            let page = checkout_form(peers, visitor, &cart, choices, offer, shell, complaint).await?;
            let unknown = || Error::new(Kind::PeerFailed, "nobody could say what the order costs");
            return Ok(if known { page } else { as_failure(page, unknown()) });
        }
    }
    match place(peers, visitor, &body, key).await {
        Ok((_, order)) => Ok(Redirect::to(&format!("/checkout/success/{}", order.order_id)).into_response()),
        Err(error) => checkout_again(peers, visitor, body, error).await,
    }
}

/// Whether there is an order by this key.
async fn has_bought(peers: &Peers, visitor: &Visitor, key: Option<&str>) -> Result<bool> {
    let Some(key) = key else { return Ok(false) };
    let customer = visitor.customer()?;
    let order = OrderId::for_checkout(&customer, key);
    match peers.order(&customer, &order, &visitor.origin).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == Kind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The answer to a checkout form that was refused: the form again with what is wrong with it, as long as there is a
/// cart to buy and something the customer can do about it.
async fn checkout_again(
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
    let choices = Choices::from(&body);
    let Ok(offer) = Offer::of(peers, visitor, &cart, &choices).await else { return Err(error) };
    let complaint = Complaint::about(&error);
    let shell = Shell { pieces: count(&cart), ..Shell::nowhere("Checkout", visitor) };
    match checkout_form(peers, visitor, &cart, choices, offer, shell, Some(complaint)).await {
        Ok(page) => Ok(as_failure(page, error)),
        Err(_) => Err(error),
    }
}

async fn checkout_form(
    peers: &Peers,
    visitor: &Visitor,
    cart: &Cart,
    choices: Choices,
    offer: Offer,
    shell: Shell,
    complaint: Option<Complaint>,
) -> Result<Response> {
    let code = choices.promo_code.trim().to_ascii_uppercase();
    let campaigns = if code.is_empty() { Ok(Vec::new()) } else { peers.campaigns(&visitor.origin).await };
    let campaign = campaigns.unwrap_or_default().into_iter().find(|campaign| campaign.code == code);
    let code_note = campaign.map(|campaign| campaign.what.into_owned()).unwrap_or_default();
    show(&CheckoutPage {
        // One menu for the page and one for the payment, and they say the same.
        shell: Shell { currencies: currencies(choices.currency), ..shell },
        cart_id: cart.cart_id.clone(),
        rows: offer.items.into_iter().map(CartRow::from).collect(),
        country: choices.country.title(),
        countries: countries(choices.country),
        payment_methods: payment_methods(choices.payment_method),
        for_currency: (!choices.currency_chosen).then(|| choices.currency.code()),
        shipping: shipping_rows(&offer.quotes, offer.method),
        method: offer.method.title(),
        promo_code: choices.promo_code,
        code,
        code_note,
        loyalty: Some(visitor.tier()).filter(|tier| *tier != Tier::Standard).map(Tier::name),
        subtotal: price(offer.goods),
        shipping_cost: offer.shipping.map(price).unwrap_or_default(),
        total: price(offer.total),
        quoted: offer.quoted,
        complaint,
    })
}

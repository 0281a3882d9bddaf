//! The goods as a visitor sees them: a cart's lines with their products, and amounts in the visitor's currency.

use futures_util::future::join_all;

use super::{item::Item, peers::Peers, session::Visitor};
use crate::{
    kernel::{
        country::Country,
        error::{Kind, Result},
        money::{Currency, Money},
    },
    shop::{
        cart::model::{Cart, CartLine},
        catalog::model::Product,
        shipping::model::Quote,
    },
};

/// The cart's lines with their products, at the catalogue's price. One that is gone has none.
pub async fn items(peers: &Peers, visitor: &Visitor, cart: &Cart) -> Result<Vec<Item>> {
    let each = cart.lines.iter().map(async |&CartLine { product_id, quantity }| {
        match peers.product(product_id, &visitor.origin).await {
            Ok(product) => Ok(Item { product_id, quantity, product: Some(product) }),
            Err(error) if error.kind() == Kind::NotFound => Ok(Item { product_id, quantity, product: None }),
            Err(error) => Err(error),
        }
    });
    join_all(each).await.into_iter().collect()
}

/// Pieces in the visitor's cart, for the badge: not worth a failure, nor a question for somebody who is new.
pub async fn pieces(peers: &Peers, visitor: &Visitor) -> i64 {
    match visitor.customer() {
        Ok(customer) if visitor.returning => {
            peers.cart(&customer, &visitor.origin).await.map_or(0, |cart| count(&cart))
        }
        Ok(_) | Err(_) => 0,
    }
}

pub fn count(cart: &Cart) -> i64 {
    cart.lines.iter().map(|line| line.quantity).fold(0, i64::saturating_add)
}

/// The products with prices in the visitor's currency, asked for at once. When currency is away they keep the
/// catalogue's: a price in dollars is better than no shop.
pub async fn priced<const LISTS: usize>(
    peers: &Peers,
    visitor: &Visitor,
    mut lists: [Vec<Product>; LISTS],
) -> [Vec<Product>; LISTS] {
    let all = || lists.iter().flatten().map(|product| product.price);
    let converted = convert(peers, visitor, all().collect(), visitor.currency).await;
    for (product, price) in lists.iter_mut().flatten().zip(converted) {
        product.price = price;
    }
    lists
}

/// The cart's lines as they are shown, and the currency that they are shown in.
pub async fn shown_items(
    peers: &Peers,
    visitor: &Visitor,
    cart: &Cart,
    currency: Currency,
) -> Result<(Vec<Item>, Currency)> {
    let mut items = items(peers, visitor, cart).await?;
    let prices = items.iter().filter_map(|item| item.product.as_ref()).map(|product| product.price);
    let prices = convert(peers, visitor, prices.collect(), currency).await;
    let shown = prices.first().map_or(currency, |price| price.currency);
    let products = items.iter_mut().filter_map(|item| item.product.as_mut());
    products.zip(prices).for_each(|(product, price)| product.price = price);
    Ok((items, shown))
}

pub async fn shown_quotes(
    peers: &Peers,
    visitor: &Visitor,
    country: Country,
    items: i64,
    currency: Currency,
) -> Vec<Quote> {
    let mut quotes = peers.shipping_methods(country, items, &visitor.origin).await.unwrap_or_default();
    let costs = quotes.iter().map(|quote| quote.cost).collect();
    let costs = convert(peers, visitor, costs, currency).await;
    quotes.iter_mut().zip(costs).for_each(|(quote, cost)| quote.cost = cost);
    quotes
}

/// The amounts in `to`, or as they are when that is not to be had. Those that need no conversion ask nobody.
async fn convert(peers: &Peers, visitor: &Visitor, amounts: Vec<Money>, to: Currency) -> Vec<Money> {
    if amounts.iter().all(|amount| amount.currency == to) {
        return amounts;
    }
    match peers.convert_all(&amounts, to, &visitor.origin).await {
        Ok(converted) if converted.len() == amounts.len() => converted,
        Ok(_) | Err(_) => amounts,
    }
}

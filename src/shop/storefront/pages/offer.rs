//! What a cart comes to for a customer's choices: the total they are shown, and may be charged.

use futures_util::future::join;

use super::choices::Choices;
use crate::{
    kernel::{
        error::Result,
        money::{Currency, Money},
    },
    shop::{
        cart::model::Cart,
        shipping::model::{Method, Quote},
        storefront::{
            goods::{count, shown_items, shown_quotes},
            item::{Item, total},
            peers::Peers,
            session::Visitor,
        },
    },
};

/// Discounts are not in it: promotions reserve a code when they are asked, and a look must not do that. They only ever
/// take something off, so a total without them is the most that can be charged.
pub struct Offer {
    pub items: Vec<Item>,
    /// Empty when nobody could say.
    pub quotes: Vec<Quote>,
    /// The wanted way to send it, or the first that goes there.
    pub method: Method,
    pub goods: Money,
    pub shipping: Option<Money>,
    /// As much of the total as is known.
    pub total: Money,
    /// What the total was made for, in a word that the form brings back; none when the total is not known.
    pub quoted: Option<String>,
}

impl Offer {
    pub async fn of(peers: &Peers, visitor: &Visitor, cart: &Cart, choices: &Choices) -> Result<Self> {
        let (items, quotes) = join(
            shown_items(peers, visitor, cart, choices.currency),
            shown_quotes(peers, visitor, choices.country, count(cart), choices.currency),
        )
        .await;
        let (items, shown) = items?;
        // Prices in one currency and shipping in another would not add up.
        let quotes: Vec<Quote> = quotes.into_iter().filter(|quote| quote.cost.currency == shown).collect();
        Ok(Offer::made(items, quotes, shown, choices))
    }

    fn made(items: Vec<Item>, quotes: Vec<Quote>, shown: Currency, choices: &Choices) -> Self {
        let chosen = quotes.iter().find(|quote| quote.method == choices.shipping_method).or(quotes.first());
        let (method, shipping) =
            chosen.map_or((choices.shipping_method, None), |quote| (quote.method, Some(quote.cost)));
        let goods = total(&items, shown);
        let all = shipping.and_then(|cost| goods.plus(cost));
        let known = all.filter(|all| all.currency == choices.currency);
        let Choices { country, currency, promo_code, .. } = choices;
        let code = promo_code.trim().to_ascii_uppercase();
        let quoted = known.map(|all| format!("{country} {currency} {method} {} {code}", all.minor));
        Offer { items, method, goods, shipping, total: all.unwrap_or(goods), quoted, quotes }
    }
}

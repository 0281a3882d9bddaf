//! The JSON that clients get. Money is decimal in the public API, and only there.

use serde::{Serialize, Serializer};

use super::item::{Item, total};
use crate::{
    kernel::{
        country::Country,
        id::{OrderId, ProductId},
        money::{Currency, Money},
        origin::PaymentMethod,
    },
    shop::{
        cart::model::Cart,
        catalog::model::Product,
        checkout::model::{Order, OrderLine, Status},
        currency::model::Conversion,
        promotions::model::{Campaign, Discount},
        shipping::model::{Method, Quote},
    },
};

/// An amount as a JSON number in major units; whole where the currency has no smaller unit.
#[derive(Clone, Copy, Debug)]
pub struct Decimal(pub Money);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.currency.digits() {
            0 => serializer.serialize_i64(self.0.minor),
            _ => serializer.serialize_f64(self.0.major()),
        }
    }
}

/// A product for clients.
#[derive(Debug, Serialize)]
pub struct ProductJson {
    id: ProductId,
    name: String,
    description: String,
    price: Decimal,
    currency: Currency,
    category: String,
    sold: i64,
    created_at: String,
}

impl From<Product> for ProductJson {
    fn from(product: Product) -> Self {
        ProductJson {
            id: product.id,
            name: product.name,
            description: product.description,
            price: Decimal(product.price),
            currency: product.price.currency,
            category: product.category,
            sold: product.sold,
            created_at: product.created_at,
        }
    }
}

/// A cart for clients; prices where they were asked for.
#[derive(Debug, Serialize)]
pub struct CartJson {
    cart_id: String,
    user_id: u32,
    items: Vec<ItemJson>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    sum: Option<SumJson>,
}

#[derive(Debug, Serialize)]
struct ItemJson {
    product_id: ProductId,
    quantity: i64,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    priced: Option<PricedJson>,
}

#[derive(Debug, Serialize)]
struct PricedJson {
    name: String,
    price: Decimal,
    subtotal: Decimal,
}

#[derive(Debug, Serialize)]
struct SumJson {
    total: Decimal,
    currency: Currency,
}

impl CartJson {
    /// As it is, without prices.
    pub fn plain(cart: Cart, user: u32) -> Self {
        let items = cart.lines.into_iter().map(|line| ItemJson {
            product_id: line.product_id,
            quantity: line.quantity,
            priced: None,
        });
        CartJson { cart_id: cart.cart_id, user_id: user, items: items.collect(), sum: None }
    }

    pub fn priced(cart_id: String, user: u32, items: Vec<Item>, currency: Currency) -> Self {
        let sum = Some(SumJson { total: Decimal(total(&items, currency)), currency });
        let items = items.into_iter().map(|item| ItemJson {
            product_id: item.product_id,
            quantity: item.quantity,
            priced: item.product.map(|product| PricedJson {
                name: product.name,
                price: Decimal(product.price),
                subtotal: Decimal(product.price.times(item.quantity)),
            }),
        });
        CartJson { cart_id, user_id: user, items: items.collect(), sum }
    }
}

/// An order for clients. All amounts are in `currency`, but for `total_usd`.
#[derive(Debug, Serialize)]
pub struct OrderJson {
    order_id: OrderId,
    status: Status,
    total: Decimal,
    currency: Currency,
    total_usd: Decimal,
    country: Country,
    payment_method: PaymentMethod,
    payment_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    promo_code: Option<String>,
    lines: Vec<OrderLineJson>,
    discounts: Vec<DiscountJson>,
    shipping: Decimal,
    placed_at: String,
}

#[derive(Debug, Serialize)]
struct OrderLineJson {
    product_id: ProductId,
    name: String,
    quantity: i64,
    unit_price: Decimal,
    total: Decimal,
}

#[derive(Debug, Serialize)]
struct DiscountJson {
    what: String,
    amount: Decimal,
}

impl From<Order> for OrderJson {
    fn from(order: Order) -> Self {
        let line = |line: OrderLine| OrderLineJson {
            product_id: line.product_id,
            name: line.name,
            quantity: line.quantity,
            unit_price: Decimal(line.unit),
            total: Decimal(line.total),
        };
        let discount =
            |discount: Discount| DiscountJson { what: discount.what, amount: Decimal(discount.amount) };
        OrderJson {
            order_id: order.order_id,
            status: order.status,
            total: Decimal(order.total),
            currency: order.currency,
            total_usd: Decimal(order.total_usd),
            country: order.country,
            payment_method: order.payment_method,
            payment_id: order.payment_id,
            promo_code: order.promo_code,
            lines: order.lines.into_iter().map(line).collect(),
            discounts: order.discounts.into_iter().map(discount).collect(),
            shipping: Decimal(order.shipping),
            placed_at: order.placed_at,
        }
    }
}

/// A conversion for clients.
#[derive(Debug, Serialize)]
pub struct ConversionJson {
    from: Currency,
    to: Currency,
    amount: Decimal,
    converted: Decimal,
    /// A string: six exact decimals.
    rate: String,
}

impl From<Conversion> for ConversionJson {
    fn from(conversion: Conversion) -> Self {
        let Conversion { from, to, rate } = conversion;
        ConversionJson {
            from: from.currency,
            to: to.currency,
            amount: Decimal(from),
            converted: Decimal(to),
            rate,
        }
    }
}

/// A shipping quote for clients.
#[derive(Debug, Serialize)]
pub struct QuoteJson {
    method: Method,
    cost: Decimal,
    currency: Currency,
    days_min: u32,
    days_max: u32,
}

impl From<Quote> for QuoteJson {
    fn from(quote: Quote) -> Self {
        QuoteJson {
            method: quote.method,
            cost: Decimal(quote.cost),
            currency: quote.cost.currency,
            days_min: quote.days_min,
            days_max: quote.days_max,
        }
    }
}

/// A campaign for clients.
#[derive(Debug, Serialize)]
pub struct CampaignJson {
    code: String,
    title: String,
    what: String,
    once_per_customer: bool,
    minimum: Decimal,
    currency: Currency,
}

impl From<Campaign> for CampaignJson {
    fn from(campaign: Campaign) -> Self {
        CampaignJson {
            code: campaign.code.into_owned(),
            title: campaign.title.into_owned(),
            what: campaign.what.into_owned(),
            once_per_customer: campaign.once_per_customer,
            minimum: Decimal(campaign.minimum),
            currency: campaign.minimum.currency,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn decimals_are_exact_in_every_currency() {
        for currency in Currency::ALL {
            for minor in [0, 1, 7, 10, 99, 100, 2_999, 123_456_789, 99_999_999_999, -350] {
                let money = Money::new(minor, currency);
                let text = serde_json::to_string(&Decimal(money)).expect("a number");
                assert_eq!(Money::parse(&text, currency), Ok(money), "{text} {currency}");
            }
        }
        assert_eq!(json!(Decimal(Money::new(4484, Currency::Jpy))).to_string(), "4484");
        assert_eq!(json!(Decimal(Money::new(2999, Currency::Usd))).to_string(), "29.99");
    }
}

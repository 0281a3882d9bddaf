//! Orders, what a checkout has to say, and the sums.

use serde::{Deserialize, Serialize};

use crate::{
    kernel::{
        country::Country,
        error::{Error, Result},
        id::{CustomerId, OrderId, ProductId},
        money::{Currency, Money},
        origin::{PaymentMethod, Tier},
    },
    shop::{
        cart::model::{Cart, CartLine},
        catalog::model::Product,
        promotions::model::{Discount, PricedLine},
        shipping::model::Method,
    },
};

/// A customer who wants to buy what is in the cart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckoutRequest {
    pub customer: CustomerId,
    pub country: Country,
    pub payment_method: PaymentMethod,
    pub currency: Currency,
    #[serde(default)]
    pub shipping_method: Method,
    #[serde(default)]
    pub promo_code: Option<String>,
    #[serde(default)]
    pub tier: Tier,
    /// The same key is the same checkout. Without one, the same cart is.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// What was bought. Amounts are in `currency`, except `total_usd`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub order_id: OrderId,
    pub customer: CustomerId,
    pub country: Country,
    pub payment_method: PaymentMethod,
    pub currency: Currency,
    pub lines: Vec<OrderLine>,
    pub discounts: Vec<Discount>,
    pub shipping_method: Method,
    pub shipping: Money,
    pub total: Money,
    pub total_usd: Money,
    pub payment_id: String,
    pub promo_code: Option<String>,
    /// RFC 3339.
    pub placed_at: String,
    pub status: Status,
    /// The cart it was made of; nobody else's business.
    #[serde(skip)]
    pub cart_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    pub product_id: ProductId,
    pub name: String,
    pub quantity: i64,
    pub unit: Money,
    pub total: Money,
}

/// How far an order is. The shop ends where the parcel begins, so there is only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Paid,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Status::Paid => "paid",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Status::Paid].into_iter().find(|status| status.name() == name)
    }
}

const KEY_CHARS: usize = 128;
const CODE_CHARS: usize = 40;

impl CheckoutRequest {
    /// The same request with its code in capitals, when it is one that can be served.
    pub fn checked(mut self) -> Result<Self> {
        if let Some(key) = &self.idempotency_key
            && !((1..=KEY_CHARS).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()))
        {
            let detail = format!("a key has 1 to {KEY_CHARS} visible ASCII characters");
            return Err(Error::invalid("idempotency_key", detail));
        }
        self.promo_code =
            self.promo_code.map(|code| code.trim().to_ascii_uppercase()).filter(|code| !code.is_empty());
        if let Some(code) = &self.promo_code
            && !(code.len() <= CODE_CHARS && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        {
            return Err(Error::invalid("promo_code", "there is no such code"));
        }
        Ok(self)
    }

    /// Whether `order` is what this request asks for, whatever was in the cart.
    pub fn is_for(&self, order: &Order) -> bool {
        self.customer == order.customer
            && self.country == order.country
            && self.payment_method == order.payment_method
            && self.currency == order.currency
            && self.shipping_method == order.shipping_method
            && self.promo_code == order.promo_code
    }
}

impl Order {
    /// Whether the order holds what the cart holds.
    pub fn holds(&self, cart: &Cart) -> bool {
        let mut ordered: Vec<CartLine> = self
            .lines
            .iter()
            .map(|line| CartLine { product_id: line.product_id, quantity: line.quantity })
            .collect();
        let mut wanted = cart.lines.clone();
        ordered.sort_by_key(|line| line.product_id);
        wanted.sort_by_key(|line| line.product_id);
        ordered == wanted
    }

    /// Pieces of all products.
    pub fn items(&self) -> i64 {
        self.lines.iter().map(|line| line.quantity).sum()
    }
}

/// Some of one product.
#[derive(Clone, Debug)]
pub struct BasketLine {
    pub product: Product,
    pub quantity: i64,
}

/// What is to be paid for before any discount, in the catalogue's US dollars.
#[derive(Clone, Debug)]
pub struct Basket {
    pub lines: Vec<BasketLine>,
    pub shipping: Money,
}

/// A basket in the order's currency: what the customer reads, and so what discounts are a share of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wares {
    pub lines: Vec<OrderLine>,
    pub shipping: Money,
}

/// The parts and the sum in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    pub lines: Vec<OrderLine>,
    pub discounts: Vec<Discount>,
    pub shipping: Money,
    pub total: Money,
}

impl Basket {
    /// Every amount once, in an order that [`Basket::wares`] knows: prices of one piece, shipping.
    pub fn amounts(&self) -> Vec<Money> {
        let units = self.lines.iter().map(|line| line.product.price);
        units.chain([self.shipping]).collect()
    }

    /// The basket in another currency, where `amounts` are [`Basket::amounts`] converted. Each part is rounded once,
    /// when it is converted. `None` when the amounts are not those of this basket, or not all in `currency`.
    pub fn wares(&self, amounts: &[Money], currency: Currency) -> Option<Wares> {
        let (units, rest) = amounts.split_at_checked(self.lines.len())?;
        let &[shipping] = rest else { return None };
        if amounts.iter().any(|amount| amount.currency != currency) {
            return None;
        }
        let lines = self.lines.iter().zip(units).map(|(line, &unit)| OrderLine {
            product_id: line.product.id,
            name: line.product.name.clone(),
            quantity: line.quantity,
            unit,
            total: unit.times(line.quantity),
        });
        Some(Wares { lines: lines.collect(), shipping })
    }
}

impl Wares {
    /// The lines as promotions wants to see them.
    pub fn priced(&self) -> Vec<PricedLine> {
        let priced = |line: &OrderLine| PricedLine {
            product_id: line.product_id,
            quantity: line.quantity,
            unit: line.unit,
        };
        self.lines.iter().map(priced).collect()
    }

    /// The bill; its sums are of rounded parts, so that what the customer reads adds up. `None` when a discount is in
    /// another currency, or the sum does not fit.
    pub fn bill(self, discounts: Vec<Discount>) -> Option<Bill> {
        let Wares { lines, shipping } = self;
        let currency = shipping.currency;
        let goods = lines.iter().try_fold(Money::zero(currency), |sum, line| sum.plus(line.total))?;
        let reduced = discounts.iter().try_fold(goods, |sum, discount| sum.minus(discount.amount))?;
        let total = reduced.plus(shipping)?;
        let total = Money::new(total.minor.max(0), currency);
        Some(Bill { lines, discounts, shipping, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::Usd)
    }

    fn line(id: ProductId, price: i64, quantity: i64) -> BasketLine {
        let product = Product {
            id,
            name: format!("product {id}"),
            description: String::new(),
            price: usd(price),
            category: "home".into(),
            sold: 0,
            created_at: String::new(),
        };
        BasketLine { product, quantity }
    }

    fn basket() -> Basket {
        Basket { lines: vec![line(1, 1999, 3), line(2, 5, 1)], shipping: usd(499) }
    }

    fn save(minor: i64, currency: Currency) -> Vec<Discount> {
        vec![Discount { what: "SAVE10".into(), amount: Money::new(minor, currency) }]
    }

    fn bill(basket: &Basket, amounts: &[Money], discount: i64, currency: Currency) -> Option<Bill> {
        basket.wares(amounts, currency)?.bill(save(discount, currency))
    }

    #[test]
    fn a_bill_adds_up_in_every_currency() {
        let basket = basket();
        for currency in Currency::ALL {
            // Some rate; the sums must not care which.
            let converted: Vec<Money> = basket
                .amounts()
                .into_iter()
                .map(|amount| Money::new((amount.minor * 9 + 5) / 10 * currency.scale() / 100, currency))
                .collect();
            let wares = basket.wares(&converted, currency).expect("wares");
            let priced: Vec<_> = wares.priced().iter().map(|line| (line.quantity, line.unit)).collect();
            let bill = bill(&basket, &converted, 6, currency).expect("a bill");
            assert_eq!(priced, bill.lines.iter().map(|line| (line.quantity, line.unit)).collect::<Vec<_>>());
            let lines: i64 = bill.lines.iter().map(|line| line.unit.minor * line.quantity).sum();
            assert_eq!(bill.total.minor, lines - bill.discounts[0].amount.minor + bill.shipping.minor);
            assert_eq!(bill.total.currency, currency);
        }
        let bill = bill(&basket, &basket.amounts(), 600, Currency::Usd).expect("a bill");
        assert_eq!(bill.total, usd(3 * 1999 + 5 - 600 + 499));
    }

    #[test]
    fn a_bill_is_never_negative() {
        let basket = basket();
        let bill = bill(&basket, &basket.amounts(), 1_000_000, Currency::Usd);
        assert_eq!(bill.map(|bill| bill.total), Some(usd(0)));
    }

    #[test]
    fn amounts_of_something_else_make_no_bill() {
        let basket = basket();
        let amounts = basket.amounts();
        assert_eq!(basket.wares(&amounts[1..], Currency::Usd), None);
        assert_eq!(basket.wares(&[amounts.clone(), vec![usd(1)]].concat(), Currency::Usd), None);
        assert_eq!(basket.wares(&amounts, Currency::Eur), None);
        let mixed: Vec<Money> = amounts[..2].iter().copied().chain([Money::new(1, Currency::Eur)]).collect();
        assert_eq!(basket.wares(&mixed, Currency::Usd), None);
        assert_eq!(basket.wares(&mixed, Currency::Eur), None);
        let wares = basket.wares(&amounts, Currency::Usd).expect("wares");
        assert_eq!(wares.bill(save(1, Currency::Eur)), None, "a discount of another currency");
        let huge = Basket { lines: vec![line(1, i64::MAX, 2), line(2, 1, 1)], ..basket };
        assert_eq!(bill(&huge, &huge.amounts(), 0, Currency::Usd), None);
    }

    #[test]
    fn a_request_is_checked() {
        let request = |code: &str, key: &str| CheckoutRequest {
            customer: CustomerId::new(123, None),
            country: Country::Us,
            payment_method: PaymentMethod::Paypal,
            currency: Currency::Usd,
            shipping_method: Method::Standard,
            promo_code: Some(code.into()),
            tier: Tier::Standard,
            idempotency_key: Some(key.into()),
        };
        let code = |code| request(code, "k").checked().map(|request| request.promo_code).ok().flatten();
        assert_eq!(code(" save10 ").as_deref(), Some("SAVE10"));
        assert_eq!(code("  "), None);
        for (field, request) in [
            ("promo_code", request("<b>", "k")),
            ("promo_code", request("' OR 1=1", "k")),
            ("promo_code", request(&"A".repeat(41), "k")),
            ("idempotency_key", request("A", "")),
            ("idempotency_key", request("A", "a\0")),
            ("idempotency_key", request("A", &"k".repeat(129))),
        ] {
            assert_eq!(request.checked().err().as_ref().and_then(Error::field), Some(field));
        }
    }
}

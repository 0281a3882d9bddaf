//! The JSON of the public API: what clients send and what they get. Money is decimal here, and only here.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderName},
};
use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Number, Value};

use super::session::Identity;
use crate::{
    kernel::{
        country::Country,
        error::{Error, Kind, Result},
        extract::{Form, Json, has_media_type},
        id::{OrderId, ProductId},
        money::{Currency, Money},
        origin::PaymentMethod,
    },
    shop::{
        cart::model::Cart,
        catalog::model::{NewProduct, Product},
        checkout::model::{Order, OrderLine, Status},
        currency::model::Conversion,
        promotions::model::{Campaign, Discount},
        shipping::model::{Method, Quote},
    },
};

/// A body that a program sends as JSON and a browser as a form.
pub struct Sent<T> {
    pub body: T,
    /// Whether a browser sent it, which wants to be led on to a page.
    pub form: bool,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        if has_media_type(request.headers(), "application/x-www-form-urlencoded") {
            let Form(body) = Form::from_request(request, state).await?;
            return Ok(Sent { body, form: true });
        }
        let Json(body) = Json::from_request(request, state).await?;
        Ok(Sent { body, form: false })
    }
}

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

/// `POST /cart/add`.
#[derive(Debug, Deserialize)]
pub struct AddLine {
    pub product_id: ProductId,
    pub quantity: i64,
    #[serde(default)]
    pub user_id: Value,
}

/// `POST /cart/remove`.
#[derive(Debug, Deserialize)]
pub struct RemoveLine {
    pub product_id: ProductId,
    #[serde(default)]
    pub user_id: Value,
}

/// `POST /checkout`.
#[derive(Clone, Debug, Deserialize)]
pub struct CheckoutBody {
    pub country: Country,
    pub payment_method: PaymentMethod,
    #[serde(default = "usd")]
    pub currency: Currency,
    #[serde(default)]
    pub shipping_method: Method,
    #[serde(default)]
    pub promo_code: Option<String>,
    #[serde(default)]
    pub user_id: Value,
    /// A form cannot send the header, so it brings the key in a hidden field.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// `POST /products`, `PUT /products/{id}`.
#[derive(Debug, Deserialize)]
pub struct ProductBody {
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub price: Number,
    pub category: String,
}

/// `POST /shipping/quote`.
#[derive(Debug, Deserialize)]
pub struct QuoteBody {
    pub country: Country,
    #[serde(default, alias = "shipping_method")]
    pub method: Method,
    #[serde(default = "one")]
    pub items: i64,
}

fn one() -> i64 {
    1
}

fn usd() -> Currency {
    Currency::Usd
}

impl ProductBody {
    /// The price is read from the digits that were sent: no binary fraction rounds it on the way.
    pub fn checked(self) -> Result<NewProduct> {
        let price = Money::parse(&self.price.to_string(), Currency::Usd)
            .map_err(|_| Error::invalid("price", "a price is a number with at most two decimals"))?;
        Ok(NewProduct { name: self.name, description: self.description, price, category: self.category })
    }
}

/// A `user_id` may be sent, as a number or a string, but only one's own.
pub fn must_be_own(user_id: &Value, identity: Identity) -> Result<()> {
    let own = identity.user.to_string();
    let same = match user_id {
        Value::Null => true,
        Value::Number(number) => number.to_string() == own,
        Value::String(text) => *text == own,
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err(Error::invalid("user_id", "a user is a number or a string"));
        }
    };
    if same {
        Ok(())
    } else {
        let error = Error::new(Kind::Forbidden, "this token is for another user");
        Err(error.at(Some("user_id".into())))
    }
}

const PROMO_CODE_CHARS: usize = 40;

/// The code as it is passed on: none when it is blank.
pub fn promo_code(sent: Option<String>) -> Result<Option<String>> {
    let code = sent.map(|code| code.trim().to_owned()).filter(|code| !code.is_empty());
    match code {
        Some(code) if code.chars().count() > PROMO_CODE_CHARS => {
            Err(Error::invalid("promo_code", "there is no such code"))
        }
        code => Ok(code),
    }
}

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const KEY_CHARS: usize = 128;

/// The `Idempotency-Key` of a request: 1 to 128 visible ASCII characters.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(sent) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    checked_key(sent.to_str().unwrap_or_default()).map(Some)
}

/// The same rule for a key from wherever.
pub fn checked_key(key: &str) -> Result<String> {
    let printable = key.bytes().all(|byte| byte.is_ascii_graphic());
    if (1..=KEY_CHARS).contains(&key.len()) && printable {
        return Ok(key.to_owned());
    }
    let detail = format!("a key has 1 to {KEY_CHARS} visible characters");
    Err(Error::invalid("Idempotency-Key", detail))
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

/// One line of a cart with its product; without one when the catalogue no longer has it.
#[derive(Clone, Debug)]
pub struct Item {
    pub product_id: ProductId,
    pub quantity: i64,
    pub product: Option<Product>,
}

impl Item {
    /// The worth of the line.
    pub fn subtotal(&self) -> Option<Money> {
        self.product.as_ref().map(|product| product.price.times(self.quantity))
    }
}

/// The worth of all lines that still have a product.
pub fn total(items: &[Item], currency: Currency) -> Money {
    let minor = items.iter().filter_map(Item::subtotal).map(|subtotal| subtotal.minor);
    Money::new(minor.fold(0, i64::saturating_add), currency)
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
    use crate::kernel::origin::Tier;

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

    #[test]
    fn a_price_is_read_digit_by_digit() {
        for (price, minor) in [
            ("29.99", Some(2_999)),
            ("0.07", Some(7)),
            ("5", Some(500)),
            ("1.10", Some(110)),
            ("1.005", None),
        ] {
            let body = format!(r#"{{"name":"x","price":{price},"category":"home"}}"#);
            let body: ProductBody = serde_json::from_str(&body).expect(price);
            assert_eq!(body.checked().ok().map(|new| new.price.minor), minor, "{price}");
        }
        for body in [json!({"name":"x","price":"5","category":"home"}), json!({"name":1,"price":5})] {
            assert!(serde_json::from_value::<ProductBody>(body).is_err());
        }
    }

    #[test]
    fn a_user_may_name_only_themselves() {
        let me = Identity { user: 123, admin: false, tier: Tier::Standard };
        for (sent, kind) in [
            (json!(null), None),
            (json!(123), None),
            (json!("123"), None),
            (json!(456), Some(Kind::Forbidden)),
            (json!(-123), Some(Kind::Forbidden)),
            (json!("123 OR 1=1"), Some(Kind::Forbidden)),
            (json!([123]), Some(Kind::Invalid)),
        ] {
            let outcome = must_be_own(&sent, me);
            assert_eq!(outcome.err().map(|error| error.kind()), kind, "{sent}");
        }
    }

    #[test]
    fn a_key_is_short_and_printable() {
        for (key, good) in
            [("a", true), (&"x".repeat(128), true), (&"x".repeat(129), false), ("", false), ("ä", false)]
        {
            assert_eq!(checked_key(key).is_ok(), good, "{key}");
        }
    }
}

//! What clients send, as JSON or in a form, and whether it makes sense.

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, HeaderName},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Number, Value};

use super::session::{Identity, Visitor};
use crate::{
    kernel::{
        country::Country,
        error::{Error, Kind, Result},
        extract::{Form, Json, has_media_type},
        id::ProductId,
        money::{Currency, Money},
        origin::PaymentMethod,
    },
    shop::{catalog::model::NewProduct, shipping::model::Method},
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
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, state).await?;
        // All bodies are for carts and orders: whoever may not touch them is not told about their body.
        visitor.identity()?;
        let request = Request::from_parts(parts, body);
        if visitor.browser && has_media_type(request.headers(), "application/x-www-form-urlencoded") {
            let Form(body) = Form::from_request(request, state).await?;
            return Ok(Sent { body, form: true });
        }
        let Json(body) = Json::from_request(request, state).await?;
        Ok(Sent { body, form: false })
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
    /// What the total beside the form was shown for.
    #[serde(default)]
    pub quoted: Option<String>,
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kernel::origin::Tier;

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

//! What the checkout form says, and what is meant by it.

use serde::Deserialize;

use crate::{
    kernel::{country::Country, money::Currency, origin::PaymentMethod},
    shop::{
        shipping::model::Method,
        storefront::{sent::CheckoutBody, session::Visitor},
    },
};

/// What the checkout form says so far. A browser is led to sensible values rather than told off. The currency is not
/// among them: in an address it is always the visitor's.
#[derive(Debug, Default, Deserialize)]
pub struct CheckoutForm {
    country: Option<String>,
    payment_method: Option<String>,
    shipping_method: Option<String>,
    promo_code: Option<String>,
}

/// The same with a meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    pub country: Country,
    pub currency: Currency,
    /// Whether the customer chose the currency; if not, it follows the country.
    pub currency_chosen: bool,
    pub payment_method: PaymentMethod,
    pub shipping_method: Method,
    pub promo_code: String,
}

impl CheckoutForm {
    pub fn choices(self, visitor: &Visitor) -> Choices {
        let country = self.country.and_then(|text| text.parse::<Country>().ok());
        // Without a country, the one whose money it is; the first of them.
        let by_money = || Country::ALL.into_iter().find(|country| country.currency() == visitor.currency);
        let country = country.or_else(by_money).unwrap_or(Country::Us);
        Choices {
            country,
            currency: if visitor.currency_chosen { visitor.currency } else { country.currency() },
            currency_chosen: visitor.currency_chosen,
            payment_method: self
                .payment_method
                .and_then(|text| text.parse().ok())
                .unwrap_or(PaymentMethod::CreditCard),
            shipping_method: self.shipping_method.and_then(|text| text.parse().ok()).unwrap_or_default(),
            promo_code: self.promo_code.unwrap_or_default(),
        }
    }
}

impl From<&CheckoutBody> for Choices {
    /// What stood in a form that was to buy has been seen and is meant.
    fn from(body: &CheckoutBody) -> Self {
        Choices {
            country: body.country,
            currency: body.currency,
            currency_chosen: true,
            payment_method: body.payment_method,
            shipping_method: body.shipping_method,
            promo_code: body.promo_code.clone().unwrap_or_default(),
        }
    }
}

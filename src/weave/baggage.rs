//! W3C baggage: who a request comes from, from header to [`Origin`] and back. Members that are not ours travel on.

use std::{fmt::Write, sync::Arc};

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    kernel::origin::{Origin, is_session},
    telemetry::percent::decode,
};

pub const HEADER: HeaderName = HeaderName::from_static("baggage");

const COUNTRY: &str = "shop.country";
const PAYMENT_METHOD: &str = "shop.payment_method";
const TIER: &str = "shop.tier";
const SESSION: &str = "session.id";

/// W3C's limit for the whole header.
const LIMIT_BYTES: usize = 8192;

/// Reads the baggage of a request, so that handlers can take it as an argument.
pub async fn read(mut request: Request, next: Next) -> Response {
    if let Some(origin) = parse(request.headers()) {
        request.extensions_mut().insert(origin);
    }
    next.run(request).await
}

/// What the headers say; `None` when they say nothing. A member that makes no sense is left out: baggage comes from
/// anywhere, and nobody may be turned away for it.
pub fn parse(headers: &HeaderMap) -> Option<Origin> {
    let mut values = headers.get_all(HEADER).iter().peekable();
    values.peek()?;
    let mut origin = Origin::default();
    let mut others = String::new();
    let mut total = 0;
    for value in values {
        let Ok(text) = value.to_str() else { continue };
        total += text.len();
        if total > LIMIT_BYTES {
            break;
        }
        for member in text.split(',').map(str::trim).filter(|member| !member.is_empty()) {
            let pair = member.split(';').next().unwrap_or(member);
            let Some((key, value)) = pair.split_once('=') else { continue };
            let value = || decode(value.trim()).and_then(|value| String::from_utf8(value).ok());
            match key.trim() {
                COUNTRY => origin.country = value().and_then(|value| value.parse().ok()),
                PAYMENT_METHOD => origin.payment_method = value().and_then(|value| value.parse().ok()),
                TIER => origin.tier = value().and_then(|value| value.parse().ok()),
                SESSION => origin.session = value().filter(|value| is_session(value)).map(Arc::from),
                _ => {
                    let comma = if others.is_empty() { "" } else { "," };
                    let _ = write!(others, "{comma}{member}");
                }
            }
        }
    }
    origin.others = (!others.is_empty()).then(|| Arc::from(others));
    Some(origin)
}

/// The header for `origin`; `None` when there is nothing to say.
pub fn header(origin: &Origin) -> Option<HeaderValue> {
    let mut text = String::with_capacity(96);
    let mut member = |key: &str, value: &str| {
        let comma = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}{key}={value}");
    };
    if let Some(country) = origin.country {
        member(COUNTRY, country.code());
    }
    if let Some(method) = origin.payment_method {
        member(PAYMENT_METHOD, method.name());
    }
    if let Some(tier) = origin.tier {
        member(TIER, tier.name());
    }
    if let Some(session) = &origin.session {
        member(SESSION, session);
    }
    if let Some(others) = &origin.others {
        let comma = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}{others}");
    }
    (!text.is_empty()).then(|| HeaderValue::from_str(&text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{
        country::Country,
        origin::{PaymentMethod, Tier},
    };

    fn headers(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(HEADER, HeaderValue::from_str(text).expect("visible characters"))])
    }

    #[test]
    fn who_asks_survives_the_hop_and_strangers_travel_on() {
        let origin = Origin {
            country: Some(Country::Br),
            payment_method: Some(PaymentMethod::CreditCard),
            tier: Some(Tier::Gold),
            session: Some(Arc::from("s-1")),
            others: Some(Arc::from("tenant=a%20b;p=1")),
        };
        let header = header(&origin).expect("there is something to say");
        assert_eq!(parse(&HeaderMap::from_iter([(HEADER, header)])), Some(origin));
        assert_eq!(super::header(&Origin::default()), None);
    }

    #[test]
    fn members_that_make_no_sense_are_left_out() {
        let origin =
            parse(&headers("shop.country=XX, session.id=../../etc, shop.tier=gold, =, x")).expect("some");
        assert_eq!((origin.country, origin.session.as_deref(), origin.tier), (None, None, Some(Tier::Gold)));
        assert_eq!(parse(&HeaderMap::new()), None);
    }
}

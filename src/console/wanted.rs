//! Query strings of questions to the store: bounds, ids, and parameters that may come more than once.

use std::borrow::Cow;

use axum::{
    extract::{FromRequestParts, Query as Pairs},
    http::request::Parts,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::{IntoResponses, ToSchema};

use crate::kernel::{
    clock,
    error::{Error, Kind, Result},
    problem::Problem,
};

/// How far back anybody may ask, in seconds.
pub const MOST_SECONDS: u64 = 24 * 60 * 60;

/// What a question to the store may be answered instead.
#[derive(IntoResponses)]
pub enum Unanswered {
    /// There is no such thing in the store, any more or at all, or the store is off
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(#[to_schema] Problem),
    /// A parameter is unknown, missing or out of its range: `field` names it
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(#[to_schema] Problem),
}

/// What a parameter such as `attribute` or `label` says: `key=value`.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[^=]+=")]
#[expect(dead_code, reason = "it only describes; what is read is read by `pairs`")]
pub struct Pair(String);

/// A query string. A parameter named by [`Asked::REPEATED`] is read as a list, however often it comes; another may come
/// once.
pub struct Wanted<T>(pub T);

/// What can be asked for by a query string.
pub trait Asked: DeserializeOwned {
    /// Parameters that may come more than once.
    const REPEATED: &'static [&'static str] = &[];
}

impl<T: Asked, S: Send + Sync> FromRequestParts<S> for Wanted<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let wrong = |why: String| Error::new(Kind::Invalid, format!("the query string is wrong: {why}"));
        let Pairs(pairs) = Pairs::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|error| wrong(error.to_string()))?;
        let mut object = Map::new();
        for (name, value) in pairs {
            // Nothing is no value of any of them, and a parameter may be left out.
            if value.is_empty() {
                return Err(Error::invalid(name, "expected a value; leave the parameter out"));
            }
            if T::REPEATED.contains(&name.as_str()) {
                let list = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                list.as_array_mut().into_iter().for_each(|list| list.push(value.clone().into()));
            } else if object.insert(name.clone(), value.into()).is_some() {
                return Err(Error::invalid(name, "it may be said once"));
            }
        }
        serde_path_to_error::deserialize(Value::Object(object)).map(Wanted).map_err(|error| {
            let field = error.path().to_string();
            let why = error.into_inner().to_string();
            wrong(why).at((field != ".").then(|| field.into()))
        })
    }
}

/// A number that a parameter says, within its range.
pub fn number(field: &'static str, text: Option<&str>, default: u64, most: u64) -> Result<u64> {
    let Some(text) = text else { return Ok(default) };
    text.parse()
        .ok()
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| Error::invalid(field, format!("expected a whole number from 1 to {most}")))
}

/// The moment that lies as many seconds back as a parameter says, in milliseconds since 1970; 0 when it says nothing.
pub fn since_ms(text: Option<&str>) -> Result<i64> {
    let Some(_) = text else { return Ok(0) };
    let seconds = number("seconds", text, 0, MOST_SECONDS)?;
    Ok(clock::now_millis() - i64::try_from(seconds).unwrap_or(0) * 1_000)
}

/// Pairs such as `shop.country=BR`.
pub fn pairs(field: &'static str, given: &[String]) -> Result<Vec<(String, String)>> {
    let pair = |text: &String| match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Error::invalid(field, "expected `key=value`")),
    };
    given.iter().map(pair).collect()
}

/// An id of `N` bytes, written in hexadecimal digits.
pub fn id<const N: usize>(field: impl Into<Cow<'static, str>>, text: &str) -> Result<[u8; N]> {
    let mut id = [0; N];
    let is_hex = text.len() == 2 * N && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let digits = if is_hex { text } else { "" };
    for (index, byte) in id.iter_mut().enumerate() {
        let digits = digits.get(2 * index..2 * index + 2).unwrap_or_default();
        match u8::from_str_radix(digits, 16) {
            Ok(read) => *byte = read,
            Err(_) => return Err(Error::invalid(field, format!("expected {} hexadecimal digits", 2 * N))),
        }
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_one_length_and_in_hexadecimal() {
        assert_eq!(id::<2>("span_id", "0aFF").ok(), Some([10, 255]));
        for wrong in ["", "0a", "0aff0", "0aff00", "0xff", "+1+1", "äö"] {
            let error = id::<2>("span_id", wrong).expect_err(wrong);
            assert_eq!((error.field(), error.detail()), (Some("span_id"), "expected 4 hexadecimal digits"));
        }
    }

    #[test]
    fn numbers_are_within_their_range() {
        assert_eq!(number("limit", None, 50, 500).ok(), Some(50));
        assert_eq!(number("limit", Some("500"), 50, 500).ok(), Some(500));
        for wrong in ["0", "501", "-1", "1.5", "many", ""] {
            let error = number("limit", Some(wrong), 50, 500).expect_err(wrong);
            assert_eq!(
                (error.field(), error.detail()),
                (Some("limit"), "expected a whole number from 1 to 500")
            );
        }
    }

    #[test]
    fn a_pair_has_a_key_and_its_value_may_hold_anything() {
        let given = ["a=b=c".to_owned(), "a=".to_owned()];
        let expected = [("a".to_owned(), "b=c".to_owned()), ("a".to_owned(), String::new())];
        assert_eq!(pairs("label", &given).ok(), Some(expected.into()));
        assert!(pairs("label", &["=b".to_owned()]).is_err() && pairs("label", &["b".to_owned()]).is_err());
    }
}

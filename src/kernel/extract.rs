//! Extractors that refuse in the shop's own words: a problem document that names the field.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
};
use serde::de::DeserializeOwned;

use super::error::{Error, Kind};

/// The most bytes any service reads of a request body.
pub const BODY_LIMIT_BYTES: usize = 64 * 1024;

/// A JSON body. Wrong media type, broken JSON, a wrong type and an oversized body are told apart.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        if !has_media_type(request.headers(), "application/json") {
            let detail = "the body must be application/json";
            return Err(Error::new(Kind::UnsupportedMedia, detail));
        }
        let body = read(request, state).await?;
        parse(&body).map(Json)
    }
}

/// A form body, as a browser sends it without JavaScript.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        if !has_media_type(request.headers(), "application/x-www-form-urlencoded") {
            let detail = "the body must be a form";
            return Err(Error::new(Kind::UnsupportedMedia, detail));
        }
        let body = read(request, state).await?;
        serde_urlencoded::from_bytes(&body).map(Form).map_err(|error| {
            Error::new(Kind::Invalid, "a field of the form is missing or wrong").caused_by(error)
        })
    }
}

/// The query string.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        serde_urlencoded::from_str(parts.uri.query().unwrap_or_default())
            .map(Query)
            .map_err(|error| Error::new(Kind::Invalid, format!("the query string is wrong: {error}")))
    }
}

/// The variable parts of the path.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Path(value))
            .map_err(|error| Error::not_found("there is nothing of that name").caused_by(error))
    }
}

/// Whether the request says that its body is of this type, parameters such as `charset` aside.
pub fn has_media_type(headers: &HeaderMap, wanted: &str) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(wanted))
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Error> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        if rejection.status() == Kind::TooLarge.status() {
            let detail = format!("a body may have at most {BODY_LIMIT_BYTES} bytes");
            Error::new(Kind::TooLarge, detail)
        } else {
            Error::new(Kind::Malformed, "the body broke off")
        }
    })
}

/// Reads a JSON object. serde_json's own words say what is wrong and where, never a value from elsewhere than this
/// request; the path to it names the field.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    // A derived struct would also take an array of its fields in order; nobody means that.
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    // Whether the body is JSON at all is asked apart: a number where a word belongs is called a syntax error by some
    // derived types.
    let is_json = || serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    if first != Some(&b'{') && is_json() {
        return Err(Error::new(Kind::Invalid, "the body must be a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).and_then(|value| {
        let end = json.end();
        end.map(|()| value)
            .map_err(|error| serde_path_to_error::Error::new(serde_path_to_error::Track::new().path(), error))
    });
    value.map_err(|error| {
        let field = error.path().to_string();
        let kind = if is_json() { Kind::Invalid } else { Kind::Malformed };
        let detail = format!("the body is wrong: {}", error.into_inner());
        Error::new(kind, detail).at((field != "." && kind == Kind::Invalid).then(|| field.into()))
    })
}

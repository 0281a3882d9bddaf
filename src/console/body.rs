//! Bodies of control calls: as `kernel::extract` reads them, and with the nearest right word where one is wrong.

use axum::{
    body::{Body as Bytes, HttpBody},
    extract::{FromRequest, Request},
};
use serde::de::DeserializeOwned;

use crate::kernel::{
    error::{Error, Kind},
    extract,
    nearest::nearest,
};

/// A JSON body.
pub struct Body<T>(pub T);

/// A JSON body that may be left out.
pub struct Optional<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let read = extract::Json::from_request(request, state).await;
        read.map(|extract::Json(value)| Body(value)).map_err(helpful)
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for Optional<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        // What has no length and no pieces is known to be empty before anything is read.
        if Bytes::is_end_stream(request.body()) {
            return Ok(Optional(T::default()));
        }
        let (parts, body) = request.into_parts();
        let limited = Request::from_parts(parts.clone(), body);
        let Ok(bytes) = axum::body::Bytes::from_request(limited, state).await else {
            return Err(Error::new(Kind::TooLarge, "the body is too large, or broke off"));
        };
        // JSON's word for nothing.
        if bytes.trim_ascii() == b"null" {
            return Ok(Optional(T::default()));
        }
        let request = Request::from_parts(parts, Bytes::from(bytes));
        Body::from_request(request, state).await.map(|Body(value)| Optional(value))
    }
}

/// Adds the nearest right word to an error that lists them, and the field that was not known to the path that leads
/// there.
fn helpful(error: Error) -> Error {
    if error.kind() != Kind::Invalid {
        return error;
    }
    let Some((word, known)) = wrong_word(error.detail()) else { return error };
    let detail = match nearest(word, known.iter().copied()) {
        Some(near) => format!("{}; did you mean `{near}`?", error.detail()),
        None => error.detail().to_owned(),
    };
    let field = error.field().map(|field| field.to_owned().into());
    Error::new(Kind::Invalid, detail).at(field)
}

/// The word that serde did not know, and those it would have known.
fn wrong_word(detail: &str) -> Option<(&str, Vec<&str>)> {
    let (_, rest) =
        detail.split_once("unknown variant `").or_else(|| detail.split_once("unknown field `"))?;
    let (word, rest) = rest.split_once('`')?;
    let (_, known) = rest.split_once("expected ")?;
    // Between backticks stands a word, outside them what joins them.
    Some((word, known.split('`').skip(1).step_by(2).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_right_word_is_found_in_serde_s_list() {
        let near = |detail: &'static str| {
            helpful(Error::invalid("on.service", detail))
                .detail()
                .rsplit_once("; ")
                .map(|(_, hint)| hint.to_owned())
        };
        let hint = near("the body is wrong: unknown variant `payment`, expected one of `cart`, `payments`");
        assert_eq!(hint.as_deref(), Some("did you mean `payments`?"));
        let hint =
            near("the body is wrong: unknown field `rout`, expected `route` or `query` at line 1 column 9");
        assert_eq!(hint.as_deref(), Some("did you mean `route`?"));
        assert_eq!(near("the body is wrong: unknown variant `xyz`, expected `cart`"), None);
        assert_eq!(near("the body is wrong: missing field `effect`"), None);
    }
}

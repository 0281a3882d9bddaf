//! What a request is about: a product, a category. Read only when a fault asks for it, since it may mean to read a body.

use axum::{
    body::{Body, HttpBody, to_bytes},
    extract::Request,
};
use serde_json::Value;

use crate::kernel::{
    error::{Error, Kind},
    extract::BODY_LIMIT_BYTES,
    id::ProductId,
};

/// What is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    pub product: Option<ProductId>,
    pub category: Option<String>,
}

impl Subject {
    /// The subject of a request to `route`. The request is the same afterwards; it fails where a handler that reads the
    /// body would have failed too.
    pub async fn of(request: Request, route: &str) -> Result<(Subject, Request), Error> {
        let known = Subject::in_address(route, request.uri().path(), request.uri().query());
        let fits = |upper: u64| upper > 0 && upper <= BODY_LIMIT_BYTES as u64;
        // A body of unknown length, or one that is too long, is the handler's affair: it says no in its own words.
        if !request.body().size_hint().upper().is_some_and(fits) {
            return Ok((known, request));
        }
        let (parts, body) = request.into_parts();
        let bytes = to_bytes(body, BODY_LIMIT_BYTES).await;
        let bytes = bytes.map_err(|_| Error::new(Kind::Malformed, "the body broke off"))?;
        let subject = known.or_in_body(&bytes);
        Ok((subject, Request::from_parts(parts, Body::from(bytes))))
    }

    /// The subject of a question that is asked: what its own address and body say, or what `self` knew before.
    #[must_use]
    pub fn narrowed(self, route: &str, path_and_query: &str, body: &[u8]) -> Subject {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let asked = Subject::in_address(route, path, Some(query)).or_in_body(body);
        Subject { product: asked.product.or(self.product), category: asked.category.or(self.category) }
    }

    fn in_address(route: &str, path: &str, query: Option<&str>) -> Subject {
        let pairs = route.split('/').zip(path.split('/'));
        // `/products/{id}`, `/catalog/{id}`, `/stock/{product_id}`: but `/ads/{id}` is no product.
        let of_products = |part: &str| {
            part == "{product_id}"
                || part == "{id}" && (route.starts_with("/products/") || route.starts_with("/catalog/"))
        };
        let mut subject = Subject::default();
        for (part, value) in pairs {
            if of_products(part) {
                subject.product = value.parse().ok();
            }
        }
        subject.or_in_pairs(query.unwrap_or_default().as_bytes())
    }

    fn or_in_pairs(mut self, text: &[u8]) -> Subject {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(text).unwrap_or_default();
        for (name, value) in pairs {
            match name.as_str() {
                "product_id" => self.product = self.product.or(value.parse().ok()),
                "category" => self.category = self.category.or(Some(value)),
                _ => {}
            }
        }
        self
    }

    fn or_in_body(self, body: &[u8]) -> Subject {
        // What is no JSON is a form, or nothing that names a subject.
        let Ok(body) = serde_json::from_slice::<Value>(body) else { return self.or_in_pairs(body) };
        let category = || body["category"].as_str().map(str::to_owned);
        Subject {
            product: self.product.or_else(|| body["product_id"].as_i64()),
            category: self.category.or_else(category),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_subject_is_found_wherever_a_request_names_it_and_the_body_is_still_there() {
        let cases = [
            ("/products/{id}", "/products/7", "", (Some(7), None)),
            ("/stock/{product_id}", "/stock/7", "", (Some(7), None)),
            ("/ads/{id}/click", "/ads/7/click", "", (None, None)),
            ("/products", "/products?category=Home%20Office", "", (None, Some("Home Office"))),
            (
                "/carts/{customer}/lines",
                "/carts/3/lines",
                r#"{"product_id":9,"quantity":1}"#,
                (Some(9), None),
            ),
            ("/products", "/products", r#"{"name":"x","category":"Books"}"#, (None, Some("Books"))),
            ("/cart/add", "/cart/add", "product_id=9&quantity=1", (Some(9), None)),
            ("/products", "/products", "neither", (None, None)),
        ];
        for (route, uri, body, (product, category)) in cases {
            let mut request = Request::new(Body::from(body));
            *request.uri_mut() = uri.parse().expect("an address");
            let (subject, request) = Subject::of(request, route).await.expect("read");
            let expected = Subject { product, category: category.map(str::to_owned) };
            assert_eq!(subject, expected, "{uri} {body}");
            let bytes = to_bytes(request.into_body(), 1_000).await.expect("the body");
            assert_eq!(bytes, body.as_bytes());
            assert_eq!(Subject::default().narrowed(route, uri, body.as_bytes()), expected);
        }
    }
}

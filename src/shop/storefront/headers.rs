//! What the headers of a request say of whoever sent it: what it would rather have, where it comes from, its cookies.

use axum::http::{HeaderMap, HeaderName, Uri, header};

/// The value of the cookie with this name.
pub fn cookie<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value)
}

/// Whether a page is liked better than JSON. `*/*` alone is a program's word, so a page has to be asked for by name.
pub fn prefers_html(headers: &HeaderMap) -> bool {
    let Some(accept) = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let best = |wanted: &[&str]| {
        accept
            .split(',')
            .filter_map(|one| {
                let mut parts = one.split(';').map(str::trim);
                let name = parts.next()?.to_ascii_lowercase();
                let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
                wanted.contains(&name.as_str()).then(|| weight.unwrap_or(1.0))
            })
            .fold(0.0, f32::max)
    };
    let html = best(&["text/html", "application/xhtml+xml"]);
    html > 0.0 && html > best(&["application/json", "application/problem+json"])
}

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a form was sent from a page of this very shop. What the browser says itself counts most; then where the
/// form came from. A browser that says nothing of the three is not believed.
pub fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(FETCH_SITE) {
        // `none` is the person at the browser, not a page.
        return matches!(site, "same-origin" | "none");
    }
    let from = text(header::ORIGIN).or_else(|| text(header::REFERER));
    let from = from.and_then(|from| from.parse::<Uri>().ok());
    let authority = from.as_ref().and_then(Uri::authority);
    match (authority, text(header::HOST)) {
        (Some(authority), Some(host)) => authority.as_str().eq_ignore_ascii_case(host),
        (None, _) | (_, None) => false,
    }
}

/// The page of this very shop that a link or a form was on, as an address to go back to.
pub fn own_referer(headers: &HeaderMap) -> Option<String> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let (from, host) = (text(header::REFERER)?.parse::<Uri>().ok()?, text(header::HOST)?);
    let own = from.authority()?.as_str().eq_ignore_ascii_case(host);
    let address = from.path_and_query()?.as_str();
    // `//elsewhere` and its like would lead out of the shop.
    let inside = address.starts_with('/') && !address[1..].starts_with(['/', '\\']);
    (own && inside).then(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    #[test]
    fn a_page_has_to_be_asked_for() {
        for (accept, html) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("text/html", true),
            ("Text/HTML;q=0.5, application/json;q=0.4", true),
            ("application/json", false),
            ("application/json, text/html;q=0.9", false),
            ("text/html;q=0", false),
            ("*/*", false),
            ("", false),
        ] {
            assert_eq!(prefers_html(&headers(&[("accept", accept)])), html, "{accept}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }

    #[test]
    fn the_way_back_stays_in_the_shop() {
        for (referer, back) in [
            ("http://shop:8000/products/1?currency=EUR", Some("/products/1?currency=EUR")),
            ("http://shop:8000", Some("/")),
            ("http://shop:8000//evil.example/", None),
            ("http://evil.example/cart", None),
            ("/cart", None),
            ("nonsense", None),
        ] {
            let headers = headers(&[("host", "shop:8000"), ("referer", referer)]);
            assert_eq!(own_referer(&headers).as_deref(), back, "{referer}");
        }
    }

    #[test]
    fn a_form_must_come_from_a_page_of_the_shop() {
        let host = ("host", "shop:8000");
        for (pair, same) in [
            (("origin", "http://shop:8000"), true),
            (("origin", "http://SHOP:8000"), true),
            (("origin", "http://shop:8001"), false),
            (("origin", "http://shop:8000.evil.example"), false),
            (("origin", "null"), false),
            (("referer", "http://shop:8000/cart?x=1"), true),
            (("referer", "http://evil.example/?http://shop:8000"), false),
            (("sec-fetch-site", "same-origin"), true),
            (("sec-fetch-site", "same-site"), false),
            (("sec-fetch-site", "cross-site"), false),
            (("accept", "text/html"), false),
        ] {
            assert_eq!(is_same_origin(&headers(&[host, pair])), same, "{pair:?}");
        }
        let both = [host, ("sec-fetch-site", "cross-site"), ("origin", "http://shop:8000")];
        assert!(!is_same_origin(&headers(&both)));
        let contradiction = [host, ("origin", "http://evil.example"), ("referer", "http://shop:8000/")];
        assert!(!is_same_origin(&headers(&contradiction)));
    }
}

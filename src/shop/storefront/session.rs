//! Who stands at the door: a program with a token, or a browser with a cookie. Decides nothing about goods.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, Uri, header, request::Parts},
    middleware::Next,
    response::Response,
};

use super::{
    guestbook::Guestbook,
    headers::{cookie, is_same_origin, own_referer, prefers_html},
};
use crate::kernel::{
    error::{Error, Kind, Result},
    fact::{Fact, Stated},
    id::{self, CustomerId},
    money::Currency,
    origin::{Origin, Tier, is_session},
};

/// The person behind a request. Guests of the shop share one user; the session tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub user: u32,
    pub admin: bool,
    pub tier: Tier,
}

/// A browser without a token.
const GUEST: Identity = Identity { user: 123, admin: false, tier: Tier::Standard };

/// The tokens of the lab. They are printed in the README: nothing here is worth stealing.
const TOKENS: [(&str, Identity); 3] = [
    ("user-token-123", GUEST),
    ("admin-token-456", Identity { user: 456, admin: true, tier: Tier::Platinum }),
    ("test-token-789", Identity { user: 789, admin: false, tier: Tier::Gold }),
];

const SESSION: &str = "shop_session";
const CURRENCY: &str = "shop_currency";
const COOKIE_SECONDS: u32 = 30 * 24 * 60 * 60;

/// Who asks, how they like to be answered, and in which currency they think.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// As it came, with the session and the tier filled in; handed to every peer.
    pub origin: Origin,
    /// Whether a page is wanted rather than JSON.
    pub browser: bool,
    pub currency: Currency,
    /// Whether they said so themselves, here or on an earlier visit.
    pub currency_chosen: bool,
    /// Where they are, to come back to.
    pub uri: Uri,
    /// The page of this shop that led here, when the browser tells.
    pub came_from: Option<String>,
    /// Whether this browser has been here before; a new one cannot have a cart.
    pub returning: bool,
    identity: Result<Identity>,
    /// Why this request must not be served at all.
    refused: Option<Error>,
    cookies: Vec<(&'static str, String)>,
}

impl Visitor {
    fn of(method: &Method, uri: &Uri, headers: &HeaderMap, origin: Origin) -> Self {
        let token = token(headers);
        // Every browser asks for a page by name, also when it sends a form; and none of them has a token.
        let browser = token.is_none() && prefers_html(headers);
        let mut visitor = Visitor {
            origin,
            browser,
            currency: Currency::Usd,
            currency_chosen: false,
            uri: uri.clone(),
            came_from: own_referer(headers),
            returning: true,
            identity: Err(Error::new(Kind::Unauthenticated, "this needs a token")),
            refused: None,
            cookies: Vec::new(),
        };
        match token {
            Some(identity) => visitor.identity = identity,
            None if browser => {
                visitor.identity = Ok(GUEST);
                visitor.take_session(cookie(headers, SESSION));
                if !method.is_safe() && !is_same_origin(headers) {
                    let detail = "a form must be sent from a page of this shop";
                    visitor.refused = Some(Error::new(Kind::Forbidden, detail));
                }
            }
            None => {}
        }
        if let Ok(identity) = visitor.identity {
            visitor.origin.tier.get_or_insert(identity.tier);
        }
        visitor.take_currency(method, headers);
        visitor
    }

    fn take_session(&mut self, known: Option<&str>) {
        if self.origin.session.is_some() {
            return;
        }
        let known = known.filter(|text| is_session(text));
        self.returning = known.is_some();
        let session = known.map_or_else(id::fresh, str::to_owned);
        if !self.returning {
            self.cookies.push((SESSION, session.clone()));
        }
        self.origin.session = Some(session.into());
    }

    /// What the address asks for is kept in the cookie; a browser is forgiven what it cannot mean.
    fn take_currency(&mut self, method: &Method, headers: &HeaderMap) {
        let pairs = query_pairs(&self.uri);
        let named = |wanted| pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
        let asked = named("currency").filter(|_| method.is_safe());
        // A form says which currency it filled in by itself: sent back untouched, that is nobody's choice.
        let asked = asked.filter(|asked| !self.browser || named("for_currency") != Some(asked));
        if let Some(asked) = asked {
            match asked.parse() {
                Ok(currency) => {
                    self.currency = currency;
                    self.currency_chosen = true;
                    if self.browser {
                        self.cookies.push((CURRENCY, currency.code().to_owned()));
                    }
                    return;
                }
                Err(detail) if !self.browser => {
                    self.refused = Some(Error::invalid("currency", detail));
                    return;
                }
                Err(_) => {}
            }
        }
        if self.browser {
            let kept = cookie(headers, CURRENCY).and_then(|text| text.parse().ok());
            self.currency_chosen = kept.is_some();
            self.currency = kept.unwrap_or(self.currency);
        }
    }

    /// The person behind the token or the cookie; 401 without either.
    pub fn identity(&self) -> Result<Identity> {
        self.identity.clone()
    }

    /// Whose cart and orders are meant.
    pub fn customer(&self) -> Result<CustomerId> {
        let identity = self.identity()?;
        Ok(CustomerId::new(identity.user, self.origin.session.as_deref()))
    }

    /// 403 for everybody but an administrator.
    pub fn must_be_admin(&self) -> Result<()> {
        if self.identity()?.admin {
            Ok(())
        } else {
            Err(Error::new(Kind::Forbidden, "this is for administrators"))
        }
    }

    /// The tier that counts: what travels with the request, else what the token says.
    pub fn tier(&self) -> Tier {
        self.origin.tier.unwrap_or_default()
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let visitor = parts.extensions.get::<Visitor>().cloned();
        let visitor = visitor.ok_or_else(|| Error::new(Kind::Internal, "nobody was at the door"))?;
        match visitor.refused {
            Some(error) => Err(error),
            None => Ok(visitor),
        }
    }
}

/// Stands around every handler: finds out who asks, and on the way out leaves them their cookies and states a visit
/// that has just begun.
pub async fn greet(
    State(guestbook): State<Guestbook>,
    origin: Origin,
    mut request: Request,
    next: Next,
) -> Result<Response, Infallible> {
    let visitor = Visitor::of(request.method(), request.uri(), request.headers(), origin);
    request.extensions_mut().insert(visitor.origin.clone());
    request.extensions_mut().insert(visitor.clone());
    let mut response = next.run(request).await;
    if guestbook.is_first_visit(visitor.origin.session.as_deref()) {
        let stated = response.extensions_mut().get_or_insert_default::<Stated>();
        stated.0.insert(0, Fact::VisitStarted { country: visitor.origin.country });
    }
    for (name, value) in &visitor.cookies {
        let cookie = format!("{name}={value}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax");
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    Ok(response)
}

/// The pairs of the query string; none when it is broken.
pub fn query_pairs(uri: &Uri) -> Vec<(String, String)> {
    uri.query().and_then(|query| serde_urlencoded::from_str(query).ok()).unwrap_or_default()
}

/// Whose token it is; `None` without one, an error with one that nobody has.
fn token(headers: &HeaderMap) -> Option<Result<Identity>> {
    let sent = headers.get(header::AUTHORIZATION)?;
    let token = sent.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let known = TOKENS.iter().find(|(text, _)| Some(*text) == token);
    Some(
        known
            .map(|(_, identity)| *identity)
            .ok_or_else(|| Error::new(Kind::Unauthenticated, "nobody has this token")),
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    fn visitor(method: Method, uri: &'static str, pairs: &[(&'static str, &'static str)]) -> Visitor {
        Visitor::of(&method, &Uri::from_static(uri), &headers(pairs), Origin::default())
    }

    #[test]
    fn tokens_are_known_by_heart() {
        for (sent, user) in [
            ("Bearer user-token-123", Some(123)),
            ("bearer admin-token-456", Some(456)),
            ("Bearer test-token-789", Some(789)),
            ("Bearer user-token-124", None),
            ("Bearer ", None),
            ("Basic dXNlcjpwYXNz", None),
            ("user-token-123", None),
        ] {
            let visitor = visitor(Method::GET, "/cart", &[("authorization", sent)]);
            assert_eq!(visitor.identity().ok().map(|identity| identity.user), user, "{sent}");
        }
        let nobody = visitor(Method::GET, "/cart", &[]);
        assert_eq!(nobody.identity().expect_err("no token").kind(), Kind::Unauthenticated);
    }

    #[test]
    fn a_wrong_token_is_not_a_guest_even_in_a_browser() {
        let sent = [("accept", "text/html"), ("authorization", "Bearer x")];
        assert!(visitor(Method::GET, "/cart", &sent).identity().is_err());
    }

    #[test]
    fn whoever_has_a_token_or_asks_for_no_page_is_a_program() {
        let form = ("content-type", "application/x-www-form-urlencoded");
        let html = ("accept", "text/html,*/*;q=0.8");
        for (pairs, browser) in [
            (&[html][..], true),
            (&[html, form], true),
            (&[html, ("authorization", "Bearer user-token-123")], false),
            (&[html, ("authorization", "Basic x")], false),
            (&[("accept", "application/json"), form], false),
            (&[("accept", "*/*"), form], false),
            (&[form], false),
        ] {
            assert_eq!(visitor(Method::POST, "/cart/add", pairs).browser, browser, "{pairs:?}");
        }
    }

    #[test]
    fn a_browser_is_a_guest_with_a_session_of_its_own() {
        let new = visitor(Method::GET, "/", &[("accept", "text/html")]);
        assert!(!new.returning && new.cookies.len() == 1);
        let cookie = [("accept", "text/html"), ("cookie", "a=b; shop_session=abc-1")];
        let known = visitor(Method::GET, "/", &cookie);
        assert!(known.returning && known.cookies.is_empty());
        assert_eq!(known.customer().expect("a guest"), CustomerId::new(123, Some("abc-1")));
        let forged = [("accept", "text/html"), ("cookie", "shop_session=a/../b")];
        assert!(!visitor(Method::GET, "/", &forged).returning);
    }

    #[test]
    fn the_currency_is_the_addresses_then_the_cookies() {
        let cookie = [("accept", "text/html"), ("cookie", "shop_currency=GBP")];
        for (uri, pairs, wanted) in [
            ("/", &cookie[..], Currency::Gbp),
            ("/?currency=JPY", &cookie[..], Currency::Jpy),
            ("/?currency=nonsense", &cookie[..], Currency::Gbp),
            ("/checkout?currency=EUR&for_currency=EUR", &cookie[..], Currency::Gbp),
            ("/checkout?currency=EUR&for_currency=USD", &cookie[..], Currency::Eur),
            ("/", &[][..], Currency::Usd),
            ("/products?currency=EUR", &[][..], Currency::Eur),
        ] {
            assert_eq!(visitor(Method::GET, uri, pairs).currency, wanted, "{uri}");
        }
        assert!(visitor(Method::GET, "/products?currency=XXX", &[]).refused.is_some());
    }
}

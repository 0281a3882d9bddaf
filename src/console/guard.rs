//! Who may change something. On a loopback address: programs of this machine, and pages of the lab itself; a page from
//! elsewhere must not be able to drive the lab through the presenter's browser. On any other address: whoever holds the
//! token. Reading is open in both cases.

use std::{fmt, net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, Method, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use crate::kernel::error::{Error, Kind, Result};

/// What the address it stands at asks of callers.
#[derive(Clone, Debug)]
pub struct Guard(Option<Token>);

/// A secret word, kept as its hash: two hashes are compared in the same time wherever they differ, and none of it can
/// be printed.
#[derive(Clone)]
struct Token(Arc<[u8; 32]>);

impl Guard {
    /// The guard of a lab that listens on `bind`; `token` is needed wherever that is no loopback address.
    pub fn new(bind: IpAddr, token: &str) -> Self {
        Guard((!bind.is_loopback()).then(|| Token(Arc::new(hash(token)))))
    }

    /// Whether callers need the token.
    pub fn needs_token(&self) -> bool {
        self.0.is_some()
    }

    /// Whether whoever sent `headers` may change something, or be told what not everybody is.
    pub fn admits(&self, headers: &HeaderMap) -> Result<()> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let host = text(header::HOST).unwrap_or_default();
        let origin = text(header::ORIGIN);
        let foreign =
            || Error::new(Kind::Forbidden, "only a page of this lab may change it, and this one is not");
        match &self.0 {
            None => {
                if !is_loopback(host) {
                    let detail = "only a program on this machine may change the lab: the host is another";
                    return Err(Error::new(Kind::Forbidden, detail));
                }
                // A browser that knows better than its page says so, whether or not it sends an origin.
                let site = text(HeaderName::from_static("sec-fetch-site"));
                let is_near = site.is_none_or(|site| matches!(site, "same-origin" | "none"));
                match is_near && origin.is_none_or(|origin| origin.strip_prefix("http://") == Some(host)) {
                    true => Ok(()),
                    false => Err(foreign()),
                }
            }
            Some(token) => {
                // Behind a door that speaks TLS, the page's own address begins with https.
                let ours = |origin: &str| {
                    let place = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
                    !host.is_empty() && place == Some(host)
                };
                if origin.is_some_and(|origin| !ours(origin)) {
                    return Err(foreign());
                }
                let given = text(header::AUTHORIZATION).and_then(|value| value.split_once(' '));
                match given {
                    Some((scheme, given))
                        if scheme.eq_ignore_ascii_case("bearer") && token.is(given.trim()) =>
                    {
                        Ok(())
                    }
                    Some(_) => Err(Error::new(Kind::Unauthenticated, "that is not this lab's token")),
                    None => {
                        let detail = "to change this lab, send its token: Authorization: Bearer …";
                        Err(Error::new(Kind::Unauthenticated, detail))
                    }
                }
            }
        }
    }
}

impl Token {
    fn is(&self, given: &str) -> bool {
        let given = hash(given);
        self.0.iter().zip(given).fold(0, |differs, (ours, theirs)| differs | (ours ^ theirs)) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Lets reading pass; turns away who may not change anything.
pub async fn watch(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !reads && let Err(error) = guard.admits(request.headers()) {
        return error.into_response();
    }
    next.run(request).await
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn is_loopback(host: &str) -> bool {
    let Ok(uri) = format!("http://{host}").parse::<Uri>() else { return false };
    let name = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(guard: &Guard, pairs: &[(header::HeaderName, &str)]) -> u16 {
        let pairs = pairs.iter().map(|(name, value)| (name.clone(), value.parse().expect("visible")));
        let admitted = guard.admits(&HeaderMap::from_iter(pairs));
        admitted.map_or_else(|error| error.kind().status().as_u16(), |()| 200)
    }

    fn here() -> Guard {
        Guard::new([127, 0, 0, 1].into(), "secret")
    }

    fn elsewhere() -> Guard {
        Guard::new([0, 0, 0, 0].into(), "secret")
    }

    #[test]
    fn on_loopback_a_program_here_and_our_own_page_may() {
        for pairs in [
            &[(header::HOST, "127.0.0.1:8010")][..],
            &[(header::HOST, "[::1]:8010")],
            &[(header::HOST, "localhost:8010"), (header::ORIGIN, "http://localhost:8010")],
        ] {
            assert_eq!(status(&here(), pairs), 200, "{pairs:?}");
        }
    }

    #[test]
    fn on_loopback_another_site_may_not_whatever_it_holds() {
        let token = (header::AUTHORIZATION, "Bearer secret");
        for host in ["evil.example", "127.0.0.1.evil.example:8010", ""] {
            assert_eq!(status(&here(), &[(header::HOST, host), token.clone()]), 403, "{host}");
        }
        assert_eq!(status(&here(), &[]), 403);
        for origin in ["http://evil.example", "https://127.0.0.1:8010", "http://127.0.0.1:8000", "null"] {
            let pairs = [(header::HOST, "127.0.0.1:8010"), (header::ORIGIN, origin), token.clone()];
            assert_eq!(status(&here(), &pairs), 403, "{origin}");
        }
    }

    #[test]
    fn elsewhere_the_token_is_needed_and_is_enough() {
        let host = (header::HOST, "lab.example:8010");
        let with = |token: &str| status(&elsewhere(), &[host.clone(), (header::AUTHORIZATION, token)]);
        assert_eq!(status(&elsewhere(), std::slice::from_ref(&host)), 401);
        assert_eq!(status(&elsewhere(), &[(header::HOST, "127.0.0.1:8010")]), 401);
        for wrong in ["Bearer secre", "Bearer secret2", "Bearer", "Bearer ", "Basic secret", "secret", ""] {
            assert_eq!(with(wrong), 401, "{wrong}");
        }
        assert_eq!((with("Bearer secret"), with("bearer secret")), (200, 200));
    }

    #[test]
    fn elsewhere_a_foreign_page_may_not_even_with_the_token() {
        let with = |origin: &str| {
            let token = (header::AUTHORIZATION, "Bearer secret");
            status(&elsewhere(), &[(header::HOST, "lab.example"), (header::ORIGIN, origin), token])
        };
        assert_eq!((with("http://lab.example"), with("https://lab.example")), (200, 200));
        assert_eq!((with("http://evil.example"), with("null"), with("http://")), (403, 403, 403));
    }

    #[test]
    fn the_token_cannot_be_printed() {
        assert!(!format!("{:?}", elsewhere()).contains("secret"));
    }
}

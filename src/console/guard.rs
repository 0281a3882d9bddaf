//! Who may ask for what. On a loopback address: programs of this machine, and pages of the lab itself; a page from
//! elsewhere must not be able to read or drive the lab through the presenter's browser. On any other address a token says
//! who asks, and `access` has what each role may ask for.

use std::{fmt, net::IpAddr, sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::{
    access::{self, Role},
    guesses::{Guesses, Peer},
    known_hosts::{KnownHosts, host_of, is_loopback},
};
use crate::kernel::error::{Error, Kind, Result};

/// No page of another site may show what is answered here, or take it for a script.
const POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What the address it stands at asks of callers.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Callers beyond this machine are told apart by these; nothing where there are none.
    tokens: Option<Tokens>,
    hosts: KnownHosts,
    guesses: Guesses,
}

#[derive(Clone, Debug)]
struct Tokens {
    presenter: Token,
    trainee: Option<Token>,
}

/// A secret word, kept as its hash: two hashes are compared in the same time wherever they differ, and none of it can
/// be printed.
#[derive(Clone)]
struct Token(Arc<[u8; 32]>);

/// What is known of a request before it is answered.
struct Asked<'a> {
    least: Role,
    /// Whether it may change something.
    changes: bool,
    peer: Option<Peer>,
    headers: &'a HeaderMap,
}

impl Guard {
    /// The guard of a lab that listens on `bind`; the presenter's `token` is needed wherever that is no loopback address.
    pub fn new(bind: IpAddr, token: &str) -> Self {
        let tokens = (!bind.is_loopback()).then(|| Tokens { presenter: Token::new(token), trainee: None });
        Guard { tokens, hosts: KnownHosts::default(), guesses: Guesses::default() }
    }

    /// The same, with a token for trainees.
    #[must_use]
    pub fn with_trainee(mut self, token: Option<&str>) -> Self {
        if let Some(tokens) = &mut self.tokens {
            tokens.trainee = token.map(Token::new);
        }
        self
    }

    /// The same, known by these names as well.
    #[must_use]
    pub fn with_hosts(self, hosts: KnownHosts) -> Self {
        Guard { hosts, ..self }
    }

    /// Whether callers need the token.
    pub fn needs_token(&self) -> bool {
        self.tokens.is_some()
    }

    /// Whether the sender of `headers` may change something, or read what is not for everybody.
    pub fn admits(&self, headers: &HeaderMap) -> Result<()> {
        self.check(&Asked { least: Role::Presenter, changes: true, peer: None, headers }).map(drop)
    }

    /// Whether `headers` carry the presenter's token, for those who give its holders a place. Nothing is answered by it, so
    /// a wrong one does not count as a guess here.
    pub fn is_presenter(&self, headers: &HeaderMap) -> bool {
        let given = text(headers, header::AUTHORIZATION).and_then(bearer);
        self.tokens.as_ref().zip(given).is_some_and(|(tokens, given)| tokens.presenter.is(&given))
    }

    /// In which role it is asked, or why it is refused.
    fn check(&self, asked: &Asked) -> Result<Role> {
        match &self.tokens {
            None => self.check_here(asked),
            Some(tokens) => self.check_beyond(tokens, asked),
        }
    }

    fn check_here(&self, asked: &Asked) -> Result<Role> {
        let host = host_of(asked.headers);
        if !is_loopback(host) && !self.hosts.names(host) {
            let detail = "only a program on this machine may use the lab: the host is another; --host NAME makes one known";
            return Err(Error::new(Kind::Forbidden, detail));
        }
        // A browser that knows better than its page says so, whether or not it sends an origin.
        let site = text(asked.headers, HeaderName::from_static("sec-fetch-site"));
        let is_near = site.is_none_or(|site| matches!(site, "same-origin" | "none"));
        let origin = text(asked.headers, header::ORIGIN);
        let is_ours = origin.is_none_or(|origin| origin.strip_prefix("http://") == Some(host));
        if asked.changes && !(is_near && is_ours) {
            return Err(foreign());
        }
        Ok(Role::Presenter)
    }

    fn check_beyond(&self, tokens: &Tokens, asked: &Asked) -> Result<Role> {
        let host = host_of(asked.headers);
        // Behind a proxy that speaks TLS, the page's own address begins with https.
        let is_ours = |origin: &str| {
            let place = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            !host.is_empty() && place == Some(host)
        };
        if asked.changes && text(asked.headers, header::ORIGIN).is_some_and(|origin| !is_ours(origin)) {
            return Err(foreign());
        }
        let role = match text(asked.headers, header::AUTHORIZATION) {
            Some(given) => self.role(tokens, given, asked.peer)?,
            // A page that made its own name lead here has no token.
            None if asked.least == Role::Audience && !self.hosts.knows(host) => {
                let detail = "this lab is not known by that host; --host NAME makes one known";
                return Err(Error::new(Kind::Forbidden, detail));
            }
            None => Role::Audience,
        };
        match role {
            role if role >= asked.least => Ok(role),
            Role::Audience => {
                let detail = "this lab needs a token: Authorization: Bearer …";
                Err(Error::new(Kind::Unauthenticated, detail))
            }
            Role::Trainee | Role::Presenter => Err(Error::new(
                Kind::Forbidden,
                "only the presenter may do this, and the token is a trainee's",
            )),
        }
    }

    /// Whose token it is.
    fn role(&self, tokens: &Tokens, given: &str, peer: Option<Peer>) -> Result<Role> {
        let now = Instant::now();
        if self.guesses.is_exhausted(peer, now) {
            let detail = "too many wrong tokens came from this address; try again in ten seconds";
            return Err(Error::new(Kind::TooManyRequests, detail));
        }
        let given = bearer(given);
        let is = |token: &Token| given.is_some_and(|given| token.is(&given));
        if is(&tokens.presenter) {
            return Ok(Role::Presenter);
        }
        if tokens.trainee.as_ref().is_some_and(is) {
            return Ok(Role::Trainee);
        }
        self.guesses.wrong(peer, now);
        Err(Error::new(Kind::Unauthenticated, "that is not this lab's token"))
    }
}

impl Token {
    fn new(word: &str) -> Self {
        Token(Arc::new(hash(word)))
    }

    fn is(&self, given: &[u8; 32]) -> bool {
        self.0.iter().zip(given).fold(0, |differs, (ours, theirs)| differs | (ours ^ theirs)) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Turns away requests whose role may not make them; the others find their [`Role`] among the request's extensions.
pub async fn watch(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let template = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let least = access::least(request.method(), template);
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let peer = request.extensions().get::<Peer>().copied();
    let mut response = match guard.check(&Asked { least, changes, peer, headers: request.headers() }) {
        Ok(role) => {
            request.extensions_mut().insert(role);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(POLICY, HeaderValue::from_static("same-origin"));
    response
}

fn foreign() -> Error {
    Error::new(Kind::Forbidden, "only a page of this lab may change it, and this one is not")
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// The hash of the token in the value of an `Authorization` header.
fn bearer(value: &str) -> Option<[u8; 32]> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| hash(token.trim()))
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
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

    fn least(guard: &Guard, least: Role, pairs: &[(header::HeaderName, &str)]) -> u16 {
        let pairs = pairs.iter().map(|(name, value)| (name.clone(), value.parse().expect("visible")));
        let headers = HeaderMap::from_iter(pairs);
        let checked = guard.check(&Asked { least, changes: false, peer: None, headers: &headers });
        checked.map_or_else(|error| error.kind().status().as_u16(), |_| 200)
    }

    #[test]
    fn reading_needs_a_host_that_is_known() {
        let known = KnownHosts::new(None, &["lab.example".to_owned()]);
        let (here_known, beyond_known) = (here().with_hosts(known.clone()), elsewhere().with_hosts(known));
        for (host, by_default, when_known) in [
            ("127.0.0.1:8010", (200, 200), (200, 200)),
            ("evil.example", (403, 403), (403, 403)),
            ("lab.example", (403, 403), (200, 200)),
            // An address in digits leads to no other machine; on loopback no other than its own is right.
            ("192.0.2.7:8010", (403, 200), (403, 200)),
        ] {
            let read = |guard: &Guard| least(guard, Role::Audience, &[(header::HOST, host)]);
            assert_eq!((read(&here()), read(&elsewhere())), by_default, "{host}");
            assert_eq!((read(&here_known), read(&beyond_known)), when_known, "{host}");
        }
        let with_token = [(header::HOST, "evil.example"), (header::AUTHORIZATION, "Bearer secret")];
        assert_eq!(least(&elsewhere(), Role::Presenter, &with_token), 200, "a rebinding page has no token");
    }

    #[test]
    fn a_trainee_may_do_what_the_role_may_and_no_more() {
        let guard = elsewhere().with_trainee(Some("learn"));
        let with = |role: Role, token: &str| {
            least(
                &guard,
                role,
                &[(header::HOST, "127.0.0.1"), (header::AUTHORIZATION, &format!("Bearer {token}"))],
            )
        };
        assert_eq!((with(Role::Audience, "learn"), with(Role::Trainee, "learn")), (200, 200));
        assert_eq!((with(Role::Presenter, "learn"), with(Role::Presenter, "secret")), (403, 200));
        let nobody = [(header::HOST, "127.0.0.1")];
        assert_eq!(
            (least(&guard, Role::Audience, &nobody), least(&guard, Role::Trainee, &nobody)),
            (200, 401)
        );
        assert_eq!(with(Role::Trainee, ""), 401, "no trainee's token was set to nothing");
        assert_eq!(least(&elsewhere(), Role::Trainee, &[(header::AUTHORIZATION, "Bearer learn")]), 401);
    }

    #[test]
    fn after_too_many_wrong_tokens_none_is_compared_for_a_while() {
        let guard = elsewhere();
        let with = |token: &str| {
            least(&guard, Role::Presenter, &[(header::HOST, "127.0.0.1"), (header::AUTHORIZATION, token)])
        };
        let statuses: Vec<u16> = (0..25).map(|number| with(&format!("Bearer {number}"))).collect();
        assert_eq!((statuses[0], statuses[19], statuses[20]), (401, 401, 429));
        assert_eq!(with("Bearer secret"), 429, "the right one would be told apart");
    }

    #[test]
    fn the_token_cannot_be_printed() {
        assert!(!format!("{:?}", elsewhere()).contains("secret"));
    }
}

//! Who may change something. A page from elsewhere must not be able to drive the lab through the presenter's browser:
//! calls that change something need a loopback `Host` and no foreign `Origin`.

use axum::{
    extract::Request,
    http::{HeaderMap, Method, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::kernel::error::{Error, Kind};

/// Lets reading pass; turns away what comes from another site.
pub async fn same_site(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || is_ours(request.headers()) {
        return next.run(request).await;
    }
    Error::new(Kind::Forbidden, "only a page of this lab, or a program on this machine, may change it")
        .into_response()
}

fn is_ours(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let Some(host) = text(header::HOST) else { return false };
    if !is_loopback(host) {
        return false;
    }
    match text(header::ORIGIN) {
        None => true,
        Some(origin) => origin.strip_prefix("http://") == Some(host),
    }
}

fn is_loopback(host: &str) -> bool {
    let Ok(uri) = format!("http://{host}").parse::<Uri>() else { return false };
    let name = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(pairs: &[(header::HeaderName, &str)]) -> bool {
        let pairs = pairs.iter().map(|(name, value)| (name.clone(), value.parse().expect("visible")));
        is_ours(&HeaderMap::from_iter(pairs))
    }

    #[test]
    fn a_program_here_and_our_own_page_may() {
        assert!(ours(&[(header::HOST, "127.0.0.1:8010")]));
        assert!(ours(&[(header::HOST, "[::1]:8010")]));
        assert!(ours(&[(header::HOST, "localhost:8010"), (header::ORIGIN, "http://localhost:8010")]));
    }

    #[test]
    fn another_site_may_not() {
        assert!(!ours(&[]));
        assert!(!ours(&[(header::HOST, "evil.example")]));
        assert!(!ours(&[(header::HOST, "127.0.0.1.evil.example:8010")]));
        for origin in ["http://evil.example", "https://127.0.0.1:8010", "http://127.0.0.1:8000", "null"] {
            assert!(!ours(&[(header::HOST, "127.0.0.1:8010"), (header::ORIGIN, origin)]), "{origin}");
        }
    }
}

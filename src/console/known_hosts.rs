//! Under which names this lab may be addressed. A page of another site can make its own name lead to this machine (DNS
//! rebinding), and would then read answers as if they were its own; the `Host` that its browser sends gives it away. An
//! address in digits cannot be made to lead elsewhere, so it needs no entry here.

use std::{net::IpAddr, sync::Arc};

use axum::http::{HeaderMap, header, uri::Authority};

/// Names beside `localhost`, in lower case.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts(Arc<[String]>);

impl KnownHosts {
    /// This machine's own name, with and without `.local`, and those that were named.
    pub fn new(machine: Option<&str>, named: &[String]) -> Self {
        let own = machine.into_iter().flat_map(|name| [name.to_owned(), format!("{name}.local")]);
        let names = own.chain(named.iter().cloned());
        let names = names.map(|name| name.trim().trim_end_matches('.').to_ascii_lowercase());
        KnownHosts(names.filter(|name| !name.is_empty()).collect())
    }

    /// Whether somebody named it, or it is this machine's own.
    pub fn names(&self, host: &str) -> bool {
        name(host).is_some_and(|name| self.0.contains(&name))
    }

    /// Whether it is a name of this lab, or an address in digits.
    pub fn knows(&self, host: &str) -> bool {
        is_loopback(host) || self.names(host) || name(host).is_some_and(|name| address(&name).is_some())
    }
}

/// The `Host` of a request; empty where there is none, or more than one.
pub fn host_of(headers: &HeaderMap) -> &str {
    let mut all = headers.get_all(header::HOST).iter();
    match (all.next(), all.next()) {
        (Some(host), None) => host.to_str().unwrap_or_default(),
        (None, _) | (Some(_), Some(_)) => "",
    }
}

/// Whether `host` is this machine as only it can call itself.
pub fn is_loopback(host: &str) -> bool {
    let Some(name) = name(host) else { return false };
    name == "localhost" || address(&name).is_some_and(|ip| ip.is_loopback())
}

/// The name in `host`, without the port, in lower case; nothing when it is more than a name and a port.
fn name(host: &str) -> Option<String> {
    let authority: Authority = host.parse().ok().filter(|_| !host.contains('@'))?;
    let name = authority.host().trim_end_matches('.').to_ascii_lowercase();
    (!name.is_empty()).then_some(name)
}

fn address(name: &str) -> Option<IpAddr> {
    name.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_known_by_name_or_in_digits() {
        let known = KnownHosts::new(Some("Stage"), &["lab.example".to_owned(), " ".to_owned()]);
        for host in [
            "localhost:1",
            "[::1]:8010",
            "127.0.0.1",
            "192.0.2.7:8010",
            "stage",
            "STAGE.local:8010",
            "lab.example.",
        ] {
            assert!(known.knows(host), "{host}");
        }
        for host in
            ["", "evil.example", "stage.evil.example", "evil@localhost:8010", "localhost/.evil", "1.2.3"]
        {
            assert!(!known.knows(host), "{host}");
        }
    }

    #[test]
    fn two_hosts_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, "localhost".parse().expect("visible"));
        assert_eq!(host_of(&headers), "localhost");
        headers.append(header::HOST, "evil.example".parse().expect("visible"));
        assert_eq!(host_of(&headers), "");
    }
}

//! Where a peer is: one or several addresses, of which the ready ones take turns.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use http::{HeaderValue, Uri};

/// The pause between two questions to each address of a peer with several whether it is ready.
pub const PROBE_EVERY: Duration = Duration::from_millis(250);
/// How long the answer may take. Together with the pause less than a second: that long a dead address may stay in use.
pub const PROBE_PATIENCE: Duration = Duration::from_millis(500);

/// The addresses of one peer.
#[derive(Debug)]
pub struct Peers {
    addresses: Vec<Address>,
    turn: AtomicUsize,
}

#[derive(Debug)]
struct Address {
    socket: String,
    host: HeaderValue,
    ready: AtomicBool,
}

impl Peers {
    /// Reads `http://a:1,http://b:2`; `what` names the variable in the error.
    pub fn parse(what: &str, text: &str) -> Result<Self, String> {
        let addresses = text
            .split(',')
            .map(str::trim)
            .filter(|one| !one.is_empty())
            .map(|one| Address::parse(what, one))
            .collect::<Result<Vec<_>, _>>()?;
        if addresses.is_empty() {
            return Err(format!("{what} names no address"));
        }
        Ok(Peers { addresses, turn: AtomicUsize::new(0) })
    }

    pub fn len(&self) -> usize {
        self.addresses.len()
    }

    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    /// The next address in turn that is ready. When none is, the next in turn all the same: it may be back.
    pub fn next(&self) -> usize {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = self.addresses.len();
        (0..count)
            .map(|step| (turn + step) % count)
            .find(|&at| self.addresses[at].ready.load(Ordering::Relaxed))
            .unwrap_or(turn % count)
    }

    /// `host:port`, to connect to.
    pub fn socket(&self, at: usize) -> &str {
        &self.addresses[at].socket
    }

    /// What `Host` says in a request to it.
    pub fn host(&self, at: usize) -> &HeaderValue {
        &self.addresses[at].host
    }

    /// Notes whether the address at `at` takes questions.
    pub fn mark(&self, at: usize, ready: bool) {
        self.addresses[at].ready.store(ready, Ordering::Relaxed);
    }
}

impl Address {
    fn parse(what: &str, text: &str) -> Result<Self, String> {
        let uri: Uri =
            text.parse().map_err(|error| format!("{what}: `{text}` is not an address: {error}"))?;
        let (Some("http"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(format!("{what}: `{text}` must be of the form http://host:port"));
        };
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(format!("{what}: `{text}` must be host and port alone"));
        }
        let socket = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80));
        let host = HeaderValue::from_str(authority.as_str())
            .map_err(|error| format!("{what}: `{text}` is not an address: {error}"))?;
        Ok(Address { socket, host, ready: AtomicBool::new(true) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_addresses_take_turns_and_a_dead_one_is_left_out() {
        let peers = Peers::parse("CATALOG_URL", "http://a:1, http://b:2/").expect("two addresses");
        let mut seen = [0; 2];
        (0..10).for_each(|_| seen[peers.next()] += 1);
        assert_eq!(seen, [5, 5]);
        peers.mark(0, false);
        assert!((0..10).all(|_| peers.next() == 1));
        peers.mark(1, false);
        assert!((0..10).any(|_| peers.next() == 0), "all dead: any may be back");
    }

    #[test]
    fn a_port_that_is_not_named_is_http_s_own() {
        let peers = Peers::parse("CATALOG_URL", "http://a,http://[::1]:81").expect("two addresses");
        assert_eq!((peers.socket(0), peers.socket(1)), ("a:80", "[::1]:81"));
        assert_eq!((peers.host(0).as_bytes(), peers.host(1).as_bytes()), (&b"a"[..], &b"[::1]:81"[..]));
    }

    #[test]
    fn what_is_not_an_address_is_named() {
        for text in ["", "catalog:80", "ftp://a", "http://a/path", "http://user@a"] {
            let error = Peers::parse("CATALOG_URL", text).expect_err(text);
            assert!(error.contains("CATALOG_URL"), "{error}");
        }
    }
}

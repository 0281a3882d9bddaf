//! Two ports that nobody listens on.

use std::net::{Ipv4Addr, TcpListener};

/// How far from the wish a port may be. The services of a lab leave these free.
const NEAR: u16 = 20;

/// Two free ports: `first` and the next, or others near by, or any.
pub fn pair(first: u16) -> (u16, u16) {
    let near = first..first.saturating_add(NEAR);
    let mut free = near.filter(|port| *port != 0 && is_free(*port)).chain(std::iter::from_fn(any));
    let mut next = || free.next().unwrap_or_default();
    (next(), next())
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Whichever the kernel gives; a connection may take it before it is used, so it comes last.
fn any() -> Option<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?.local_addr().ok().map(|address| address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_passed_over() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let first = taken.local_addr().expect("bound").port();
        let (one, two) = pair(first);
        assert!(one != first && two != first && one != two && one != 0 && two != 0, "{first} {one} {two}");
    }
}

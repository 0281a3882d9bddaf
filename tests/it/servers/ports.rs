//! Ports nobody uses, each handed out once.
//!
//! They are taken from below the range from which the kernel serves outgoing connections (32768 and up on Linux), so
//! that none is lost between the look and the use. Where the search starts depends on the process: two test runs on one
//! machine seldom meet.

use std::{
    net::{Ipv4Addr, TcpListener},
    ops::Range,
    sync::{Mutex, PoisonError},
};

const FIRST: u16 = 10_000;
const END: u16 = 32_000;
/// As many ports as the services span from the port base on (base to base + 93).
const BLOCK: u16 = 100;

/// A free port.
pub fn one() -> u16 {
    static REST: Mutex<Range<u16>> = Mutex::new(0..0);
    let mut rest = REST.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        match rest.find(|port| is_free(*port)) {
            Some(port) => return port,
            None => {
                let start = block();
                *rest = start..start + BLOCK;
            }
        }
    }
}

/// The first of a hundred consecutive free ports: a value for `--port-base`.
pub fn block() -> u16 {
    static NEXT: Mutex<Option<u16>> = Mutex::new(None);
    let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
    let blocks = (END - FIRST) / BLOCK;
    for _ in 0..blocks {
        let start = next.unwrap_or_else(|| {
            let at = std::process::id() % u32::from(blocks);
            FIRST + u16::try_from(at).expect("fewer blocks than ports") * BLOCK
        });
        *next = Some(if start + BLOCK < END { start + BLOCK } else { FIRST });
        if (start..start + BLOCK).all(is_free) {
            return start;
        }
    }
    panic!("no hundred free ports in a row between {FIRST} and {END}");
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[test]
fn ports_are_free_and_not_handed_out_twice() {
    let first = block();
    let second = block();
    assert!(first.abs_diff(second) >= BLOCK);
    assert!((first..first + BLOCK).chain(second..second + BLOCK).all(is_free));
    assert_ne!(one(), one());
}

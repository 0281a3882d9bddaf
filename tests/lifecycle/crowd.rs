//! Strangers at the control address: idle readers and half-open connections never keep out the presenter.

use std::{
    io::Write,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};

use crate::{
    browser::{get, post},
    control::stream::Stream,
    cues::desk::CONTROL,
    servers::lab::{Lab, Plan},
    turn,
};

const TOKEN: &str = "open-sesame";
const SECOND: Duration = Duration::from_secs(1);

fn exposed() -> (Lab, SocketAddr) {
    let lab = Plan::up().env("DOORBUSTER_BIND", "0.0.0.0").env("DOORBUSTER_TOKEN", TOKEN).start();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, lab.port_base + CONTROL));
    (lab, address)
}

/// As many half-open connections as were tried, or as this process may have.
fn half_open() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let now = getrlimit(Resource::Nofile).current.and_then(|now| usize::try_from(now).ok());
    now.unwrap_or(usize::MAX).saturating_sub(600).min(4_200)
}

/// How long the quickest of three takes: what a busy machine takes for itself is not the lab's.
fn quickest(ask: impl Fn()) -> Duration {
    let took = [(); 3].map(|()| {
        let asked = Instant::now();
        ask();
        asked.elapsed()
    });
    took.into_iter().min().expect("three")
}

#[test]
fn idle_readers_and_half_open_connections_of_strangers_never_keep_out_a_holder_of_the_token() {
    let _turn = turn::take();
    let (lab, address) = exposed();
    // All from this machine, which has seats of its own: sixteen more than strangers elsewhere.
    let sit = |path: &str| -> Vec<Stream> { (0..80).map(|_| Stream::open(address, path, "")).collect() };
    let readers = sit("/api/events");
    assert!(readers.iter().all(|stream| stream.status == 200));
    assert_eq!(Stream::open(address, "/api/events", "").status, 503);
    // Who has no token does not follow the switchboard at all.
    assert!(sit("/api/switchboard").iter().all(|stream| stream.status == 401));
    let silent: Vec<TcpStream> = (0..half_open()).filter_map(|_| TcpStream::connect(address).ok()).collect();
    assert!(silent.len() >= 400, "{}", silent.len());

    let state = || -> Value { get(lab.at(CONTROL, "/api/state")).token(TOKEN).send().ok().json() };
    assert!(quickest(|| drop(state())) < SECOND);
    assert!(quickest(|| drop(get(lab.at(CONTROL, "/")).send().ok())) < SECOND);
    let known = format!("Authorization: Bearer {TOKEN}");
    let mut events = Stream::open(address, "/api/events", &known);
    assert_eq!((events.status, events.next().name.as_str()), (200, "state"));
    assert_eq!(Stream::open(address, "/api/switchboard", &known).status, 200);
    let calm = || drop(post(lab.at(CONTROL, "/api/calm"), json!({})).token(TOKEN).send().ok());
    assert!(quickest(calm) < SECOND);

    let capacity = state()["capacity"].clone();
    let count = |name: &str| capacity[name].as_u64().expect("a count");
    assert_eq!((count("event_streams_refused"), count("switchboard_streams_refused")), (1, 0));
    assert!(count("connections_displaced") + count("connections_silent") > 0, "{capacity}");
    drop(silent);
}

#[test]
fn a_connection_that_never_asks_anything_is_closed_within_seconds_and_one_that_has_asked_stays() {
    let _turn = turn::take();
    use std::io::{Read, Write};
    let lab = Plan::up().start();
    let base = lab.port_base;
    let at = |offset: u16| {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, base + offset));
        let open = || {
            let stream = TcpStream::connect(address).expect("connected");
            stream.set_read_timeout(Some(SECOND * 20)).expect("a socket");
            stream
        };
        let (mut silent, mut asked) = (open(), open());
        let mut ask = || {
            write!(asked, "GET /ready HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").expect("asked");
            let mut answer = [0; 4096];
            let read = asked.read(&mut answer).expect("answered");
            assert!(answer[..read].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
        };
        ask();
        let begun = Instant::now();
        // Half of a request is no request.
        write!(silent, "GET / HTTP/1.1\r\n").expect("sent");
        assert_eq!(silent.read(&mut [0; 16]).unwrap_or_default(), 0, "closed");
        assert!(begun.elapsed() < SECOND * 15, "{:?}", begun.elapsed());
        ask();
    };
    std::thread::scope(|scope| {
        scope.spawn(|| at(0));
        scope.spawn(|| at(CONTROL));
    });
}

#[test]
fn requests_whose_bodies_never_come_make_room_for_calm() {
    let _turn = turn::take();
    let lab = Plan::up().with_descriptors(256).start();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, lab.port_base + CONTROL));
    let begun = "POST /receivers/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                 Content-Length: 100\r\n\r\n{";
    let slow: Vec<TcpStream> = (0..200)
        .filter_map(|_| {
            let mut stream = TcpStream::connect(address).ok()?;
            stream.write_all(begun.as_bytes()).ok().map(|()| stream)
        })
        .collect();
    let calm = || drop(post(lab.at(CONTROL, "/api/calm"), json!({})).send().ok());
    assert!(quickest(calm) < SECOND);
    let displaced =
        get(lab.at(CONTROL, "/api/state")).send().ok().json()["capacity"]["connections_displaced"].clone();
    assert!(displaced.as_u64() > Some(50), "{displaced} of {}", slow.len());
}

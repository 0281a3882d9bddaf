//! Processes elsewhere follow the switchboard: here without processes, but over real sockets.

use std::{
    collections::BTreeMap,
    io::Write,
    net::TcpListener,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use doorbuster::{
    chaos::{
        board::Board,
        crossing::{Crossing, Place},
    },
    kernel::{origin::Origin, peers::Peers, service::Service},
    lab::follow::follower::{Follower, SILENCE},
};
use tokio::sync::oneshot;

use super::{
    engine::{Engine, Plan, SOON, TOKEN, fault},
    stream::Stream,
};
use crate::{browser::get, servers::ports, waiting::until};

/// A follower on a thread of its own. Ends with the value.
struct Following {
    board: Arc<Board>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Following {
    fn start(port: u16, lease: Duration, token: Option<&str>) -> Following {
        Following::with(port, lease, token, SILENCE)
    }

    fn with(port: u16, lease: Duration, token: Option<&str>, silence: Duration) -> Following {
        let board = Arc::new(Board::new(None));
        let peers = Peers::parse("LAB_URL", &format!("http://127.0.0.1:{port}")).expect("an address");
        let follower = Follower {
            board: board.clone(),
            peers: Arc::new(peers),
            process: "cart-7".to_owned(),
            token: token.map(str::to_owned),
            lease,
            silence,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                tokio::select! {
                    () = follower.run() => {}
                    _ = stopped => {}
                }
            });
        });
        Following { board, stop: Some(stop), thread: Some(thread) }
    }

    /// The ids of the faults it has.
    fn has(&self) -> Vec<String> {
        self.board.counts().into_keys().collect()
    }

    /// Whether a request to the cart is struck there.
    fn strikes(&self) -> bool {
        let who = Origin::default();
        let crossing = Crossing {
            place: Place::Inbound { method: "GET", route: "/carts/{customer}" },
            trace_id: [7; 16],
            attempt: 0,
            who: &who,
            product: None,
            category: None,
        };
        self.board.panel(Service::Cart).decide(&crossing).is_some()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().map(thread::JoinHandle::join);
    }
}

const LONG: Duration = Duration::from_secs(60);

fn state(engine: &Engine) -> serde_json::Value {
    get(engine.url("/api/state")).send().ok().json()
}

#[test]
fn the_stream_begins_with_the_whole_setting_unless_it_is_there_already() {
    let engine = Plan::here().start();
    engine.set(vec![fault("a", "cart")]);
    let mut stream = Stream::open(engine.address, "/api/switchboard", "");
    let first = stream.next();
    assert_eq!(
        (first.name.as_str(), first.id.as_str(), &first.data["faults"][0]["id"]),
        ("setting", "1-1", &serde_json::json!("a"))
    );
    engine.set(vec![]);
    assert_eq!(stream.next().id, "1-2");
    let mut current = Stream::open(engine.address, "/api/switchboard", "Last-Event-ID: 1-2");
    let first = current.next();
    assert_eq!((first.name.as_str(), first.data["revision"].as_str()), ("beat", Some("1-2")));
    let mut old = Stream::open(engine.address, "/api/switchboard", "Last-Event-ID: 0-2");
    assert_eq!(old.next().name, "setting", "that of another run is none");
    let beat = stream.next();
    assert_eq!((beat.name.as_str(), beat.data["revision"].as_str()), ("beat", Some("1-2")));
}

#[test]
fn a_change_arrives_within_a_tenth_of_a_second() {
    let engine = Plan::here().start();
    let following = Following::start(engine.address.port(), LONG, None);
    until(SOON, "it follows", || state(&engine)["followers"][0]["process"] == "cart-7");
    let mut took = Vec::new();
    for number in 0..100 {
        let is_on = number % 2 == 0;
        let begun = Instant::now();
        engine.set(if is_on { vec![fault("a", "cart")] } else { vec![] });
        while following.strikes() != is_on {
            assert!(begun.elapsed() < SOON);
            thread::yield_now();
        }
        took.push(begun.elapsed());
    }
    took.sort();
    // A machine that does other things at the same time makes outliers.
    assert!(took[90] < Duration::from_millis(100), "{took:?}");
}

#[test]
fn faults_outlive_the_engine_for_the_lease_and_no_longer_and_come_back_with_it() {
    let port = ports::one();
    let engine = Plan::here().port(port).start();
    engine.set(vec![fault("a", "cart"), fault("b", "cart")]);
    let lease = Duration::from_secs(3);
    let following = Following::start(port, lease, None);
    until(SOON, "it follows", || following.has() == ["a", "b"]);
    engine.set(vec![fault("a", "cart")]);
    until(SOON, "it has the change", || following.has() == ["a"]);
    let killed = Instant::now();
    engine.kill();
    assert!(following.strikes(), "a lost engine keeps its faults at first");
    until(SOON, "the lease is over", || following.has().is_empty());
    let kept = killed.elapsed();
    assert!(kept > lease - Duration::from_millis(500) && kept < lease + Duration::from_secs(2), "{kept:?}");
    assert!(!following.strikes());

    // The same run as before, as after a cut between the two.
    let engine = Plan::here().port(port).start();
    engine.set(vec![fault("a", "cart")]);
    until(SOON, "what was dropped is there again", || following.has() == ["a"] && following.strikes());
}

#[test]
fn an_engine_that_starts_anew_without_faults_ends_them_at_once() {
    let port = ports::one();
    let engine = Plan::here().port(port).run(1).start();
    engine.set(vec![fault("a", "cart")]);
    let following = Following::start(port, LONG, None);
    until(SOON, "it follows", || following.has() == ["a"]);
    engine.kill();
    let _engine = Plan::here().port(port).run(2).start();
    let back = Instant::now();
    until(SOON, "another run has other faults", || following.has().is_empty());
    assert!(back.elapsed() < Duration::from_secs(3), "{:?}", back.elapsed());
}

#[test]
fn what_faults_did_elsewhere_is_told_with_the_token_where_it_is_needed() {
    let engine = Plan::beyond().start();
    engine.set(vec![fault("a", "cart"), fault("b", "cart")]);
    let following = Following::start(engine.address.port(), LONG, Some(TOKEN));
    until(SOON, "it follows", || following.has().len() == 2);
    assert!((0..5).all(|_| following.strikes()));
    let hits = || -> BTreeMap<String, u64> {
        engine.counts.totals().into_iter().map(|(id, count)| (id, count.hit)).collect()
    };
    until(SOON, "five hits are told", || hits()["a"] == 5);
    assert_eq!(engine.counts.totals()["a"].trace_ids, ["07".repeat(16)]);
    // The last moments of a fault count as well.
    assert!((0..2).all(|_| following.strikes()));
    engine.set(vec![fault("b", "cart")]);
    until(SOON, "the two hits before the end are told", || hits().get("a") == Some(&7));
}

/// Takes connections and answers each with `events`, and with nothing more. Tells of each connection.
fn one_who_falls_silent(events: &'static str) -> (u16, mpsc::Receiver<Instant>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut open = Vec::new();
        for socket in listener.incoming() {
            let mut socket = socket.expect("a connection");
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
            let _ = socket.write_all(format!("{head}{events}").as_bytes());
            open.push(socket);
            if tell.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    (port, told)
}

#[test]
fn a_connection_on_which_nothing_comes_is_given_up_and_the_faults_stay_for_the_lease() {
    let setting = "event: setting\ndata: {\"revision\": \"9-1\", \"seed\": 1, \"faults\": \
                   [{\"id\": \"a\", \"on\": {\"service\": \"cart\"}, \"effect\": \"hang\"}]}\n\n";
    let (port, told) = one_who_falls_silent(setting);
    let following = Following::with(port, LONG, None, Duration::from_millis(200));
    told.recv_timeout(SOON).expect("it connects");
    told.recv_timeout(SOON).expect("it connects again");
    until(SOON, "it has what came", || following.has() == ["a"]);
}

#[test]
fn what_cannot_be_read_is_not_applied_and_is_asked_for_with_growing_pauses() {
    let (port, told) =
        one_who_falls_silent("event: setting\ndata: {\"revision\": \"9-1\", \"faults\": 7}\n\n");
    let following = Following::start(port, LONG, None);
    let times: Vec<_> = (0..4).map(|_| told.recv_timeout(SOON).expect("it connects again")).collect();
    // 200, 400 and 800 ms; a busy machine may take the first up late.
    let took = times[3] - times[0];
    assert!(took >= Duration::from_secs(1), "{took:?}");
    assert!(following.has().is_empty());
}

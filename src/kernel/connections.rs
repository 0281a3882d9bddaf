//! Kept HTTP/1.1 connections: one question at a time on each, straight on hyper's connection.
//!
//! A general client knows about schemes, proxies and protocol versions; asking a peer needs none of it, and every hop of
//! every request pays for it. Knows addresses and bytes, and nothing of services.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::oneshot};

use super::{
    client::{ANSWER_LIMIT_BYTES, Lost},
    sockets::{CALLS, Share},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a connection is kept that nobody needs. Both of its ends together hold some 40 KB of buffers, so those that a
/// burst has left over are the largest part of a lab's memory after the store; making one again costs a tenth of a
/// millisecond.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);
/// Kept connections per address; more are closed after use.
const IDLE_CONNECTIONS: usize = 64;

/// Why no connection was made although the peer may be there.
const NO_SOCKET: &str = "the shop's share of file descriptors is used up";

type Connection = SendRequest<Full<Bytes>>;

/// The connections of one service. Clones share them; they live on the runtime that first used them.
#[derive(Clone)]
pub struct Http {
    addresses: Arc<Mutex<HashMap<Box<str>, Address>>>,
    /// The sockets it takes from.
    share: &'static Share,
}

#[derive(Default)]
struct Address {
    /// The one used last stands last and is used first, so that those a burst has left over grow old.
    kept: Vec<Kept>,
    /// Who found none and is making one. When another is free before that, it is theirs.
    waiting: VecDeque<oneshot::Sender<Connection>>,
}

/// A connection that waits for a question.
struct Kept {
    connection: Connection,
    since: Instant,
}

impl Default for Http {
    fn default() -> Self {
        Http::within(&CALLS)
    }
}

impl Http {
    /// No connections yet; their sockets will be of this share.
    pub fn within(share: &'static Share) -> Self {
        Http { addresses: Arc::default(), share }
    }

    /// Asks whoever listens at `address` (`host:port`). The request has its `Host` and, as its URI, path and query.
    ///
    /// A connection that the peer has closed meanwhile is noticed before anything is sent on it, and another one is
    /// used. Once a byte may have left, nothing is ever sent twice.
    pub async fn ask(
        &self,
        address: &str,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, Lost> {
        loop {
            let (mut connection, fresh) = self.connection(address).await?;
            match connection.try_send_request(request).await {
                Ok(response) => {
                    let (parts, body) = response.into_parts();
                    let body = Limited::new(body, ANSWER_LIMIT_BYTES).collect().await;
                    let body = body.map_err(|error| Lost::Broken(error.to_string()))?.to_bytes();
                    self.keep(address, connection);
                    return Ok(Response::from_parts(parts, body));
                }
                Err(mut error) => match error.take_message() {
                    Some(unsent) if !fresh => request = unsent,
                    _ => return Err(Lost::Broken(error.into_error().to_string())),
                },
            }
        }
    }

    /// A connection, and whether it is a new one. A peer that stands still takes no new connections, and answers on
    /// the old ones first when it goes on: whichever is there first is taken.
    async fn connection(&self, address: &str) -> Result<(Connection, bool), Lost> {
        let freed = match self.at(address, Address::take) {
            Ok(kept) => return Ok((kept, false)),
            Err(freed) => freed,
        };
        tokio::select! {
            biased;
            Ok(mut freed) = freed => {
                // Its task may have yet to notice that all is read; if it closes instead, sending will tell.
                let _ = freed.ready().await;
                Ok((freed, false))
            }
            made = connect(address, self.share) => Ok((made?, true)),
        }
    }

    fn keep(&self, address: &str, connection: Connection) {
        // Where sockets are short, an idle one is closed and another address can have it; a request that waits comes first.
        let is_short = self.share.is_short();
        self.at(address, |address| address.keep(connection, is_short));
    }

    fn at<T>(&self, address: &str, act: impl FnOnce(&mut Address) -> T) -> T {
        let mut all = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get_mut(address) {
            Some(known) => act(known),
            None => act(all.entry(address.into()).or_default()),
        }
    }
}

impl Address {
    /// A kept connection, or word of the next one that is free.
    fn take(&mut self) -> Result<Connection, oneshot::Receiver<Connection>> {
        let old = self.kept.iter().take_while(|one| one.since.elapsed() > IDLE_TIMEOUT).count();
        self.kept.drain(..old);
        // One that is closed is not ready either, nor is one whose task has yet to notice that all is read.
        if let Some(at) = self.kept.iter().rposition(|one| one.connection.is_ready()) {
            return Ok(self.kept.remove(at).connection);
        }
        // Who came first gives up first, so that nobody who has is left behind for long.
        while self.waiting.pop_front_if(|first| first.is_closed()).is_some() {}
        let (free, freed) = oneshot::channel();
        self.waiting.push_back(free);
        Err(freed)
    }

    fn keep(&mut self, mut connection: Connection, is_short: bool) {
        if connection.is_closed() {
            return;
        }
        while let Some(free) = self.waiting.pop_front() {
            match free.send(connection) {
                Ok(()) => return,
                // They have made theirs by now.
                Err(unwanted) => connection = unwanted,
            }
        }
        if is_short {
            return;
        }
        if self.kept.len() >= IDLE_CONNECTIONS {
            self.kept.retain(|one| !one.connection.is_closed());
        }
        if self.kept.len() < IDLE_CONNECTIONS {
            self.kept.push(Kept { connection, since: Instant::now() });
        }
    }
}

async fn connect(address: &str, share: &'static Share) -> Result<Connection, Lost> {
    let refused = |error: &dyn fmt::Display| Lost::Refused(error.to_string());
    let permit = share.take(CONNECT_TIMEOUT).await.ok_or_else(|| refused(&NO_SOCKET))?;
    let socket = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await;
    let socket = socket.map_err(|error| refused(&error))?.map_err(|error| refused(&error))?;
    socket.set_nodelay(true).map_err(|error| refused(&error))?;
    let (sender, connection) =
        http1::handshake(TokioIo::new(socket)).await.map_err(|error| refused(&error))?;
    // How it ends is told to whoever has a question on it.
    tokio::spawn(async move {
        let _ = connection.await;
        drop(permit);
    });
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        sync::mpsc,
    };

    use super::*;

    /// What a scripted peer does with a connection: answers so many questions, then closes it or not.
    #[derive(Clone, Copy)]
    enum Manner {
        AnswersOnceAndCloses,
        AnswersAll,
        HangsUpOnTheQuestion,
    }

    /// A peer that tells of each question it has read.
    async fn peer(manners: Vec<Manner>) -> (String, mpsc::UnboundedReceiver<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let (tell, told) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            for (number, manner) in manners.into_iter().enumerate() {
                let (mut socket, _) = listener.accept().await.expect("a connection");
                let tell = tell.clone();
                tokio::spawn(async move {
                    let mut question = [0; 1024];
                    while socket.read(&mut question).await.is_ok_and(|read| read > 0) {
                        tell.send(number).expect("heard");
                        if matches!(manner, Manner::HangsUpOnTheQuestion) {
                            return;
                        }
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                        socket.write_all(answer).await.expect("written");
                        if matches!(manner, Manner::AnswersOnceAndCloses) {
                            return;
                        }
                    }
                });
            }
        });
        (address, told)
    }

    fn question() -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(Bytes::from_static(b"hello")));
        *request.uri_mut() = http::Uri::from_static("/path?query");
        *request.method_mut() = http::Method::POST;
        request.headers_mut().insert(header::HOST, HeaderValue::from_static("peer"));
        request
    }

    #[tokio::test]
    async fn a_connection_is_kept_and_used_again() {
        let (address, mut told) = peer(vec![Manner::AnswersAll, Manner::AnswersAll]).await;
        let http = Http::default();
        for _ in 0..3 {
            let answer = http.ask(&address, question()).await.expect("answered");
            assert_eq!(answer.body().as_ref(), b"ok");
            assert_eq!(told.recv().await, Some(0), "the first connection");
        }
    }

    #[tokio::test]
    async fn a_connection_that_was_closed_meanwhile_is_not_used() {
        let (address, mut told) = peer(vec![Manner::AnswersOnceAndCloses; 20]).await;
        let http = Http::default();
        for connection in 0..20 {
            http.ask(&address, question()).await.expect("answered, whatever has become of the one before");
            assert_eq!(told.recv().await, Some(connection));
            // The close arrives when it arrives; from then on the connection counts as closed.
            let closed = async {
                while !http.at(&address, |at| at.kept.iter().all(|one| one.connection.is_closed())) {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(6), closed).await.expect("closed");
        }
    }

    #[tokio::test]
    async fn whoever_waits_for_a_connection_takes_the_first_that_is_free() {
        let (address, mut told) = peer(vec![Manner::AnswersAll]).await;
        let http = Http::default();
        http.ask(&address, question()).await.expect("answered");
        let taken = http.at(&address, Address::take).expect("kept");
        let freed = http.at(&address, Address::take).expect_err("none left");
        http.keep(&address, taken);
        let mut freed = freed.await.expect("handed over");
        freed.ready().await.expect("still open");
        freed.send_request(question()).await.expect("answered");
        assert_eq!((told.recv().await, told.recv().await), (Some(0), Some(0)));
    }

    #[tokio::test]
    async fn a_question_that_was_sent_is_never_sent_again() {
        let (address, mut told) = peer(vec![Manner::HangsUpOnTheQuestion, Manner::AnswersAll]).await;
        let http = Http::default();
        let lost = http.ask(&address, question()).await.expect_err("hung up");
        assert!(matches!(lost, Lost::Broken(_)), "{lost:?}");
        assert_eq!(told.recv().await, Some(0));
        assert!(told.try_recv().is_err(), "asked once");
    }

    #[tokio::test]
    async fn those_who_have_given_up_waiting_are_forgotten() {
        let http = Http::default();
        for _ in 0..10 {
            http.ask("127.0.0.1:0", question()).await.expect_err("nobody listens on port 0");
        }
        assert!(http.at("127.0.0.1:0", |at| at.waiting.len()) <= 1);
    }

    #[tokio::test]
    async fn where_sockets_are_short_an_idle_connection_is_closed_and_its_socket_is_free() {
        static SHARE: Share = Share::unlimited();
        SHARE.limit_to(1);
        let (address, mut told) = peer(vec![Manner::AnswersAll; 2]).await;
        let http = Http::within(&SHARE);
        http.ask(&address, question()).await.expect("answered");
        http.ask(&address, question()).await.expect("answered, although there is one socket");
        assert_eq!((told.recv().await, told.recv().await), (Some(0), Some(1)));
        let _all = SHARE.take(Duration::from_secs(5)).await.expect("free again");
        let lost = http.ask(&address, question()).await.expect_err("no socket is left");
        assert!(matches!(&lost, Lost::Refused(why) if why == NO_SOCKET), "{lost:?}");
        assert_eq!(SHARE.refused(), 1);
    }

    #[tokio::test]
    async fn where_nobody_listens_the_question_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        drop(listener);
        let lost = Http::default().ask(&address, question()).await.expect_err("refused");
        assert!(matches!(lost, Lost::Refused(_)), "{lost:?}");
    }
}

//! One connection to the switchboard.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};

use super::wire::{Message, Reader};
use crate::{
    chaos::setting::Revision,
    console::switchboard::LAST_EVENT_ID,
    kernel::{client::Lost, peers::Peers},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the answer may take to begin.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// An open stream. Dropped, the connection is closed.
pub struct Stream {
    body: Incoming,
    reader: Reader,
    read: VecDeque<Message>,
    connection: JoinHandle<()>,
}

impl Stream {
    /// Connects in the name of `process`, which has the setting `has` already, with the lab's token where it needs one: with
    /// it there is a seat for the process, however many others sit.
    pub async fn open(
        peers: &Peers,
        process: &str,
        has: Option<Revision>,
        token: Option<&HeaderValue>,
    ) -> Result<Stream, Lost> {
        let at = peers.next();
        let refused = |error: std::io::Error| Lost::Refused(error.to_string());
        let connecting = timeout(CONNECT_TIMEOUT, TcpStream::connect(peers.socket(at)));
        let stream = connecting.await.map_err(|_| Lost::TimedOut)?.map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        let asking = timeout(ANSWER_TIMEOUT, ask(stream, request(peers.host(at), process, has, token)?));
        let (body, connection) = asking.await.map_err(|_| Lost::TimedOut)??;
        Ok(Stream { body, reader: Reader::default(), read: VecDeque::new(), connection })
    }

    /// The next event. Nothing is lost when it is not waited for.
    pub async fn next(&mut self) -> Result<Message, Lost> {
        loop {
            if let Some(message) = self.read.pop_front() {
                return Ok(message);
            }
            let frame =
                self.body.frame().await.ok_or_else(|| Lost::Broken("the stream has ended".to_owned()))?;
            let frame = frame.map_err(|error| Lost::Broken(error.to_string()))?;
            let Ok(piece) = frame.into_data() else { continue };
            let read = self.reader.read(&piece).map_err(|error| Lost::Broken(error.to_owned()))?;
            self.read.extend(read);
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

fn request(
    host: &HeaderValue,
    process: &str,
    has: Option<Revision>,
    token: Option<&HeaderValue>,
) -> Result<Request<Empty<Bytes>>, Lost> {
    let mut request = Request::get(format!("/api/switchboard?process={process}"))
        .header(header::HOST, host)
        .header(header::ACCEPT, "text/event-stream");
    if let Some(has) = has {
        request = request.header(LAST_EVENT_ID, has.to_string());
    }
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, token);
    }
    request.body(Empty::new()).map_err(|error| Lost::Broken(error.to_string()))
}

async fn ask(stream: TcpStream, request: Request<Empty<Bytes>>) -> Result<(Incoming, JoinHandle<()>), Lost> {
    let broken = |error: hyper::Error| Lost::Broken(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let connection = tokio::spawn(async move { drop(connection.await) });
    let answer = sender.send_request(request).await.map_err(broken)?;
    match answer.status() {
        StatusCode::OK => Ok((answer.into_body(), connection)),
        status => Err(Lost::Broken(format!("the lab answered {}", status.as_u16()))),
    }
}

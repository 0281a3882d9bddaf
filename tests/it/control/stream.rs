//! A reader of server-sent events, as a page would be.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;

/// An open stream.
pub struct Stream {
    lines: BufReader<TcpStream>,
    /// What is left of the current chunk is not looked at: an event's lines are told apart by their first words.
    pub status: u16,
}

/// One event.
#[derive(Debug)]
pub struct Event {
    pub name: String,
    pub id: String,
    pub data: Value,
}

impl Stream {
    pub fn open(address: SocketAddr, path: &str, header: &str) -> Stream {
        let mut socket = TcpStream::connect(address).expect("connected");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
        let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
        write!(socket, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{header}\r\n")
            .expect("asked");
        let mut lines = BufReader::new(socket);
        let mut line = String::new();
        lines.read_line(&mut line).expect("a status");
        let status = line.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a number");
        Stream { lines, status }
    }

    /// The next event; panics when none comes in time.
    pub fn next(&mut self) -> Event {
        self.try_next().expect("the stream goes on")
    }

    /// The next event, or nothing when the stream has ended.
    pub fn try_next(&mut self) -> Option<Event> {
        let mut event = Event { name: String::new(), id: String::new(), data: Value::Null };
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("event", name)) => event.name = name.to_owned(),
                Some(("id", id)) => event.id = id.to_owned(),
                Some(("data", data)) => event.data = serde_json::from_str(data).expect("JSON"),
                _ if line == "\n" && !event.name.is_empty() => return Some(event),
                _ => {}
            }
        }
    }

    /// The next event of this name.
    pub fn next_called(&mut self, name: &str) -> Event {
        loop {
            let event = self.next();
            if event.name == name {
                return event;
            }
        }
    }

    /// Reads whatever there is until the other end closes, which it must; says how much it was.
    pub fn drain(mut self) -> usize {
        let mut rest = Vec::new();
        self.lines.read_to_end(&mut rest).expect("the other end closes");
        rest.len()
    }
}

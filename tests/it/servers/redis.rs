//! A real Redis that keeps nothing on disk: killed, it has forgotten everything when it comes back.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::Command,
    time::Duration,
};

use tempfile::TempDir;

use super::{
    ports,
    process::{self, Process},
};

const START: Duration = Duration::from_secs(20);
const ANSWER: Duration = Duration::from_secs(5);

/// A server. The process is declared before the folder: it ends before the folder goes.
pub struct Redis {
    process: Process,
    port: u16,
    home: TempDir,
}

impl Redis {
    pub fn start() -> Redis {
        let home = process::home("redis");
        let port = ports::one();
        Redis { process: serve(home.path(), port), port, home }
    }

    /// For `REDIS_URL`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The first line of the answer to one command, such as `SET cart 1` → `+OK`.
    pub fn ask(&self, command: &str) -> std::io::Result<String> {
        ask(self.port, command)
    }

    /// SIGKILL; from now on connections are refused.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts again on the same port, empty.
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = serve(self.home.path(), self.port);
    }

    /// Connections are taken and nothing answers, until [`Redis::thaw`].
    pub fn freeze(&self) {
        self.process.freeze();
    }

    pub fn thaw(&self) {
        self.process.thaw();
    }
}

fn serve(home: &Path, port: u16) -> Process {
    let program =
        process::on_path(&["redis-server"]).unwrap_or_else(|| process::missing("Redis", "redis-server"));
    let mut command = Command::new(program);
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    command.arg("--dir").arg(home);
    let mut process = Process::start("Redis", command, home);
    process.await_ready(START, || ask(port, "PING").is_ok_and(|answer| answer == "+PONG"));
    process
}

fn ask(port: u16, command: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    connection.set_read_timeout(Some(ANSWER))?;
    write!(connection, "{command}\r\n")?;
    let mut line = String::new();
    BufReader::new(connection).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

#[test]
fn a_killed_redis_comes_back_empty_on_its_port() {
    let mut redis = Redis::start();
    assert!(redis.url().ends_with(&redis.port.to_string()));
    assert_eq!(redis.ask("SET cart 1").expect("an answer"), "+OK");
    assert_eq!(redis.ask("EXISTS cart").expect("an answer"), ":1");
    redis.kill();
    assert!(redis.ask("PING").is_err());
    redis.restart();
    assert_eq!(redis.ask("EXISTS cart").expect("an answer"), ":0");
}

#[test]
fn a_frozen_redis_takes_connections_and_answers_when_thawed() {
    let redis = Redis::start();
    redis.freeze();
    let connection = TcpStream::connect((Ipv4Addr::LOCALHOST, redis.port)).expect("the kernel accepts");
    connection.set_read_timeout(Some(Duration::from_millis(50))).expect("a time-out can be set");
    (&connection).write_all(b"PING\r\n").expect("the kernel takes it");
    let mut line = String::new();
    let silence = BufReader::new(&connection).read_line(&mut line);
    assert!(silence.is_err(), "answered {line}");
    redis.thaw();
    assert_eq!(redis.ask("PING").expect("an answer"), "+PONG");
}

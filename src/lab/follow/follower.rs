//! Keeps this process's faults as the engine says. A lost engine keeps its faults for a lease and loses them then; one
//! that is back is believed at once.
//!
//! It runs on a thread of its own, so that a service that burns or hangs still hears that it should not.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use http::{HeaderValue, header};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::stream::Stream;
use crate::{
    chaos::{
        board::Board,
        live::Count,
        setting::{Revision, Setting},
    },
    console::switchboard::{Beat, CountsBody},
    kernel::{
        client::{Ask, Client, Deadline, Lost},
        origin::Origin,
        peers::Peers,
        service::Service,
        transport::{self, Transport},
    },
    lab::{cli::EngineFlags, hosts, settings::Settings, speak::say},
};

/// The pauses between attempts to connect grow from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(2);
/// After so long without a beat the connection counts as lost; a beat comes every five seconds.
pub const SILENCE: Duration = Duration::from_secs(15);
const REPORT_EVERY: Duration = Duration::from_secs(1);
const REPORT_PATIENCE: Duration = Duration::from_secs(2);
/// Faults in one report: each may bring a hundred trace ids, and a body has 64 KiB at most.
const FAULTS_A_REPORT: usize = 12;

/// Follows an engine.
pub struct Follower {
    pub board: Arc<Board>,
    pub peers: Arc<Peers>,
    /// What it calls itself.
    pub process: String,
    /// The lab's token, which it asks for where the lab listens beyond this machine.
    pub token: Option<String>,
    /// How long faults stay when the engine is not heard any more.
    pub lease: Duration,
    /// How long a connection may bring nothing before it counts as lost.
    pub silence: Duration,
}

/// Starts to follow the engine for `service`, on a thread of its own.
pub fn start(
    engine: &EngineFlags,
    settings: &Settings,
    service: Service,
    token: Option<String>,
    board: Arc<Board>,
) -> Result<()> {
    let here = || format!("http://{}", settings.reachable(Service::Lab));
    let told = engine.engine_url.clone().filter(|url| !url.trim().is_empty());
    let peers = Peers::parse("LAB_URL", &told.unwrap_or_else(here)).map_err(|error| anyhow!(error))?;
    // Two containers may both be process 1.
    let process = format!("{service}-{}-{:04x}", std::process::id(), rand::random::<u16>());
    let (peers, lease) = (Arc::new(peers), engine.lease);
    let follower = Follower { board, peers, process, token, lease, silence: SILENCE };
    hosts::spawn(service, "follower", follower.run())?;
    Ok(())
}

impl Follower {
    /// Follows for ever.
    pub async fn run(self) {
        let memory = Memory::default();
        tokio::join!(self.follow(&memory), self.keep_lease(&memory), self.report(&memory));
    }

    async fn follow(&self, memory: &Memory) {
        let mut pause = FIRST_PAUSE;
        loop {
            let before = memory.heard();
            // Every way out is a loss; why matters to nobody before the lease is over.
            let Err(lost) = self.hear(memory).await;
            memory.lost(lost);
            pause = if memory.heard() > before { FIRST_PAUSE } else { LAST_PAUSE.min(pause * 2) };
            sleep(pause).await;
        }
    }

    /// One connection, until it is lost.
    async fn hear(&self, memory: &Memory) -> Result<std::convert::Infallible, Lost> {
        let has = Some(self.board.revision()).filter(|revision| *revision != Revision::default());
        let mut stream = Stream::open(&self.peers, &self.process, has, self.authorization().as_ref()).await?;
        loop {
            let message = timeout(self.silence, stream.next()).await.map_err(|_| Lost::TimedOut)??;
            let garbled = |error: serde_json::Error| Lost::Broken(format!("{}: {error}", message.event));
            match message.event.as_str() {
                "setting" => {
                    let setting: Setting = serde_json::from_str(&message.data).map_err(garbled)?;
                    self.apply(&setting, memory);
                    memory.hear();
                }
                "beat" => {
                    let beat: Beat = serde_json::from_str(&message.data).map_err(garbled)?;
                    if beat.revision != self.board.revision() {
                        return Err(Lost::Broken(
                            "the engine has another setting than this process".to_owned(),
                        ));
                    }
                    memory.hear();
                }
                // From an engine that knows more than this binary.
                _ => {}
            }
        }
    }

    /// Applies `setting`; what faults did that end with it is kept for the next report.
    fn apply(&self, setting: &Setting, memory: &Memory) {
        let before = self.board.counts();
        self.board.apply(setting);
        let ended = before.into_iter().filter(|(id, _)| !self.board.is_active(id));
        memory.state().ended.extend(ended);
    }

    /// Drops all faults once nothing has been heard for the lease.
    async fn keep_lease(&self, memory: &Memory) {
        loop {
            let silent = memory.heard().elapsed();
            if silent < self.lease {
                sleep(self.lease - silent).await;
                continue;
            }
            let heard = memory.heard();
            if let Some(why) = memory.give_up() {
                self.board.clear();
                // Not a log line: what is broken on purpose must not be found in the signals.
                say(&format!(
                    "doorbuster: {}: no word from the lab for {:?} ({why}); every fault is dropped until it is back\n",
                    self.process, self.lease
                ));
            }
            while memory.heard() == heard {
                sleep(FIRST_PAUSE).await;
            }
        }
    }

    /// Tells the engine what the faults did here, as often as that changes.
    async fn report(&self, memory: &Memory) {
        let carrier = Arc::new(Deadline(Transport::new(transport::http(), self.peers.clone())));
        let client = Client::new(Service::Lab, carrier, REPORT_PATIENCE);
        let mut told: BTreeMap<String, Count> = BTreeMap::new();
        let mut tick = interval(REPORT_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let mut counts = self.board.counts();
            told.retain(|id, _| counts.contains_key(id));
            counts.retain(|id, count| told.get(id) != Some(count));
            for (id, count) in memory.take_ended() {
                counts.entry(id).or_insert(count);
            }
            while !counts.is_empty() {
                let rest = match counts.keys().nth(FAULTS_A_REPORT).cloned() {
                    Some(first) => counts.split_off(&first),
                    None => BTreeMap::new(),
                };
                if !self.tell(&client, &counts).await {
                    // The numbers are absolute: who is active is told of in a second, who has ended has to be kept.
                    let left = counts.into_iter().chain(rest).filter(|(id, _)| !self.board.is_active(id));
                    memory.state().ended.extend(left);
                    break;
                }
                told.extend(counts);
                counts = rest;
            }
        }
    }

    async fn tell(&self, client: &Client, faults: &BTreeMap<String, Count>) -> bool {
        let (process, revision) = (self.process.clone(), self.board.revision());
        let body = CountsBody { process, revision, faults: faults.clone() };
        let mut ask = Ask::post("/api/switchboard/counts", &Origin::default()).json(&body);
        if let Some(token) = self.authorization() {
            ask = ask.header(header::AUTHORIZATION, token);
        }
        client.tell(ask).await.is_ok()
    }

    /// The token as a header.
    fn authorization(&self) -> Option<HeaderValue> {
        let token = self.token.as_ref()?;
        let mut header = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// What a follower remembers between its parts.
struct Memory(Mutex<State>);

struct State {
    heard: Instant,
    given_up: bool,
    why: String,
    /// Of faults that have ended, what they did; not reported yet.
    ended: BTreeMap<String, Count>,
}

impl Default for Memory {
    fn default() -> Self {
        let why = "it was never reached".to_owned();
        Memory(Mutex::new(State { heard: Instant::now(), given_up: false, why, ended: BTreeMap::new() }))
    }
}

impl Memory {
    fn heard(&self) -> Instant {
        self.state().heard
    }

    fn hear(&self) {
        let mut state = self.state();
        state.heard = Instant::now();
        state.given_up = false;
    }

    fn lost(&self, why: Lost) {
        self.state().why = why.to_string();
    }

    /// Why nothing is heard, the first time it is asked since something was.
    fn give_up(&self) -> Option<String> {
        let mut state = self.state();
        let first = !std::mem::replace(&mut state.given_up, true);
        first.then(|| state.why.clone())
    }

    fn take_ended(&self) -> BTreeMap<String, Count> {
        std::mem::take(&mut self.state().ended)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

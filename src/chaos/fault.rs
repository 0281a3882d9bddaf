//! A fault is three questions kept apart: WHERE it bites (`on`), HOW OFTEN (`share`), and WHAT happens (`effect`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    target::{Seam, Target, seam_of_query},
    units::{Share, Size, Span},
};

/// Something that is broken on purpose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Unique: 1 to 64 lower-case letters, digits and dashes. The ledger and the API know it by this name.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$", examples("br-cards"))]
    pub id: String,
    /// Where.
    #[serde(default)]
    pub on: Target,
    /// How often: of the crossings that match.
    #[serde(default)]
    pub share: Share,
    /// What.
    pub effect: Effect,
}

/// What happens. Every one of them really does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The crossing waits.
    Delay(Delay),
    /// Answered without the handler, or without asking the peer.
    Fail(Fail),
    /// Never answered; the caller's time-out decides.
    Hang,
    /// The service's listener is closed: connections are refused, and its telemetry stops.
    Down,
    /// Connections are taken from the service's own pool and kept.
    HoldConnections(Hold),
    /// Time that is spent inside the database engine, on the query's connection.
    SlowQuery(SlowQuery),
    /// The query's transaction locks a table and keeps the lock for a while; others that write there wait.
    HoldLock(HoldLock),
    /// Processor time on the service's own thread.
    BurnCpu(BurnCpu),
    /// Memory that is kept until the fault is cleared.
    LeakMemory(LeakMemory),
    /// The cache does not answer.
    CacheOutage,
    /// The client asks again more often than it was built to: a storm with nobody else to blame.
    Retry(RetryPolicy),
    /// The trace's context is not sent on: a broken trace.
    LoseContext,
}

/// How long a delay takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Delay {
    /// Always the same.
    Fixed(Span),
    /// Evenly between the two.
    Uniform { from: Span, to: Span },
    /// Around a mean, never below nought.
    Normal { mean: Span, deviation: Span },
    /// Mostly short, sometimes very long: log-normal, by its median and its 99th percentile.
    LongTail { median: Span, p99: Span },
}

/// With which status it fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fail {
    /// Statuses from 400 to 599, each with its weight: `{ 500: 2, 503: 1 }`.
    #[schema(value_type = BTreeMap<String, f64>)]
    pub status: BTreeMap<u16, f64>,
    /// What the header `Retry-After` says, in whole seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Span>,
}

/// How many connections are held.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Hold {
    /// So many.
    Count(u32),
    /// This part of the pool, rounded up.
    Share(Share),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowQuery {
    /// Time on top of what the query takes.
    pub extra: Span,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldLock {
    /// A table of the service. SQLite locks the whole file.
    #[schema(examples("orders"))]
    pub table: String,
    /// How long the lock is kept.
    #[serde(rename = "for")]
    pub keep: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BurnCpu {
    /// Processor time a crossing.
    pub per_crossing: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakMemory {
    /// Memory a crossing.
    pub per_crossing: Size,
    /// All of it together never exceeds this.
    pub cap: Size,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryPolicy {
    /// How often the question is asked at most, the first time included.
    #[schema(minimum = 1, maximum = 20)]
    pub attempts: u32,
    /// The pause before each repetition.
    #[serde(default)]
    pub backoff: Span,
}

impl Effect {
    /// The names of all effects, as files write them.
    pub const NAMES: [&str; 12] = [
        "delay",
        "fail",
        "hang",
        "down",
        "hold_connections",
        "slow_query",
        "hold_lock",
        "burn_cpu",
        "leak_memory",
        "cache_outage",
        "retry",
        "lose_context",
    ];

    pub fn name(&self) -> &'static str {
        match self {
            Effect::Delay(_) => "delay",
            Effect::Fail(_) => "fail",
            Effect::Hang => "hang",
            Effect::Down => "down",
            Effect::HoldConnections(_) => "hold_connections",
            Effect::SlowQuery(_) => "slow_query",
            Effect::HoldLock(_) => "hold_lock",
            Effect::BurnCpu(_) => "burn_cpu",
            Effect::LeakMemory(_) => "leak_memory",
            Effect::CacheOutage => "cache_outage",
            Effect::Retry(_) => "retry",
            Effect::LoseContext => "lose_context",
        }
    }

    /// The seams at which it makes sense; the first is meant when a fault names none.
    pub fn seams(&self) -> &'static [Seam] {
        match self {
            Effect::Delay(_) | Effect::Hang | Effect::BurnCpu(_) | Effect::LeakMemory(_) => &Seam::ALL,
            Effect::Fail(_) => &[Seam::Inbound, Seam::Outbound],
            Effect::Down => &[Seam::Inbound],
            Effect::HoldConnections(_) | Effect::SlowQuery(_) | Effect::HoldLock(_) => &[Seam::Database],
            Effect::CacheOutage => &[Seam::Cache],
            Effect::Retry(_) | Effect::LoseContext => &[Seam::Outbound],
        }
    }

    /// Whether it is a state of the whole service, and not something that befalls single crossings.
    pub fn is_standing(&self) -> bool {
        match self {
            Effect::Down | Effect::HoldConnections(_) => true,
            Effect::Delay(_)
            | Effect::Fail(_)
            | Effect::Hang
            | Effect::SlowQuery(_)
            | Effect::HoldLock(_)
            | Effect::BurnCpu(_)
            | Effect::LeakMemory(_)
            | Effect::CacheOutage
            | Effect::Retry(_)
            | Effect::LoseContext => false,
        }
    }
}

impl Fault {
    /// The seam it bites at: as said, or as follows from the peer, the query or the effect.
    pub fn seam(&self) -> Seam {
        if let Some(seam) = self.on.seam {
            return seam;
        }
        let of_effect = self.effect.seams();
        let follows = match (&self.on.peer, &self.on.query) {
            (Some(_), _) => Some(Seam::Outbound),
            (None, Some(query)) => Some(seam_of_query(query)),
            (None, None) => None,
        };
        follows.unwrap_or(of_effect[0])
    }
}

//! Calls, counted in slots of ten seconds: what each service answered, and what each asked of others.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    hash::Hash,
    sync::Arc,
};

use serde::Serialize;
use utoipa::ToSchema;

use super::latency::Latency;
use crate::{
    kernel::clock,
    store::{
        allocation::table,
        fill::{Bound, Part},
        otlp::glance::{Glance, KIND_CLIENT, KIND_SERVER},
        traces::trace::Seen,
        words::Words,
    },
};

/// How long a slot lasts, and how many are kept: fifteen minutes.
pub const SLOT_SECONDS: i64 = 10;
pub const MOST_SLOTS: i64 = 90;
/// A call that ends so many slots in the future is of a clock that cannot be believed.
const AHEAD_SLOTS: i64 = 6;
/// Names are kept up to so many bytes.
const WORD_BYTES: usize = 128;
/// Databases that are caches, by `db.system.name`; `memory` is the cart's own stand-in for Redis.
const CACHES: [&str; 4] = ["redis", "memcached", "valkey", "memory"];

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = NodeKind)]
pub enum Kind {
    Http,
    Database,
    Cache,
}

/// Who called whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Call {
    pub from: Arc<str>,
    pub to: Arc<str>,
    pub kind: Kind,
}

/// How often, with how many failures, how long.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub count: u64,
    pub errors: u64,
    pub latency: Latency,
}

/// All that ended within ten seconds.
#[derive(Debug, Default)]
pub struct Slot {
    /// Seconds since 1970, divided by [`SLOT_SECONDS`].
    pub number: i64,
    pub answered: HashMap<Arc<str>, Tally>,
    pub asked: HashMap<Call, Tally>,
}

/// The slots.
#[derive(Debug)]
pub struct Slots {
    bound: Bound,
    /// By number.
    slots: VecDeque<Slot>,
    words: Words,
    entries: usize,
    slot_bytes: usize,
}

impl Slots {
    pub fn new(limit_bytes: usize) -> Self {
        Slots {
            bound: Bound::new(limit_bytes),
            slots: VecDeque::new(),
            words: Words::default(),
            entries: 0,
            slot_bytes: 0,
        }
    }

    /// Counts what was seen, by a clock that shows `now_ms`, if it is a call.
    pub fn note(&mut self, seen: &Seen<'_>, now_ms: i64) {
        let span = seen.span;
        if span.kind != KIND_SERVER && span.kind != KIND_CLIENT {
            return;
        }
        let now = now_ms / 1_000 / SLOT_SECONDS;
        let number = i64::try_from(span.end_ns / 1_000_000_000).unwrap_or(i64::MAX) / SLOT_SECONDS;
        if number <= now - MOST_SLOTS || number > now + AHEAD_SLOTS {
            self.bound.turned_away += 1;
            return;
        }
        let service = self.words.keep(&seen.sender.service);
        let callee = seen.server.map(|server| (&*server.service, Kind::Http)).or_else(|| callee(span));
        let call = callee.filter(|_| span.kind == KIND_CLIENT).map(|(to, kind)| {
            let to = self.words.keep(&to[..to.floor_char_boundary(WORD_BYTES)]);
            Call { from: service.clone(), to, kind }
        });
        let slots_before = self.slots.len();
        let slot = slot(&mut self.slots, number);
        let (before, bytes_before) = (slot.len(), slot.bytes());
        if span.kind == KIND_SERVER {
            add(slot.answered.entry(service), span);
        } else if let Some(call) = call {
            add(slot.asked.entry(call), span);
        }
        self.entries += slot.len() - before;
        self.slot_bytes += slot.bytes() - bytes_before;
        self.slot_bytes += (self.slots.len() - slots_before) * size_of::<Slot>();
        self.make_room(now);
    }

    /// The slots from `number` on.
    pub fn since(&self, number: i64) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(move |slot| slot.number >= number)
    }

    pub fn fill(&self) -> Part {
        let oldest = self.slots.front().map(|slot| slot.number * SLOT_SECONDS * 1_000);
        self.bound.part(self.bytes(), self.entries, oldest.map(clock::rfc3339))
    }

    fn make_room(&mut self, now: i64) {
        while let Some(first) = self.slots.front() {
            let is_old = first.number <= now - MOST_SLOTS;
            if !is_old && self.bytes() <= self.bound.limit_bytes {
                return;
            }
            self.entries -= first.len();
            self.slot_bytes -= first.bytes() + size_of::<Slot>();
            self.slots.pop_front();
            self.words.sweep();
            // What is too old has had its time; only what went before that made room.
            self.bound.evicted += u64::from(!is_old);
        }
    }

    fn bytes(&self) -> usize {
        self.slot_bytes + self.words.bytes()
    }
}

impl Slot {
    fn len(&self) -> usize {
        self.answered.len() + self.asked.len()
    }

    /// What it takes in memory beside itself.
    fn bytes(&self) -> usize {
        table(self.answered.capacity(), size_of::<(Arc<str>, Tally)>())
            + table(self.asked.capacity(), size_of::<(Call, Tally)>())
    }
}

impl Tally {
    pub fn merge(&mut self, other: &Tally) {
        self.count += other.count;
        self.errors += other.errors;
        self.latency.merge(&other.latency);
    }
}

/// The slot of that number, made if it is not there.
fn slot(slots: &mut VecDeque<Slot>, number: i64) -> &mut Slot {
    let place = slots.partition_point(|slot| slot.number < number);
    if slots.get(place).is_none_or(|slot| slot.number != number) {
        slots.insert(place, Slot { number, ..Slot::default() });
    }
    &mut slots[place]
}

fn add<K: Hash + Eq>(entry: Entry<'_, K, Tally>, span: &Glance<'_>) {
    let tally = entry.or_default();
    tally.count += 1;
    tally.errors += u64::from(span.is_error);
    tally.latency.add((span.end_ns - span.start_ns) as f64 / 1e6);
}

/// Whom a client asked. A database is known by its system, as there is no telling services' databases apart.
fn callee<'a>(span: &Glance<'a>) -> Option<(&'a str, Kind)> {
    match span.database {
        Some(system) if CACHES.contains(&system) => Some((system, Kind::Cache)),
        Some(system) => Some((system, Kind::Database)),
        None => span.named_peer().map(|peer| (peer, Kind::Http)),
    }
}

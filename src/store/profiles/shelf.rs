//! All samples that are kept, in slots of ten seconds, within a bound in bytes: the oldest slot goes first.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use serde::Serialize;
use utoipa::ToSchema;

use super::stacks::{Stack, Stacks};
use crate::{
    kernel::clock,
    store::{
        allocation::table,
        fill::{Bound, Part, Taken},
        words::Words,
    },
};

const SLOT_MS: i64 = 10_000;
/// Fifteen minutes.
const MOST_SLOTS: i64 = 90;

/// What was sampled in one stretch of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// When it ended, in milliseconds since 1970.
    pub ended_ms: i64,
    /// Samples a second and processor.
    pub hertz: u32,
    pub samples: Vec<Sample>,
}

/// One stack and how often it was met.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub service: Arc<str>,
    /// The server span's name; `None` is work outside of any request.
    pub route: Option<Arc<str>>,
    /// Names of functions, the outermost first.
    pub frames: Arc<[Arc<str>]>,
    pub count: u64,
}

/// A service and a route of which there are samples.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Profiled {
    pub service: String,
    /// Nothing for work outside of any request.
    pub route: Option<String>,
    pub samples: u64,
    pub cpu_seconds: f64,
}

/// The samples of one service, or of one of its routes, added up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    pub hertz: u32,
    /// From when to when it was sampled, in milliseconds since 1970.
    pub begun_ms: i64,
    pub ended_ms: i64,
    pub stacks: BTreeMap<(Option<Arc<str>>, Stack), u64>,
}

/// Whose time, and where it was spent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Where {
    service: Arc<str>,
    route: Option<Arc<str>>,
    stack: Stack,
}

#[derive(Debug, Default)]
struct Slot {
    /// Milliseconds since 1970, divided by [`SLOT_MS`].
    number: i64,
    counts: HashMap<Where, u64>,
}

/// The samples.
#[derive(Debug)]
pub struct Shelf {
    bound: Bound,
    /// By number.
    slots: VecDeque<Slot>,
    stacks: Stacks,
    words: Words,
    hertz: u32,
    entries: usize,
    slot_bytes: usize,
}

impl Shelf {
    pub fn new(limit_bytes: usize) -> Self {
        Shelf {
            bound: Bound::new(limit_bytes),
            slots: VecDeque::new(),
            stacks: Stacks::default(),
            words: Words::default(),
            hertz: 0,
            entries: 0,
            slot_bytes: 0,
        }
    }

    /// Takes a batch, by a clock that shows `now_ms`.
    pub fn take(&mut self, batch: &Batch, now_ms: i64) -> Taken {
        let (number, now) = (batch.ended_ms / SLOT_MS, now_ms / SLOT_MS);
        if number <= now - MOST_SLOTS || batch.hertz == 0 {
            let turned_away = batch.samples.len() as u64;
            self.bound.turned_away += turned_away;
            return Taken { kept: 0, turned_away };
        }
        self.hertz = batch.hertz;
        let place = self.slots.partition_point(|slot| slot.number < number);
        if self.slots.get(place).is_none_or(|slot| slot.number != number) {
            let slot = Slot { number, ..Slot::default() };
            self.slot_bytes += slot.bytes();
            self.slots.insert(place, slot);
        }
        let slot = &mut self.slots[place];
        let (before, bytes_before) = (slot.counts.len(), slot.bytes());
        for sample in &batch.samples {
            let service = self.words.keep(&sample.service);
            let route = sample.route.as_deref().map(|route| self.words.keep(route));
            let stack = self.stacks.keep(&sample.frames);
            *slot.counts.entry(Where { service, route, stack }).or_default() += sample.count;
        }
        self.entries += slot.counts.len() - before;
        self.slot_bytes += slot.bytes() - bytes_before;
        self.make_room(now);
        Taken { kept: batch.samples.len() as u64, turned_away: 0 }
    }

    /// Services and routes, by how much time they took.
    pub fn list(&self) -> Vec<Profiled> {
        let mut sums: BTreeMap<(&str, Option<&str>), u64> = BTreeMap::new();
        for (place, count) in self.slots.iter().flat_map(|slot| &slot.counts) {
            *sums.entry((&place.service, place.route.as_deref())).or_default() += count;
        }
        let profiled = sums.into_iter().map(|((service, route), samples)| Profiled {
            service: service.to_owned(),
            route: route.map(str::to_owned),
            samples,
            cpu_seconds: samples as f64 / f64::from(self.hertz.max(1)),
        });
        let mut list: Vec<Profiled> = profiled.collect();
        list.sort_by_key(|one| std::cmp::Reverse(one.samples));
        list
    }

    /// The samples of `service`, on one route or on all, since `since_ms`; nothing where there are none.
    pub fn profile(&self, service: &str, route: Option<&str>, since_ms: i64) -> Option<Profile> {
        let mut profile = Profile { hertz: self.hertz, begun_ms: i64::MAX, ..Profile::default() };
        for slot in self.slots.iter().filter(|slot| (slot.number + 1) * SLOT_MS > since_ms) {
            profile.begun_ms = profile.begun_ms.min(slot.number * SLOT_MS);
            profile.ended_ms = (slot.number + 1) * SLOT_MS;
            for (place, count) in &slot.counts {
                if &*place.service == service && fits(place.route.as_deref(), route) {
                    let entry = profile.stacks.entry((place.route.clone(), place.stack.clone()));
                    *entry.or_default() += count;
                }
            }
        }
        (!profile.stacks.is_empty()).then_some(profile)
    }

    pub fn fill(&self) -> Part {
        self.bound.part(
            self.bytes(),
            self.entries,
            self.slots.front().map(|slot| clock::rfc3339(slot.number * SLOT_MS)),
        )
    }

    fn make_room(&mut self, now: i64) {
        while let Some(first) = self.slots.front() {
            let is_old = first.number <= now - MOST_SLOTS;
            if !is_old && self.bytes() <= self.bound.limit_bytes {
                return;
            }
            let entries = first.counts.len();
            self.entries -= entries;
            self.slot_bytes -= first.bytes();
            self.slots.pop_front();
            self.stacks.sweep();
            self.words.sweep();
            // What is too old has had its time; only what went before that made room.
            self.bound.evicted += if is_old { 0 } else { entries as u64 };
        }
    }

    fn bytes(&self) -> usize {
        self.slot_bytes + self.stacks.bytes() + self.words.bytes()
    }
}

impl Slot {
    fn bytes(&self) -> usize {
        size_of::<Self>() + table(self.counts.capacity(), size_of::<(Where, u64)>())
    }
}

impl Profile {
    pub fn samples(&self) -> u64 {
        self.stacks.values().sum()
    }
}

/// Whether work for the route `ours` is asked for: as `GET /products`, or without the method, as traces name routes.
fn fits(ours: Option<&str>, wanted: Option<&str>) -> bool {
    let Some(wanted) = wanted else { return true };
    ours.is_some_and(|ours| ours == wanted || ours.split_once(' ').is_some_and(|(_, path)| path == wanted))
}

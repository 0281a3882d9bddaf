//! What this process knows of carts besides what the cache has: their mirror, who touched them last, and whether they
//! are open or owed to the cache. Bounded: carts that nobody touches are left behind.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use tokio::sync::Mutex as AsyncMutex;

use crate::kernel::{
    cache::{Bag, Cache, Memory, Step},
    clock,
    country::Country,
    fact::{CartEnd, Fact},
    id::CustomerId,
};

use super::model::key;

/// A cart that nobody has touched for so long is left behind.
const IDLE_MS: i64 = 10 * 60 * 1000;
/// The most carts memory keeps; beyond that, those touched longest ago are left behind.
const MAX_CARTS: usize = 100_000;

pub struct Book {
    mirror: Memory,
    /// Carts left behind are cleared in the cache, too.
    clears_cache: bool,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    slots: HashMap<CustomerId, Arc<Slot>>,
    /// Carts of which the cache does not have the last word. Each has a slot.
    owed: HashSet<CustomerId>,
}

/// What is known of one customer's cart besides its content.
pub struct Slot {
    touched_ms: AtomicI64,
    pub life: AsyncMutex<Life>,
}

#[derive(Default)]
pub struct Life {
    /// Memory has been in step with the cache, so its content may replace what the cache has.
    pub known: bool,
    /// The cart's opening was stated, with this country; so its end will be stated too.
    pub open: Option<Option<Country>>,
}

impl Book {
    /// A book of what `cache` is asked for.
    pub fn new(cache: &Cache) -> Self {
        // Redis lets go of old carts by itself, and another process may still be serving them. The cache in memory is
        // ours alone and keeps what it has until told.
        let clears_cache = cache.system() == "memory";
        Book { mirror: Memory::default(), clears_cache, entries: Mutex::default() }
    }

    /// Changes the mirror's cart and answers with it as it is then.
    pub fn apply(&self, customer: &CustomerId, steps: &[Step]) -> Bag {
        self.mirror.apply(&key(customer), steps)
    }

    /// The cache has to learn what memory took.
    pub fn owe(&self, customer: &CustomerId) {
        self.entries().owed.insert(customer.clone());
    }

    /// The cache has the last word again.
    pub fn settle(&self, customer: &CustomerId) {
        self.entries().owed.remove(customer);
    }

    pub fn owes(&self, customer: &CustomerId) -> bool {
        self.entries().owed.contains(customer)
    }

    pub fn owes_none(&self) -> bool {
        self.entries().owed.is_empty()
    }

    /// Some of the carts that are owed.
    pub fn owed(&self, at_most: usize) -> Vec<CustomerId> {
        self.entries().owed.iter().take(at_most).cloned().collect()
    }

    pub fn find(&self, customer: &CustomerId) -> Option<Arc<Slot>> {
        self.entries().slots.get(customer).cloned()
    }

    /// The customer's slot, made when there is none.
    pub fn slot(&self, customer: &CustomerId, facts: &mut Vec<Fact>) -> Arc<Slot> {
        if let Some(slot) = self.find(customer) {
            slot.touch();
            return slot;
        }
        facts.extend(self.make_room(MAX_CARTS));
        self.entries().slots.entry(customer.clone()).or_insert_with(|| Arc::new(Slot::new())).clone()
    }

    /// Forgets the slot of a cart that is over and settled, unless another request holds it.
    pub fn tidy(&self, customer: &CustomerId, slot: Arc<Slot>) {
        let mut entries = self.entries();
        let is_over = slot.life.try_lock().is_ok_and(|life| life.open.is_none());
        drop(slot);
        let unused = entries.slots.get(customer).is_some_and(|slot| Arc::strong_count(slot) == 1);
        if is_over && unused && !entries.owed.contains(customer) && self.is_bare(customer) {
            entries.slots.remove(customer);
        }
    }

    fn is_bare(&self, customer: &CustomerId) -> bool {
        self.apply(customer, &[]).is_empty()
    }

    /// Makes room for one more cart: one in a hundred goes at once, so that looking for the oldest is rarely done.
    pub fn make_room(&self, max: usize) -> Vec<Fact> {
        let mut touched: Vec<i64> = {
            let entries = self.entries();
            if entries.slots.len() < max {
                return Vec::new();
            }
            entries.slots.values().map(|slot| slot.touched_ms.load(Ordering::Relaxed)).collect()
        };
        let at = touched.len() / 100;
        let (_, &mut oldest, _) = touched.select_nth_unstable(at);
        let facts = self.abandon(oldest);
        // What is only owed has had its chance: memory is bounded even when the cache never comes back.
        let mut entries = self.entries();
        if entries.slots.len() >= max {
            let Entries { slots, owed } = &mut *entries;
            slots.retain(|customer, slot| {
                slot.is_younger_than(oldest) || Arc::strong_count(slot) > 1 || !owed.remove(customer)
            });
        }
        facts
    }

    /// Ends the carts that nobody has touched for ten minutes.
    pub fn abandon_idle(&self) -> Vec<Fact> {
        self.abandon(clock::now_millis() - IDLE_MS)
    }

    /// Ends every cart last touched by `then` that no request holds right now.
    pub fn abandon(&self, then_ms: i64) -> Vec<Fact> {
        let mut facts = Vec::new();
        let mut entries = self.entries();
        let Entries { slots, owed } = &mut *entries;
        slots.retain(|customer, slot| {
            if Arc::strong_count(slot) > 1 || slot.is_younger_than(then_ms) {
                return true;
            }
            let Ok(mut life) = slot.life.try_lock() else { return true };
            facts.extend(life.end(CartEnd::Abandoned));
            life.known = true;
            self.apply(customer, &[Step::Clear]);
            if self.clears_cache {
                owed.insert(customer.clone());
            }
            owed.contains(customer)
        });
        facts
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Book {
    pub fn len(&self) -> usize {
        self.entries().slots.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Slot {
    fn new() -> Self {
        Slot { touched_ms: AtomicI64::new(clock::now_millis()), life: AsyncMutex::default() }
    }

    pub fn touch(&self) {
        self.touched_ms.store(clock::now_millis(), Ordering::Relaxed);
    }

    fn is_younger_than(&self, then_ms: i64) -> bool {
        self.touched_ms.load(Ordering::Relaxed) > then_ms
    }
}

impl Life {
    /// States the end of a cart whose opening was stated.
    pub fn end(&mut self, end: CartEnd) -> Option<Fact> {
        self.open.take().map(|country| Fact::CartClosed { country, end })
    }
}

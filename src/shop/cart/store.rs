//! Carts in the cache, and a mirror of them in memory that takes over while the cache is away.
//!
//! Each request tries the cache; when it does not answer, the mirror serves the same request and the cart is *owed*:
//! the cache has to learn what memory took. What is owed is written back before anything else is asked of a cache that
//! answers again. One cart is changed by one request at a time, so cache and mirror see the same order of changes.
//!
//! Several processes may share one Redis. What one of them took while Redis was away then replaces what another took
//! for the same cart; a cart that this process had never seen before is joined with what Redis has instead.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
};

use futures_util::future::join_all;
use tokio::sync::Mutex as AsyncMutex;

use crate::kernel::{
    cache::{Bag, Cache, Memory, Step},
    clock,
    country::Country,
    error::Result,
    fact::{CartEnd, Fact},
    id::{CustomerId, ProductId},
};

use super::model::{self, Cart, CartLine};

/// A cart that nobody has touched for so long is left behind.
const IDLE_MS: i64 = 10 * 60 * 1000;
/// The most carts memory keeps; beyond that, those touched longest ago are left behind.
const MAX_CARTS: usize = 100_000;
/// How many owed carts are written back at the same time.
const AT_ONCE: usize = 32;

/// Every cart. Clones share them.
#[derive(Clone)]
pub struct Carts(Arc<Inner>);

struct Inner {
    cache: Cache,
    mirror: Memory,
    book: Mutex<Book>,
    /// The cache has failed and has not been seen to answer since.
    away: AtomicBool,
    /// Carts written back since it failed.
    written_back: AtomicUsize,
    /// Held by the one request that writes back.
    paying: AsyncMutex<()>,
}

#[derive(Default)]
struct Book {
    slots: HashMap<CustomerId, Arc<Slot>>,
    /// Carts of which the cache does not have the last word. Each has a slot.
    owed: HashSet<CustomerId>,
}

/// What is known of one customer's cart besides its content.
struct Slot {
    touched_ms: AtomicI64,
    life: AsyncMutex<Life>,
}

#[derive(Default)]
struct Life {
    /// Memory has been in step with the cache, so its content may replace what the cache has.
    known: bool,
    /// The cart's opening was stated, with this country; so its end will be stated too.
    open: Option<Option<Country>>,
}

impl Carts {
    pub fn new(cache: Cache) -> Self {
        Carts(Arc::new(Inner {
            cache,
            mirror: Memory::default(),
            book: Mutex::default(),
            away: AtomicBool::new(false),
            written_back: AtomicUsize::new(0),
            paying: AsyncMutex::default(),
        }))
    }

    /// The customer's cart as it is.
    pub async fn get(&self, customer: &CustomerId, facts: &mut Vec<Fact>) -> Cart {
        let answers = self.0.pay(facts).await;
        let slot = self.0.book().slots.get(customer).cloned();
        let bag = match &slot {
            Some(slot) => {
                slot.touch();
                let mut life = slot.life.lock().await;
                self.0.pass(customer, &mut life, "cart.get", &[], answers, facts).await
            }
            None => self.0.look(customer, answers, facts).await,
        };
        Cart::read(customer, &bag)
    }

    /// Adds a line, or refuses and changes nothing.
    pub async fn add(
        &self,
        customer: &CustomerId,
        line: CartLine,
        country: Option<Country>,
        facts: &mut Vec<Fact>,
    ) -> Result<Cart> {
        let answers = self.0.pay(facts).await;
        let slot = self.0.slot(customer, facts);
        let mut life = slot.life.lock().await;
        let outcome = self.0.add(customer, &mut life, line, answers, facts).await;
        if outcome.is_ok() {
            if life.open.is_none() {
                life.open = Some(country);
                facts.push(Fact::CartOpened { country });
            }
            let (product_id, quantity) = (line.product_id, line.quantity);
            facts.push(Fact::CartItemAdded { country, product_id, quantity });
        }
        drop(life);
        self.0.tidy(customer, slot);
        outcome
    }

    /// Takes a product out of the cart, when it is there.
    pub async fn remove(&self, customer: &CustomerId, product_id: ProductId, facts: &mut Vec<Fact>) -> Cart {
        let answers = self.0.pay(facts).await;
        let slot = self.0.slot(customer, facts);
        let mut life = slot.life.lock().await;
        let bag = self.0.pass(customer, &mut life, "cart.get", &[], answers, facts).await;
        let mut cart = Cart::read(customer, &bag);
        if cart.lines.iter().any(|line| line.product_id == product_id) {
            let steps = model::removing(product_id);
            let bag = self.0.pass(customer, &mut life, "cart.remove", &steps, answers, facts).await;
            cart = Cart::read(customer, &bag);
            facts.push(Fact::CartItemRemoved { product_id });
        }
        drop(life);
        self.0.tidy(customer, slot);
        cart
    }

    /// Ends the cart, if it is still the one with this id; without an id, whichever it is. Answers with what is there
    /// afterwards.
    pub async fn close(
        &self,
        customer: &CustomerId,
        cart_id: Option<&str>,
        end: CartEnd,
        facts: &mut Vec<Fact>,
    ) -> Cart {
        let answers = self.0.pay(facts).await;
        let slot = self.0.slot(customer, facts);
        let mut life = slot.life.lock().await;
        let bag = self.0.pass(customer, &mut life, "cart.get", &[], answers, facts).await;
        let mut cart = Cart::read(customer, &bag);
        if cart_id.is_none_or(|id| id == cart.cart_id) {
            let bag = self.0.pass(customer, &mut life, "cart.clear", &[Step::Clear], answers, facts).await;
            cart = Cart::read(customer, &bag);
            facts.extend(life.end(end));
        }
        drop(life);
        self.0.tidy(customer, slot);
        cart
    }

    /// Ends the carts that nobody has touched for ten minutes.
    pub fn abandon_idle(&self) -> Vec<Fact> {
        self.0.abandon(clock::now_millis() - IDLE_MS)
    }
}

impl Inner {
    async fn add(
        &self,
        customer: &CustomerId,
        life: &mut Life,
        line: CartLine,
        answers: bool,
        facts: &mut Vec<Fact>,
    ) -> Result<Cart> {
        let bag = self.pass(customer, life, "cart.get", &[], answers, facts).await;
        Cart::read(customer, &bag).check_room(line)?;
        let steps = model::adding(line);
        let bag = self.pass(customer, life, "cart.add", &steps, answers, facts).await;
        Ok(Cart::read(customer, &bag))
    }

    /// One passage: to the cache, or to the mirror when the cache is away or has not had the cart's last word yet.
    /// `answers` is false when this request has seen already that the cache does not.
    async fn pass(
        &self,
        customer: &CustomerId,
        life: &mut Life,
        query: &'static str,
        steps: &[Step],
        answers: bool,
        facts: &mut Vec<Fact>,
    ) -> Bag {
        let key = key(customer);
        if answers && (!self.owes(customer) || self.write_back(customer, life).await) {
            match self.cache.run(query, &key, steps).await {
                Ok(bag) => {
                    self.mirror.apply(&key, &[Step::Replace { bag: bag.clone() }]);
                    life.known = true;
                    self.answered(facts);
                    return bag;
                }
                Err(_) => self.fell(facts),
            }
        }
        if !steps.is_empty() {
            // Whatever the cache has, an emptied cart is empty.
            life.known |= steps.contains(&Step::Clear);
            self.book().owed.insert(customer.clone());
        }
        self.mirror.apply(&key, steps)
    }

    /// Reads a cart that memory does not know.
    async fn look(&self, customer: &CustomerId, answers: bool, facts: &mut Vec<Fact>) -> Bag {
        if !answers {
            return Bag::new();
        }
        match self.cache.run("cart.get", &key(customer), &[]).await {
            Ok(bag) => {
                self.answered(facts);
                bag
            }
            Err(_) => {
                self.fell(facts);
                Bag::new()
            }
        }
    }

    /// Writes back what is owed; false when the cache turned out to be away. One request at a time does this; the
    /// others go on meanwhile, each with its own cart written back first.
    async fn pay(&self, facts: &mut Vec<Fact>) -> bool {
        let Ok(_turn) = self.paying.try_lock() else { return true };
        // The first alone: while the cache is away, each request asks it once.
        let mut at_once = 1;
        loop {
            let owed: Vec<CustomerId> = self.book().owed.iter().take(at_once).cloned().collect();
            if owed.is_empty() {
                return true;
            }
            let written = join_all(owed.iter().map(|customer| self.write_back_unlocked(customer))).await;
            if written.contains(&false) {
                self.fell(facts);
                return false;
            }
            self.answered(facts);
            at_once = AT_ONCE;
        }
    }

    async fn write_back_unlocked(&self, customer: &CustomerId) -> bool {
        let Some(slot) = self.book().slots.get(customer).cloned() else {
            self.book().owed.remove(customer);
            return true;
        };
        let mut life = slot.life.lock().await;
        let written = !self.owes(customer) || self.write_back(customer, &mut life).await;
        drop(life);
        self.tidy(customer, slot);
        written
    }

    /// Gives the cache the last word on a cart.
    async fn write_back(&self, customer: &CustomerId, life: &mut Life) -> bool {
        let key = key(customer);
        let bag = self.mirror.apply(&key, &[]);
        let steps = if life.known { vec![Step::Replace { bag }] } else { model::joining(&bag) };
        let Ok(bag) = self.cache.run("cart.restore", &key, &steps).await else { return false };
        self.mirror.apply(&key, &[Step::Replace { bag }]);
        life.known = true;
        self.book().owed.remove(customer);
        if self.away.load(Ordering::Relaxed) {
            self.written_back.fetch_add(1, Ordering::Relaxed);
        }
        true
    }

    fn owes(&self, customer: &CustomerId) -> bool {
        self.book().owed.contains(customer)
    }

    /// The cache did not answer; stated once per fall.
    fn fell(&self, facts: &mut Vec<Fact>) {
        if !self.away.swap(true, Ordering::Relaxed) {
            facts.push(Fact::CacheFellBack);
        }
    }

    /// The cache answered; it is back once it has every cart.
    fn answered(&self, facts: &mut Vec<Fact>) {
        if self.away.load(Ordering::Relaxed)
            && self.book().owed.is_empty()
            && self.away.swap(false, Ordering::Relaxed)
        {
            let carts = self.written_back.swap(0, Ordering::Relaxed);
            facts.push(Fact::CacheReturned { carts });
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The customer's slot, made when there is none.
    fn slot(&self, customer: &CustomerId, facts: &mut Vec<Fact>) -> Arc<Slot> {
        let found = self.book().slots.get(customer).cloned();
        if let Some(slot) = found {
            slot.touch();
            return slot;
        }
        facts.extend(self.make_room(MAX_CARTS));
        self.book().slots.entry(customer.clone()).or_insert_with(|| Arc::new(Slot::new())).clone()
    }

    /// Forgets the slot of a cart that is over and settled, unless another request holds it.
    fn tidy(&self, customer: &CustomerId, slot: Arc<Slot>) {
        let mut book = self.book();
        let is_over = slot.life.try_lock().is_ok_and(|life| life.open.is_none());
        drop(slot);
        let unused = book.slots.get(customer).is_some_and(|slot| Arc::strong_count(slot) == 1);
        if is_over && unused && !book.owed.contains(customer) && self.is_bare(customer) {
            book.slots.remove(customer);
        }
    }

    fn is_bare(&self, customer: &CustomerId) -> bool {
        self.mirror.apply(&key(customer), &[]).is_empty()
    }

    /// Makes room for one more cart: one in a hundred goes at once, so that looking for the oldest is rarely done.
    fn make_room(&self, max: usize) -> Vec<Fact> {
        let mut touched: Vec<i64> = {
            let book = self.book();
            if book.slots.len() < max {
                return Vec::new();
            }
            book.slots.values().map(|slot| slot.touched_ms.load(Ordering::Relaxed)).collect()
        };
        let at = touched.len() / 100;
        let (_, &mut oldest, _) = touched.select_nth_unstable(at);
        let facts = self.abandon(oldest);
        // What is only owed has had its chance: memory is bounded even when the cache never comes back.
        let mut book = self.book();
        if book.slots.len() >= max {
            let Book { slots, owed } = &mut *book;
            slots.retain(|customer, slot| {
                slot.is_younger_than(oldest) || Arc::strong_count(slot) > 1 || !owed.remove(customer)
            });
        }
        facts
    }

    /// Ends every cart last touched by `then` that no request holds right now.
    fn abandon(&self, then_ms: i64) -> Vec<Fact> {
        let mut facts = Vec::new();
        // Redis lets go of old carts by itself, and another process may still be serving them. The cache in memory is
        // ours alone and keeps what it has until told.
        let clears_cache = self.cache.system() == "memory";
        let mut book = self.book();
        let Book { slots, owed } = &mut *book;
        slots.retain(|customer, slot| {
            if Arc::strong_count(slot) > 1 || slot.is_younger_than(then_ms) {
                return true;
            }
            let Ok(mut life) = slot.life.try_lock() else { return true };
            facts.extend(life.end(CartEnd::Abandoned));
            life.known = true;
            self.mirror.apply(&key(customer), &[Step::Clear]);
            if clears_cache {
                owed.insert(customer.clone());
            }
            owed.contains(customer)
        });
        facts
    }
}

impl Slot {
    fn new() -> Self {
        Slot { touched_ms: AtomicI64::new(clock::now_millis()), life: AsyncMutex::default() }
    }

    fn touch(&self) {
        self.touched_ms.store(clock::now_millis(), Ordering::Relaxed);
    }

    fn is_younger_than(&self, then_ms: i64) -> bool {
        self.touched_ms.load(Ordering::Relaxed) > then_ms
    }
}

impl Life {
    /// States the end of a cart whose opening was stated.
    fn end(&mut self, end: CartEnd) -> Option<Fact> {
        self.open.take().map(|country| Fact::CartClosed { country, end })
    }
}

/// Where the cache keeps a customer's cart.
fn key(customer: &CustomerId) -> String {
    format!("cart:{customer}")
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;

    use super::*;
    use crate::kernel::cache::{CacheError, Crossing, Seam};

    /// A cache that is away whenever the test says so.
    #[derive(Clone, Default)]
    struct Outage(Arc<AtomicBool>);

    impl Outage {
        fn set(&self, away: bool) {
            self.0.store(away, Ordering::Relaxed);
        }
    }

    impl Seam for Outage {
        fn enter(&self, _: &'static str, _: &'static str) -> Box<dyn Crossing> {
            Box::new(self.clone())
        }
    }

    impl Crossing for Outage {
        fn before(&mut self) -> Option<BoxFuture<'_, std::result::Result<(), CacheError>>> {
            let away = self.0.load(Ordering::Relaxed);
            away.then(|| -> BoxFuture<'_, _> {
                Box::pin(async { Err(CacheError::Away("the test says so".into())) })
            })
        }
    }

    /// Carts, the cache behind them, and its switch.
    fn carts() -> (Carts, Cache, Outage) {
        let outage = Outage::default();
        let cache = Cache::in_memory(Arc::new(outage.clone()));
        (Carts::new(cache.clone()), cache, outage)
    }

    fn customer(user: u32) -> CustomerId {
        CustomerId::new(user, None)
    }

    async fn add(carts: &Carts, user: u32, product_id: ProductId, quantity: i64) -> (Cart, Vec<Fact>) {
        let mut facts = Vec::new();
        let line = CartLine { product_id, quantity };
        let cart = carts.add(&customer(user), line, Some(Country::Br), &mut facts).await.expect("added");
        (cart, facts)
    }

    async fn get(carts: &Carts, user: u32) -> (Cart, Vec<Fact>) {
        let mut facts = Vec::new();
        let cart = carts.get(&customer(user), &mut facts).await;
        (cart, facts)
    }

    fn quantities(cart: &Cart) -> Vec<(ProductId, i64)> {
        cart.lines.iter().map(|line| (line.product_id, line.quantity)).collect()
    }

    #[tokio::test]
    async fn an_outage_loses_nothing_and_is_stated_once() {
        let (carts, cache, outage) = carts();
        let (before, _) = add(&carts, 1, 7, 2).await;
        outage.set(true);
        let (during, facts) = add(&carts, 1, 7, 3).await;
        assert_eq!(quantities(&during), [(7, 5)], "the mirror serves the same request");
        assert_eq!(during.cart_id, before.cart_id);
        assert!(facts.contains(&Fact::CacheFellBack), "{facts:?}");
        let (_, facts) = add(&carts, 2, 9, 1).await;
        assert!(!facts.contains(&Fact::CacheFellBack), "once per fall: {facts:?}");

        outage.set(false);
        let (after, facts) = get(&carts, 3).await;
        assert_eq!(quantities(&after), []);
        assert_eq!(facts, [Fact::CacheReturned { carts: 2 }], "any request brings all of them back");
        let bag = cache.run("look", &key(&customer(1)), &[]).await.expect("a bag");
        assert_eq!(Cart::read(&customer(1), &bag), during, "the cache has what memory took");
        assert_eq!(quantities(&get(&carts, 2).await.0), [(9, 1)]);
        assert_eq!(get(&carts, 2).await.1, []);
    }

    #[tokio::test]
    async fn a_cart_emptied_during_an_outage_stays_empty() {
        let (carts, cache, outage) = carts();
        let (cart, _) = add(&carts, 1, 7, 2).await;
        outage.set(true);
        let mut facts = Vec::new();
        let closed = carts.close(&customer(1), Some(&cart.cart_id), CartEnd::Bought, &mut facts).await;
        assert_eq!(quantities(&closed), []);
        let bought = Fact::CartClosed { country: Some(Country::Br), end: CartEnd::Bought };
        assert_eq!(facts, [Fact::CacheFellBack, bought]);
        outage.set(false);
        assert_eq!(get(&carts, 1).await.1, [Fact::CacheReturned { carts: 1 }]);
        assert!(cache.run("look", &key(&customer(1)), &[]).await.expect("a bag").is_empty());
        assert!(carts.0.book().slots.is_empty(), "nothing is left of it");
    }

    #[tokio::test]
    async fn a_cart_unknown_to_memory_is_joined_not_replaced() {
        let (first, cache, outage) = carts();
        let (cart, _) = add(&first, 1, 7, 2).await;
        let restarted = Carts::new(cache);
        outage.set(true);
        assert_eq!(quantities(&add(&restarted, 1, 8, 1).await.0), [(8, 1)]);
        outage.set(false);
        let (joined, _) = get(&restarted, 1).await;
        assert_eq!(quantities(&joined), [(7, 2), (8, 1)]);
        assert_eq!(joined.cart_id, cart.cart_id, "the older id stays");
    }

    #[tokio::test]
    async fn a_cart_is_refused_more_than_it_takes() {
        let (carts, _, _) = carts();
        add(&carts, 1, 7, 99).await;
        let line = CartLine { product_id: 7, quantity: 1 };
        let refused = carts.add(&customer(1), line, None, &mut Vec::new()).await;
        assert_eq!(refused.err().as_ref().and_then(crate::kernel::error::Error::field), Some("quantity"));
        assert_eq!(quantities(&get(&carts, 1).await.0), [(7, 99)]);
    }

    #[tokio::test]
    async fn concurrent_additions_are_all_there() {
        let (carts, _, outage) = carts();
        let all = (1..=40).map(async |product_id| {
            outage.set(product_id % 3 == 0);
            add(&carts, 1, product_id, 1).await
        });
        let added = join_all(all).await;
        outage.set(false);
        assert_eq!(get(&carts, 1).await.0.lines.len(), 40);
        let opened = added
            .iter()
            .filter(|(_, facts)| facts.contains(&Fact::CartOpened { country: Some(Country::Br) }));
        assert_eq!(opened.count(), 1);
    }

    #[tokio::test]
    async fn only_the_cart_that_was_bought_is_closed() {
        let (carts, _, _) = carts();
        let (first, _) = add(&carts, 1, 7, 2).await;
        let mut facts = Vec::new();
        carts.close(&customer(1), Some(&first.cart_id), CartEnd::Bought, &mut facts).await;
        let (second, _) = add(&carts, 1, 8, 1).await;
        assert_ne!(second.cart_id, first.cart_id);
        let mut late = Vec::new();
        let left = carts.close(&customer(1), Some(&first.cart_id), CartEnd::Bought, &mut late).await;
        assert_eq!((left, late), (second, vec![]));
    }

    #[tokio::test]
    async fn a_cart_left_behind_is_closed_here_and_in_the_cache() {
        let (carts, cache, _) = carts();
        add(&carts, 1, 7, 2).await;
        assert_eq!(carts.abandon_idle(), [], "it was touched just now");
        let abandoned = Fact::CartClosed { country: Some(Country::Br), end: CartEnd::Abandoned };
        assert_eq!(carts.0.abandon(i64::MAX), [abandoned]);
        assert_eq!(carts.0.abandon(i64::MAX), []);
        assert_eq!(get(&carts, 2).await.1, [], "no return, for there was no fall");
        assert!(cache.run("look", &key(&customer(1)), &[]).await.expect("a bag").is_empty());
        assert!(carts.0.book().slots.is_empty());
    }

    #[tokio::test]
    async fn memory_is_bounded_even_when_the_cache_never_returns() {
        let (carts, _, outage) = carts();
        outage.set(true);
        for user in 0..10 {
            add(&carts, user, 7, 1).await;
            carts.0.make_room(4);
            let slots = carts.0.book().slots.len();
            assert!(slots <= 4, "{slots}");
        }
    }
}

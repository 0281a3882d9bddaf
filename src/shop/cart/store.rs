//! Carts in the cache, and a mirror of them in memory that takes over while the cache is away.
//!
//! Each request tries the cache; when it does not answer, the mirror serves the same request and the cart is *owed*:
//! the cache has to learn what memory took. What is owed is written back before anything else is asked of a cache that
//! answers again. One cart is changed by one request at a time, so cache and mirror see the same order of changes.
//!
//! Several processes may share one Redis. What one of them took while Redis was away then replaces what another took
//! for the same cart; a cart that this process had never seen before is joined with what Redis has instead.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use futures_util::future::join_all;
use tokio::sync::Mutex as AsyncMutex;

use crate::kernel::{
    cache::{Bag, Cache, Step},
    country::Country,
    error::Result,
    fact::{CartEnd, Fact},
    id::{CustomerId, ProductId},
};

use super::{
    book::{Book, Life},
    model::{self, Cart, CartLine, key},
};

/// How many owed carts are written back at the same time.
const AT_ONCE: usize = 32;

/// Every cart. Clones share them.
#[derive(Clone)]
pub struct Carts(Arc<Inner>);

struct Inner {
    cache: Cache,
    book: Book,
    /// The cache has failed and has not been seen to answer since.
    away: AtomicBool,
    /// Carts written back since it failed.
    written_back: AtomicUsize,
    /// Held by the one request that writes back.
    paying: AsyncMutex<()>,
}

impl Carts {
    pub fn new(cache: Cache) -> Self {
        Carts(Arc::new(Inner {
            book: Book::new(&cache),
            cache,
            away: AtomicBool::new(false),
            written_back: AtomicUsize::new(0),
            paying: AsyncMutex::default(),
        }))
    }

    /// The customer's cart as it is.
    pub async fn get(&self, customer: &CustomerId, facts: &mut Vec<Fact>) -> Cart {
        let answers = self.0.pay(facts).await;
        let slot = self.0.book.find(customer);
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
        let slot = self.0.book.slot(customer, facts);
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
        self.0.book.tidy(customer, slot);
        outcome
    }

    /// Takes a product out of the cart, when it is there.
    pub async fn remove(&self, customer: &CustomerId, product_id: ProductId, facts: &mut Vec<Fact>) -> Cart {
        let answers = self.0.pay(facts).await;
        let slot = self.0.book.slot(customer, facts);
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
        self.0.book.tidy(customer, slot);
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
        let slot = self.0.book.slot(customer, facts);
        let mut life = slot.life.lock().await;
        let bag = self.0.pass(customer, &mut life, "cart.get", &[], answers, facts).await;
        let mut cart = Cart::read(customer, &bag);
        if cart_id.is_none_or(|id| id == cart.cart_id) {
            let bag = self.0.pass(customer, &mut life, "cart.clear", &[Step::Clear], answers, facts).await;
            cart = Cart::read(customer, &bag);
            facts.extend(life.end(end));
        }
        drop(life);
        self.0.book.tidy(customer, slot);
        cart
    }

    /// Ends the carts that nobody has touched for ten minutes.
    pub fn abandon_idle(&self) -> Vec<Fact> {
        self.0.book.abandon_idle()
    }
}

#[cfg(test)]
impl Carts {
    pub fn book(&self) -> &Book {
        &self.0.book
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
        if answers && (!self.book.owes(customer) || self.write_back(customer, life).await) {
            match self.cache.run(query, &key, steps).await {
                Ok(bag) => {
                    self.book.apply(customer, &[Step::Replace { bag: bag.clone() }]);
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
            self.book.owe(customer);
        }
        self.book.apply(customer, steps)
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
            let owed = self.book.owed(at_once);
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
        let Some(slot) = self.book.find(customer) else {
            self.book.settle(customer);
            return true;
        };
        let mut life = slot.life.lock().await;
        let written = !self.book.owes(customer) || self.write_back(customer, &mut life).await;
        drop(life);
        self.book.tidy(customer, slot);
        written
    }

    /// Gives the cache the last word on a cart.
    async fn write_back(&self, customer: &CustomerId, life: &mut Life) -> bool {
        let key = key(customer);
        let bag = self.book.apply(customer, &[]);
        let steps = if life.known { vec![Step::Replace { bag }] } else { model::joining(&bag) };
        let Ok(bag) = self.cache.run("cart.restore", &key, &steps).await else { return false };
        self.book.apply(customer, &[Step::Replace { bag }]);
        life.known = true;
        self.book.settle(customer);
        if self.away.load(Ordering::Relaxed) {
            self.written_back.fetch_add(1, Ordering::Relaxed);
        }
        true
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
            && self.book.owes_none()
            && self.away.swap(false, Ordering::Relaxed)
        {
            let carts = self.written_back.swap(0, Ordering::Relaxed);
            facts.push(Fact::CacheReturned { carts });
        }
    }
}

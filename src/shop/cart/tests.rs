//! Carts over a cache that comes and goes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures_util::future::{BoxFuture, join_all};

use crate::kernel::{
    cache::{Cache, CacheError, Crossing, Seam},
    country::Country,
    error::Error,
    fact::{CartEnd, Fact},
    id::{CustomerId, ProductId},
};

use super::{
    model::{Cart, CartLine, key},
    store::Carts,
};

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
    fn before(&mut self) -> Option<BoxFuture<'_, Result<(), CacheError>>> {
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
    assert!(carts.book().is_empty(), "nothing is left of it");
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
    assert_eq!(refused.err().as_ref().and_then(Error::field), Some("quantity"));
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
    let opened =
        added.iter().filter(|(_, facts)| facts.contains(&Fact::CartOpened { country: Some(Country::Br) }));
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
    assert_eq!(carts.book().abandon(i64::MAX), [abandoned]);
    assert_eq!(carts.book().abandon(i64::MAX), []);
    assert_eq!(get(&carts, 2).await.1, [], "no return, for there was no fall");
    assert!(cache.run("look", &key(&customer(1)), &[]).await.expect("a bag").is_empty());
    assert!(carts.book().is_empty());
}

#[tokio::test]
async fn memory_is_bounded_even_when_the_cache_never_returns() {
    let (carts, _, outage) = carts();
    outage.set(true);
    for user in 0..10 {
        add(&carts, user, 7, 1).await;
        carts.book().make_room(4);
        let slots = carts.book().len();
        assert!(slots <= 4, "{slots}");
    }
}

//! A customer who was charged has the order, or the money back.

use std::time::Duration;

use futures_util::future::FutureExt;
use serde_json::Value;

use crate::{
    kernel::{
        clock,
        country::Country,
        db::{Held, Query},
        fact::Fact,
        id::{CustomerId, OrderId},
        money::{Currency, Money},
        origin::PaymentMethod,
    },
    on_either,
    shop::{
        checkout::{
            intents::{self, Intent, Opened},
            refunds::overdue,
            store,
        },
        third_party::payment_provider::Summary,
    },
};

use super::{
    peers::{DONE_AND_LOST, DONE_AND_SILENT},
    shop::{FAILED, STARTED, Shop, request, with},
};

/// Orders cannot be written while `closed` has a row.
const SWITCH: [&str; 2] = [
    "CREATE TABLE closed (at BIGINT)",
    "CREATE TRIGGER no_orders BEFORE INSERT ON orders WHEN EXISTS (SELECT 1 FROM closed) \
     BEGIN SELECT RAISE(ABORT, 'no orders today'); END",
];
const NO_ORDERS: &str = "INSERT INTO closed VALUES (1)";
const ORDERS_AGAIN: &str = "DELETE FROM closed";

impl Shop {
    /// A shop whose orders can be kept from being written.
    async fn with_switch() -> Shop {
        let shop = Shop::open().await;
        for statement in SWITCH {
            shop.execute(statement).await;
        }
        shop
    }

    async fn execute(&self, statement: &'static str) {
        let mut held = self.db.pool().acquire().await.expect("a connection");
        execute(&mut held, statement).await;
    }

    /// Intents that are there.
    async fn intents(&self) -> usize {
        let far = i64::MAX;
        intents::due(self.db.pool(), far, 1_000).await.expect("intents").len()
    }

    /// A round of the chore, so long from now; what it stated.
    async fn refund_what_is_due_in(&self, time: Duration) -> Vec<Fact> {
        let now_ms = clock::now_millis() + i64::try_from(time.as_millis()).expect("not for ever");
        let mut facts = Vec::new();
        for task in overdue(&self.db, &self.peers, now_ms).await {
            facts.extend(task.await);
        }
        facts
    }

    /// A checkout that is dropped once its charge is made, as by a process that dies or a customer who leaves.
    async fn check_out_and_die_after_the_charge(&self, request: &Value) {
        let charged = self.charges().await.charges;
        self.provider.answering([DONE_AND_SILENT]);
        let mut checkout = Box::pin(self.check_out(request));
        loop {
            assert!((&mut checkout).now_or_never().is_none(), "the provider does not answer");
            tokio::task::yield_now().await;
            if self.provider.is_through() && self.charges().await.charges > charged {
                return;
            }
        }
    }
}

async fn execute(held: &mut Held, statement: &'static str) {
    let done = on_either!(held.conn(), |c| sqlx::query(statement).execute(&mut *c).await.map(drop));
    done.expect("the statement runs");
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn charged(charges: u64, refunds: u64) -> Summary {
    Summary { charges, keys: charges, refunds }
}

#[tokio::test]
async fn an_order_that_cannot_be_written_gives_the_money_back() {
    let shop = Shop::with_switch().await;
    shop.put(1, 4, 2).await;
    let request = with(request(1, Currency::Usd), "idempotency_key", "k-1");
    shop.execute(NO_ORDERS).await;
    assert_eq!(shop.refused(&request).await.0, 500);
    let facts = shop.checkout.take_facts();
    assert!(matches!(facts.as_slice(), [STARTED, Fact::PaymentRefunded { .. }, FAILED]), "{facts:?}");
    assert_eq!((shop.charges().await, shop.intents().await), (charged(1, 1), 0));
    assert_eq!((shop.stock(4).await, shop.kept()), (1_000_000, 0), "what was kept is given back");

    // The same key with another cart, hence another amount.
    shop.execute(ORDERS_AGAIN).await;
    shop.put(1, 5, 1).await;
    let order = shop.check_out(&request).await.expect("an order, paid for by a new charge");
    assert_eq!((shop.charges().await, shop.intents().await), (charged(2, 1), 0));
    assert_eq!(shop.check_out(&request).await.expect("the same"), order);
    assert_eq!(shop.charges().await, charged(2, 1));
}

#[tokio::test]
async fn a_refund_that_fails_is_tried_again_and_keeps_nobody_from_buying() {
    let shop = Shop::with_switch().await;
    shop.put(1, 4, 2).await;
    let request = with(request(1, Currency::Eur), "idempotency_key", "k-1");
    shop.execute(NO_ORDERS).await;
    shop.provider.answering([0, 503, 503]);
    assert_eq!(shop.refused(&request).await.0, 500);
    let facts = shop.checkout.take_facts();
    assert!(matches!(facts.as_slice(), [STARTED, Fact::RefundPending { .. }, FAILED]), "{facts:?}");
    assert_eq!((shop.charges().await, shop.intents().await), (charged(1, 0), 1));
    shop.execute(ORDERS_AGAIN).await;
    shop.check_out(&request).await.expect("an order, paid for by a new charge");
    assert_eq!(shop.charges().await, charged(2, 0), "the first charge waits for its refund");

    assert_eq!(shop.refund_what_is_due_in(Duration::ZERO).await, [], "not so soon");
    shop.provider.answering([503, 503]);
    let facts = shop.refund_what_is_due_in(MINUTE).await;
    assert!(matches!(facts.as_slice(), [Fact::RefundPending { .. }]), "{facts:?}");
    // Given back, and the answer is lost: asked again, it is given back once.
    shop.provider.answering([DONE_AND_LOST]);
    shop.refund_what_is_due_in(HOUR).await;
    let facts = shop.refund_what_is_due_in(2 * HOUR).await;
    assert!(matches!(facts.as_slice(), [Fact::PaymentRefunded { .. }]), "{facts:?}");
    assert_eq!((shop.charges().await, shop.intents().await), (charged(2, 1), 0));
    assert_eq!(shop.orders(1).await.len(), 1);
}

#[tokio::test]
async fn a_charge_that_a_dead_process_left_behind_is_refunded_by_another() {
    let shop = Shop::open().await;
    shop.put(1, 4, 2).await;
    let request = request(1, Currency::Usd);
    shop.check_out_and_die_after_the_charge(&request).await;
    assert_eq!((shop.charges().await, shop.intents().await), (charged(1, 0), 1));
    assert_eq!(shop.refund_what_is_due_in(Duration::from_secs(30)).await, [], "the customer may ask again");
    let facts = shop.refund_what_is_due_in(MINUTE).await;
    assert!(matches!(facts.as_slice(), [Fact::PaymentRefunded { .. }]), "{facts:?}");
    assert_eq!((shop.charges().await, shop.intents().await), (charged(1, 1), 0));
    assert_eq!(shop.refund_what_is_due_in(HOUR).await, []);

    shop.check_out(&request).await.expect("the customer comes back later");
    assert_eq!((shop.charges().await, shop.orders(1).await.len()), (charged(2, 1), 1));
}

#[tokio::test]
async fn a_customer_who_comes_back_in_time_has_the_order_and_no_refund() {
    let shop = Shop::open().await;
    shop.put(1, 4, 2).await;
    let request = request(1, Currency::Usd);
    shop.check_out_and_die_after_the_charge(&request).await;
    shop.check_out(&request).await.expect("the same checkout, to its end");
    assert_eq!(shop.refund_what_is_due_in(HOUR).await, []);
    assert_eq!((shop.charges().await, shop.orders(1).await.len()), (charged(1, 0), 1));
}

#[tokio::test]
async fn another_cart_under_the_key_of_a_broken_checkout_is_bought_and_the_first_charge_refunded() {
    let shop = Shop::open().await;
    shop.put(1, 4, 2).await;
    let request = with(request(1, Currency::Usd), "idempotency_key", "k-1");
    shop.check_out_and_die_after_the_charge(&request).await;
    shop.put(1, 5, 1).await;
    let order = shop.check_out(&request).await.expect("an order of both");
    assert_eq!(order.lines.len(), 2);
    assert_eq!((shop.charges().await, shop.intents().await), (charged(2, 1), 0));
}

#[tokio::test]
async fn a_charge_whose_answer_was_lost_is_refunded_unless_the_customer_asks_again() {
    for asks_again in [true, false] {
        let shop = Shop::open().await;
        shop.put(1, 4, 2).await;
        let request = request(1, Currency::Usd);
        shop.provider.answering([DONE_AND_LOST]);
        assert_eq!(shop.refused(&request).await.0, 502);
        assert_eq!((shop.charges().await, shop.intents().await), (charged(1, 0), 1));
        if asks_again {
            shop.check_out(&request).await.expect("an order, paid for by that charge");
        }
        shop.refund_what_is_due_in(HOUR).await;
        let (refunds, orders) = if asks_again { (0, 1) } else { (1, 0) };
        assert_eq!((shop.charges().await, shop.orders(1).await.len()), (charged(1, refunds), orders));
        assert_eq!(shop.intents().await, 0);
    }
}

#[tokio::test]
async fn a_declined_card_leaves_no_intent_and_a_failed_provider_leaves_one_that_is_voided() {
    let shop = Shop::open().await;
    shop.put(1, 5, 50).await;
    assert_eq!(shop.refused(&request(1, Currency::Usd)).await.0, 402);
    assert_eq!(shop.intents().await, 0);
    shop.put(2, 4, 2).await;
    shop.provider.answering([503, 503]);
    assert_eq!(shop.refused(&request(2, Currency::Usd)).await.0, 502);
    assert_eq!(shop.intents().await, 1);
    assert_eq!(shop.refund_what_is_due_in(MINUTE).await, [], "nothing had been charged");
    assert_eq!((shop.charges().await, shop.intents().await), (charged(0, 0), 0));
}

fn intent(key: &str, minor: i64) -> Intent {
    Intent {
        key: key.to_owned(),
        order_id: OrderId::from("ord-1".to_owned()),
        customer: CustomerId::new(1, None),
        country: Country::Br,
        payment_method: PaymentMethod::CreditCard,
        amount: Money::new(minor, Currency::Usd),
        attempts: 0,
    }
}

#[tokio::test]
async fn an_intent_ends_as_an_order_or_as_a_refund_whoever_comes_first() {
    static QUERY: Query = Query::new("orders.insert", "");
    let shop = Shop::open().await;
    shop.put(1, 4, 2).await;
    let mut order = shop.check_out(&request(1, Currency::Usd)).await.expect("an order");
    order.order_id = intent("a", 1).order_id;
    let open = async |key: &str, minor| {
        let mut superseded = Vec::new();
        let opened = intents::open(&shop.db, intent(key, minor), 1_000, &mut superseded).await;
        (opened.expect("opened"), superseded)
    };
    assert_eq!(open("a", 5).await, (Opened::Intent(intent("a", 5)), vec![]));
    assert_eq!(open("b", 5).await.0, Opened::Intent(intent("a", 5)), "the same charge goes on");
    assert_eq!(open("c", 6).await, (Opened::Intent(intent("c", 6)), vec![intent("a", 5)]));
    assert!(!store::insert(&shop.db, &order, "a", 1).await.expect("asked"), "it was claimed");
    assert!(!intents::claim(&shop.db, &intent("c", 6), 1_000, 1_000).await.expect("asked"), "not due");
    assert!(intents::claim(&shop.db, &intent("c", 6), 1_000, i64::MAX).await.expect("asked"));
    assert!(!store::insert(&shop.db, &order, "c", 1).await.expect("asked"), "it was claimed");
    assert_eq!(store::get(&shop.db, &order.order_id).await.expect("asked"), None);
    assert_eq!(open("d", 7).await.0, Opened::Intent(intent("d", 7)));
    assert!(store::insert(&shop.db, &order, "d", 1).await.expect("written"));
    assert!(!intents::claim(&shop.db, &intent("d", 7), 1_000, i64::MAX).await.expect("asked"), "taken");
    assert_eq!(open("e", 7).await.0, Opened::Bought);
    // Given up inside of the order's transaction, neither has happened.
    let given_up = shop.db.transact(&QUERY, async |conn| {
        on_either!(conn, |c| sqlx::query("DELETE FROM payment_intents").execute(&mut **c).await.map(drop)?);
        Err::<(), _>(crate::kernel::db::DbError::Duplicate)
    });
    assert!(given_up.await.is_err());
    assert_eq!(shop.intents().await, 2, "those that were claimed");
}

/// Whatever fails, and in whatever order: in the end, charges that were not given back are orders.
#[tokio::test]
async fn live_charges_are_orders_after_a_hundred_checkouts_through_failures() {
    let shop = Shop::with_switch().await;
    let mut dice = 0x2545_f491_4f6c_dd1d_u64;
    let mut roll = |sides: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % sides
    };
    for _ in 0..100 {
        let user = 1 + u32::try_from(roll(5)).expect("few");
        shop.put(user, 4 + i64::try_from(roll(3)).expect("few"), 1).await;
        let request = with(request(user, Currency::Usd), "idempotency_key", format!("k-{}", roll(12)));
        let cannot_write = roll(4) == 0;
        if cannot_write {
            shop.execute(NO_ORDERS).await;
        }
        let script = [[0, 0], [503, 503], [DONE_AND_LOST, 0], [0, 503], [429, DONE_AND_LOST]];
        shop.provider.answering_as_it_is();
        shop.provider.answering(script[usize::try_from(roll(5)).expect("few")]);
        // However it ends.
        let _ = shop.check_out(&request).await;
        if cannot_write {
            shop.execute(ORDERS_AGAIN).await;
        }
        if roll(3) == 0 {
            shop.refund_what_is_due_in(MINUTE).await;
        }
    }
    shop.provider.answering_as_it_is();
    for hours in 1..5 {
        shop.refund_what_is_due_in(hours * HOUR).await;
    }
    assert_eq!(shop.intents().await, 0);
    let mut orders = 0;
    for user in 1..=5 {
        orders += u64::try_from(shop.orders(user).await.len()).expect("few");
    }
    let Summary { charges, keys, refunds } = shop.charges().await;
    assert_eq!((charges - refunds, charges), (orders, keys), "{charges} charges, {refunds} refunds");
    assert!(orders > 10 && refunds > 5, "{orders} orders, {refunds} refunds: nothing was tried");
}

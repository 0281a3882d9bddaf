//! The same checkout more than once.

use futures_util::future::{FutureExt, join};

use crate::{
    kernel::{fact::Fact, money::Currency},
    shop::third_party::payment_provider::Summary,
};

use super::peers::DONE_AND_SILENT;
use super::shop::{FAILED, STARTED, Shop, request, with};

#[tokio::test]
async fn a_repeated_key_is_the_same_order() {
    let shop = Shop::open().await;
    shop.put(1, 4, 2).await;
    let request = with(request(1, Currency::Jpy), "idempotency_key", "k-1");
    let first = shop.check_out(&request).await.expect("an order");
    let order_id = first.order_id.clone();
    shop.checkout.take_facts();
    shop.put(1, 5, 1).await;
    assert_eq!(shop.check_out(&request).await.expect("an order"), first);
    assert_eq!(shop.checkout.take_facts(), [Fact::OrderRepeated { order_id }], "nothing was started");
    assert_eq!(shop.cart(1).await.lines.len(), 1, "a newer cart stays");
    assert_eq!(shop.charges().await, Summary { charges: 1, keys: 1, refunds: 0 });

    let other = with(request, "currency", "EUR");
    assert_eq!(shop.refused(&other).await, (409, Some("idempotency_key".into())));
    assert_eq!(shop.checkout.take_facts(), [STARTED, FAILED]);
}

#[tokio::test]
async fn a_doubled_click_is_one_order() {
    let shop = Shop::open().await;
    shop.put(1, 4, 2).await;
    let request = request(1, Currency::Usd);
    let (one, two) = join(shop.check_out(&request), shop.check_out(&request)).await;
    assert_eq!(one.expect("an order"), two.expect("the same"));
    assert_eq!(shop.charges().await, Summary { charges: 1, keys: 1, refunds: 0 });
    assert_eq!(shop.stock(4).await, 1_000_000 - 2);
}

#[tokio::test]
async fn a_customer_who_left_after_the_charge_is_not_charged_again() {
    let shop = Shop::open().await;
    shop.put(1, 4, 2).await;
    let request = request(1, Currency::Gbp);
    // Polled until the charge is made, then dropped, as a handler is when its customer leaves.
    shop.provider.answering([DONE_AND_SILENT]);
    let mut checkout = Box::pin(shop.check_out(&request));
    while !shop.provider.is_through() || shop.charges().await.charges == 0 {
        assert!((&mut checkout).now_or_never().is_none(), "the provider does not answer");
        tokio::task::yield_now().await;
    }
    drop(checkout);
    assert!(shop.turns.is_empty(), "nobody waits for one who left");
    let order = shop.check_out(&request).await.expect("the same checkout, to its end");
    assert_eq!(shop.charges().await, Summary { charges: 1, keys: 1, refunds: 0 });
    assert_eq!(shop.orders(1).await, [order]);
    assert_eq!(shop.stock(4).await, 1_000_000 - 2);
}

#[tokio::test]
async fn a_cart_whose_closing_was_lost_is_not_bought_twice() {
    let shop = Shop::open().await;
    let request = request(1, Currency::Usd);
    for more in [false, true] {
        shop.put(1, 4, 2).await;
        shop.cart.answering([0, 503]);
        let order = shop.check_out(&request).await.expect("an order");
        assert_eq!(shop.cart(1).await.lines.len(), 1, "read, but not closed");
        if more {
            shop.put(1, 5, 1).await;
            assert_eq!(shop.refused(&request).await, (409, Some("cart".into())));
        } else {
            assert_eq!(shop.check_out(&request).await.expect("an order"), order);
        }
        assert_eq!(shop.cart(1).await.lines, [], "closed at last");
    }
    assert_eq!(shop.charges().await, Summary { charges: 2, keys: 2, refunds: 0 });
}

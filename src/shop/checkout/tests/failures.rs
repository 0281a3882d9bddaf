//! Checkouts that come to nothing, and failures that do not stop one.

use crate::{
    kernel::{client::Ask, fact::Fact, money::Currency, origin::Origin, service::Service},
    shop::third_party::payment_provider::Summary,
};

use super::shop::{FAILED, STARTED, Shop, request, with};

#[tokio::test]
async fn a_broken_provider_leaves_nothing_behind() {
    let shop = Shop::open().await;
    shop.put(1, 4, 2).await;
    shop.provider.answering([503, 503]);
    assert_eq!(shop.refused(&request(1, Currency::Usd)).await.0, 502);
    assert_eq!(shop.checkout.take_facts(), [STARTED, FAILED]);
    assert_eq!((shop.stock(4).await, shop.kept(), shop.orders(1).await.len()), (1_000_000, 0, 0));
    assert_eq!(shop.cart(1).await.lines.len(), 1, "the cart is as it was");

    shop.provider.answering([503]);
    shop.check_out(&request(1, Currency::Usd)).await.expect("one failure is retried");
    assert_eq!(shop.charges().await, Summary { charges: 1, keys: 1, refunds: 0 });
}

#[tokio::test]
async fn too_much_for_the_card_is_declined() {
    let shop = Shop::open().await;
    shop.put(1, 5, 50).await;
    assert_eq!(shop.refused(&request(1, Currency::Usd)).await.0, 402);
    assert_eq!((shop.stock(5).await, shop.kept(), shop.orders(1).await.len()), (1_000_000, 0, 0));
    assert_eq!(shop.charges().await, Summary { charges: 0, keys: 0, refunds: 0 });
}

#[tokio::test]
async fn what_third_parties_fail_at_does_not_stop_an_order() {
    let shop = Shop::open().await;
    shop.put(1, 4, 2).await;
    shop.inventory.answering([500]);
    shop.crm.answering([404]);
    let order = shop.check_out(&request(1, Currency::Usd)).await.expect("an order");
    let order_id = order.order_id;
    let facts = shop.checkout.take_facts();
    assert!(
        matches!(
            facts.as_slice(),
            [STARTED, Fact::StockAssumed { .. }, Fact::OrderPlaced { items: 2, .. }, Fact::CrmSkipped { order_id: skipped }]
                if *skipped == order_id
        ),
        "{facts:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_bought_is_refused_and_nothing_kept() {
    let shop = Shop::open().await;
    let usd = || request(1, Currency::Usd);
    let at = |field: &str| Some(field.to_owned());
    assert_eq!(shop.refused(&usd()).await, (422, at("cart")), "an empty cart");
    shop.put(1, 4, 2).await;
    assert_eq!(shop.refused(&with(usd(), "promo_code", "NOPE")).await, (422, at("promo_code")));
    assert_eq!(shop.refused(&with(usd(), "promo_code", "<b>")).await, (422, at("promo_code")));
    assert_eq!(shop.refused(&with(usd(), "country", "XX")).await, (422, at("country")));
    assert_eq!(shop.refused(&with(usd(), "payment_method", "gold")).await, (422, at("payment_method")));
    assert_eq!(shop.refused(&with(usd(), "idempotency_key", "")).await, (422, at("idempotency_key")));
    shop.shipping.answering([500]);
    assert_eq!(shop.refused(&usd()).await, (502, None));
    let gone = Ask::delete("/products/4", &Origin::default());
    shop.catalog.client(Service::Catalog).tell(gone).await.expect("gone");
    assert_eq!(shop.refused(&usd()).await, (422, at("cart")), "a product that is not sold any more");
    assert_eq!((shop.stock(4).await, shop.kept(), shop.orders(1).await.len()), (1_000_000, 0, 0));
    assert_eq!(shop.charges().await, Summary { charges: 0, keys: 0, refunds: 0 });
}

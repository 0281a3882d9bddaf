//! Orders: what they come to, and who sees them.

use futures_util::future::join;

use crate::{
    kernel::{
        client::Ask,
        error::{Error, Kind},
        money::{Currency, Money},
        origin::Origin,
        service::Service,
    },
    shop::{checkout::model::Order, third_party::payment_provider::Summary},
};

use super::{
    peers::converted,
    shop::{Shop, request, with},
};

#[tokio::test]
async fn an_order_adds_up_in_all_eight_currencies() {
    let shop = Shop::open().await;
    for (user, to) in (1..).zip(Currency::ALL) {
        shop.put(user, 1, 3).await;
        shop.put(user, 16, 1).await;
        let order = shop.check_out(&with(request(user, to), "promo_code", "save10")).await.expect("an order");
        let goods = 3 * converted(12_999, to) + converted(1_899, to);
        let total = goods - converted(4_090, to) + converted(499, to);
        assert_eq!(order.total, Money::new(total, to));
        assert_eq!(order.total_usd, Money::new(3 * 12_999 + 1_899 - 4_090 + 499, Currency::Usd));
        assert_eq!(order.promo_code.as_deref(), Some("SAVE10"));
        assert_eq!(shop.orders(user).await, [order], "it is kept as it was answered");
        assert_eq!(shop.cart(user).await.lines, [], "and its cart is closed");
    }
    assert_eq!(shop.charges().await, Summary { charges: 8, keys: 8 });
    assert_eq!(shop.stock(1).await, 1_000_000 - 24);
}

#[tokio::test]
async fn the_last_item_is_sold_once() {
    let shop = Shop::open().await;
    shop.set_stock(20, 1).await;
    shop.put(1, 20, 1).await;
    shop.put(2, 20, 1).await;
    let requests = [request(1, Currency::Usd), request(2, Currency::Eur)];
    let (one, two) = join(shop.check_out(&requests[0]), shop.check_out(&requests[1])).await;
    let (sold, refused): (Vec<_>, Vec<_>) = [one, two].into_iter().partition(Result::is_ok);
    assert_eq!((sold.len(), refused.len()), (1, 1));
    let refused = refused.into_iter().find_map(Result::err).map(Error::from).expect("a refusal");
    assert_eq!((refused.kind(), refused.detail()), (Kind::OutOfStock, "product 20 is out of stock"));
    assert_eq!(shop.charges().await, Summary { charges: 1, keys: 1 });
    assert_eq!(shop.orders(1).await.len() + shop.orders(2).await.len(), 1);
    assert_eq!((shop.stock(20).await, shop.kept()), (0, 1), "the other's promotion was released");
}

#[tokio::test]
async fn orders_are_shown_newest_first_to_their_customer_alone() {
    let shop = Shop::open().await;
    let orders = shop.orders(123).await;
    assert_eq!((orders.len(), shop.orders(789).await.len()), (6, 4));
    assert!(orders.windows(2).all(|pair| pair[0].placed_at > pair[1].placed_at));
    for order in orders.iter().chain(&shop.orders(789).await) {
        let lines: i64 = order.lines.iter().map(|line| line.total.minor).sum();
        assert_eq!(order.total.minor, lines + order.shipping.minor, "{}", order.order_id);
    }
    let get = |customer: &str, id: &str| {
        let ask = Ask::get("/orders/{order_id}", &Origin::default()).part(id);
        ask.query(&[("customer", customer)])
    };
    let client = shop.checkout.client(Service::Checkout);
    let id = orders[0].order_id.as_str();
    assert_eq!(client.call::<Order>(get("123", id)).await.expect("an order"), orders[0]);
    for ask in [get("789", id), get("123", "nothing"), get("123", "a\0")] {
        let refusal = client.tell(ask).await.expect_err("refused");
        assert_eq!(refusal.status().map(|status| status.as_u16()), Some(404));
    }
}

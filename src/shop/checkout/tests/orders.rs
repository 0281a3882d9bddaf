//! Orders: what they come to, and who sees them.

use futures_util::future::join;

use crate::{
    kernel::{
        client::Ask,
        error::{Error, Kind},
        money::{Currency, Money, half_up},
        origin::Origin,
        service::Service,
    },
    shop::{checkout::model::Order, currency::model::convert, third_party::payment_provider::Summary},
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
        let off = half_up(i128::from(goods) * 10, 100);
        let total = Money::new(goods - off + converted(499, to), to);
        let lines: i64 = order.lines.iter().map(|line| line.unit.minor * line.quantity).sum();
        let discounts: Vec<i64> = order.discounts.iter().map(|discount| discount.amount.minor).collect();
        assert_eq!((lines, discounts, order.total), (goods, vec![off], total));
        assert_eq!(Some(order.total_usd), convert(total, Currency::Usd), "{to}");
        // The catalogue's dollars, but for what rounding took from four lines; a yen is two thirds of a cent.
        let astray = order.total_usd.minor - (3 * 12_999 + 1_899 - 4_090 + 499);
        assert!(astray.abs() <= if to == Currency::Usd { 0 } else { 4 }, "{to}: {astray}");
        assert_eq!(order.promo_code.as_deref(), Some("SAVE10"));
        assert_eq!(shop.orders(user).await, [order], "it is kept as it was answered");
        assert_eq!(shop.cart(user).await.lines, [], "and its cart is closed");
    }
    assert_eq!(shop.charges().await, Summary { charges: 8, keys: 8, refunds: 0 });
    assert_eq!(shop.stock(1).await, 1_000_000 - 24);
}

/// Each of these was once a minor unit astray, when discounts were converted like prices.
#[tokio::test]
async fn a_discount_is_its_share_of_what_the_order_shows() {
    let shop = Shop::open().await;
    for (user, to, cart, code, tier, goods, off) in [
        (1, Currency::Brl, vec![(10, 3), (16, 2)], "SAVE10", "standard", 129_210, vec![12_921]),
        (2, Currency::Eur, vec![(2, 3), (8, 3), (16, 6)], "SAVE10", "standard", 45_948, vec![4_595]),
        (3, Currency::Jpy, vec![(2, 1)], "", "gold", 13_380, vec![669]),
        // 25 % is 3,345; 5 % of the 10,035 that are left is 501.75.
        (4, Currency::Jpy, vec![(2, 1)], "BLACKFRIDAY", "gold", 13_380, vec![3_345, 502]),
        (5, Currency::Jpy, vec![(2, 1)], "WELCOME5", "standard", 13_380, vec![750]),
    ] {
        for (product, quantity) in cart {
            shop.put(user, product, quantity).await;
        }
        let asked = with(with(request(user, to), "promo_code", code), "tier", tier);
        let order = shop.check_out(&asked).await.expect("an order");
        let lines: i64 = order.lines.iter().map(|line| line.total.minor).sum();
        let discounts: Vec<i64> = order.discounts.iter().map(|discount| discount.amount.minor).collect();
        assert_eq!(order.total.minor, lines - off.iter().sum::<i64>() + order.shipping.minor);
        assert_eq!((lines, discounts), (goods, off), "{to} {code} {tier}");
    }
}

#[tokio::test]
async fn a_welcome_is_refused_under_its_price_point() {
    let shop = Shop::open().await;
    shop.put(1, 16, 1).await;
    let asked = with(request(1, Currency::Jpy), "promo_code", "WELCOME5");
    let refusal = Error::from(shop.check_out(&asked).await.expect_err("2,839 yen"));
    assert_eq!(refusal.detail(), "WELCOME5 is for orders of 3000 JPY or more");
    assert_eq!((shop.kept(), shop.stock(16).await), (0, 1_000_000));
}

/// The total in dollars is asked for beside the reservation, which must not outlive its failure.
#[tokio::test]
async fn an_order_whose_dollars_are_not_known_keeps_nothing() {
    let shop = Shop::open().await;
    shop.put(1, 4, 2).await;
    shop.currency.answering([0, 500]);
    assert_eq!(shop.refused(&request(1, Currency::Eur)).await.0, 502);
    assert_eq!((shop.stock(4).await, shop.kept(), shop.orders(1).await.len()), (1_000_000, 0, 0));
    assert_eq!(shop.charges().await, Summary { charges: 0, keys: 0, refunds: 0 });
    shop.currency.answering([0, 500]);
    shop.check_out(&request(1, Currency::Usd)).await.expect("dollars are not asked for twice");
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
    assert_eq!(shop.charges().await, Summary { charges: 1, keys: 1, refunds: 0 });
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

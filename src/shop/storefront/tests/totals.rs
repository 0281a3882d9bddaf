//! Nobody pays a total that they have not seen.

use axum::http::{StatusCode, header};

use super::shop::{Shop, broken, peers};
use crate::{kernel::service::Service, shop::storefront::peers::Peers};

const CHANGED: &str = "Prices have changed for your choice";

/// What stands beside `label` in the summary.
fn sum<'p>(page: &'p str, label: &str) -> &'p str {
    let rest = page.split(label).nth(1).and_then(|rest| rest.split("<dd>").nth(1));
    rest.and_then(|rest| rest.split("</dd>").next()).unwrap_or_default()
}

#[tokio::test]
async fn another_choice_is_shown_before_it_is_bought() {
    let shop = Shop::open().await;
    let cookie = "shop_session=a; shop_currency=USD";
    shop.form("/cart/add", cookie, "product_id=13&quantity=2").await;
    let (page, hidden) = shop.quoted("country=US", cookie).await;
    assert!(page.body.contains("This is what you pay"));
    for (change, kept) in [
        ("country=JP&currency=USD&shipping_method=standard&promo_code=", "value=\"JP\" selected"),
        ("country=US&currency=GBP&shipping_method=standard&promo_code=", "value=\"GBP\" selected"),
        ("country=US&currency=USD&shipping_method=express&promo_code=", "value=\"express\" checked"),
        ("country=US&currency=USD&shipping_method=standard&promo_code=save10", "SAVE10"),
    ] {
        let page = shop.form("/checkout", cookie, &format!("{hidden}&payment_method=paypal&{change}")).await;
        assert_eq!(page.status, StatusCode::OK, "{change}: {}", page.body);
        assert!(page.body.contains(CHANGED) && page.body.contains(kept), "{change}");
        assert!(page.body.contains("value=\"paypal\" selected"), "{change}");
    }
    let unseen = "country=US&currency=USD&shipping_method=standard&payment_method=paypal";
    assert!(
        shop.form("/checkout", cookie, unseen).await.body.contains(CHANGED),
        "a form that shows no total"
    );
    shop.form("/cart/add", cookie, "product_id=20&quantity=1").await;
    let page = shop.form("/checkout", cookie, &format!("{hidden}&{unseen}")).await;
    assert!(page.body.contains(CHANGED), "more in the cart");
    assert!(shop.page("/orders", cookie).await.body.contains("No orders yet"));
}

#[tokio::test]
async fn what_is_shown_is_what_is_charged_or_more() {
    let shop = Shop::open().await;
    for (number, choices, exact) in [
        (1, "country=US&currency=USD&shipping_method=standard&promo_code=", true),
        (2, "country=JP&currency=JPY&shipping_method=express&promo_code=", true),
        (3, "country=DE&currency=GBP&shipping_method=overnight&promo_code=", true),
        (4, "country=DE&currency=EUR&shipping_method=standard&promo_code=+save10", false),
    ] {
        let cookie = format!("shop_session=s-{number}");
        shop.form("/cart/add", &cookie, "product_id=13&quantity=3").await;
        shop.form("/cart/add", &cookie, "product_id=20&quantity=1").await;
        let (page, hidden) = shop.quoted(choices, &cookie).await;
        let body = format!("{hidden}&payment_method=paypal&{choices}");
        let placed = shop.form("/checkout", &cookie, &body).await;
        assert_eq!(placed.status, StatusCode::SEE_OTHER, "{choices}: {}", placed.body);
        let order = shop.page(placed.header(header::LOCATION), &cookie).await.body;
        let (shown, charged) = (sum(&page.body, "<div class=\"all\">"), sum(&order, "<div class=\"all\">"));
        assert!(!shown.is_empty() && (shown == charged) == exact, "{choices}: {shown} {charged}");
        assert_eq!(page.body.contains("Total, at most"), !exact, "{choices}");
        // The button pressed again, with something new in the cart already.
        shop.form("/cart/add", &cookie, "product_id=1&quantity=1").await;
        let again = shop.form("/checkout", &cookie, &body).await;
        assert_eq!(again.header(header::LOCATION), placed.header(header::LOCATION), "{choices}");
    }
}

#[tokio::test]
async fn the_currency_follows_the_country_until_it_is_chosen() {
    let shop = Shop::open().await;
    for (cookie, query, selected) in [
        ("shop_session=a", "", "USD"),
        ("shop_session=a", "country=DE&for_currency=USD&currency=USD", "EUR"),
        ("shop_session=a", "country=DE&for_currency=USD&currency=GBP", "GBP"),
        ("shop_session=a; shop_currency=GBP", "", "GBP"),
        ("shop_session=a; shop_currency=GBP", "country=DE&currency=GBP", "GBP"),
        ("shop_session=a; shop_currency=GBP", "country=DE&currency=USD", "USD"),
    ] {
        shop.form("/cart/add", cookie, "product_id=13&quantity=1").await;
        let (page, _) = shop.quoted(query, cookie).await;
        let chosen = page.body.matches(&format!("<option value=\"{selected}\" selected>")).count();
        assert_eq!(chosen, 2, "{cookie} {query}: above and in the form");
    }
}

#[tokio::test]
async fn without_a_total_there_is_nothing_to_press() {
    let (whole, _dirs) = peers().await;
    let shop = Shop::with(Peers { shipping: broken(Service::Shipping), ..whole });
    let cookie = "shop_session=a";
    shop.form("/cart/add", cookie, "product_id=13&quantity=1").await;
    let (page, hidden) = shop.quoted("country=US", cookie).await;
    assert!(!page.body.contains("Place order") && page.body.contains("Refresh prices"));
    let body = format!("{hidden}&country=US&currency=USD&payment_method=paypal");
    let page = shop.form("/checkout", cookie, &body).await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    assert!(page.body.contains("Nothing was bought"));
}

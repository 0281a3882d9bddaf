//! People who buy without a token.

use axum::http::{StatusCode, header};

use super::shop::Shop;

#[tokio::test]
async fn a_guest_buys_without_a_token_and_without_a_script() {
    let shop = Shop::open().await;
    let home = shop.page("/", "").await;
    let cookie = home.cookies();
    assert!(cookie.starts_with("shop_session="));
    let whole = home.header(header::SET_COOKIE);
    assert!(whole.contains("HttpOnly") && whole.contains("SameSite=Lax") && whole.contains("Path=/"));

    let added = shop.form("/cart/add", &cookie, "product_id=13&quantity=2").await;
    assert_eq!((added.status, added.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/cart"));
    shop.form("/cart/add", &cookie, "product_id=20&quantity=4").await;
    shop.form("/cart/update", &cookie, "product_id=20&quantity=1").await;
    shop.form("/cart/add", &cookie, "product_id=1&quantity=1").await;
    shop.form("/cart/remove", &cookie, "product_id=1").await;
    let cart = shop.page("/cart", &cookie).await;
    assert!(cart.body.contains("Desk Lamp") && cart.body.contains("$152.99"), "2 × 56.50 + 39.99");
    assert!(!cart.body.contains("Wireless Headphones"));
    assert!(!shop.page("/cart", "shop_session=other").await.body.contains("Desk Lamp"));

    let (form, hidden) = shop.quoted("country=DE&for_currency=USD&currency=USD", &cookie).await;
    assert!(form.body.contains("<option value=\"EUR\" selected>"), "the currency follows the country");
    let body = format!(
        "{hidden}&country=DE&currency=EUR&payment_method=paypal&shipping_method=standard&promo_code="
    );
    let placed = shop.form("/checkout", &cookie, &body).await;
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.body);
    let again = shop.form("/checkout", &cookie, &body).await;
    assert_eq!(again.header(header::LOCATION), placed.header(header::LOCATION), "a second click");
    let thanks = shop.page(placed.header(header::LOCATION), &cookie).await;
    assert!(thanks.body.contains("Thank you") && thanks.body.contains("ord-"));
    let id = placed.header(header::LOCATION).rsplit('/').next().expect("a number").to_owned();
    assert!(shop.page("/orders", &cookie).await.body.contains(&id));
    assert_eq!(shop.page(&format!("/orders/{id}"), "shop_session=other").await.status, StatusCode::NOT_FOUND);
    let empty = shop.page("/checkout", &cookie).await;
    assert_eq!((empty.status, empty.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/cart"));
}

#[tokio::test]
async fn a_form_that_is_refused_comes_back_with_its_complaint() {
    let shop = Shop::open().await;
    let cookie = "shop_session=a";
    shop.form("/cart/add", cookie, "product_id=16&quantity=1").await;
    for (country, method, code, said) in [
        ("US", "standard", "%3Cb%3ENONE", "There is no such code"),
        ("US", "standard", "WELCOME5", "20.00 USD or more"),
        ("BR", "overnight", "", "overnight does not go to BR"),
    ] {
        let choices = format!("country={country}&currency=USD&shipping_method={method}&promo_code={code}");
        let (_, hidden) = shop.quoted(&choices, cookie).await;
        let body = format!("{hidden}&{choices}&payment_method=paypal");
        let page = shop.form("/checkout", cookie, &body).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{code}");
        assert!(page.body.to_lowercase().contains(&said.to_lowercase()), "{said}");
        assert!(page.body.contains("role=\"alert\"") && page.body.contains("name=\"promo_code\""));
        assert!(!page.body.contains("<b>NONE"));
    }
    let wrong = shop.form("/checkout", cookie, "country=XX").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Back to the cart"));
}

//! The shop as a person sees it, in a real browser; the pictures stand in the README.

use serde_json::json;

use crate::{
    browser::{get, post_form},
    servers::{
        chromium,
        lab::{Customer, Plan},
    },
};

const PROJECTOR: (u32, u32) = (1280, 720);

#[test]
fn the_shop_is_shown_by_a_browser() {
    let lab = Plan::up().start();
    let customer = Customer::new(&lab, "picture", "DE");
    customer.add(1, 1).ok();
    customer.checkout(None, json!({})).ok();
    let page = chromium::dump_dom(&lab.shop("/"));
    assert!(page.contains("<main") && page.contains("Wireless Headphones"), "{page}");
    chromium::screenshot(&lab.shop("/"), PROJECTOR, &chromium::picture("shop"));
    chromium::screenshot(&lab.shop("/products/1"), PROJECTOR, &chromium::picture("product"));
}

#[test]
fn somebody_without_javascript_buys_with_forms_alone() {
    let lab = Plan::up().start();
    let html = |path: &str, cookie: &str| {
        get(lab.shop(path)).header("accept", "text/html").header("cookie", cookie).send()
    };
    let home = html("/", "").ok();
    let cookie = home.cookie.split(';').next().expect("a session").to_owned();
    assert!(home.cookie.contains("HttpOnly") && home.cookie.contains("SameSite=Lax"), "{}", home.cookie);
    let form = |path: &str, body: &str| {
        let ask = post_form(lab.shop(path), body).header("accept", "text/html").header("cookie", &cookie);
        ask.header("origin", &lab.shop("")).send()
    };
    let added = form("/cart/add", "product_id=1&quantity=2");
    assert_eq!((added.status, &*added.location), (303, "/cart"));
    let cart = html("/cart", &cookie).ok();
    assert!(cart.body.contains("Wireless Headphones"), "{}", cart.body);
    let choices = "country=JP&currency=JPY&shipping_method=standard&promo_code=";
    let page = html(&format!("/checkout?{choices}"), &cookie).ok();
    let hidden = |name: &str| {
        let field = format!("name=\"{name}\" value=\"");
        let value = page.body.split(&field).nth(1).and_then(|rest| rest.split('"').next());
        value.expect("the form carries it").replace(' ', "+")
    };
    let (key, quoted) = (hidden("idempotency_key"), hidden("quoted"));
    let body = format!("{choices}&payment_method=paypal&idempotency_key={key}&quoted={quoted}");
    let bought = form("/checkout", &body);
    assert_eq!(bought.status, 303, "{}", bought.body);
    let success = html(&bought.location, &cookie).ok();
    assert!(success.body.contains("ord-") && success.body.contains('¥'), "{}", success.body);
    assert!(html("/orders", &cookie).ok().body.contains("ord-"));
    // Pressed twice: the same order.
    assert_eq!(form("/checkout", &body).location, bought.location);

    let foreign = post_form(lab.shop("/cart/add"), "product_id=1&quantity=1").header("cookie", &cookie);
    let foreign = foreign.header("origin", "http://evil.example").header("accept", "text/html");
    assert_eq!(foreign.send().status, 403);
}

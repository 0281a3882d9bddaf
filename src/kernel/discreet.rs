//! What may be said of a request in a signal. Whoever asks may type anything anywhere, a card number into an address, a
//! token into a field; signals are read by many and kept for long. Pure.

use std::borrow::Cow;

/// What stands where something was left out.
const LEFT_OUT: &str = "…";
/// The longest number that is an id here; card numbers have thirteen digits or more.
const ID_DIGITS: usize = 12;
/// `ord-` and twenty hex digits: see [`crate::kernel::id::OrderId`].
const ORDER: &str = "ord-";
const ORDER_DIGITS: usize = 20;

/// A path as far as it is ours: what its route says literally, and ids. Where no route matches, nothing is.
pub fn path(path: &str, route: Option<&str>) -> String {
    let Some(route) = route else {
        return if path == "/" { path.to_owned() } else { format!("/{LEFT_OUT}") };
    };
    let mut shown = String::with_capacity(path.len());
    let mut template = route.split('/');
    for (at, part) in path.split('/').enumerate() {
        if at > 0 {
            shown.push('/');
        }
        let is_ours = template.next().is_some_and(|literal| literal == part) || is_id(part);
        shown.push_str(if is_ours { part } else { LEFT_OUT });
    }
    shown
}

/// The words of an error without what somebody typed: without what stands in quotes, and without long numbers.
pub fn words(text: &str) -> String {
    without_long_numbers(&without_quoted(text))
}

/// Whatever a text repeats of a request it puts into quotes: so do serde and its formats, axum, and the shop. What
/// follows `, expected` are our own words again.
fn without_quoted(text: &str) -> Cow<'_, str> {
    const QUOTES: [char; 2] = ['`', '"'];
    // Names of fields that we look for, not of fields that came.
    const OURS: [&str; 2] = ["missing field ", "duplicate field "];
    // A list of ours is whole; half a quotation is the end of something that was typed.
    let is_whole = |at: &usize| text[*at..].matches(QUOTES).count().is_multiple_of(2);
    let typed = &text[..text.rfind(", expected ").filter(is_whole).unwrap_or(text.len())];
    let (Some(first), Some(last)) = (typed.find(QUOTES), typed.rfind(QUOTES)) else {
        return text.into();
    };
    if first == last || OURS.iter().any(|ours| text[..first].ends_with(ours)) {
        return text.into();
    }
    // A quote is one byte long.
    format!("{}{LEFT_OUT}{}", &text[..first], &text[last + 1..]).into()
}

/// A number that was typed may stand without quotes: "there is no product 17". A card's number reads as one as well.
fn without_long_numbers(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(from) = rest.find(|one: char| one.is_ascii_digit()) {
        let number = rest[from..].bytes().take_while(u8::is_ascii_digit).count();
        shown.push_str(&rest[..from]);
        shown.push_str(if number > ID_DIGITS { LEFT_OUT } else { &rest[from..from + number] });
        rest = &rest[from + number..];
    }
    shown.push_str(rest);
    shown
}

fn is_id(part: &str) -> bool {
    let is_number = (1..=ID_DIGITS).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_order = part.strip_prefix(ORDER).is_some_and(|digits| {
        digits.len() == ORDER_DIGITS && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    });
    is_number || is_order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::{CustomerId, OrderId};

    #[test]
    fn a_path_is_its_route_and_ids() {
        let order = OrderId::for_checkout(&CustomerId::new(1, None), "key").as_str().to_owned();
        for (given, route, shown) in [
            ("/", Some("/"), "/"),
            ("/", None, "/"),
            ("/products", Some("/products"), "/products"),
            ("/products/17", Some("/products/{id}"), "/products/17"),
            ("/products/4111111111111111", Some("/products/{id}"), "/products/…"),
            ("/products/jane@example.com", Some("/products/{id}"), "/products/…"),
            ("/carts/123-session/lines/5", Some("/carts/{customer}/lines/{product_id}"), "/carts/…/lines/5"),
            ("/orders/ord-me", Some("/orders/{id}"), "/orders/…"),
            ("/orders/", Some("/orders/{id}"), "/orders/…"),
            ("/wp-login.php", None, "/…"),
            ("/a/b/c", Some("/a/{*rest}"), "/a/…/…"),
        ] {
            assert_eq!(path(given, route), shown, "{given} on {route:?}");
        }
        assert_eq!(path(&format!("/orders/{order}"), Some("/orders/{id}")), format!("/orders/{order}"));
    }

    #[test]
    fn what_was_typed_is_left_out_of_words() {
        for (text, shown) in [
            ("this needs a token", "this needs a token"),
            ("unknown variant `x`, expected `a` or `b`", "unknown variant …, expected `a` or `b`"),
            ("unknown variant `x`, expected `y`, expected `a`", "unknown variant …, expected `a`"),
            ("invalid type: string \"a \\\"b\\\" c\", expected i64", "invalid type: string …, expected i64"),
            ("`12x` is not an amount in USD", "… is not an amount in USD"),
            ("`1, expected 2` is not an amount in USD", "… is not an amount in USD"),
            ("there is no product 17", "there is no product 17"),
            ("there is no product 4111111111111111 here", "there is no product … here"),
            ("missing field `product_id`", "missing field `product_id`"),
            ("Cannot parse `jane` to a `i64`", "Cannot parse …"),
            ("unknown field `card`, there are no fields", "unknown field …, there are no fields"),
            ("a cart's own `", "a cart's own `"),
        ] {
            assert_eq!(words(text), shown);
        }
    }

    /// The words of those whose errors we pass on: when they change how they quote, this is where it shows.
    #[test]
    fn typed_words_do_not_come_through_the_formats_we_read() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Wanted {
            #[expect(dead_code, reason = "it is read, and that is all")]
            number: i64,
        }
        let json = |text: &str| serde_json::from_str::<Wanted>(text).expect_err(text).to_string();
        for text in [
            r#"{"number": "secret"}"#,
            r#"{"number": "se\"cret, expected `secret`"}"#,
            r#"{"secret": 1}"#,
            r#"{"number": 1, "number": 2}"#,
            r#"{"number": secret}"#,
            r#""secret""#,
            r#"{"number": 41111111111111111111111111}"#,
            r#"{"number": 4111111111111111.5}"#,
        ] {
            let shown = words(&json(text));
            assert!(!shown.contains("secret") && !shown.contains("4111"), "{shown}");
        }
        let form = serde_urlencoded::from_str::<Wanted>("secret=secret").expect_err("a wrong name");
        assert!(!words(&form.to_string()).contains("secret"), "{form}");
    }
}

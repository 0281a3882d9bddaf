//! What is said of a failure.

use askama::Template;

use super::shell::Shell;
use crate::kernel::error::Kind;

/// What a person may do about a failure, in words that blame nobody.
pub fn advice(kind: Kind) -> &'static str {
    match kind {
        Kind::Malformed | Kind::Invalid | Kind::UnsupportedMedia | Kind::TooLarge => {
            "Please go back, have a look at what was entered, and try again."
        }
        Kind::Unauthenticated => "Please open the shop anew and try again.",
        Kind::Forbidden => "Please open the shop's own page and try again from there.",
        Kind::NotFound | Kind::MethodNotAllowed => {
            "It may have been moved, sold out, or never been here. The shop is full of other things."
        }
        Kind::Declined => "Nothing was charged. Another way to pay may work.",
        Kind::Conflict => "Your orders show what has been done already.",
        Kind::OutOfStock => "Nothing was charged. Please take it out of the cart, or fewer of it.",
        Kind::TooManyRequests
        | Kind::Internal
        | Kind::Unavailable
        | Kind::PeerFailed
        | Kind::PeerUnreachable
        | Kind::PoolExhausted
        | Kind::DatabaseUnavailable
        | Kind::DatabaseLocked
        | Kind::DatabaseFull
        | Kind::PeerTimeout => {
            "This is our mistake, not yours. Your cart is kept, and trying again never charges twice."
        }
    }
}

/// A heading for a failure.
pub fn headline(kind: Kind) -> &'static str {
    match kind {
        Kind::NotFound | Kind::MethodNotAllowed => "We could not find that",
        Kind::Declined => "The payment was declined",
        Kind::OutOfStock => "Somebody was faster",
        Kind::Conflict => "That has been done before",
        Kind::Unauthenticated | Kind::Forbidden => "That is not allowed",
        Kind::Malformed | Kind::Invalid | Kind::UnsupportedMedia | Kind::TooLarge => {
            "Something in the request is not right"
        }
        Kind::TooManyRequests
        | Kind::Unavailable
        | Kind::PoolExhausted
        | Kind::DatabaseUnavailable
        | Kind::DatabaseLocked => "The shop is very busy right now",
        Kind::Internal
        | Kind::DatabaseFull
        | Kind::PeerFailed
        | Kind::PeerUnreachable
        | Kind::PeerTimeout => "The shop has a problem",
    }
}

#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    pub shell: Shell,
    pub headline: &'static str,
    pub detail: String,
    pub advice: &'static str,
    pub status: u16,
    pub back: String,
    pub back_title: &'static str,
}

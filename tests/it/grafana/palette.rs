//! Colours that are told apart by those who see red and green alike: Okabe and Ito's eight, and strokes where a list is
//! longer than they are.

use doorbuster::kernel::{country::Country, kind::Kind, origin::PaymentMethod, service::Service};

pub const BLUE: &str = "#0072B2";
pub const SKY: &str = "#56B4E9";
pub const GREEN: &str = "#009E73";
pub const YELLOW: &str = "#F0E442";
pub const ORANGE: &str = "#E69F00";
pub const VERMILLION: &str = "#D55E00";
pub const PURPLE: &str = "#CC79A7";
pub const GREY: &str = "#999999";

/// In this order for what has no colour of its own.
pub const SERIES: [&str; 8] = [BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW, GREY];

/// What is fine, what is beyond its limit.
pub const FINE: &str = GREEN;
pub const BAD: &str = VERMILLION;

/// The words of a closed list; their order is their colour.
pub fn list(name: &str) -> &'static [&'static str] {
    match name {
        "country" => &["US", "UK", "DE", "FR", "JP", "BR", "IN", "CA", "AU"],
        "service" => &[
            "storefront",
            "checkout",
            "catalog",
            "payments",
            "cart",
            "recommendation",
            "promotions",
            "shipping",
            "currency",
            "ads",
            "lab",
        ],
        "third-party" => &["payment-provider", "crm", "inventory"],
        "method" => &["credit_card", "debit_card", "paypal", "bank_transfer"],
        "level" => &["info", "debug", "trace", "unknown", "warn", "error"],
        "signal" => &["traces", "metrics", "logs", "profiles"],
        "slo" => &[
            "storefront-availability",
            "storefront-latency",
            "checkout-availability",
            "checkout-latency",
            "payments-success",
        ],
        "query" => &[
            "products.get",
            "products.list",
            "popular_products.list",
            "products.count_sales",
            "orders.get",
            "orders.insert",
            "orders.list",
            "orders.times_used",
            "products.categories",
            "products.insert",
            "products.update",
            "products.delete",
            "payment_intents.insert",
            "payment_intents.delete",
            "payment_intents.claim",
            "payment_intents.resume",
        ],
        "cache" => {
            &["cart.get", "cart.add", "cart.clear", "cart.remove", "cart.abandon_idle", "cart.restore"]
        }
        "failure" => &[
            "internal",
            "peer_failed",
            "pool_exhausted",
            "peer_timeout",
            "unavailable",
            "peer_unreachable",
            "database_locked",
            "database_unavailable",
            "payment_declined",
            "cancelled",
            "out_of_stock",
            "not_found",
            "invalid",
            "conflict",
            "too_many_requests",
            "malformed",
            "unauthenticated",
            "forbidden",
            "method_not_allowed",
            "too_large",
            "unsupported_media_type",
            "database_full",
        ],
        _ => &[],
    }
}

/// The colour of the word number `at`, and whether its line is broken.
pub fn of(at: usize) -> (&'static str, bool) {
    (SERIES[at % SERIES.len()], at >= SERIES.len())
}

#[test]
fn every_word_of_the_shop_s_closed_lists_has_a_colour() {
    let countries = Country::ALL.map(Country::code);
    let services = Service::ALL.map(Service::name);
    let methods = PaymentMethod::ALL.map(PaymentMethod::name);
    let failures = Kind::ALL.map(Kind::name);
    let coloured = |words: &[&str], lists: &[&str]| {
        let all: Vec<&str> = lists.iter().flat_map(|name| list(name)).copied().collect();
        words.iter().for_each(|word| assert!(all.contains(word), "`{word}` is in none of {lists:?}"));
    };
    coloured(&countries, &["country"]);
    coloured(&services, &["service", "third-party"]);
    coloured(&methods, &["method"]);
    coloured(&failures, &["failure"]);
}

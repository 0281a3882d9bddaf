//! What there is to name in each service: its routes, its queries, its cache's passages, its tables and its peers. The
//! business does not need this list; whoever aims at a place does, and a wrong word must find its nearest right one. A
//! test holds it against what the services really declare.

use super::service::Service;

/// The places of one service.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// `METHOD /template`, as routers match them.
    pub routes: &'static [&'static str],
    /// Names of its queries: `orders.insert`.
    pub queries: &'static [&'static str],
    /// Names of its passages to the cache: `cart.add`.
    pub passages: &'static [&'static str],
    /// Tables it keeps.
    pub tables: &'static [&'static str],
    /// Whom it asks.
    pub peers: &'static [Service],
}

const NONE: Places = Places { routes: &[], queries: &[], passages: &[], tables: &[], peers: &[] };

/// The places of `service`.
pub const fn of(service: Service) -> Places {
    match service {
        Service::Storefront => STOREFRONT,
        Service::Catalog => CATALOG,
        Service::Cart => CART,
        Service::Checkout => CHECKOUT,
        Service::Lab => NONE,
        Service::Recommendation => {
            Places { routes: &["GET /recommendations"], peers: &[Service::Catalog], ..NONE }
        }
        Service::Ads => Places { routes: &["GET /ads", "POST /ads/{id}/click"], ..NONE },
        Service::Currency => Places { routes: &["GET /convert", "POST /convert", "GET /rates"], ..NONE },
        Service::Shipping => Places { routes: &["POST /quotes", "GET /methods"], ..NONE },
        Service::Payments => Places {
            routes: &["POST /payments", "POST /refunds"],
            peers: &[Service::PaymentProvider],
            ..NONE
        },
        Service::Promotions => Places {
            routes: &["POST /applications", "DELETE /applications/{order_id}", "GET /campaigns"],
            ..NONE
        },
        Service::PaymentProvider => {
            let routes = &["POST /charge", "POST /refunds", "GET /charges/summary", "GET /charges/{key}"];
            Places { routes, ..NONE }
        }
        Service::Crm => {
            Places { routes: &["POST /customers/{customer}/orders", "GET /customers/{customer}"], ..NONE }
        }
        Service::Inventory => Places {
            routes: &[
                "POST /reservations",
                "DELETE /reservations/{order_id}",
                "GET /stock/{product_id}",
                "PUT /stock/{product_id}",
            ],
            ..NONE
        },
    }
}

const STOREFRONT: Places = Places {
    routes: &[
        "GET /",
        "GET /products",
        "POST /products",
        "GET /products/{id}",
        "PUT /products/{id}",
        "DELETE /products/{id}",
        "GET /catalog/{id}",
        "GET /cart",
        "POST /cart/add",
        "POST /cart/update",
        "POST /cart/remove",
        "GET /checkout",
        "POST /checkout",
        "GET /checkout/success/{id}",
        "GET /orders",
        "GET /orders/{id}",
        "GET /recommendations",
        "GET /ads",
        "POST /ads/{id}/click",
        "GET /currency/convert",
        "POST /shipping/quote",
        "GET /promotions",
        "GET /slow",
        "GET /error",
        "GET /static/shop.css",
        "GET /static/art/{file}",
    ],
    peers: &[
        Service::Catalog,
        Service::Cart,
        Service::Checkout,
        Service::Recommendation,
        Service::Ads,
        Service::Currency,
        Service::Shipping,
        Service::Promotions,
    ],
    ..NONE
};

const CATALOG: Places = Places {
    routes: &[
        "GET /products",
        "POST /products",
        "GET /products/popular",
        "GET /products/{id}",
        "PUT /products/{id}",
        "DELETE /products/{id}",
        "GET /categories",
        "POST /sales",
    ],
    queries: &[
        "products.list",
        "popular_products.list",
        "products.get",
        "products.categories",
        "products.insert",
        "products.update",
        "products.delete",
        "products.count_sales",
    ],
    tables: &["products", "product_ids", "counted_orders"],
    ..NONE
};

const CART: Places = Places {
    routes: &[
        "GET /carts/{customer}",
        "DELETE /carts/{customer}",
        "POST /carts/{customer}/lines",
        "DELETE /carts/{customer}/lines/{product_id}",
        "POST /carts/{customer}/clear",
    ],
    passages: &["cart.get", "cart.add", "cart.remove", "cart.clear", "cart.restore"],
    peers: &[Service::Catalog],
    ..NONE
};

const CHECKOUT: Places = Places {
    routes: &["POST /checkouts", "GET /orders", "GET /orders/{order_id}"],
    queries: &[
        "orders.insert",
        "orders.get",
        "orders.list",
        "orders.times_used",
        "payment_intents.insert",
        "payment_intents.resume",
        "payment_intents.claim",
        "payment_intents.delete",
    ],
    tables: &["orders", "order_items", "payment_intents"],
    peers: &[
        Service::Cart,
        Service::Catalog,
        Service::Promotions,
        Service::Currency,
        Service::Shipping,
        Service::Inventory,
        Service::Payments,
        Service::Crm,
    ],
    ..NONE
};

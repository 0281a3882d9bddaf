//! The shop as people see it: pages made of several services' answers. What a page can do without may fail unseen.

use askama::Template;
use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use futures_util::future::{join, join_all, join3, join4};
use serde::Deserialize;

use super::{
    model::{CheckoutBody, Item},
    peers::{Listing, Peers},
    session::Visitor,
    view::{
        self, CartPage, CartRow, CheckoutPage, Complaint, ErrorPage, Home, OrderPage, OrdersPage,
        ProductPage, Products, Shell,
    },
};
use crate::{
    kernel::{
        country::Country,
        error::{Error, Kind, Result},
        id::{OrderId, ProductId},
        money::{Currency, Money},
        origin::PaymentMethod,
    },
    shop::{
        ads::model::Ad,
        cart::model::{Cart, CartLine},
        catalog::model::Product,
        checkout::model::Order,
        shipping::model::{Method, Quote},
    },
};

/// How many popular products the home page shows.
const POPULAR: usize = 4;

pub async fn home(peers: &Peers, visitor: &Visitor) -> Result<Response> {
    let origin = &visitor.origin;
    let everything = Listing::default();
    let essential = peers.products(&everything, origin);
    let extras = join3(peers.popular(POPULAR, origin), peers.campaigns(origin), peers.ads(None, origin));
    let (products, (popular, campaigns, ads), pieces) =
        join3(essential, extras, pieces(peers, visitor)).await;
    let [products, popular] = priced(peers, visitor, [products?, popular.unwrap_or_default()]).await;
    show(&Home {
        shell: Shell::new("Good things, while they last", visitor, pieces),
        popular: popular.into_iter().map(Into::into).collect(),
        sections: view::sections(products),
        campaigns: campaigns.unwrap_or_default(),
        ad: first(ads),
    })
}

pub async fn products(peers: &Peers, visitor: &Visitor, listing: Listing) -> Result<Response> {
    // A form sends fields that were left empty; they mean nothing.
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let listing =
        Listing { category: given(listing.category), search: given(listing.search), limit: listing.limit };
    let origin = &visitor.origin;
    let (products, categories, ads, pieces) = join4(
        peers.products(&listing, origin),
        peers.categories(origin),
        peers.ads(listing.category.as_deref(), origin),
        pieces(peers, visitor),
    )
    .await;
    let [products] = priced(peers, visitor, [products?]).await;
    let category = listing.category.unwrap_or_default();
    let heading = match (listing.search, category.as_str()) {
        (Some(search), _) => format!("Results for “{}”", search.trim()),
        (None, "") => "All products".to_owned(),
        (None, category) => view::capital(category),
    };
    show(&Products {
        shell: Shell::new(heading.clone(), visitor, pieces),
        category,
        heading,
        categories: view::categories(categories.unwrap_or_default()),
        cards: products.into_iter().map(Into::into).collect(),
        ad: first(ads),
    })
}

pub async fn product(peers: &Peers, visitor: &Visitor, id: ProductId) -> Result<Response> {
    let origin = &visitor.origin;
    let (product, recommended, pieces) = join3(
        peers.product(id, origin),
        peers.recommendations(Some(id), None, origin),
        pieces(peers, visitor),
    )
    .await;
    let product = product?;
    let category = product.category.clone();
    let lists = [vec![product.clone()], recommended.unwrap_or_default()];
    let (lists, ads) = join(priced(peers, visitor, lists), peers.ads(Some(&category), origin)).await;
    let [shown, recommended] = lists;
    let product = shown.into_iter().next().unwrap_or(product);
    show(&ProductPage {
        shell: Shell::new(product.name.clone(), visitor, pieces),
        card: product.into(),
        recommended: recommended.into_iter().map(Into::into).collect(),
        ad: first(ads),
    })
}

pub async fn cart(peers: &Peers, visitor: &Visitor) -> Result<Response> {
    let cart = peers.cart(&visitor.customer()?, &visitor.origin).await?;
    let pieces = count(&cart);
    let (items, currency) = shown_items(peers, visitor, &cart, visitor.currency).await?;
    let (subtotal, ..) = view::sums(&items, None, currency);
    let shell = Shell::new("Your cart", visitor, pieces);
    show(&CartPage { shell, rows: items.into_iter().map(CartRow::from).collect(), subtotal })
}

/// What the checkout form says so far. A browser is led to sensible values rather than told off.
#[derive(Debug, Default, Deserialize)]
pub struct CheckoutForm {
    country: Option<String>,
    /// The country that the form was made for: when another is chosen, its currency follows.
    for_country: Option<String>,
    currency: Option<String>,
    payment_method: Option<String>,
    shipping_method: Option<String>,
    promo_code: Option<String>,
}

/// The same with a meaning.
#[derive(Debug, PartialEq, Eq)]
struct Choices {
    country: Country,
    currency: Currency,
    payment_method: PaymentMethod,
    shipping_method: Method,
    promo_code: String,
}

impl CheckoutForm {
    fn choices(self, usual: Currency) -> Choices {
        let read = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Country>().ok());
        let (country, before) = (read(&self.country), read(&self.for_country));
        let currency = self.currency.and_then(|text| text.parse().ok()).unwrap_or(usual);
        // Without a country, the one whose money it is; the first of them.
        let by_money = || Country::ALL.into_iter().find(|country| country.currency() == currency);
        let moved = country.filter(|country| before.is_some_and(|before| before != *country));
        Choices {
            country: country.or_else(by_money).unwrap_or(Country::Us),
            currency: moved.map_or(currency, Country::currency),
            payment_method: self
                .payment_method
                .and_then(|text| text.parse().ok())
                .unwrap_or(PaymentMethod::CreditCard),
            shipping_method: self.shipping_method.and_then(|text| text.parse().ok()).unwrap_or_default(),
            promo_code: self.promo_code.unwrap_or_default(),
        }
    }
}

pub async fn checkout(peers: &Peers, visitor: &Visitor, form: CheckoutForm) -> Result<Response> {
    let cart = peers.cart(&visitor.customer()?, &visitor.origin).await?;
    if cart.lines.is_empty() {
        return Ok(Redirect::to("/cart").into_response());
    }
    let choices = form.choices(visitor.currency);
    let shell = Shell::new("Checkout", visitor, count(&cart));
    checkout_form(peers, visitor, &cart, choices, shell, None).await
}

/// The answer to a checkout form that was refused: the form again with what is wrong with it, as long as there is a
/// cart to buy and something the customer can do about it.
pub async fn checkout_again(
    peers: &Peers,
    visitor: &Visitor,
    body: CheckoutBody,
    error: Error,
) -> Result<Response> {
    if !error.kind().status().is_client_error() {
        return Err(error);
    }
    let cart = peers.cart(&visitor.customer()?, &visitor.origin).await.ok();
    let Some(cart) = cart.filter(|cart| !cart.lines.is_empty()) else { return Err(error) };
    let choices = Choices {
        country: body.country,
        currency: body.currency,
        payment_method: body.payment_method,
        shipping_method: body.shipping_method,
        promo_code: body.promo_code.unwrap_or_default(),
    };
    let complaint = Complaint::about(&error);
    let shell = Shell { pieces: count(&cart), ..Shell::nowhere("Checkout", visitor) };
    match checkout_form(peers, visitor, &cart, choices, shell, Some(complaint)).await {
        Ok(page) => Ok(as_failure(page, error)),
        Err(_) => Err(error),
    }
}

async fn checkout_form(
    peers: &Peers,
    visitor: &Visitor,
    cart: &Cart,
    choices: Choices,
    shell: Shell,
    complaint: Option<Complaint>,
) -> Result<Response> {
    let Choices { country, currency, payment_method, shipping_method, promo_code } = choices;
    let (items, quotes) = join(
        shown_items(peers, visitor, cart, currency),
        shown_quotes(peers, visitor, country, count(cart), currency),
    )
    .await;
    let (items, shown) = items?;
    // Prices in one currency and shipping in another would not add up.
    let quotes: Vec<Quote> = quotes.into_iter().filter(|quote| quote.cost.currency == shown).collect();
    let chosen = quotes.iter().find(|quote| quote.method == shipping_method).or(quotes.first());
    let (subtotal, shipping_cost, total) = view::sums(&items, chosen.map(|quote| quote.cost), shown);
    let method = chosen.map_or(shipping_method, |quote| quote.method);
    show(&CheckoutPage {
        shell,
        cart_id: cart.cart_id.clone(),
        rows: items.into_iter().map(CartRow::from).collect(),
        country: country.code(),
        countries: view::countries(country),
        payment_methods: view::payment_methods(payment_method),
        currencies: view::currencies(currency),
        shipping: view::shipping_rows(&quotes, method),
        promo_code,
        subtotal,
        shipping_cost,
        total,
        complaint,
    })
}

pub async fn orders(peers: &Peers, visitor: &Visitor, orders: Vec<Order>) -> Result<Response> {
    let shell = Shell::new("Your orders", visitor, pieces(peers, visitor).await);
    show(&OrdersPage { shell, orders: orders.into_iter().map(Into::into).collect() })
}

pub async fn order(peers: &Peers, visitor: &Visitor, order: Order, thanks: bool) -> Result<Response> {
    let title = if thanks { "Thank you" } else { "Your order" };
    let shell = Shell::new(title, visitor, pieces(peers, visitor).await);
    show(&OrderPage { shell, order: order.into(), thanks })
}

/// Where the page of a placed order is.
pub fn thanks_address(order: &OrderId) -> String {
    format!("/checkout/success/{order}")
}

/// Where an advertisement leads.
pub fn ad_address(ad: &Ad) -> String {
    match (ad.product_id, ad.category.as_ref()) {
        (Some(id), _) => format!("/products/{id}"),
        (None, crate::shop::ads::model::GENERAL) => "/products".to_owned(),
        (None, category) => {
            let query = serde_urlencoded::to_string([("category", category)]);
            query.map_or_else(|_| "/products".to_owned(), |query| format!("/products?{query}"))
        }
    }
}

/// The cart's lines with their products, at the catalogue's price. One that is gone has none.
pub async fn items(peers: &Peers, visitor: &Visitor, cart: &Cart) -> Result<Vec<Item>> {
    let each = cart.lines.iter().map(async |&CartLine { product_id, quantity }| {
        match peers.product(product_id, &visitor.origin).await {
            Ok(product) => Ok(Item { product_id, quantity, product: Some(product) }),
            Err(error) if error.kind() == Kind::NotFound => Ok(Item { product_id, quantity, product: None }),
            Err(error) => Err(error),
        }
    });
    join_all(each).await.into_iter().collect()
}

/// Stands around every handler: what failed becomes a page when a browser asked, and pages get their headers.
pub async fn friendly(request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<Visitor>().cloned();
    let mut response = next.run(request).await;
    if let Some(visitor) = visitor.filter(|visitor| visitor.browser)
        && let Some(error) = response.extensions().get::<Error>().cloned()
        && !is_page(&response)
        && let Ok(page) = show(&error_page(&visitor, &error))
    {
        let (mut parts, _) = response.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.extend(page.headers().clone());
        response = Response::from_parts(parts, page.into_body());
    }
    if is_page(&response) {
        response.headers_mut().extend(PAGE_HEADERS);
    }
    response
}

/// No scripts, no styles but our own, no frames around us; and a page is its visitor's alone.
const PAGE_HEADERS: [(HeaderName, HeaderValue); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // `no-referrer` would make browsers send `Origin: null` with our own forms.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    (header::VARY, HeaderValue::from_static("accept, cookie")),
];

fn error_page(visitor: &Visitor, error: &Error) -> ErrorPage {
    let kind = error.kind();
    // A refusal is about the request, so its words help; a failure of ours is nobody's business.
    let detail = if kind.status().is_client_error() { error.detail() } else { "" };
    let path = visitor.uri.path();
    let (back, back_title) = if kind == Kind::Conflict && path == "/checkout" {
        ("/orders", "See your orders")
    } else if path.starts_with("/checkout") || path.starts_with("/cart/") {
        ("/cart", "Back to the cart")
    } else {
        ("/products", "Back to the shop")
    };
    ErrorPage {
        shell: Shell::nowhere(view::headline(kind), visitor),
        headline: view::headline(kind),
        detail: if detail.is_empty() { String::new() } else { format!("{}.", view::capital(detail)) },
        advice: view::advice(kind),
        status: kind.status().as_u16(),
        back,
        back_title,
    }
}

/// A page that tells of a failure: it has the failure's status and carries its cause on to whoever logs it.
fn as_failure(page: Response, error: Error) -> Response {
    let (mut parts, _) = error.into_response().into_parts();
    parts.headers.clear();
    parts.headers.extend(page.headers().clone());
    Response::from_parts(parts, page.into_body())
}

fn is_page(response: &Response) -> bool {
    let media_type = response.headers().get(header::CONTENT_TYPE);
    media_type.is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

fn show(page: &impl Template) -> Result<Response> {
    let text = page.render();
    let text =
        text.map_err(|error| Error::new(Kind::Internal, "the page could not be made").caused_by(error))?;
    Ok(Html(text).into_response())
}

/// Pieces in the visitor's cart, for the badge: not worth a failure, nor a question for somebody who is new.
async fn pieces(peers: &Peers, visitor: &Visitor) -> i64 {
    match visitor.customer() {
        Ok(customer) if visitor.returning => {
            peers.cart(&customer, &visitor.origin).await.map_or(0, |cart| count(&cart))
        }
        Ok(_) | Err(_) => 0,
    }
}

fn count(cart: &Cart) -> i64 {
    cart.lines.iter().map(|line| line.quantity).fold(0, i64::saturating_add)
}

fn first(ads: Result<Vec<Ad>>) -> Option<Ad> {
    ads.ok()?.into_iter().next()
}

/// The products with prices in the visitor's currency, asked for at once. When currency is away they keep the
/// catalogue's: a price in dollars is better than no shop.
async fn priced<const LISTS: usize>(
    peers: &Peers,
    visitor: &Visitor,
    mut lists: [Vec<Product>; LISTS],
) -> [Vec<Product>; LISTS] {
    let all = || lists.iter().flatten().map(|product| product.price);
    let converted = convert(peers, visitor, all().collect(), visitor.currency).await;
    for (product, price) in lists.iter_mut().flatten().zip(converted) {
        product.price = price;
    }
    lists
}

/// The cart's lines as they are shown, and the currency that they are shown in.
async fn shown_items(
    peers: &Peers,
    visitor: &Visitor,
    cart: &Cart,
    currency: Currency,
) -> Result<(Vec<Item>, Currency)> {
    let mut items = items(peers, visitor, cart).await?;
    let prices = items.iter().filter_map(|item| item.product.as_ref()).map(|product| product.price);
    let prices = convert(peers, visitor, prices.collect(), currency).await;
    let shown = prices.first().map_or(currency, |price| price.currency);
    let products = items.iter_mut().filter_map(|item| item.product.as_mut());
    products.zip(prices).for_each(|(product, price)| product.price = price);
    Ok((items, shown))
}

async fn shown_quotes(
    peers: &Peers,
    visitor: &Visitor,
    country: Country,
    items: i64,
    currency: Currency,
) -> Vec<Quote> {
    let mut quotes = peers.shipping_methods(country, items, &visitor.origin).await.unwrap_or_default();
    let costs = quotes.iter().map(|quote| quote.cost).collect();
    let costs = convert(peers, visitor, costs, currency).await;
    quotes.iter_mut().zip(costs).for_each(|(quote, cost)| quote.cost = cost);
    quotes
}

/// The amounts in `to`, or as they are when that is not to be had. Those that need no conversion ask nobody.
async fn convert(peers: &Peers, visitor: &Visitor, amounts: Vec<Money>, to: Currency) -> Vec<Money> {
    if amounts.iter().all(|amount| amount.currency == to) {
        return amounts;
    }
    match peers.convert_all(&amounts, to, &visitor.origin).await {
        Ok(converted) if converted.len() == amounts.len() => converted,
        Ok(_) | Err(_) => amounts,
    }
}

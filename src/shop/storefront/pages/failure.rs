//! What failed, as a page for whoever would rather have one.

use axum::{extract::Request, http::header, middleware::Next, response::Response};

use super::html::{PAGE_HEADERS, is_page, show};
use crate::{
    kernel::error::{Error, Kind},
    shop::storefront::{
        session::Visitor,
        view::{
            failure::{ErrorPage, advice, headline},
            shell::Shell,
            words::capital,
        },
    },
};

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

fn error_page(visitor: &Visitor, error: &Error) -> ErrorPage {
    let kind = error.kind();
    // A refusal is about the request, so its words help; a failure of ours is nobody's business.
    let detail = if kind.status().is_client_error() { error.detail() } else { "" };
    let path = visitor.uri.path();
    let came_from = visitor.came_from.as_deref().filter(|_| path.starts_with("/cart/"));
    let (back, back_title) = if let Some(page) = came_from {
        (page, "Back to where you were")
    } else if kind == Kind::Conflict && path == "/checkout" {
        ("/orders", "See your orders")
    } else if path.starts_with("/checkout") || path.starts_with("/cart/") {
        ("/cart", "Back to the cart")
    } else {
        ("/products", "Back to the shop")
    };
    ErrorPage {
        shell: Shell::nowhere(headline(kind), visitor),
        headline: headline(kind),
        detail: if detail.is_empty() { String::new() } else { format!("{}.", capital(detail)) },
        advice: advice(kind),
        status: kind.status().as_u16(),
        back: back.to_owned(),
        back_title,
    }
}

//! The goods on show: the home page, the lists and a product's own page, with advertisements beside them.

use axum::response::Response;
use futures_util::future::{join, join3, join4};

use super::html::show;
use crate::{
    kernel::{error::Result, id::ProductId},
    shop::{
        ads::model::{Ad, GENERAL},
        storefront::{
            goods::{pieces, priced},
            peers::{Listing, Peers},
            session::Visitor,
            view::{
                shell::Shell,
                shelves::{self, Home, ProductPage, Products, sections},
                words::capital,
            },
        },
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
        sections: sections(products),
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
        (None, category) => capital(category),
    };
    show(&Products {
        shell: Shell::new(heading.clone(), visitor, pieces),
        category,
        heading,
        categories: shelves::categories(categories.unwrap_or_default()),
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

/// Where an advertisement leads.
pub fn ad_address(ad: &Ad) -> String {
    match (ad.product_id, ad.category.as_ref()) {
        (Some(id), _) => format!("/products/{id}"),
        (None, GENERAL) => "/products".to_owned(),
        (None, category) => {
            let query = serde_urlencoded::to_string([("category", category)]);
            query.map_or_else(|_| "/products".to_owned(), |query| format!("/products?{query}"))
        }
    }
}

fn first(ads: Result<Vec<Ad>>) -> Option<Ad> {
    ads.ok()?.into_iter().next()
}

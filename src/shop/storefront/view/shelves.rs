//! The goods on show: the home page, the lists and a product's own page.

use askama::Template;

use super::{
    shell::Shell,
    words::{capital, price},
};
use crate::{
    kernel::id::ProductId,
    shop::{ads::model::Ad, catalog::model::Product, promotions::model::Campaign, storefront::assets},
};

/// A product in a grid, or large on its own page.
#[derive(Debug)]
pub struct Card {
    pub id: ProductId,
    pub name: String,
    pub description: String,
    pub category: String,
    pub category_title: String,
    pub price: String,
    /// The picture's address, and the colours behind it.
    pub art: String,
    pub tint: &'static str,
}

impl From<Product> for Card {
    fn from(product: Product) -> Self {
        Card {
            id: product.id,
            price: price(product.price),
            art: assets::art(&product.name, &product.category),
            tint: tint(&product.category),
            category_title: capital(&product.category),
            category: product.category,
            name: product.name,
            description: product.description,
        }
    }
}

/// Class of the colours behind a category's pictures. A category nobody has thought of gets the plain ones.
fn tint(category: &str) -> &'static str {
    match category {
        "electronics" => "tint-blue",
        "books" => "tint-amber",
        "home" => "tint-green",
        "clothing" => "tint-rose",
        "sports" => "tint-teal",
        "toys" => "tint-violet",
        _ => "tint-plain",
    }
}

/// Products of one category, in the catalogue's order.
#[derive(Debug)]
pub struct Section {
    pub category: String,
    pub title: String,
    pub cards: Vec<Card>,
}

/// How many products of a category the home page shows.
const SECTION_CARDS: usize = 4;

/// The home page's sections, in the order in which the catalogue first names each category.
pub fn sections(products: Vec<Product>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for product in products {
        let at = sections.iter().position(|section| section.category == product.category);
        let at = at.unwrap_or_else(|| {
            let (category, title) = (product.category.clone(), capital(&product.category));
            sections.push(Section { category, title, cards: Vec::new() });
            sections.len() - 1
        });
        if let Some(section) = sections.get_mut(at)
            && section.cards.len() < SECTION_CARDS
        {
            section.cards.push(product.into());
        }
    }
    sections
}

/// The categories as links, without products.
pub fn categories(names: Vec<String>) -> Vec<Section> {
    let link = |category: String| Section { title: capital(&category), category, cards: Vec::new() };
    names.into_iter().map(link).collect()
}

#[derive(Template)]
#[template(path = "home.html")]
pub struct Home {
    pub shell: Shell,
    pub popular: Vec<Card>,
    pub sections: Vec<Section>,
    pub campaigns: Vec<Campaign>,
    pub ad: Option<Ad>,
}

#[derive(Template)]
#[template(path = "products.html")]
pub struct Products {
    pub shell: Shell,
    pub category: String,
    pub heading: String,
    pub categories: Vec<Section>,
    pub cards: Vec<Card>,
    pub ad: Option<Ad>,
}

#[derive(Template)]
#[template(path = "product.html")]
pub struct ProductPage {
    pub shell: Shell,
    pub card: Card,
    pub recommended: Vec<Card>,
    pub ad: Option<Ad>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::money::{Currency, Money};

    fn product(id: ProductId, category: &str) -> Product {
        Product {
            id,
            name: format!("product {id}"),
            description: String::new(),
            price: Money::new(100, Currency::Usd),
            category: category.into(),
            sold: 0,
            created_at: String::new(),
        }
    }

    #[test]
    fn sections_keep_the_catalogues_order_and_stay_short() {
        let mut products = vec![product(1, "toys"), product(2, "books"), product(3, "toys")];
        products.extend((4..20).map(|id| product(id, "books")));
        let sections = sections(products);
        let shape: Vec<_> =
            sections.iter().map(|section| (section.title.as_str(), section.cards.len())).collect();
        assert_eq!(shape, [("Toys", 2), ("Books", 4)]);
    }
}

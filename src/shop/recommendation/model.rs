//! The rule: the same category first, the popular ones of it foremost, then what is popular everywhere.

use std::cmp::Reverse;

use crate::{kernel::id::ProductId, shop::catalog::model::Product};

/// How many products are recommended unless the question says otherwise, and how many at most.
pub const LIMIT: usize = 4;
pub const LIMIT_MAX: usize = 20;

/// At most `limit` products, each once, never `seen` itself.
pub fn pick(
    seen: Option<ProductId>,
    mut same_category: Vec<Product>,
    popular: Vec<Product>,
    limit: usize,
) -> Vec<Product> {
    same_category.sort_by_key(|product| (Reverse(product.sold), product.id));
    let mut picked: Vec<Product> = Vec::with_capacity(limit);
    for product in same_category.into_iter().chain(popular) {
        let known = Some(product.id) == seen || picked.iter().any(|other| other.id == product.id);
        if picked.len() < limit && !known {
            picked.push(product);
        }
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::money::{Currency, Money};

    fn product(id: ProductId, sold: i64) -> Product {
        Product {
            id,
            name: format!("product {id}"),
            description: String::new(),
            price: Money::new(100, Currency::Usd),
            category: "books".into(),
            sold,
            created_at: String::new(),
        }
    }

    fn ids(products: &[Product]) -> Vec<ProductId> {
        products.iter().map(|product| product.id).collect()
    }

    #[test]
    fn the_category_comes_first_and_what_is_popular_fills_up() {
        let category = || vec![product(1, 5), product(2, 9), product(3, 9)];
        let popular = || vec![product(2, 9), product(7, 8), product(8, 7)];
        for (seen, limit, wanted) in [
            (Some(1), 4, vec![2, 3, 7, 8]),
            (Some(2), 3, vec![3, 1, 7]),
            (None, 1, vec![2]),
            (Some(7), 20, vec![2, 3, 1, 8]),
        ] {
            assert_eq!(ids(&pick(seen, category(), popular(), limit)), wanted, "{seen:?} {limit}");
        }
    }

    #[test]
    fn nothing_comes_of_nothing() {
        assert!(pick(Some(1), vec![product(1, 1)], vec![product(1, 1)], 4).is_empty());
    }
}

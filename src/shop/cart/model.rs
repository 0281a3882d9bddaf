//! Carts, what may be put into one, and how one is written into a bag of the cache.

use serde::{Deserialize, Serialize};

use crate::kernel::{
    cache::{Bag, Step},
    error::{Error, Result},
    id::{self, CustomerId, ProductId},
};

/// A customer's cart. `cart_id` is fresh for each life of a cart, from its first line until it is bought or emptied;
/// it is empty while there is no cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    pub cart_id: String,
    pub customer: CustomerId,
    pub lines: Vec<CartLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    pub product_id: ProductId,
    /// 1 to 99.
    pub quantity: i64,
}

pub const MAX_QUANTITY: i64 = 99;
pub const MAX_LINES: usize = 50;

/// Field of the bag that holds the cart's id; every other field is a product's number with its quantity.
const CART_ID: &str = "cart_id";

/// Where the cache keeps a customer's cart.
pub fn key(customer: &CustomerId) -> String {
    format!("cart:{customer}")
}

impl Cart {
    /// The cart that `bag` holds; lines by product number.
    pub fn read(customer: &CustomerId, bag: &Bag) -> Self {
        let mut lines: Vec<CartLine> = bag
            .iter()
            .filter_map(|(field, value)| {
                Some(CartLine { product_id: field.parse().ok()?, quantity: value.parse().ok()? })
            })
            .filter(|line| line.quantity > 0)
            .collect();
        lines.sort_by_key(|line| line.product_id);
        let cart_id = bag.get(CART_ID).cloned().unwrap_or_default();
        Cart { cart_id, customer: customer.clone(), lines }
    }

    /// Whether `line` may be added: enough room in the cart, and not too many of one product.
    pub fn check_room(&self, line: CartLine) -> Result<()> {
        check_quantity(line.quantity)?;
        let there = self.lines.iter().find(|one| one.product_id == line.product_id);
        match there {
            Some(there) if there.quantity + line.quantity > MAX_QUANTITY => {
                Err(Error::invalid("quantity", format!("a cart takes at most {MAX_QUANTITY} of one product")))
            }
            None if self.lines.len() >= MAX_LINES => {
                Err(Error::invalid("product_id", format!("a cart takes at most {MAX_LINES} products")))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// Refuses what nobody may put into a cart at once.
pub fn check_quantity(quantity: i64) -> Result<()> {
    if !(1..=MAX_QUANTITY).contains(&quantity) {
        return Err(Error::invalid("quantity", format!("a quantity is from 1 to {MAX_QUANTITY}")));
    }
    Ok(())
}

/// Adds a line, to a new cart when there is none.
pub fn adding(line: CartLine) -> [Step; 2] {
    [
        Step::Default { field: CART_ID.to_owned(), value: id::fresh() },
        Step::Add { field: line.product_id.to_string(), by: line.quantity },
    ]
}

pub fn removing(product_id: ProductId) -> [Step; 1] {
    [Step::Remove { field: product_id.to_string() }]
}

/// Joins `bag` with whatever else is under its key: quantities are added, and an id that is there stays.
pub fn joining(bag: &Bag) -> Vec<Step> {
    bag.iter()
        .map(|(field, value)| match value.parse() {
            Ok(by) if field.parse::<ProductId>().is_ok() => Step::Add { field: field.clone(), by },
            Ok(_) | Err(_) => Step::Default { field: field.clone(), value: value.clone() },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cart(lines: &[(ProductId, i64)]) -> Cart {
        let lines = lines.iter().map(|&(product_id, quantity)| CartLine { product_id, quantity });
        Cart { cart_id: "c".into(), customer: CustomerId::new(123, None), lines: lines.collect() }
    }

    #[test]
    fn a_cart_has_room_for_so_much() {
        let full: Vec<_> = (1..=50).map(|id| (id, 1)).collect();
        let cases = [
            (&[] as &[(ProductId, i64)], (1, 1), None),
            (&[], (1, 99), None),
            (&[(1, 98)], (1, 1), None),
            (&full, (50, 98), None),
            (&[], (1, 0), Some("quantity")),
            (&[], (1, i64::MAX), Some("quantity")),
            (&[(1, 98)], (1, 2), Some("quantity")),
            (&full, (51, 1), Some("product_id")),
        ];
        for (there, (product_id, quantity), field) in cases {
            let outcome = cart(there).check_room(CartLine { product_id, quantity });
            assert_eq!(outcome.err().as_ref().and_then(Error::field), field, "{there:?} + {product_id}");
        }
    }

    #[test]
    fn a_cart_is_read_from_a_bag_by_number() {
        let bag = [("cart_id", "c"), ("10", "1"), ("9", "2"), ("8", "0")];
        let bag = bag.map(|(field, value)| (field.to_owned(), value.to_owned())).into();
        assert_eq!(Cart::read(&CustomerId::new(123, None), &bag), cart(&[(9, 2), (10, 1)]));
    }
}

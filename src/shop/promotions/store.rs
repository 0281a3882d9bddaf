//! Who is about to use a once-code. Kept in memory: that a code was *used* stands in the orders, this only keeps two
//! checkouts at the same moment from using it twice.

use std::collections::{BTreeMap, HashMap};

use crate::kernel::id::{CustomerId, OrderId};

/// Reservations of once-codes. Beyond its bound the oldest is forgotten.
#[derive(Debug)]
pub struct Reservations {
    bound: usize,
    next: u64,
    by_use: HashMap<Use, OrderId>,
    by_order: HashMap<OrderId, (u64, Use)>,
    by_age: BTreeMap<u64, OrderId>,
}

/// One customer's one use of one code.
type Use = (&'static str, CustomerId);

impl Default for Reservations {
    fn default() -> Self {
        Reservations::bounded(20_000)
    }
}

impl Reservations {
    fn bounded(bound: usize) -> Self {
        Reservations {
            bound,
            next: 0,
            by_use: HashMap::new(),
            by_order: HashMap::new(),
            by_age: BTreeMap::new(),
        }
    }

    /// Reserves `code` for this order of this customer. The same order may ask again; `false` when another order has
    /// it, or when the code was used in an earlier one.
    pub fn reserve(
        &mut self,
        code: &'static str,
        customer: &CustomerId,
        order: &OrderId,
        times_used: i64,
    ) -> bool {
        let wanted = (code, customer.clone());
        match self.by_use.get(&wanted) {
            Some(holder) => return holder == order,
            None if times_used > 0 => return false,
            None => {}
        }
        // An order that comes again with another code gives the first one back.
        self.release(order);
        self.by_use.insert(wanted.clone(), order.clone());
        self.by_order.insert(order.clone(), (self.next, wanted));
        self.by_age.insert(self.next, order.clone());
        self.next += 1;
        while self.by_age.len() > self.bound {
            let Some((_, oldest)) = self.by_age.first_key_value() else { break };
            self.release(&oldest.clone());
        }
        true
    }

    /// Gives back what this order had reserved; whether there was anything.
    pub fn release(&mut self, order: &OrderId) -> bool {
        let Some((age, used)) = self.by_order.remove(order) else { return false };
        self.by_age.remove(&age);
        self.by_use.remove(&used);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(name: &str) -> OrderId {
        OrderId::from(name.to_owned())
    }

    #[test]
    fn a_code_is_one_orders_until_it_is_given_back() {
        let mut reservations = Reservations::default();
        let (ann, bob) = (CustomerId::new(1, None), CustomerId::new(2, None));
        assert!(reservations.reserve("W", &ann, &order("a"), 0));
        assert!(reservations.reserve("W", &ann, &order("a"), 0), "the same order again");
        assert!(!reservations.reserve("W", &ann, &order("b"), 0));
        assert!(reservations.reserve("W", &bob, &order("c"), 0));
        assert!(reservations.release(&order("a")));
        assert!(!reservations.release(&order("a")));
        assert!(!reservations.reserve("W", &ann, &order("b"), 1), "spent");
        assert!(reservations.reserve("W", &ann, &order("b"), 0));
    }

    #[test]
    fn the_oldest_is_forgotten_and_nothing_is_left_of_it() {
        let mut reservations = Reservations::bounded(2);
        for number in 0..5 {
            let customer = CustomerId::new(number, None);
            assert!(reservations.reserve("W", &customer, &order(&number.to_string()), 0));
        }
        assert_eq!(
            (reservations.by_use.len(), reservations.by_order.len(), reservations.by_age.len()),
            (2, 2, 2)
        );
        assert!(reservations.release(&order("4")) && reservations.release(&order("3")));
        assert!(reservations.by_use.is_empty() && reservations.by_age.is_empty());
    }
}

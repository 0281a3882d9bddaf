//! Advertisements and the turn they take. Pure: the next turn is handed in.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::kernel::id::ProductId;

/// An advertisement as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ad {
    pub id: u32,
    pub category: Cow<'static, str>,
    pub text: Cow<'static, str>,
    /// The product it speaks of; without one it leads to its category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<ProductId>,
    pub clicks: u64,
}

/// A place that is booked: everything about an ad that does not change. Its id is its position in [`BOOKED`], from 1.
#[derive(Debug)]
pub struct Booking {
    pub category: &'static str,
    pub text: &'static str,
    /// Numbers of the 21 products that a catalogue begins with.
    pub product_id: Option<ProductId>,
}

/// Shown where a category has no ads of its own, and where no category is named.
pub const GENERAL: &str = "general";

/// Every ad there is. The list is short and only ever grows at its end, so that ids keep their meaning.
pub const BOOKED: [Booking; 14] = [
    Booking {
        category: GENERAL,
        text: "The doors are open: up to 25 % off with BLACKFRIDAY",
        product_id: None,
    },
    Booking {
        category: GENERAL,
        text: "New here? WELCOME5 takes five off your first order",
        product_id: None,
    },
    Booking {
        category: "electronics",
        text: "Hear everything but the neighbours: quiet headphones, loud savings",
        product_id: Some(1),
    },
    Booking {
        category: "electronics",
        text: "A desk that works as hard as you: chargers, hubs and keyboards",
        product_id: Some(4),
    },
    Booking {
        category: "books",
        text: "Three for two on every shelf: read more with B2G1",
        product_id: None,
    },
    Booking {
        category: "books",
        text: "Long evenings, good books: the engineer's reading list",
        product_id: Some(8),
    },
    Booking { category: "home", text: "Coffee first. Everything for a calm kitchen", product_id: Some(10) },
    Booking {
        category: "home",
        text: "Small lights, warm rooms: lamps for the dark season",
        product_id: Some(13),
    },
    Booking { category: "clothing", text: "Layers for four seasons in a single day", product_id: Some(15) },
    Booking {
        category: "clothing",
        text: "Soft, plain and made to last: the everyday collection",
        product_id: Some(14),
    },
    Booking {
        category: "sports",
        text: "Run when it rains: gear that does not mind the weather",
        product_id: Some(18),
    },
    Booking { category: "sports", text: "A gym that fits under the bed", product_id: Some(19) },
    Booking {
        category: "toys",
        text: "Play that outlasts the batteries: nothing to charge here",
        product_id: Some(21),
    },
    Booking {
        category: "toys",
        text: "Small builders, big plans: blocks, puzzles and trains",
        product_id: Some(20),
    },
];

/// The ids of the ads for `category`, the one whose turn it is first.
pub fn in_turn(category: Option<&str>, turn: usize) -> Vec<u32> {
    let of = |wanted: &str| -> Vec<u32> {
        BOOKED.iter().zip(1..).filter(|(ad, _)| ad.category == wanted).map(|(_, id)| id).collect()
    };
    let mut ids = category.map(of).filter(|ids| !ids.is_empty()).unwrap_or_else(|| of(GENERAL));
    if !ids.is_empty() {
        let first = turn % ids.len();
        ids.rotate_left(first);
    }
    ids
}

/// The ad of that id, when there is one.
pub fn booking(id: u32) -> Option<&'static Booking> {
    BOOKED.get(usize::try_from(id).ok()?.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_has_two_ads_and_they_take_turns() {
        for ad in &BOOKED {
            let first = in_turn(Some(ad.category), 0);
            assert!(first.len() >= 2, "{}", ad.category);
            assert_ne!(first[0], in_turn(Some(ad.category), 1)[0]);
            assert!(first.iter().all(|&id| booking(id).is_some_and(|other| other.category == ad.category)));
        }
    }

    #[test]
    fn an_unknown_category_gets_the_general_ads() {
        assert_eq!(in_turn(Some("submarines"), 0), in_turn(Some(GENERAL), 0));
        assert_eq!(in_turn(None, usize::MAX).len(), 2);
    }

    #[test]
    fn ids_start_at_one() {
        assert!(booking(0).is_none());
        assert!(booking(1).is_some());
        assert!(booking(u32::MAX).is_none());
    }
}

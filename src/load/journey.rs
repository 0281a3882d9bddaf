//! What a shopper does, step by step, in the words of the shop's public API. Pure.

use std::fmt;

use http::Method;
use serde::{Deserialize, Serialize};

/// What somebody comes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Journey {
    /// Looks around.
    Browse,
    /// Puts something into the cart and leaves.
    Abandon,
    Buy,
}

impl Journey {
    pub const ALL: [Journey; 3] = [Journey::Browse, Journey::Abandon, Journey::Buy];

    pub fn name(self) -> &'static str {
        match self {
            Journey::Browse => "browse",
            Journey::Abandon => "abandon",
            Journey::Buy => "buy",
        }
    }

    /// The steps in order. Each journey is the one before it, and more.
    pub fn kinds(self) -> impl Iterator<Item = StepKind> {
        let count = match self {
            Journey::Browse => 5,
            Journey::Abandon => 6,
            Journey::Buy => StepKind::ALL.len(),
        };
        StepKind::ALL.into_iter().take(count)
    }
}

impl fmt::Display for Journey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One request of a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    Home,
    Products,
    Product,
    Recommendations,
    Ads,
    CartAdd,
    Cart,
    Checkout,
}

impl StepKind {
    /// In the order of the longest journey.
    pub const ALL: [StepKind; 8] = [
        StepKind::Home,
        StepKind::Products,
        StepKind::Product,
        StepKind::Recommendations,
        StepKind::Ads,
        StepKind::CartAdd,
        StepKind::Cart,
        StepKind::Checkout,
    ];

    pub fn name(self) -> &'static str {
        match self {
            StepKind::Home => "home",
            StepKind::Products => "products",
            StepKind::Product => "product",
            StepKind::Recommendations => "recommendations",
            StepKind::Ads => "ads",
            StepKind::CartAdd => "cart_add",
            StepKind::Cart => "cart",
            StepKind::Checkout => "checkout",
        }
    }

    pub fn method(self) -> Method {
        if self.sends_body() { Method::POST } else { Method::GET }
    }

    /// The storefront's route as a template.
    pub fn route(self) -> &'static str {
        match self {
            StepKind::Home => "/",
            StepKind::Products => "/products",
            StepKind::Product => "/products/{id}",
            StepKind::Recommendations => "/recommendations",
            StepKind::Ads => "/ads",
            StepKind::CartAdd => "/cart/add",
            StepKind::Cart => "/cart",
            StepKind::Checkout => "/checkout",
        }
    }

    pub fn sends_body(self) -> bool {
        matches!(self, StepKind::CartAdd | StepKind::Checkout)
    }

    /// Whether a shopper goes on when this step fails: what stands beside the goods is not missed.
    pub fn is_decoration(self) -> bool {
        matches!(self, StepKind::Recommendations | StepKind::Ads)
    }

    /// How long people look at what came before, until they take this step: milliseconds on average. Short, as on a
    /// stage an evening has eight minutes.
    pub fn think_ms(self) -> u32 {
        match self {
            StepKind::Home => 0,
            // A page fetches these by itself.
            StepKind::Recommendations | StepKind::Ads => 100,
            StepKind::Products => 1_000,
            StepKind::Product => 2_000,
            StepKind::CartAdd => 3_000,
            StepKind::Cart => 1_000,
            StepKind::Checkout => 4_000,
        }
    }

    /// A small dense number, to index a table of kinds with.
    pub fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_journey_starts_at_home_and_only_one_pays() {
        for journey in Journey::ALL {
            let kinds: Vec<_> = journey.kinds().collect();
            assert_eq!(kinds[0], StepKind::Home);
            assert_eq!(kinds.contains(&StepKind::Checkout), journey == Journey::Buy);
            assert_eq!(kinds.contains(&StepKind::CartAdd), journey != Journey::Browse);
        }
    }

    #[test]
    fn kinds_are_numbered_in_their_order() {
        assert!(StepKind::ALL.iter().enumerate().all(|(at, kind)| kind.index() == at));
    }
}

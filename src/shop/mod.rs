//! The business: a folder a service. Nothing here knows of telemetry or chaos, of clocks or dice.

pub mod ads;
pub mod cart;
pub mod catalog;
pub mod checkout;
pub mod currency;
pub mod payments;
pub mod promotions;
pub mod recommendation;
pub mod shipping;
pub mod storefront;
pub mod third_party;

//! The business: a folder a service. Nothing here knows of telemetry or chaos, of clocks or dice.

pub mod ads;
pub mod catalog;
pub mod currency;
pub mod promotions;
pub mod recommendation;
pub mod shipping;

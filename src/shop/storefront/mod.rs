//! Storefront: the shop's only door. A JSON API for programs and server-rendered pages for people, at the same
//! addresses; behind it every question goes to the service that knows the answer.

pub mod api;
pub mod assets;
pub mod model;
pub mod pages;
pub mod peers;
pub mod session;
pub mod view;

//! Storefront: the shop's only door. A JSON API for programs and server-rendered pages for people, at the same
//! addresses; behind it every question goes to the service that knows the answer.

pub mod api;
pub mod assets;
pub mod goods;
pub mod guestbook;
pub mod headers;
pub mod item;
pub mod json;
pub mod pages;
pub mod peers;
pub mod placing;
pub mod sent;
pub mod session;
#[cfg(test)]
mod tests;
pub mod view;

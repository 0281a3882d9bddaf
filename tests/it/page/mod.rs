//! The presenter's page, as a person uses it: in a real browser, by its buttons and keys.

mod axe;
mod composing;
mod devtools;
mod exercise;
mod files;
mod investigating;
mod keyboard;
mod keys;
mod mended;
pub mod person;
mod published;
mod roles;
pub mod show;
mod views;
mod words;

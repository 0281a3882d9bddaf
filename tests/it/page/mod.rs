//! The presenter's page, as a person uses it: in a real browser, by its buttons and keys.

mod axe;
mod composing;
mod devtools;
mod everyone;
mod exercise;
mod files;
mod investigating;
mod mended;
pub mod person;
mod published;
mod show;
mod words;

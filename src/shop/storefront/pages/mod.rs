//! The shop as people see it: pages made of several services' answers. What a page can do without may fail unseen.

pub mod choices;
pub mod failure;
pub mod history;
pub mod html;
pub mod offer;
pub mod shelves;
pub mod till;

//! What the pages show: plain data made of the services' answers, and the words and pictures that go with it. Pure.

pub mod failure;
pub mod history;
pub mod shell;
pub mod shelves;
pub mod till;
pub mod words;

//! `doorbuster rules`: which files are meant (`files`), what is made of them (`render`), what is said about them
//! (`check`).

pub mod check;
pub mod command;
pub mod files;
pub mod render;
pub mod series;

//! `doorbuster rules` (`flags`, `command`): which files are meant (`files`), what is made of them (`render`), what is
//! said about them (`check`), against which series (`series`), and what the servers' own tools say (`tools`, `said`).

pub mod check;
pub mod command;
pub mod files;
pub mod flags;
pub mod render;
mod said;
pub mod series;
mod tools;

//! `doorbuster rules` (`flags`, `command`): which files are meant (`files`), what is made of them (`render`), what is
//! said about them (`check`) and against which series (`series`).

pub mod check;
pub mod command;
pub mod files;
pub mod flags;
pub mod render;
pub mod series;

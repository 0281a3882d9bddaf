//! Profiles: where processor time goes, and who gets to know.

mod hotspot;
pub mod pushes;
mod reader;

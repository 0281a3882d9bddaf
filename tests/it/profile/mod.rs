//! Profiles: where processor time goes, and who gets to know.

mod hotspot;
mod pushes;
mod reader;

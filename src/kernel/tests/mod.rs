//! Databases that fail, on SQLite itself.

mod damaged;
mod full;
mod ready;
mod scene;

//! A lab with a real Prometheus and a real Alertmanager beside it.

pub mod beside;
mod ends;
mod pages;
mod still;
mod theirs;
mod versions;
mod webhook;

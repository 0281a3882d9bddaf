//! A lab with a real Prometheus and a real Alertmanager beside it.

mod beside;
mod ends;
mod pages;
mod theirs;
mod webhook;

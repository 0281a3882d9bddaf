//! Everything that is tested from outside, in one binary.

#![allow(clippy::panic, clippy::unwrap_used, reason = "to panic is how a test fails, and a server it needs")]

mod annotations;
mod any;
mod browser;
mod chaos;
mod control;
mod cues;
mod dependencies;
mod docker;
mod doctor;
mod exercises;
mod fuzz;
mod grafana;
mod loki;
mod otlp;
mod page;
mod profile;
mod rules;
mod scenarios;
mod servers;
mod serving;
mod shop;
mod signals;
mod sink;
mod stack;
mod store;
mod tidy;
mod verdict;
mod verify;
mod waiting;

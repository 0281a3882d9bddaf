//! The control address, asked over HTTP: what it takes, what it refuses, what it tells, who follows it.

mod calls;
mod clients;
mod commands;
mod components;
mod composing;
pub mod engine;
mod events;
mod following;
mod guard;
mod openapi;
mod processes;
pub mod roles;
mod schemas;
pub mod stream;
mod verifying;
mod vitals;

//! The lab as a child process, as tests/it starts it.

#[path = "../it/servers/lab.rs"]
pub mod lab;
#[path = "../it/servers/ports.rs"]
pub mod ports;
#[path = "../it/servers/process.rs"]
pub mod process;

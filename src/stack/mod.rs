//! A real Prometheus and a real Alertmanager with the lab, as children or wherever they are, and the inbox of what their
//! receivers were told. `plan` says what is wanted, `run` starts and ends it, `inbox` keeps notifications.

pub mod inbox;
pub mod plan;
pub mod run;

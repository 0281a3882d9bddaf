//! A real Prometheus and a real Alertmanager with the lab, as children or wherever they are, and the inbox of what their
//! receivers were told. `plan` says what is wanted, `run` starts and ends it, `standing` is how it stands, `inbox` keeps
//! notifications, `alerts` is what the two say of alerts right now, `rulebook` of each rule, `routes` of who is told.

pub mod alertmanager;
pub mod alerts;
pub mod ask;
pub mod child;
pub mod fields;
pub mod folder;
pub mod inbox;
pub mod leftover;
pub mod part;
pub mod plan;
pub mod ports;
pub mod program;
pub mod prometheus;
pub mod pulse;
pub mod routes;
pub mod rulebook;
pub mod run;
pub mod standing;
pub mod supervise;
pub mod view;
pub mod wrong;

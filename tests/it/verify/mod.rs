//! `doorbuster verify`: what the judge makes of recorded timelines, how that is told, and whole runs with a real Prometheus
//! and a real Alertmanager.

mod called;
mod judging;
mod played;
mod recorded;
mod told;

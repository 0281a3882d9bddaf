//! Phases and faults on somebody's dashboards: what is to be seen (`mark`), what of it Grafana knows (`book`), and the
//! thread that sees to it (`run`), over Grafana's own annotations API (`grafana`).

mod book;
pub mod grafana;
mod mark;
pub mod run;

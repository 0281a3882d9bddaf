//! Dashboards: made of short sources (`source`, `render` and what it uses), and held to Grafana's published types and
//! grammars, to the rules' thresholds, and to a Prometheus beside a shop on fire.

mod asked;
mod collector;
mod fields;
mod foreign;
mod fresh;
mod languages;
mod layout;
mod limits;
mod live;
mod node;
mod palette;
mod panel;
mod provisioning;
mod render;
mod series;
mod served;
mod shape;
mod source;
mod targets;
mod translation;
mod variables;

//! The container stack, as far as it can be held against something without an engine: what a real compose tool makes of
//! the file, what Prometheus and Alertmanager do with their configurations, and the lab behind the image's walls.

mod collected;
mod compose;
mod image;
mod profiles;
mod routes;
mod split;
mod texts;

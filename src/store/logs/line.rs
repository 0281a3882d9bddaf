//! A log line, and what is known of it without reading it.

use std::{str::FromStr, sync::Arc};

use serde::Deserialize;
use utoipa::ToSchema;

/// How bad it is; the worse is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Nanoseconds since 1970.
    pub at_ns: u64,
    pub service: Arc<str>,
    pub level: Level,
    pub trace_id: Option<[u8; 16]>,
    pub span_id: Option<[u8; 8]>,
    /// A JSON object: `timestamp level service message trace_id span_id`, and what else there is to say.
    pub text: Box<str>,
}

impl Level {
    pub const ALL: [Level; 5] = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error];

    /// As it stands in a line.
    pub fn name(self) -> &'static str {
        match self {
            Level::Trace => "TRACE",
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
        }
    }
}

impl FromStr for Level {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Level::ALL.into_iter().find(|level| level.name().eq_ignore_ascii_case(text)).ok_or(())
    }
}

//! What leaves, and to whom: the words of signals and backends, and one way from the first to the second.

use std::time::Duration;

use crate::kernel::https::Tls;

/// The kinds of signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Traces,
    Metrics,
    Logs,
    Profiles,
}

impl Signal {
    pub const ALL: [Signal; 4] = [Signal::Traces, Signal::Metrics, Signal::Logs, Signal::Profiles];
    /// Those that leave by OTLP.
    pub const OTLP: [Signal; 3] = [Signal::Traces, Signal::Metrics, Signal::Logs];

    /// The word in variables (upper-case), addresses and labels.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Traces => "traces",
            Signal::Metrics => "metrics",
            Signal::Logs => "logs",
            Signal::Profiles => "profiles",
        }
    }
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Whatever takes OTLP over HTTP as protobuf.
    Otlp,
    Loki,
    Pyroscope,
}

impl Backend {
    /// The word in labels.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Otlp => "otlp",
            Backend::Loki => "loki",
            Backend::Pyroscope => "pyroscope",
        }
    }

    /// How bodies are written.
    pub fn content_type(self) -> &'static str {
        match self {
            Backend::Otlp | Backend::Loki => "application/x-protobuf",
            Backend::Pyroscope => "application/proto",
        }
    }

    /// How bodies are packed before they are put into the outbox.
    pub fn encoding(self) -> Option<&'static str> {
        match self {
            Backend::Loki => Some("snappy"),
            Backend::Otlp | Backend::Pyroscope => None,
        }
    }

    /// Whether sending the same again may help: OTLP names four answers after which senders shall try again, Loki and
    /// Pyroscope mean it of every failure of their own.
    pub fn may_recover(self, status: http::StatusCode) -> bool {
        match self {
            Backend::Otlp => matches!(status.as_u16(), 429 | 502 | 503 | 504),
            Backend::Loki | Backend::Pyroscope => status.as_u16() == 429 || status.is_server_error(),
        }
    }
}

/// One destination of one signal.
#[derive(Clone, Debug)]
pub struct Destination {
    pub backend: Backend,
    /// Whole address, such as `http://localhost:4318/v1/traces`.
    pub endpoint: http::Uri,
    pub headers: Vec<(http::HeaderName, http::HeaderValue)>,
    pub timeout: Duration,
    pub gzip: bool,
    pub tls: Tls,
}

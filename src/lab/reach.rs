//! Whether somebody listens at an address: what the start-up table says of servers that were named.

use std::time::Duration;

use http::Uri;
use tokio::net::TcpStream;

/// The table is shown within a second of the start; nobody is waited for longer than this.
const PATIENCE: Duration = Duration::from_millis(200);

/// `host:port` of an address with a scheme, and without whatever secrets it holds.
pub fn place(address: &str) -> Option<String> {
    let uri: Uri = address.parse().ok()?;
    let port = uri.port_u16().or(match uri.scheme_str()? {
        "redis" | "rediss" => Some(6379),
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    })?;
    Some(format!("{}:{port}", uri.host()?))
}

/// Whether a connection to `place` can be made right now.
pub async fn listens(place: &str) -> bool {
    let connecting = tokio::time::timeout(PATIENCE, TcpStream::connect(place)).await;
    connecting.is_ok_and(|connected| connected.is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_host_and_port_and_no_secret() {
        assert_eq!(place("redis://:secret@cache/0").as_deref(), Some("cache:6379"));
        assert_eq!(
            place("https://collector.example/v1/traces?key=1").as_deref(),
            Some("collector.example:443")
        );
        assert_eq!(place("http://127.0.0.1:4318/v1/logs").as_deref(), Some("127.0.0.1:4318"));
        assert_eq!(place("unix:/tmp/redis.sock"), None);
    }
}

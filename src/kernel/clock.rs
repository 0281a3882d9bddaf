//! The one place where a service learns the time of day, so that the business itself needs no clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, as RFC 3339 in UTC with milliseconds: `2026-11-20T20:15:00.123Z`.
pub fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

/// Now, in milliseconds since 1970 (UTC); what the database keeps.
pub fn now_millis() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Milliseconds since 1970 as RFC 3339 in UTC.
pub fn rfc3339(millis: i64) -> String {
    let since = std::time::Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    humantime::format_rfc3339_millis(UNIX_EPOCH + since).to_string()
}

/// Waits; for the one page of the shop that is slow on purpose.
pub async fn wait(how_long: std::time::Duration) {
    tokio::time::sleep(how_long).await;
}

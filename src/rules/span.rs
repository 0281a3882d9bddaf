//! Lengths of time as Prometheus writes them: `1h30m`, `5m`, `15s`.

use std::time::Duration;

/// Units, the longest first, in milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads `1h30m`, `5m`, `0s`, `0`: units once each, the longest first, as Prometheus and Alertmanager do.
pub fn read(text: &str) -> Result<Duration, String> {
    let refused = || format!("`{text}` is no duration such as 30s, 5m or 1h30m");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let (mut rest, mut whole_ms, mut next) = (text, 0_u64, 0);
    while !rest.is_empty() {
        let digits = rest.find(|one: char| !one.is_ascii_digit()).ok_or_else(refused)?;
        let number: u64 = rest[..digits].parse().map_err(|_| refused())?;
        let letters =
            rest[digits..].find(|one: char| !one.is_ascii_alphabetic()).unwrap_or(rest.len() - digits);
        let unit = &rest[digits..digits + letters];
        let at =
            UNITS.iter().position(|(name, _)| *name == unit).filter(|at| *at >= next).ok_or_else(refused)?;
        let part_ms = number.checked_mul(UNITS[at].1).ok_or_else(refused)?;
        whole_ms = whole_ms.checked_add(part_ms).ok_or_else(refused)?;
        (rest, next) = (&rest[digits + letters..], at + 1);
    }
    if text.is_empty() { Err(refused()) } else { Ok(Duration::from_millis(whole_ms)) }
}

/// Writes it the way Prometheus does, and with it Sloth in the names of its records: years and weeks only where nothing
/// is left over.
pub fn text(span: Duration) -> String {
    let mut left_ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    if left_ms == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, unit_ms) in UNITS {
        if matches!(unit, "y" | "w") && !left_ms.is_multiple_of(unit_ms) {
            continue;
        }
        if left_ms >= unit_ms {
            text.push_str(&format!("{}{unit}", left_ms / unit_ms));
            left_ms %= unit_ms;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for (written, seconds) in
            [("5m", 300), ("1h12m", 4320), ("30d", 2_592_000), ("12h", 43_200), ("1w", 604_800), ("0s", 0)]
        {
            let span = Duration::from_secs(seconds);
            assert_eq!(read(written), Ok(span), "{written}");
            assert_eq!(text(span), written);
        }
        assert_eq!(read("90m").map(text).as_deref(), Ok("1h30m"));
        assert_eq!(read("1500ms").map(text).as_deref(), Ok("1s500ms"));
        assert_eq!(read("0"), Ok(Duration::ZERO));
    }

    #[test]
    fn what_prometheus_refuses_is_refused() {
        for bad in ["", "5", "m", "5 m", "5m1h", "5m5m", "-5m", "1.5h", "5x", "99999999999999999999s"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}

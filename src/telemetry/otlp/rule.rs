//! What the tail rule keeps, as it is written: `errors,slow=1s,5%`.

use std::{fmt, str::FromStr, time::Duration};

use opentelemetry::trace::TraceId;

/// Which traces leave by OTLP.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// All with a span that failed.
    pub errors: bool,
    /// All with a span that took at least this long.
    pub slow: Option<Duration>,
    /// The share of all others, from 0 to 1.
    pub share: f64,
}

impl Rule {
    /// Whether a trace is among those that are kept whatever becomes of them: by its id alone, so that whoever asks gets
    /// the same answer. The specification has the last seven bytes be random.
    pub fn draws(&self, trace_id: TraceId) -> bool {
        let bytes = trace_id.to_bytes();
        let [.., a, b, c, d, e, f, g] = bytes;
        let drawn = u64::from_be_bytes([0, a, b, c, d, e, f, g]);
        drawn < (self.share * (1_u64 << 56) as f64) as u64
    }

    pub fn is_slow(&self, took: Duration) -> bool {
        self.slow.is_some_and(|slow| took >= slow)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.errors.then(|| "errors".to_owned());
        let slow = self.slow.map(|slow| format!("slow={}", humantime::format_duration(slow)));
        let share = (self.share > 0.0).then(|| format!("{}%", self.share * 100.0));
        f.write_str(&[errors, slow, share].into_iter().flatten().collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut rule = Rule { errors: false, slow: None, share: 0.0 };
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            if word == "errors" {
                rule.errors = true;
            } else if let Some(slow) = word.strip_prefix("slow=") {
                let slow = humantime::parse_duration(slow)
                    .map_err(|_| format!("`{slow}` is no duration such as 500ms"))?;
                rule.slow = Some(slow);
            } else if let Some(share) = word.strip_suffix('%') {
                rule.share = match share.trim().parse::<f64>() {
                    Ok(share) if (0.0..=100.0).contains(&share) => share / 100.0,
                    _ => return Err(format!("`{word}` is not between 0% and 100%")),
                };
            } else {
                return Err(format!(
                    "`{word}` is not known, expected errors, slow=DURATION or a share such as 5%"
                ));
            }
        }
        if rule == (Rule { errors: false, slow: None, share: 0.0 }) {
            return Err(
                "it keeps nothing; write errors, slow=1s, 5% or several of them with commas".to_owned()
            );
        }
        Ok(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_as_it_is_written() {
        let rule = "errors, slow=500ms,5%".parse();
        assert_eq!(rule, Ok(Rule { errors: true, slow: Some(Duration::from_millis(500)), share: 0.05 }));
        for (text, word) in
            [("", "nothing"), ("0%", "nothing"), ("101%", "101%"), ("slow=soon", "soon"), ("error", "error")]
        {
            let error = text.parse::<Rule>().expect_err(text);
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn the_share_is_kept_and_follows_from_the_id() {
        let rule = Rule { errors: false, slow: None, share: 0.25 };
        let ids = (0..20_000).map(|_| TraceId::from_bytes(rand::random()));
        let kept = ids.filter(|id| rule.draws(*id)).count();
        assert!((4_700..5_300).contains(&kept), "{kept}");
        assert!(!Rule { share: 0.0, ..rule }.draws(TraceId::from_bytes([0; 16])));
        assert!(Rule { share: 1.0, ..rule }.draws(TraceId::from_bytes([255; 16])));
    }
}

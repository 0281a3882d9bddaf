//! Shares, durations and sizes as a person writes them in a file: `35%`, `200ms`, `64KiB`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

/// A part of a whole, from 0 to 1; written as a percentage: `35%`, `0.5%`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Share(f64);

impl Share {
    pub const ALL: Share = Share(1.0);
    pub const NONE: Share = Share(0.0);

    /// `fraction` is brought into 0 to 1; what is no number is 0.
    pub fn new(fraction: f64) -> Self {
        Share(if fraction.is_nan() { 0.0 } else { fraction.clamp(0.0, 1.0) })
    }

    pub fn fraction(self) -> f64 {
        self.0
    }
}

impl Default for Share {
    fn default() -> Self {
        Share::ALL
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A millionth of a percent is as fine as anybody needs; it also hides the last bit of a product.
        write!(f, "{}%", (self.0 * 1e8).round() / 1e6)
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shown = || format!("expected a percentage such as 35%, not `{text}`");
        let number = text.trim().strip_suffix('%').ok_or_else(shown)?;
        match number.trim().parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Share(percent / 100.0)),
            Ok(_) => Err(format!("a share is from 0% to 100%, not {text}")),
            Err(_) => Err(shown()),
        }
    }
}

/// A length of time; written with its unit: `200ms`, `30s`, `4m`, `1m 30s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub Duration);

impl Span {
    pub const ZERO: Span = Span(Duration::ZERO);

    pub const fn from_millis(millis: u64) -> Self {
        Span(Duration::from_millis(millis))
    }

    pub const fn from_secs(seconds: u64) -> Self {
        Span(Duration::from_secs(seconds))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// The longest that anybody may ask for: a week. What is longer is a slip of the pen.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match humantime::parse_duration(text.trim()) {
            Ok(span) if span <= LONGEST => Ok(Span(span)),
            Ok(_) => Err(format!("a length of time is at most 7 days, not {text}")),
            Err(_) => Err(format!("expected a length of time such as 200ms, 30s or 4m, not `{text}`")),
        }
    }
}

/// An amount of memory in bytes; written `64KiB`, `256MiB` or `1GiB`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

const SIZES: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

impl Size {
    pub const fn mib(count: u64) -> Self {
        Size(count << 20)
    }

    pub const fn kib(count: u64) -> Self {
        Size(count << 10)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match SIZES.iter().find(|(_, unit)| self.0 >= *unit && self.0.is_multiple_of(*unit)) {
            Some((word, unit)) => write!(f, "{}{word}", self.0 / unit),
            None => write!(f, "{}KiB", self.0 as f64 / 1024.0),
        }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = |(word, unit): &(&str, u64)| {
            let number: f64 = text.trim().strip_suffix(word)?.trim().parse().ok()?;
            let bytes = number * *unit as f64;
            (0.0..=(1_u64 << 50) as f64).contains(&bytes).then_some(Size(bytes as u64))
        };
        SIZES
            .iter()
            .find_map(read)
            .ok_or_else(|| format!("expected a size such as 64KiB or 256MiB, not `{text}`"))
    }
}

/// Reads and writes a unit as its text, and says in a schema what the text looks like.
macro_rules! as_text {
    ($unit:ty, $pattern:literal, $example:literal, $what:literal) => {
        impl Serialize for $unit {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $unit {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl de::Visitor<'_> for Text {
                    type Value = $unit;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("a text such as ", $example))
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$unit, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }

        impl PartialSchema for $unit {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some($pattern))
                    .examples([serde_json::json!($example)])
                    .description(Some($what))
                    .into()
            }
        }

        impl ToSchema for $unit {}
    };
}

as_text!(
    Share,
    r"^\s*(100(\.0*)?|\d{1,2}(\.\d+)?)\s*%\s*$",
    "35%",
    "A share of what matches, as a percentage."
);
as_text!(Span, r"^(\s*\d+\s*[a-zA-Z]+)+\s*$", "30s", "A length of time with its unit: 200ms, 30s, 4m, 1h.");
as_text!(Size, r"^\s*\d+(\.\d+)?\s*[KMG]iB\s*$", "64KiB", "An amount of memory: 64KiB, 256MiB, 1GiB.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_as_people_write_them_and_written_the_same() {
        for text in ["35%", "0.5%", "100%", "0%", "12.25%"] {
            assert_eq!(text.parse::<Share>().expect(text).to_string(), text);
        }
        for (text, shown) in [("200ms", "200ms"), ("90s", "1m 30s"), ("4m", "4m"), ("0s", "0s")] {
            assert_eq!(text.parse::<Span>().expect(text).to_string(), shown);
        }
        for text in ["64KiB", "256MiB", "1GiB", "1.5KiB"] {
            assert_eq!(text.parse::<Size>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_an_example() {
        assert_eq!("135%".parse::<Share>().unwrap_err(), "a share is from 0% to 100%, not 135%");
        assert!("35".parse::<Share>().unwrap_err().contains("such as 35%"));
        assert!("NaN%".parse::<Share>().is_err());
        assert!("30".parse::<Span>().unwrap_err().contains("such as 200ms"));
        assert!("64KB".parse::<Size>().unwrap_err().contains("such as 64KiB"));
    }
}

//! Requests by OTLP over HTTP: their bytes, unpacked, checked and turned into protobuf (opentelemetry.io/docs/specs/otlp,
//! "OTLP/HTTP Request"). What comes out is read in place by each part of the store, an item at a time: a request is
//! never decoded as a whole, so it costs no more memory than its bytes.

use std::{borrow::Cow, fmt, io::Read};

use flate2::read::MultiGzDecoder;

use super::{
    check::{Flaw, check},
    json,
    schema::{self, Message},
};

/// The most bytes a request may have after unpacking, and in protobuf.
pub const UNPACKED_BYTES: usize = 16 * 1024 * 1024;

/// How a request, and its answer, are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Protobuf,
    Json,
}

/// What a request brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Traces,
    Metrics,
    Logs,
}

/// Why a request cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    NotGzip,
    /// It has more than so many bytes.
    TooLarge(usize),
    /// It contains more of something than a bound allows.
    TooMany(String),
    NotProtobuf(String),
    NotJson(String),
}

impl Signal {
    pub const ALL: [Signal; 3] = [Signal::Traces, Signal::Metrics, Signal::Logs];

    fn message(self) -> &'static Message {
        match self {
            Signal::Traces => &schema::TRACES,
            Signal::Metrics => &schema::METRICS,
            Signal::Logs => &schema::LOGS,
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::NotGzip => f.write_str("the body is not gzip"),
            Unreadable::TooLarge(UNPACKED_BYTES) => {
                write!(f, "the body has more than {UNPACKED_BYTES} bytes after unpacking")
            }
            Unreadable::TooLarge(most) => write!(f, "the body has more than {most} bytes"),
            Unreadable::TooMany(which) => f.write_str(which),
            Unreadable::NotProtobuf(why) => write!(f, "the body is no OTLP request in protobuf: {why}"),
            Unreadable::NotJson(why) => write!(f, "the body is no OTLP request in JSON: {why}"),
        }
    }
}

/// Unpacks what was packed with gzip, up to [`UNPACKED_BYTES`].
pub fn unpacked(packed: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut plain = Vec::new();
    // One byte more than allowed: when it arrives there is too much, and the rest need not be unpacked.
    let mut reader = MultiGzDecoder::new(packed).take(UNPACKED_BYTES as u64 + 1);
    reader.read_to_end(&mut plain).map_err(|_| Unreadable::NotGzip)?;
    if plain.len() > UNPACKED_BYTES { Err(Unreadable::TooLarge(UNPACKED_BYTES)) } else { Ok(plain) }
}

/// The request in protobuf, checked whole: after that nothing in it is malformed or beyond a bound.
pub fn read(body: &[u8], encoding: Encoding, signal: Signal) -> Result<Cow<'_, [u8]>, Unreadable> {
    let message = signal.message();
    let flawed = |flaw: Flaw| match (flaw.reason.is_bound(), encoding) {
        (true, _) => Unreadable::TooMany(flaw.to_string()),
        (false, Encoding::Protobuf) => Unreadable::NotProtobuf(flaw.to_string()),
        (false, Encoding::Json) => Unreadable::NotJson(flaw.to_string()),
    };
    let request = match encoding {
        Encoding::Protobuf => Cow::Borrowed(body),
        Encoding::Json => {
            let encoded = json::encode(body, message, UNPACKED_BYTES).map_err(|refused| match refused {
                json::Refused::TooLarge => Unreadable::TooLarge(UNPACKED_BYTES),
                json::Refused::Malformed(error) => Unreadable::NotJson(error.to_string()),
            })?;
            Cow::Owned(encoded)
        }
    };
    check(&request, message).map_err(flawed)?;
    Ok(request)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(plain: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(plain).expect("memory takes it");
        packer.finish().expect("memory takes it")
    }

    #[test]
    fn what_was_packed_is_unpacked_up_to_a_bound() {
        assert_eq!(unpacked(&packed(b"plain")), Ok(b"plain".to_vec()));
        assert_eq!(unpacked(b"plain"), Err(Unreadable::NotGzip));
        let most = vec![0; UNPACKED_BYTES];
        assert_eq!(unpacked(&packed(&most)).map(|plain| plain.len()), Ok(UNPACKED_BYTES));
        assert_eq!(
            unpacked(&packed(&vec![0; UNPACKED_BYTES + 1])),
            Err(Unreadable::TooLarge(UNPACKED_BYTES))
        );
    }

    #[test]
    fn protobuf_is_taken_as_it_is_and_json_becomes_the_same() {
        let plain = [0x0a, 0, 0x0a, 0];
        assert!(
            matches!(read(&plain, Encoding::Protobuf, Signal::Logs), Ok(Cow::Borrowed(same)) if same == plain)
        );
        let json = br#"{"resourceLogs": [{}, {}]}"#;
        assert_eq!(read(json, Encoding::Json, Signal::Logs).as_deref(), Ok(&plain[..]));
    }

    #[test]
    fn what_is_neither_is_refused_in_words() {
        for signal in Signal::ALL {
            let broken = read(b"nonsense", Encoding::Protobuf, signal).expect_err("no protobuf");
            assert!(broken.to_string().starts_with("the body is no OTLP request in protobuf: "), "{broken}");
            let broken = read(b"{\"resourceSpans\":3", Encoding::Json, signal).expect_err("no JSON");
            assert!(broken.to_string().contains("in JSON: "), "{broken}");
            let many = [0x0a, 0].repeat(1 << 18);
            let many = read(&many, Encoding::Protobuf, signal).expect_err("too many");
            assert!(matches!(many, Unreadable::TooMany(_)), "{many}");
        }
    }
}

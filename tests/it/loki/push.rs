//! A push request as Loki reads it, after `push.proto` and LogQL's grammar: by hand, so that a mistake in the types that
//! wrote it is not read back as right.

use std::collections::BTreeMap;

use crate::sink::Post;

/// One line as Loki would keep it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub labels: BTreeMap<String, String>,
    pub seconds: u64,
    pub nanos: u64,
    pub line: String,
    pub metadata: BTreeMap<String, String>,
}

/// All lines of a push, in order. Panics at what Loki would not take.
pub fn read(post: &Post) -> Vec<Kept> {
    assert_eq!(post.headers["content-type"], "application/x-protobuf");
    assert_eq!(post.headers["content-encoding"], "snappy");
    let plain = snap::raw::Decoder::new().decompress_vec(&post.body).expect("snappy's block format");
    assert!(plain.len() <= 1100 * 1024, "{} bytes", plain.len());
    let mut kept = Vec::new();
    for stream in fields(&plain) {
        let stream = fields(stream.bytes(1));
        let labels = labels(text(stream.iter().find(|field| field.number == 1).expect("labels").bytes(1)));
        for entry in stream.iter().filter(|field| field.number != 1) {
            let mut line = Kept {
                labels: labels.clone(),
                seconds: 0,
                nanos: 0,
                line: String::new(),
                metadata: BTreeMap::new(),
            };
            for field in fields(entry.bytes(2)) {
                match field.number {
                    1 => {
                        for part in fields(field.bytes(1)) {
                            match part.number {
                                1 => line.seconds = part.varint(),
                                2 => line.nanos = part.varint(),
                                other => panic!("a timestamp has no field {other}"),
                            }
                        }
                    }
                    2 => line.line = text(field.bytes(2)).to_owned(),
                    3 => {
                        let pair = fields(field.bytes(3));
                        let [name, value] = &*pair else { panic!("a pair has two sides") };
                        line.metadata.insert(text(name.bytes(1)).to_owned(), text(value.bytes(2)).to_owned());
                    }
                    other => panic!("an entry has no field {other}"),
                }
            }
            kept.push(line);
        }
    }
    kept
}

/// `{a="b", c="d"}`.
pub fn labels(selector: &str) -> BTreeMap<String, String> {
    let inside = selector.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).expect("braces");
    let pairs = inside.split(',').map(|pair| {
        let (name, value) = pair.trim().split_once('=').expect("name=\"value\"");
        let is_name = |name: &str| {
            name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_')
                && !name.starts_with(|one: char| one.is_ascii_digit())
        };
        assert!(!name.is_empty() && is_name(name), "{name}");
        let value: String = serde_json::from_str(value).expect("a quoted value");
        (name.to_owned(), value)
    });
    pairs.collect()
}

/// A field of protobuf's wire format.
struct Field<'a> {
    number: u64,
    varint: Option<u64>,
    bytes: Option<&'a [u8]>,
}

impl<'a> Field<'a> {
    fn bytes(&self, number: u64) -> &'a [u8] {
        assert_eq!(self.number, number);
        self.bytes.expect("a field of bytes")
    }

    fn varint(&self) -> u64 {
        self.varint.expect("a field that is a number")
    }
}

fn fields(mut rest: &[u8]) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let key = varint(&mut rest);
        let number = key >> 3;
        fields.push(match key & 7 {
            0 => Field { number, varint: Some(varint(&mut rest)), bytes: None },
            2 => {
                let length = usize::try_from(varint(&mut rest)).expect("a length");
                let (bytes, after) = rest.split_at(length);
                rest = after;
                Field { number, varint: None, bytes: Some(bytes) }
            }
            other => panic!("no field of a push has the wire type {other}"),
        });
    }
    fields
}

fn varint(rest: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().expect("a whole number");
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return value;
        }
    }
    panic!("a number that does not end")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

#[test]
fn what_the_documentation_shows_is_read_as_it_is_meant() {
    // Field 1 (stream): labels `{a="b"}`, then an entry: timestamp 1 s 2 ns, line "x", metadata c=d.
    let entry = b"\x0a\x04\x08\x01\x10\x02\x12\x01x\x1a\x06\x0a\x01c\x12\x01d";
    let mut stream = b"\x0a\x07{a=\"b\"}\x12".to_vec();
    stream.push(entry.len() as u8);
    stream.extend_from_slice(entry);
    let mut push = vec![0x0a, stream.len() as u8];
    push.extend_from_slice(&stream);
    let mut headers = axum::http::HeaderMap::new();
    headers.insert("content-type", "application/x-protobuf".parse().expect("a value"));
    headers.insert("content-encoding", "snappy".parse().expect("a value"));
    let body = snap::raw::Encoder::new().compress_vec(&push).expect("packs").into();
    let pair = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    let kept =
        Kept { labels: pair("a", "b"), seconds: 1, nanos: 2, line: "x".into(), metadata: pair("c", "d") };
    assert_eq!(read(&Post { path: String::new(), headers, body }), [kept]);
}

//! What the store has to know of a span, read from its encoded form without unpacking it.

use std::net::IpAddr;

use super::wire::{Broken, Field, Fields};

/// Numbers of fields in `opentelemetry.proto.trace.v1.Span`.
mod span {
    pub const TRACE_ID: u32 = 1;
    pub const SPAN_ID: u32 = 2;
    pub const PARENT_SPAN_ID: u32 = 4;
    pub const NAME: u32 = 5;
    pub const KIND: u32 = 6;
    pub const START: u32 = 7;
    pub const END: u32 = 8;
    pub const ATTRIBUTES: u32 = 9;
    pub const STATUS: u32 = 15;
}
/// And in the messages inside of it.
const STATUS_CODE: u32 = 3;
const KEY: u32 = 1;
const VALUE: u32 = 2;
const STRING_VALUE: u32 = 1;

const STATUS_ERROR: u64 = 2;

/// Kinds of spans that mean something to the store.
pub const KIND_SERVER: u64 = 2;
pub const KIND_CLIENT: u64 = 3;

/// A span at a glance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Glance<'a> {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    /// The span it came of; nothing for a root.
    pub parent: Option<[u8; 8]>,
    pub name: &'a str,
    pub kind: u64,
    pub start_ns: u64,
    pub end_ns: u64,
    pub is_error: bool,
    /// `http.route`, or `url.template` of who asks.
    pub route: Option<&'a str>,
    /// `peer.service` or `server.address`: whom a client asked.
    pub peer: Option<&'a str>,
    /// `db.system.name`, or `db.system` as it was called before.
    pub database: Option<&'a str>,
}

impl<'a> Glance<'a> {
    /// Looks at `span`. One without ids or a time is broken as well.
    pub fn at(span: &'a [u8]) -> Result<Self, Broken> {
        let mut glance = Glance::default();
        for field in Fields::of(span) {
            match field? {
                (span::TRACE_ID, Field::Bytes(id)) => glance.trace_id = id.try_into().map_err(|_| Broken)?,
                (span::SPAN_ID, Field::Bytes(id)) => glance.span_id = id.try_into().map_err(|_| Broken)?,
                (span::PARENT_SPAN_ID, Field::Bytes(id)) => {
                    glance.parent = id.try_into().ok().filter(|id| *id != [0; 8]);
                }
                (span::NAME, field) => glance.name = field.text().ok_or(Broken)?,
                (span::KIND, Field::Number(kind)) => glance.kind = kind,
                (span::START, Field::Fixed64(start)) => glance.start_ns = start,
                (span::END, Field::Fixed64(end)) => glance.end_ns = end,
                (span::ATTRIBUTES, Field::Bytes(attribute)) => glance.note(attribute),
                (span::STATUS, Field::Bytes(status)) => glance.is_error = is_error(status)?,
                _ => {}
            }
        }
        let has_ids = glance.trace_id != [0; 16] && glance.span_id != [0; 8];
        glance.end_ns = glance.end_ns.max(glance.start_ns);
        if has_ids && glance.start_ns > 0 { Ok(glance) } else { Err(Broken) }
    }

    /// The name of whom a client asked. An address that is a number, or this machine, is nobody's name.
    pub fn named_peer(&self) -> Option<&'a str> {
        self.peer
            .filter(|peer| *peer != "localhost" && peer.trim_matches(['[', ']']).parse::<IpAddr>().is_err())
    }

    /// Takes what matters from an attribute. A name comes before an address, and a route before a template, in whichever
    /// order they stand.
    fn note(&mut self, attribute: &'a [u8]) {
        let Some((key, value)) = pair(attribute) else { return };
        let text = || Fields::of(value).flatten().find(|(number, _)| *number == STRING_VALUE)?.1.text();
        match key {
            "http.route" => self.route = text().or(self.route),
            "url.template" => self.route = self.route.or_else(text),
            "peer.service" => self.peer = text().or(self.peer),
            "server.address" => self.peer = self.peer.or_else(text),
            "db.system.name" | "db.system" => self.database = text().or(self.database),
            _ => {}
        }
    }
}

/// The attributes of `span`, each as its key and its encoded value.
pub fn attributes(span: &[u8]) -> impl Iterator<Item = (&str, &[u8])> {
    super::wire::each(span, span::ATTRIBUTES).filter_map(pair)
}

fn pair(attribute: &[u8]) -> Option<(&str, &[u8])> {
    let (mut key, mut value) = (None, None);
    for field in Fields::of(attribute) {
        match field.ok()? {
            (KEY, field) => key = field.text(),
            (VALUE, Field::Bytes(bytes)) => value = Some(bytes),
            _ => {}
        }
    }
    Some((key?, value?))
}

fn is_error(status: &[u8]) -> Result<bool, Broken> {
    for field in Fields::of(status) {
        if let (STATUS_CODE, Field::Number(code)) = field? {
            return Ok(code == STATUS_ERROR);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        common::v1::{AnyValue, KeyValue, any_value::Value},
        trace::v1::{Span, Status},
    };
    use prost::Message;

    use super::*;

    fn attribute(key: &str, value: Value) -> KeyValue {
        KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..Default::default() }
    }

    fn span() -> Span {
        Span {
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            parent_span_id: vec![3; 8],
            name: "POST /charge".into(),
            kind: 3,
            start_time_unix_nano: 5,
            end_time_unix_nano: 9,
            attributes: vec![
                attribute("server.address", Value::StringValue("10.0.0.1".into())),
                attribute("peer.service", Value::StringValue("payments".into())),
                attribute("http.response.status_code", Value::IntValue(503)),
                attribute("url.template", Value::StringValue("/charge".into())),
            ],
            status: Some(Status { code: 2, message: "no".into() }),
            ..Default::default()
        }
    }

    #[test]
    fn a_span_is_known_without_unpacking_it() {
        let bytes = span().encode_to_vec();
        let expected = Glance {
            trace_id: [1; 16],
            span_id: [2; 8],
            parent: Some([3; 8]),
            name: "POST /charge",
            kind: KIND_CLIENT,
            start_ns: 5,
            end_ns: 9,
            is_error: true,
            route: Some("/charge"),
            peer: Some("payments"),
            database: None,
        };
        assert_eq!(Glance::at(&bytes), Ok(expected));
        let attributes: Vec<_> = attributes(&bytes).map(|(key, _)| key).collect();
        assert_eq!(attributes[2], "http.response.status_code");
    }

    #[test]
    fn a_span_nobody_could_find_again_is_broken() {
        for change in [
            |span: &mut Span| span.trace_id = vec![0; 16],
            |span: &mut Span| span.trace_id = vec![1; 8],
            |span: &mut Span| span.span_id = Vec::new(),
            |span: &mut Span| span.start_time_unix_nano = 0,
        ] {
            let mut span = span();
            change(&mut span);
            assert_eq!(Glance::at(&span.encode_to_vec()), Err(Broken));
        }
        let mut whole = span().encode_to_vec();
        whole.truncate(whole.len() - 1);
        assert_eq!(Glance::at(&whole), Err(Broken));
    }

    #[test]
    fn a_clock_that_ran_backwards_makes_a_span_of_no_length() {
        let bytes = Span { end_time_unix_nano: 1, ..span() }.encode_to_vec();
        assert_eq!(Glance::at(&bytes).map(|glance| glance.end_ns), Ok(5));
    }
}

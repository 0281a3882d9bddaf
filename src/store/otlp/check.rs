//! A request in protobuf, checked and counted where it stands: nothing is allocated for what it contains. Two bytes of
//! a request can stand for a message of a hundred bytes in memory, so bytes alone are no bound on what a request costs.

use std::fmt;

use super::{
    schema::{Form, Message, Role},
    wire::{self, Broken, Fields},
};

/// Resources, scopes and metrics in one request.
pub const MAX_GROUPS: u32 = 131_072;
/// Spans, log records or data points in one request.
pub const MAX_ITEMS: u32 = 65_536;
/// Attributes in one request.
pub const MAX_ATTRIBUTES: u32 = 1_048_576;
/// Attributes, values, events, links and exemplars in one item, resource or scope.
pub const MAX_PARTS: u32 = 4_096;
/// How deep messages may be nested.
pub const MAX_DEPTH: u32 = 64;

/// What a request contains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub groups: u32,
    pub items: u32,
    pub attributes: u32,
    /// In the item, resource or scope that is being read.
    parts: u32,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It breaks off, or a length leads beyond its message.
    Broken,
    /// A field has another form than OTLP gives it.
    WrongType,
    NotUtf8,
    TooDeep,
    TooManyGroups,
    TooManyItems,
    TooManyAttributes,
    TooManyParts,
}

/// A reason, and the place in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub reason: Reason,
    /// Such as `resourceSpans[0].scopeSpans[1]`; empty for the request itself.
    pub path: String,
}

impl Reason {
    /// Whether the request is sound and only larger than a bound.
    pub fn is_bound(self) -> bool {
        match self {
            Reason::Broken | Reason::WrongType | Reason::NotUtf8 | Reason::TooDeep => false,
            Reason::TooManyGroups
            | Reason::TooManyItems
            | Reason::TooManyAttributes
            | Reason::TooManyParts => true,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Broken => f.write_str("a field breaks off or is malformed"),
            Reason::WrongType => f.write_str("the field has another type in OTLP"),
            Reason::NotUtf8 => f.write_str("the text is not UTF-8"),
            Reason::TooDeep => write!(f, "messages are nested more than {MAX_DEPTH} deep"),
            Reason::TooManyGroups => {
                write!(f, "a request may contain at most {MAX_GROUPS} resources, scopes and metrics")
            }
            Reason::TooManyItems => {
                write!(f, "a request may contain at most {MAX_ITEMS} spans, log records or data points")
            }
            Reason::TooManyAttributes => {
                write!(f, "a request may contain at most {MAX_ATTRIBUTES} attributes")
            }
            Reason::TooManyParts => write!(
                f,
                "a span, log record, data point, resource or scope may contain at most {MAX_PARTS} attributes, values, \
                 events, links and exemplars"
            ),
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => self.reason.fmt(f),
            path => write!(f, "{path}: {}", self.reason),
        }
    }
}

impl From<Broken> for Flaw {
    fn from(_: Broken) -> Self {
        Reason::Broken.into()
    }
}

impl From<Reason> for Flaw {
    fn from(reason: Reason) -> Self {
        Flaw { reason, path: String::new() }
    }
}

/// Checks that `request` is a `message`, and that it contains no more than the bounds allow.
pub fn check(request: &[u8], message: &'static Message) -> Result<Counts, Flaw> {
    let mut counts = Counts::default();
    counts.read(request, message, 0)?;
    Ok(counts)
}

impl Counts {
    fn read(&mut self, bytes: &[u8], message: &'static Message, depth: u32) -> Result<(), Flaw> {
        self.add(message.role)?;
        if depth > MAX_DEPTH {
            return Err(Reason::TooDeep.into());
        }
        for (position, field) in Fields::of(bytes).enumerate() {
            let (number, value) = field?;
            let Some(field) = message.by_number(number) else { continue };
            let read = match (field.form, value) {
                (Form::Message(inner), wire::Field::Bytes(bytes)) => self.read(bytes, inner, depth + 1),
                (form, value) => scalar(value, form, field.is_repeated).map_err(Flaw::from),
            };
            read.map_err(|flaw| {
                let earlier = Fields::of(bytes).take(position).flatten();
                let index = earlier.filter(|(earlier, _)| *earlier == number).count();
                let own = if field.is_repeated {
                    format!("{}[{index}]", field.name)
                } else {
                    field.name.to_owned()
                };
                let path = if flaw.path.is_empty() { own } else { format!("{own}.{}", flaw.path) };
                Flaw { path, ..flaw }
            })?;
        }
        Ok(())
    }

    fn add(&mut self, role: Role) -> Result<(), Reason> {
        match role {
            Role::Group => {
                self.groups += 1;
                self.parts = 0;
            }
            Role::Item => {
                self.items += 1;
                self.parts = 0;
            }
            Role::Attribute => {
                self.attributes += 1;
                self.parts += 1;
            }
            Role::Part => self.parts += 1,
        }
        let bounds = [
            (self.groups, MAX_GROUPS, Reason::TooManyGroups),
            (self.items, MAX_ITEMS, Reason::TooManyItems),
            (self.attributes, MAX_ATTRIBUTES, Reason::TooManyAttributes),
            (self.parts, MAX_PARTS, Reason::TooManyParts),
        ];
        match bounds.into_iter().find(|(count, most, _)| count > most) {
            Some((_, _, reason)) => Err(reason),
            None => Ok(()),
        }
    }
}

/// Checks a field without messages inside. Repeated numbers may stand one by one or packed.
fn scalar(value: wire::Field<'_>, form: Form, is_repeated: bool) -> Result<(), Reason> {
    let packed = value.bytes().filter(|_| is_repeated);
    let is_sound = match form {
        Form::Message(_) => return Err(Reason::WrongType),
        Form::Text => match value.bytes().map(std::str::from_utf8) {
            Some(Err(_)) => return Err(Reason::NotUtf8),
            text => text.is_some(),
        },
        Form::Hex | Form::Base64 => value.bytes().is_some(),
        Form::Bool | Form::Integer | Form::Zigzag => match packed {
            Some(packed) if wire::varints(packed).any(|number| number.is_err()) => {
                return Err(Reason::Broken);
            }
            packed => packed.is_some() || matches!(value, wire::Field::Number(_)),
        },
        Form::Fixed32 => matches!(value, wire::Field::Fixed32(_)),
        Form::Fixed64 | Form::Signed64 | Form::Double => match packed {
            Some(packed) if !packed.len().is_multiple_of(8) => return Err(Reason::Broken),
            packed => packed.is_some() || matches!(value, wire::Field::Fixed64(_)),
        },
    };
    if is_sound { Ok(()) } else { Err(Reason::WrongType) }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        collector::{
            logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
            trace::v1::ExportTraceServiceRequest,
        },
        common::v1::{AnyValue, ArrayValue, any_value::Value},
        logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
        trace::v1::{ResourceSpans, ScopeSpans, Span},
    };
    use proptest::prelude::*;
    use prost::Message as _;

    use super::{
        super::schema::{LOGS, METRICS, TRACES},
        *,
    };

    fn reason(request: &[u8]) -> Option<Reason> {
        check(request, &TRACES).err().map(|flaw| flaw.reason)
    }

    fn with_spans(spans: Vec<Span>) -> Vec<u8> {
        let scope_spans = vec![ScopeSpans::default(), ScopeSpans { spans, ..Default::default() }];
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans { scope_spans, ..Default::default() }],
        }
        .encode_to_vec()
    }

    #[test]
    fn each_bound_is_reached_without_complaint_and_refused_beyond_by_name() {
        let groups = |count: u32| [0x0a, 0].repeat(count as usize);
        assert_eq!(check(&groups(MAX_GROUPS - 1), &TRACES).map(|counts| counts.groups), Ok(MAX_GROUPS));
        let flaw = check(&groups(MAX_GROUPS), &TRACES).expect_err("one too many");
        assert_eq!(flaw.reason, Reason::TooManyGroups);
        let expected =
            format!("resourceSpans[{}]: a request may contain at most 131072 resources", MAX_GROUPS - 1);
        assert!(flaw.to_string().starts_with(&expected), "{flaw}");

        let items = |count: u32| with_spans(vec![Span::default(); count as usize]);
        assert_eq!(check(&items(MAX_ITEMS), &TRACES).map(|counts| counts.items), Ok(MAX_ITEMS));
        let flaw = check(&items(MAX_ITEMS + 1), &TRACES).expect_err("one too many");
        assert_eq!(flaw.path, format!("resourceSpans[0].scopeSpans[1].spans[{MAX_ITEMS}]"));

        let parts = |count: u32| {
            with_spans(vec![Span {
                attributes: vec![Default::default(); count as usize],
                ..Default::default()
            }])
        };
        assert_eq!(check(&parts(MAX_PARTS), &TRACES).map(|counts| counts.attributes), Ok(MAX_PARTS));
        assert_eq!(reason(&parts(MAX_PARTS + 1)), Some(Reason::TooManyParts));

        let full = Span { attributes: vec![Default::default(); MAX_PARTS as usize], ..Default::default() };
        let many = with_spans(vec![full; (MAX_ATTRIBUTES / MAX_PARTS + 1) as usize]);
        assert_eq!(reason(&many), Some(Reason::TooManyAttributes));
    }

    #[test]
    fn what_is_nested_too_deep_or_has_another_type_is_refused_with_its_place() {
        let deep = (0..MAX_DEPTH).fold(AnyValue::default(), |inner, _| AnyValue {
            value: Some(Value::ArrayValue(ArrayValue { values: vec![inner] })),
        });
        let log_records = vec![LogRecord { body: Some(deep), ..Default::default() }];
        let scope_logs = vec![ScopeLogs { log_records, ..Default::default() }];
        let resource_logs = vec![ResourceLogs { scope_logs, ..Default::default() }];
        let request = ExportLogsServiceRequest { resource_logs }.encode_to_vec();
        assert_eq!(check(&request, &LOGS).err().map(|flaw| flaw.reason), Some(Reason::TooDeep));

        // A span's name as a number, as text that is none, and a packed list that breaks off.
        let span = |field: &[u8]| {
            let nested = |bytes: &[u8], tag: u8| [&[tag, bytes.len() as u8], bytes].concat();
            nested(&nested(&nested(field, 0x12), 0x12), 0x0a)
        };
        for (field, expected) in [
            (&[0x28, 1][..], Reason::WrongType),
            (&[0x2a, 1, 0xff], Reason::NotUtf8),
            (&[0x2a, 2, b'a'], Reason::Broken),
            (&[0x4d, 0, 0, 0, 0], Reason::WrongType),
        ] {
            let flaw = check(&span(field), &TRACES).expect_err("a flaw");
            assert_eq!(flaw.reason, expected, "{flaw}");
            assert!(flaw.path.starts_with("resourceSpans[0].scopeSpans[0].spans[0]"), "{flaw}");
        }
    }

    proptest! {
        /// The table agrees with the code generated from OTLP's own files: what is found sound can be decoded.
        #[test]
        fn what_is_found_sound_can_be_decoded(
            bytes in prop::collection::vec(
                prop::sample::select(vec![0_u8, 1, 2, 4, 8, 0x09, 0x0a, 0x12, 0x1a, 0x22, 0x2a, 0x32, 0x3a, 0x42, 0x4a, 0x52]),
                0..48,
            )
        ) {
            if check(&bytes, &TRACES).is_ok() {
                prop_assert!(ExportTraceServiceRequest::decode(&bytes[..]).is_ok());
            }
            if check(&bytes, &METRICS).is_ok() {
                prop_assert!(ExportMetricsServiceRequest::decode(&bytes[..]).is_ok());
            }
            if check(&bytes, &LOGS).is_ok() {
                prop_assert!(ExportLogsServiceRequest::decode(&bytes[..]).is_ok());
            }
        }
    }
}

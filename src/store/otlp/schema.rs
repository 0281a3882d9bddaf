//! The messages of OTLP as tables: which field has which number, which name in JSON, and which form. One table serves
//! both readers, the one that checks protobuf (`check`) and the one that turns JSON into it (`json`), so they cannot
//! disagree (github.com/open-telemetry/opentelemetry-proto, release 1.7).

use Form::{Base64, Bool, Double, Fixed32, Fixed64, Hex, Integer, Signed64, Text, Zigzag};
use Role::{Attribute, Group, Item, Part};

/// What a message counts as, against the bounds of `check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A request, a resource with its scopes, a scope, a metric: what groups items.
    Group,
    /// A span, a log record or a data point.
    Item,
    /// A part of an item, a resource or a scope: an attribute, a value, an event, a link, an exemplar.
    Part,
    /// `KeyValue`: a part as well.
    Attribute,
}

/// A message of OTLP.
#[derive(Debug)]
pub struct Message {
    pub name: &'static str,
    pub role: Role,
    pub fields: &'static [Field],
}

/// A field of a message.
#[derive(Debug)]
pub struct Field {
    pub number: u32,
    /// As in JSON.
    pub name: &'static str,
    pub form: Form,
    pub is_repeated: bool,
}

/// How a field is written, in protobuf and in JSON.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    Message(&'static Message),
    Text,
    /// Bytes that JSON writes in hexadecimal digits: the ids.
    Hex,
    /// Bytes that JSON writes in base64.
    Base64,
    Bool,
    /// int32, int64, uint32, uint64 and enumerations.
    Integer,
    /// sint32.
    Zigzag,
    Fixed32,
    Fixed64,
    Signed64,
    Double,
}

impl Message {
    pub fn by_number(&self, number: u32) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.number == number)
    }

    pub fn by_name(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Form {
    /// Whether several of them may stand packed in one field.
    pub fn is_packable(self) -> bool {
        match self {
            Form::Message(_) | Form::Text | Form::Hex | Form::Base64 => false,
            Form::Bool
            | Form::Integer
            | Form::Zigzag
            | Form::Fixed32
            | Form::Fixed64
            | Form::Signed64
            | Form::Double => true,
        }
    }
}

const fn one(number: u32, name: &'static str, form: Form) -> Field {
    Field { number, name, form, is_repeated: false }
}

const fn many(number: u32, name: &'static str, form: Form) -> Field {
    Field { number, name, form, is_repeated: true }
}

const fn message(name: &'static str, role: Role, fields: &'static [Field]) -> Message {
    Message { name, role, fields }
}

pub static TRACES: Message =
    message("ExportTraceServiceRequest", Group, &[many(1, "resourceSpans", Form::Message(&RESOURCE_SPANS))]);
pub static METRICS: Message = message(
    "ExportMetricsServiceRequest",
    Group,
    &[many(1, "resourceMetrics", Form::Message(&RESOURCE_METRICS))],
);
pub static LOGS: Message =
    message("ExportLogsServiceRequest", Group, &[many(1, "resourceLogs", Form::Message(&RESOURCE_LOGS))]);

static RESOURCE_SPANS: Message = message(
    "ResourceSpans",
    Group,
    &[
        one(1, "resource", Form::Message(&RESOURCE)),
        many(2, "scopeSpans", Form::Message(&SCOPE_SPANS)),
        one(3, "schemaUrl", Text),
    ],
);
static SCOPE_SPANS: Message = message(
    "ScopeSpans",
    Group,
    &[
        one(1, "scope", Form::Message(&SCOPE)),
        many(2, "spans", Form::Message(&SPAN)),
        one(3, "schemaUrl", Text),
    ],
);
static RESOURCE_METRICS: Message = message(
    "ResourceMetrics",
    Group,
    &[
        one(1, "resource", Form::Message(&RESOURCE)),
        many(2, "scopeMetrics", Form::Message(&SCOPE_METRICS)),
        one(3, "schemaUrl", Text),
    ],
);
static SCOPE_METRICS: Message = message(
    "ScopeMetrics",
    Group,
    &[
        one(1, "scope", Form::Message(&SCOPE)),
        many(2, "metrics", Form::Message(&METRIC)),
        one(3, "schemaUrl", Text),
    ],
);
static RESOURCE_LOGS: Message = message(
    "ResourceLogs",
    Group,
    &[
        one(1, "resource", Form::Message(&RESOURCE)),
        many(2, "scopeLogs", Form::Message(&SCOPE_LOGS)),
        one(3, "schemaUrl", Text),
    ],
);
static SCOPE_LOGS: Message = message(
    "ScopeLogs",
    Group,
    &[
        one(1, "scope", Form::Message(&SCOPE)),
        many(2, "logRecords", Form::Message(&LOG_RECORD)),
        one(3, "schemaUrl", Text),
    ],
);

static RESOURCE: Message = message(
    "Resource",
    Group,
    &[
        many(1, "attributes", Form::Message(&KEY_VALUE)),
        one(2, "droppedAttributesCount", Integer),
        many(3, "entityRefs", Form::Message(&ENTITY_REF)),
    ],
);
static ENTITY_REF: Message = message(
    "EntityRef",
    Part,
    &[
        one(1, "schemaUrl", Text),
        one(2, "type", Text),
        many(3, "idKeys", Text),
        many(4, "descriptionKeys", Text),
    ],
);
static SCOPE: Message = message(
    "InstrumentationScope",
    Group,
    &[
        one(1, "name", Text),
        one(2, "version", Text),
        many(3, "attributes", Form::Message(&KEY_VALUE)),
        one(4, "droppedAttributesCount", Integer),
    ],
);
static KEY_VALUE: Message = message(
    "KeyValue",
    Attribute,
    &[one(1, "key", Text), one(2, "value", Form::Message(&ANY_VALUE)), one(3, "keyStrindex", Integer)],
);
static ANY_VALUE: Message = message(
    "AnyValue",
    Part,
    &[
        one(1, "stringValue", Text),
        one(2, "boolValue", Bool),
        one(3, "intValue", Integer),
        one(4, "doubleValue", Double),
        one(5, "arrayValue", Form::Message(&ARRAY_VALUE)),
        one(6, "kvlistValue", Form::Message(&KEY_VALUE_LIST)),
        one(7, "bytesValue", Base64),
        one(8, "stringValueStrindex", Integer),
    ],
);
static ARRAY_VALUE: Message = message("ArrayValue", Part, &[many(1, "values", Form::Message(&ANY_VALUE))]);
static KEY_VALUE_LIST: Message =
    message("KeyValueList", Part, &[many(1, "values", Form::Message(&KEY_VALUE))]);

static SPAN: Message = message(
    "Span",
    Item,
    &[
        one(1, "traceId", Hex),
        one(2, "spanId", Hex),
        one(3, "traceState", Text),
        one(4, "parentSpanId", Hex),
        one(5, "name", Text),
        one(6, "kind", Integer),
        one(7, "startTimeUnixNano", Fixed64),
        one(8, "endTimeUnixNano", Fixed64),
        many(9, "attributes", Form::Message(&KEY_VALUE)),
        one(10, "droppedAttributesCount", Integer),
        many(11, "events", Form::Message(&EVENT)),
        one(12, "droppedEventsCount", Integer),
        many(13, "links", Form::Message(&LINK)),
        one(14, "droppedLinksCount", Integer),
        one(15, "status", Form::Message(&STATUS)),
        one(16, "flags", Fixed32),
    ],
);
static EVENT: Message = message(
    "Event",
    Part,
    &[
        one(1, "timeUnixNano", Fixed64),
        one(2, "name", Text),
        many(3, "attributes", Form::Message(&KEY_VALUE)),
        one(4, "droppedAttributesCount", Integer),
    ],
);
static LINK: Message = message(
    "Link",
    Part,
    &[
        one(1, "traceId", Hex),
        one(2, "spanId", Hex),
        one(3, "traceState", Text),
        many(4, "attributes", Form::Message(&KEY_VALUE)),
        one(5, "droppedAttributesCount", Integer),
        one(6, "flags", Fixed32),
    ],
);
static STATUS: Message = message("Status", Part, &[one(2, "message", Text), one(3, "code", Integer)]);

static LOG_RECORD: Message = message(
    "LogRecord",
    Item,
    &[
        one(1, "timeUnixNano", Fixed64),
        one(2, "severityNumber", Integer),
        one(3, "severityText", Text),
        one(5, "body", Form::Message(&ANY_VALUE)),
        many(6, "attributes", Form::Message(&KEY_VALUE)),
        one(7, "droppedAttributesCount", Integer),
        one(8, "flags", Fixed32),
        one(9, "traceId", Hex),
        one(10, "spanId", Hex),
        one(11, "observedTimeUnixNano", Fixed64),
        one(12, "eventName", Text),
    ],
);

static METRIC: Message = message(
    "Metric",
    Group,
    &[
        one(1, "name", Text),
        one(2, "description", Text),
        one(3, "unit", Text),
        one(5, "gauge", Form::Message(&GAUGE)),
        one(7, "sum", Form::Message(&SUM)),
        one(9, "histogram", Form::Message(&HISTOGRAM)),
        one(10, "exponentialHistogram", Form::Message(&EXPONENTIAL_HISTOGRAM)),
        one(11, "summary", Form::Message(&SUMMARY)),
        many(12, "metadata", Form::Message(&KEY_VALUE)),
    ],
);
static GAUGE: Message = message("Gauge", Group, &[many(1, "dataPoints", Form::Message(&NUMBER_POINT))]);
static SUM: Message = message(
    "Sum",
    Group,
    &[
        many(1, "dataPoints", Form::Message(&NUMBER_POINT)),
        one(2, "aggregationTemporality", Integer),
        one(3, "isMonotonic", Bool),
    ],
);
static HISTOGRAM: Message = message(
    "Histogram",
    Group,
    &[many(1, "dataPoints", Form::Message(&HISTOGRAM_POINT)), one(2, "aggregationTemporality", Integer)],
);
static EXPONENTIAL_HISTOGRAM: Message = message(
    "ExponentialHistogram",
    Group,
    &[many(1, "dataPoints", Form::Message(&EXPONENTIAL_POINT)), one(2, "aggregationTemporality", Integer)],
);
static SUMMARY: Message = message("Summary", Group, &[many(1, "dataPoints", Form::Message(&SUMMARY_POINT))]);

static NUMBER_POINT: Message = message(
    "NumberDataPoint",
    Item,
    &[
        one(2, "startTimeUnixNano", Fixed64),
        one(3, "timeUnixNano", Fixed64),
        one(4, "asDouble", Double),
        many(5, "exemplars", Form::Message(&EXEMPLAR)),
        one(6, "asInt", Signed64),
        many(7, "attributes", Form::Message(&KEY_VALUE)),
        one(8, "flags", Integer),
    ],
);
static HISTOGRAM_POINT: Message = message(
    "HistogramDataPoint",
    Item,
    &[
        one(2, "startTimeUnixNano", Fixed64),
        one(3, "timeUnixNano", Fixed64),
        one(4, "count", Fixed64),
        one(5, "sum", Double),
        many(6, "bucketCounts", Fixed64),
        many(7, "explicitBounds", Double),
        many(8, "exemplars", Form::Message(&EXEMPLAR)),
        many(9, "attributes", Form::Message(&KEY_VALUE)),
        one(10, "flags", Integer),
        one(11, "min", Double),
        one(12, "max", Double),
    ],
);
static EXPONENTIAL_POINT: Message = message(
    "ExponentialHistogramDataPoint",
    Item,
    &[
        many(1, "attributes", Form::Message(&KEY_VALUE)),
        one(2, "startTimeUnixNano", Fixed64),
        one(3, "timeUnixNano", Fixed64),
        one(4, "count", Fixed64),
        one(5, "sum", Double),
        one(6, "scale", Zigzag),
        one(7, "zeroCount", Fixed64),
        one(8, "positive", Form::Message(&BUCKETS)),
        one(9, "negative", Form::Message(&BUCKETS)),
        one(10, "flags", Integer),
        many(11, "exemplars", Form::Message(&EXEMPLAR)),
        one(12, "min", Double),
        one(13, "max", Double),
        one(14, "zeroThreshold", Double),
    ],
);
static BUCKETS: Message =
    message("Buckets", Part, &[one(1, "offset", Zigzag), many(2, "bucketCounts", Integer)]);
static SUMMARY_POINT: Message = message(
    "SummaryDataPoint",
    Item,
    &[
        one(2, "startTimeUnixNano", Fixed64),
        one(3, "timeUnixNano", Fixed64),
        one(4, "count", Fixed64),
        one(5, "sum", Double),
        many(6, "quantileValues", Form::Message(&QUANTILE)),
        many(7, "attributes", Form::Message(&KEY_VALUE)),
        one(8, "flags", Integer),
    ],
);
static QUANTILE: Message =
    message("ValueAtQuantile", Part, &[one(1, "quantile", Double), one(2, "value", Double)]);
static EXEMPLAR: Message = message(
    "Exemplar",
    Part,
    &[
        one(2, "timeUnixNano", Fixed64),
        one(3, "asDouble", Double),
        one(4, "spanId", Hex),
        one(5, "traceId", Hex),
        one(6, "asInt", Signed64),
        many(7, "filteredAttributes", Form::Message(&KEY_VALUE)),
    ],
);

//! What Loki and Pyroscope are pushed, as far as records have to be counted: their published protobuf schemas, written
//! down here once more so that a mistake of the sender's types is not shared by who checks it.

/// `logproto.PushRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Lines {
    #[prost(message, repeated, tag = "1")]
    pub streams: Vec<Stream>,
}

/// `logproto.StreamAdapter`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Stream {
    #[prost(message, repeated, tag = "2")]
    pub entries: Vec<Entry>,
}

/// `logproto.EntryAdapter`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Entry {
    #[prost(string, tag = "2")]
    pub line: String,
}

/// `push.v1.PushRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Profiles {
    #[prost(message, repeated, tag = "1")]
    pub series: Vec<Series>,
}

/// `push.v1.RawProfileSeries`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Series {
    #[prost(message, repeated, tag = "2")]
    pub samples: Vec<RawSample>,
}

/// `push.v1.RawSample`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RawSample {
    #[prost(bytes = "vec", tag = "1")]
    pub raw_profile: Vec<u8>,
}

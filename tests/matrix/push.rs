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

/// `perftools.profiles.Profile`: what pprof reads.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Profile {
    #[prost(message, repeated, tag = "2")]
    pub stacks: Vec<Stack>,
    /// Nanoseconds between two samples.
    #[prost(int64, tag = "12")]
    pub period: i64,
}

/// `perftools.profiles.Sample`: a stack, and how long it was seen.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Stack {
    /// In nanoseconds.
    #[prost(int64, repeated, tag = "2")]
    pub value: Vec<i64>,
}

impl Profiles {
    /// How often somebody was seen at work.
    pub fn samples(&self) -> Result<u64, String> {
        let raw = self.series.iter().flat_map(|series| &series.samples);
        raw.map(|raw| {
            let profile = <Profile as prost::Message>::decode(&raw.raw_profile[..]);
            let profile = profile.map_err(|error| format!("no pprof: {error}"))?;
            let nanos: i64 = profile.stacks.iter().flat_map(|stack| &stack.value).sum();
            let samples = nanos.checked_div(profile.period).and_then(|count| u64::try_from(count).ok());
            samples.ok_or_else(|| "a profile without a period".to_owned())
        })
        .sum()
    }
}

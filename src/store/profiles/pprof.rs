//! A profile in pprof's own format, packed with gzip, as `go tool pprof` and Pyroscope read it.

use std::{collections::HashMap, io::Write};

use flate2::{Compression, write::GzEncoder};
use prost::Message;
use pyroscope::{
    backend::types::{Metadata, Report, StackFrame, StackTrace, Tag},
    encode::pprof,
};

use super::shelf::Profile;

/// The label that says which route a sample belongs to.
const ROUTE: &str = "route";

/// Encodes `profile`.
pub fn encode(profile: &Profile) -> std::io::Result<Vec<u8>> {
    let mut reports: HashMap<Option<&str>, Report> = HashMap::new();
    for ((route, stack), count) in &profile.stacks {
        let report = reports.entry(route.as_deref()).or_insert_with(|| {
            let mut report = Report::new(HashMap::new());
            report.metadata = labelled(route.as_deref());
            report
        });
        // pprof has the innermost frame first.
        let frames = stack.iter().rev().map(|name| frame(name)).collect();
        let trace = StackTrace {
            pid: None,
            thread_id: None,
            thread_name: None,
            frames,
            metadata: Metadata::default(),
        };
        *report.data.entry(trace).or_default() += usize::try_from(*count).unwrap_or(usize::MAX);
    }
    let reports: Vec<Report> = reports.into_values().collect();
    let nanos = |millis: i64| u64::try_from(millis).unwrap_or(0) * 1_000_000;
    let (begun, ended) = (nanos(profile.begun_ms), nanos(profile.ended_ms));
    let encoded = pprof::encode(&reports, profile.hertz.max(1), begun, ended.saturating_sub(begun));
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&encoded.encode_to_vec())?;
    packer.finish()
}

fn labelled(route: Option<&str>) -> Metadata {
    let mut metadata = Metadata::default();
    if let Some(route) = route {
        metadata.add_tag(Tag::new(ROUTE.to_owned(), route.to_owned()));
    }
    metadata
}

fn frame(name: &str) -> StackFrame {
    StackFrame::new(None, Some(name.to_owned()), None, None, None, None)
}

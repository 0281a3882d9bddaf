//! Reads what agents send, to know how much is in it.

use std::io::Read;

use bytes::Bytes;
use flate2::read::GzDecoder;
use prost::Message;
use pyroscope::encode::r#gen::{google::Profile, push::PushRequest};

/// A profile of a whole process for minutes is smaller.
const UNPACKED_BYTES: u64 = 64 * 1024 * 1024;

/// An agent's request without its packing, and the samples in it. `None` is none.
pub fn read(body: &[u8]) -> Option<(Bytes, u64)> {
    let mut plain = Vec::new();
    GzDecoder::new(body).take(UNPACKED_BYTES).read_to_end(&mut plain).ok()?;
    let request = PushRequest::decode(&*plain).ok()?;
    let profiles = request.series.iter().flat_map(|series| &series.samples);
    let samples = profiles.filter_map(|one| samples(&one.raw_profile)).sum();
    Some((plain.into(), samples))
}

/// The agent writes nanoseconds, so many for each sample.
fn samples(profile: &[u8]) -> Option<u64> {
    let profile = Profile::decode(profile).ok()?;
    let nanos: i64 = profile.sample.iter().flat_map(|sample| &sample.value).sum();
    u64::try_from(nanos.checked_div(profile.period)?).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use pyroscope::encode::r#gen::{
        google::Sample,
        push::{RawProfileSeries, RawSample},
    };

    use super::*;

    fn packed(profiles: Vec<Profile>) -> Vec<u8> {
        let sample = |profile: Profile| RawSample { raw_profile: profile.encode_to_vec(), id: String::new() };
        let samples = profiles.into_iter().map(sample).collect();
        let request = PushRequest { series: vec![RawProfileSeries { labels: Vec::new(), samples }] };
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(&request.encode_to_vec()).expect("packs");
        packer.finish().expect("packs")
    }

    #[test]
    fn samples_are_counted_and_what_is_empty_is_none() {
        let sample = |value| Sample { value: vec![value], ..Sample::default() };
        let profile = |sample: Vec<Sample>| Profile { sample, period: 10, ..Profile::default() };
        let read = |profiles| read(&packed(profiles)).map(|(_, samples)| samples);
        assert_eq!(read(vec![profile(vec![sample(30), sample(20)]), profile(vec![sample(10)])]), Some(6));
        assert_eq!(read(vec![profile(Vec::new())]), Some(0));
        assert_eq!(read(vec![Profile::default()]), Some(0));
        assert!(super::read(b"nonsense").is_none());
    }
}

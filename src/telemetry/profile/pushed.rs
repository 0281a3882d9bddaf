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

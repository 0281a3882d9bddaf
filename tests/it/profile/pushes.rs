//! Profiles out of what agents pushed, as plain values.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use flate2::read::GzDecoder;
use prost::Message;
use pyroscope::encode::r#gen::{google, push::PushRequest};

use crate::sink::{Post, Sink};

/// One service's profile of one stretch of time.
#[derive(Clone, Debug)]
pub struct Pushed {
    pub labels: BTreeMap<String, String>,
    pub samples: Vec<Sample>,
    /// As it was on the wire.
    pub raw: Vec<u8>,
}

#[derive(Clone, Debug)]
pub struct Sample {
    /// Innermost first.
    pub functions: Vec<String>,
    pub labels: BTreeMap<String, String>,
    pub count: i64,
}

impl Pushed {
    pub fn service(&self) -> &str {
        &self.labels["service_name"]
    }
}

impl Sample {
    pub fn is_in(&self, function: &str) -> bool {
        self.functions.iter().any(|name| name.contains(function))
    }
}

/// All profiles that came so far.
pub fn all(sink: &Sink) -> Vec<Pushed> {
    sink.posts().iter().flat_map(profiles).collect()
}

/// How many samples of `service` came, and how many of them in `function`.
pub fn share(profiles: &[Pushed], service: &str, function: &str) -> (i64, i64) {
    let samples = || profiles.iter().filter(|one| one.service() == service).flat_map(|one| &one.samples);
    let count = |samples: &mut dyn Iterator<Item = &Sample>| samples.map(|sample| sample.count).sum();
    (count(&mut samples()), count(&mut samples().filter(|sample| sample.is_in(function))))
}

/// The routes of `service`'s samples.
pub fn routes(profiles: &[Pushed], service: &str) -> BTreeSet<String> {
    let samples = profiles.iter().filter(|one| one.service() == service).flat_map(|one| &one.samples);
    samples.filter_map(|sample| sample.labels.get("route").cloned()).collect()
}

fn profiles(post: &Post) -> Vec<Pushed> {
    assert_eq!(post.path, "/push.v1.PusherService/Push");
    assert_eq!(post.headers["content-type"], "application/proto");
    assert_eq!(post.headers["content-encoding"], "gzip");
    let mut plain = Vec::new();
    GzDecoder::new(&*post.body).read_to_end(&mut plain).expect("gzip");
    let request = PushRequest::decode(&*plain).expect("a push");
    let series = request.series.into_iter().flat_map(|series| {
        let labels: BTreeMap<_, _> =
            series.labels.into_iter().map(|label| (label.name, label.value)).collect();
        series.samples.into_iter().map(move |sample| (labels.clone(), sample.raw_profile))
    });
    series.map(|(labels, raw)| Pushed { labels, samples: samples(&raw), raw }).collect()
}

fn samples(raw: &[u8]) -> Vec<Sample> {
    let profile = google::Profile::decode(raw).expect("a profile");
    let text = |index: i64| profile.string_table[usize::try_from(index).expect("an index")].clone();
    let function = |location: &u64| {
        let location = profile.location.iter().find(|one| one.id == *location).expect("a location");
        let function = profile.function.iter().find(|one| one.id == location.line[0].function_id);
        text(function.expect("a function").name)
    };
    let sample = |sample: &google::Sample| Sample {
        functions: sample.location_id.iter().map(function).collect(),
        labels: sample.label.iter().map(|label| (text(label.key), text(label.str))).collect(),
        count: sample.value[0] / profile.period,
    };
    profile.sample.iter().map(sample).collect()
}

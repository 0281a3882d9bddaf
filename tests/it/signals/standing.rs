//! An egress that hangs: whoever is shown signals on its thread and does not return holds up all of it, and its count of
//! rounds says so.

use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use doorbuster::{
    kernel::service::Service,
    telemetry::{
        config::Config,
        egress::{onlooker::Onlooker, run::Egress},
        line::{self, Line},
        profile::samples::Profile,
        stdout::Stdout,
    },
};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use tracing::Level;

use crate::waiting::until;

const SOON: Duration = Duration::from_secs(20);

/// Takes lines when it is let, and not before.
struct Hanging(Mutex<mpsc::Receiver<()>>);

impl Onlooker for Hanging {
    fn spans(&self, _: &Bytes, _: u64) {}

    fn metrics(&self, _: &ExportMetricsServiceRequest) {}

    fn lines(&self, _: Vec<Line>) {
        let _ = self.0.lock().expect("nobody has failed").recv();
    }

    fn profile(&self, _: &Profile) {}
}

#[test]
fn an_egress_whose_onlooker_hangs_counts_no_round_until_it_is_let_go() {
    let (release, held) = mpsc::channel();
    let config = Config::read(|_| None).expect("nothing is said");
    let stdout = Stdout::start(std::io::sink()).expect("a thread");
    let egress = Egress::new(&config, stdout, Some(Arc::new(Hanging(Mutex::new(held)))));
    let running = egress.start(Vec::new(), Vec::new(), Service::Lab).expect("a thread");
    until(SOON, "it turns", || egress.beats.rounds() > 0);
    let text = "{}".into();
    let line = Line {
        service: Service::Lab,
        version: None,
        level: Level::INFO,
        at: SystemTime::now(),
        ids: None,
        text,
    };
    line::put(&egress.lines, line);
    until(SOON, "the line was taken", || egress.lines.is_empty());
    // A round may have been counted meanwhile.
    thread::sleep(Duration::from_millis(1_200));
    let before = egress.beats.rounds();
    thread::sleep(Duration::from_millis(2_500));
    assert_eq!(egress.beats.rounds(), before, "its thread hangs");
    drop(release);
    until(SOON, "it turns again", || egress.beats.rounds() > before);
    running.stop(Instant::now() + Duration::from_secs(1));
}

//! Sampled stacks as plain data.

use std::{sync::Arc, time::SystemTime};

use crate::kernel::service::Service;

/// What was sampled in one stretch of time, in all services of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub begun: SystemTime,
    pub ended: SystemTime,
    /// Samples a second and processor.
    pub hertz: u32,
    pub samples: Vec<Sample>,
}

impl Profile {
    /// How many samples were taken.
    pub fn count(&self) -> u64 {
        self.samples.iter().map(|sample| sample.count).sum()
    }

    /// What it takes in memory, in bytes; the names of functions are shared.
    pub fn weight(&self) -> usize {
        let frames: usize = self.samples.iter().map(|sample| size_of_val(&*sample.frames)).sum();
        size_of::<Profile>() + size_of_val(&*self.samples) + frames
    }
}

/// One stack and how often it was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Whose processor time it is; the lab's own where a thread belongs to no service.
    pub service: Service,
    /// The server span's name, such as `POST /charge`; `None` is work outside of any request.
    pub route: Option<Arc<str>>,
    /// Names of functions, the outermost first.
    pub frames: Arc<[Arc<str>]>,
    pub count: u64,
}

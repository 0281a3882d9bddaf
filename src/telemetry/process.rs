//! CPU time per service and memory of the process, from the kernel's accounting. A service's threads bear its name, so
//! one process can tell which of its services burns the processor.

use std::{
    collections::HashMap,
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    instruments::Instruments,
    names::{help, metric, unit},
    profile::threads,
};
use crate::kernel::service::Service;

/// A look at all threads is good for this long: all services are asked at the same moment.
const FRESH: Duration = Duration::from_millis(100);

/// CPU time of every thread, added up by service. Clones share it.
#[derive(Clone, Debug)]
pub struct Threads(Arc<Mutex<Accounts>>);

#[derive(Debug)]
struct Accounts {
    services: Vec<Service>,
    /// Where the time of threads goes that belong to no service.
    rest: Service,
    looked: Option<Instant>,
    /// Nanoseconds by thread id, as last seen.
    seen: HashMap<u64, u64>,
    total_ns: HashMap<Service, u64>,
}

impl Threads {
    pub fn new(services: &[Service], rest: Service) -> Self {
        let services = services.to_vec();
        let (seen, total_ns) = (HashMap::new(), HashMap::new());
        Threads(Arc::new(Mutex::new(Accounts { services, rest, looked: None, seen, total_ns })))
    }

    /// Seconds of CPU the threads of `service` have used, those that ended included.
    pub fn cpu_seconds(&self, service: Service) -> f64 {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.looked.is_none_or(|looked| looked.elapsed() > FRESH) {
            accounts.look();
        }
        accounts.total_ns.get(&service).map_or(0.0, |ns| *ns as f64 / 1e9)
    }

    /// Measures the CPU time of `service` and, for the service that answers for the process, its memory.
    pub fn watch(&self, service: Service, instruments: &Instruments) {
        let threads = self.clone();
        let meter = instruments.meter();
        meter
            .f64_observable_counter(metric::PROCESS_CPU)
            .with_description(help(metric::PROCESS_CPU))
            .with_unit(unit::SECONDS)
            .with_callback(move |observer| observer.observe(threads.cpu_seconds(service), &[]))
            .build();
        let rest = self.0.lock().unwrap_or_else(PoisonError::into_inner).rest;
        if service == rest {
            meter
                .i64_observable_up_down_counter(metric::PROCESS_MEMORY)
                .with_description(help(metric::PROCESS_MEMORY))
                .with_unit(unit::BYTES)
                .with_callback(|observer| {
                    if let Some(bytes) = resident_bytes() {
                        observer.observe(bytes, &[]);
                    }
                })
                .build();
        }
    }
}

impl Accounts {
    fn look(&mut self) {
        self.looked = Some(Instant::now());
        let Ok(tasks) = fs::read_dir("/proc/self/task") else { return };
        let mut alive = HashMap::with_capacity(self.seen.len());
        for task in tasks.flatten() {
            let path = task.path();
            let id = task.file_name().to_str().and_then(|name| name.parse().ok());
            let name = fs::read_to_string(path.join("comm"));
            let stat = fs::read_to_string(path.join("schedstat"));
            // A thread may end while we look.
            let (Some(id), Ok(name), Ok(stat)) = (id, name, stat) else { continue };
            let Some(now) = stat.split_whitespace().next().and_then(|ns| ns.parse::<u64>().ok()) else {
                continue;
            };
            let before = self.seen.get(&id).copied().unwrap_or(0);
            *self.total_ns.entry(self.owner(name.trim_end())).or_default() += now.saturating_sub(before);
            alive.insert(id, now);
        }
        self.seen = alive;
    }

    fn owner(&self, thread: &str) -> Service {
        let owner = threads::owner(thread).map(|owner| owner.service);
        owner.filter(|service| self.services.contains(service)).unwrap_or(self.rest)
    }
}

/// Memory that this process holds in RAM.
pub fn resident_bytes() -> Option<i64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: i64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * i64::try_from(rustix::param::page_size()).ok()?)
}

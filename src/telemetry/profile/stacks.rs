//! From what the sampler reports to samples of ours: whose they are, and without the sampler's own frames.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use pyroscope05::backend::{Report, StackTrace};

use super::{routes::Routes, samples::Sample, threads};
use crate::kernel::service::Service;

/// The function in which the sampler looks around; a trampoline of the kernel's lies between it and what it interrupted.
const HANDLER: &str = "perf_signal_handler";
const TRAMPOLINES: usize = 1;
const UNKNOWN: &str = "unknown";

/// Whose it is, the number of the route, and the functions, outermost first.
type Stack = (Service, Option<u16>, Vec<Arc<str>>);

/// The samples in `reports`; threads that belong to no service are `platform`'s. What happened on threads of third
/// parties is nobody's: in life one does not see into them.
pub fn samples(reports: &[Report], platform: Service, routes: &Routes) -> Vec<Sample> {
    let mut names = Names::default();
    // Stacks that differ in places or threads only are one here.
    let mut counts: HashMap<Stack, u64> = HashMap::new();
    for (stack, count) in reports.iter().flat_map(|report| &report.data) {
        let owner = threads::owner(stack.thread_name.as_deref().unwrap_or_default());
        let (service, route) = owner.map_or((platform, None), |owner| (owner.service, owner.route));
        if !service.is_third_party() {
            let frames = outermost_first(stack).map(|name| names.one(name)).collect();
            *counts.entry((service, route, frames)).or_default() += *count as u64;
        }
    }
    let sample = |((service, route, frames), count): (Stack, u64)| Sample {
        service,
        route: route.and_then(|route| routes.name(route)),
        frames: frames.into(),
        count,
    };
    counts.into_iter().map(sample).collect()
}

/// Names of functions without those that sampled.
fn outermost_first(stack: &StackTrace) -> impl Iterator<Item = &str> {
    let name = |at: usize| stack.frames[at].name.as_deref().unwrap_or(UNKNOWN);
    let handler = (0..stack.frames.len()).rev().find(|at| name(*at).contains(HANDLER));
    let first = handler.map_or(0, |handler| handler + 1 + TRAMPOLINES).min(stack.frames.len());
    (first..stack.frames.len()).rev().map(name)
}

/// The same few functions stand in all stacks.
#[derive(Default)]
struct Names(HashSet<Arc<str>>);

impl Names {
    fn one(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return known.clone();
        }
        let name = Arc::<str>::from(name);
        self.0.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use pyroscope05::backend::StackFrame;

    use super::*;

    fn report(stacks: &[(&str, &[&str], usize)]) -> Report {
        let frame = |name: &&str| StackFrame::new(None, Some((*name).to_owned()), None, None, None, None);
        let stack = |(thread, frames, count): &(&str, &[&str], usize)| {
            let frames = frames.iter().map(frame).collect();
            let stack =
                StackTrace { thread_name: Some((*thread).to_owned()), frames, ..StackTrace::default() };
            (stack, *count)
        };
        Report::new(stacks.iter().map(stack).collect())
    }

    #[test]
    fn samples_are_split_by_service_and_route_and_begin_below_the_sampler() {
        let routes = Routes::default();
        let _badge = routes.badge(Service::Cart, "POST /cart/add");
        let report = report(&[
            ("cart#0", &["trace", "pprof2::perf_signal_handler", "__restore_rt", "add", "main"], 3),
            ("cart-sql-1", &["sqlite3_step", "main"], 2),
            ("cart", &["poll", "main"], 1),
            ("egress", &["write", "main"], 5),
            ("payment-provide", &["charge"], 7),
            ("crm#9", &["look"], 7),
        ]);
        let mut samples = samples(&[report], Service::Lab, &routes);
        samples.sort_by_key(|sample| sample.count);
        let told: Vec<_> = samples
            .iter()
            .map(|one| (one.count, one.service, one.route.as_deref(), one.frames.join(";")))
            .collect();
        let expected = [
            (1, Service::Cart, None, "main;poll".to_owned()),
            (2, Service::Cart, None, "main;sqlite3_step".to_owned()),
            (3, Service::Cart, Some("POST /cart/add"), "main;add".to_owned()),
            (5, Service::Lab, None, "main;write".to_owned()),
        ];
        assert_eq!(told, expected);
    }
}

//! `pyroscope`'s agents, one a service, fed from the harvest: to each it looks as if it had a sampler of its own.

use std::{collections::HashMap, sync::Arc, time::Duration};

use pyroscope::{
    PyroscopeAgent, PyroscopeError,
    backend::{
        Backend, BackendImpl, Metadata, Report, ReportBatch, ReportData, StackFrame, StackTrace, Tag,
        ThreadTag,
    },
    pyroscope::{PyroscopeAgentBuilder, PyroscopeAgentRunning},
};

use super::{harvest::Harvest, samples::Sample};
use crate::{kernel::service::Service, telemetry::names::resource};

/// Where the relay listens for what agents send.
pub const PATH: &str = "/push.v1.PusherService/Push";
/// How Pyroscope calls a profile of processor time.
const PROFILE_TYPE: &str = "process_cpu";
const SPY: &str = "pyroscope-rs";
/// The label of a sample that says for which route it was.
const ROUTE: &str = "route";

/// The agents, running.
pub struct Agents(Vec<PyroscopeAgent<PyroscopeAgentRunning>>);

/// Which profiles, and how they are sent.
pub struct Plan {
    /// The relay's address.
    pub base: String,
    /// The services and their names in signals.
    pub senders: Vec<(Service, String)>,
    pub hertz: u32,
    pub every: Duration,
}

impl Agents {
    pub fn start(plan: &Plan, harvest: &Arc<Harvest>) -> Result<Self, PyroscopeError> {
        let start = |(service, name): &(Service, String)| {
            let source = Source { service: *service, harvest: harvest.clone() };
            let backend = BackendImpl::new(Box::new(source));
            PyroscopeAgentBuilder::new(&plan.base, name, plan.hertz, SPY, env!("CARGO_PKG_VERSION"), backend)
                .upload_interval(plan.every)
                .tags(vec![("namespace", resource::NAMESPACE)])
                .build()?
                .start()
        };
        plan.senders.iter().map(start).collect::<Result<_, _>>().map(Agents)
    }

    /// Has each agent send what is left. Their threads are not waited for: that takes an interval.
    pub fn stop(self) {
        for agent in self.0 {
            let _ = agent.stop();
        }
    }
}

/// One service's share of the harvest.
struct Source {
    service: Service,
    harvest: Arc<Harvest>,
}

impl Backend for Source {
    fn initialize(&mut self) -> pyroscope::Result<()> {
        Ok(())
    }

    fn shutdown(self: Box<Self>) -> pyroscope::Result<()> {
        Ok(())
    }

    fn report(&mut self) -> pyroscope::Result<ReportBatch> {
        let mut stacks = HashMap::new();
        for sample in self.harvest.fetch(self.service) {
            *stacks.entry(stack(&sample)).or_insert(0) += usize::try_from(sample.count).unwrap_or(usize::MAX);
        }
        let data = ReportData::Reports(vec![Report::new(stacks)]);
        Ok(ReportBatch { profile_type: PROFILE_TYPE.to_owned(), data })
    }

    /// Tags come with the samples.
    fn add_tag(&self, _: ThreadTag) -> pyroscope::Result<()> {
        Ok(())
    }

    fn remove_tag(&self, _: ThreadTag) -> pyroscope::Result<()> {
        Ok(())
    }
}

/// A sample as an agent knows them: the innermost function first, the route as a tag.
fn stack(sample: &Sample) -> StackTrace {
    let frame = |name: &Arc<str>| StackFrame { name: Some(name.to_string()), ..StackFrame::default() };
    let mut metadata = Metadata::default();
    if let Some(route) = &sample.route {
        metadata.add_tag(Tag::new(ROUTE.to_owned(), route.to_string()));
    }
    StackTrace { frames: sample.frames.iter().rev().map(frame).collect(), metadata, ..StackTrace::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_gets_its_own_services_samples_once_with_the_route_as_a_tag() {
        let harvest = Arc::<Harvest>::default();
        let frames = ["main", "charge"].map(Arc::from);
        let sample = |service, route: Option<&str>, count| Sample {
            service,
            route: route.map(Arc::from),
            frames: frames.clone().into(),
            count,
        };
        harvest.add(vec![
            sample(Service::Payments, Some("POST /charge"), 2),
            sample(Service::Payments, Some("POST /charge"), 3),
            sample(Service::Payments, None, 1),
            sample(Service::Ads, None, 9),
        ]);
        let mut source = Source { service: Service::Payments, harvest: harvest.clone() };
        let ReportBatch { data: ReportData::Reports(reports), .. } = source.report().expect("a report")
        else {
            panic!("stacks are to be encoded by the agent")
        };
        let told = reports.iter().flat_map(|report| &report.data).map(|(stack, count)| {
            let names: Vec<_> = stack.frames.iter().filter_map(|frame| frame.name.as_deref()).collect();
            assert_eq!(names, ["charge", "main"], "the innermost first");
            (stack.metadata.tags.iter().map(ToString::to_string).collect::<Vec<_>>(), *count)
        });
        let mut told: Vec<_> = told.collect();
        told.sort();
        assert_eq!(told, [(vec![], 1), (vec!["route=POST /charge".to_owned()], 5)]);
        let ReportBatch { data: ReportData::Reports(again), .. } = source.report().expect("a report") else {
            panic!("stacks are to be encoded by the agent")
        };
        assert!(again.iter().all(|report| report.data.is_empty()));
        assert_eq!(harvest.missing(), 15);
    }
}

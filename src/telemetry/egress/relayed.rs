//! What leaves by way of libraries that would rather send by themselves: log lines to Loki, profiles to Pyroscope. They
//! send to the relay; from there on it is an outbox as for all else.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use opentelemetry_sdk::Resource;
use tokio::{sync::oneshot, task::JoinSet};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use super::{
    exits::{Before, Exit},
    outbox::Outbox,
    queue::Queue,
    relay::{Relay, Taker},
};
use crate::{
    kernel::service::Service,
    telemetry::{
        config::Config,
        destination::{Destination, Signal},
        line::Lines,
        loki::{
            convoy::Convoy,
            feeder::{self, Feeder},
        },
        profile::{
            agents::{self, Plan},
            harvest::Harvest,
            hub::{self, Hub, Takers},
            pushed,
            routes::Routes,
            samples::Profile,
        },
        resource,
    },
};

/// Profiles that wait to be shown may take about this much, in bytes.
const PROFILES_BYTES: usize = 4 * 1024 * 1024;

/// The two ways, as far as they are open, and the accounts they keep.
pub struct Relayed {
    loki: Option<Arc<Outbox>>,
    pyroscope: Option<Arc<Outbox>>,
    convoy: Arc<Convoy>,
    harvest: Arc<Harvest>,
    /// Profiles on their way to the onlooker.
    pub profiles: Arc<Queue<Profile>>,
    /// The routes that profiles are split by; `None`: no profiles are taken.
    pub routes: Option<Arc<Routes>>,
    profile_every: Duration,
    /// No log line is more verbose.
    verbosity: LevelFilter,
}

/// A service and who it says it is.
pub type Sender = (Service, Resource);

/// What the thread of the egress has to serve.
pub struct Link {
    relay: Option<Relay>,
    senders: Vec<Sender>,
    /// Is dropped when the last samples are with the agents.
    harvested: oneshot::Receiver<()>,
}

impl Relayed {
    pub fn new(config: &Config) -> Self {
        let outbox = |signal, to: &Destination| Arc::new(Outbox::new(signal, to.clone()));
        let pyroscope = config.pyroscope.as_ref().filter(|_| config.profile_every.is_some());
        // Directives that make no sense have been refused before.
        let filter = EnvFilter::try_new(&config.log_filter).ok();
        Relayed {
            loki: config.loki.as_ref().map(|to| outbox(Signal::Logs, to)),
            pyroscope: pyroscope.map(|to| outbox(Signal::Profiles, to)),
            convoy: Arc::default(),
            harvest: Arc::default(),
            profiles: Arc::new(Queue::new(PROFILES_BYTES)),
            routes: config.profile_every.map(|_| Arc::default()),
            profile_every: config.profile_every.unwrap_or_default(),
            verbosity: filter.and_then(|filter| filter.max_level_hint()).unwrap_or(LevelFilter::TRACE),
        }
    }

    pub fn outboxes(&self) -> impl Iterator<Item = &Arc<Outbox>> {
        self.loki.iter().chain(&self.pyroscope)
    }

    pub fn wants_lines(&self) -> bool {
        self.loki.is_some()
    }

    pub fn takes_profiles(&self) -> bool {
        self.routes.is_some()
    }

    /// How both are doing; `lines` is what waits to be fed.
    pub fn exits(&self, lines: &Lines) -> impl Iterator<Item = Exit> {
        let loki = self.loki.as_ref().map(|outbox| {
            let before = Before {
                waiting_bytes: lines.bytes() + self.convoy.waiting_bytes(),
                displaced: lines.displaced.total(),
                lost: self.convoy.lost.total(),
                last_minute: lines.displaced.last_minute() + self.convoy.lost.last_minute(),
                ..Before::default()
            };
            Exit::of(outbox, &before)
        });
        let pyroscope = self.pyroscope.as_ref().map(|outbox| {
            let before = Before {
                waiting_bytes: self.harvest.waiting_bytes(),
                displaced: self.harvest.displaced.total(),
                last_minute: self.harvest.displaced.last_minute(),
                ..Before::default()
            };
            Exit::of(outbox, &before)
        });
        loki.into_iter().chain(pyroscope)
    }

    /// Opens the relay's port where one is needed, and starts to take profiles where they are wanted. What belongs to no
    /// service is `platform`'s.
    pub fn begin(
        &self,
        senders: Vec<Sender>,
        platform: Service,
        is_shown: bool,
    ) -> std::io::Result<(Link, Option<Hub>)> {
        let (ended, harvested) = oneshot::channel();
        let relay = self.outboxes().next().map(|_| Relay::bind()).transpose()?;
        let agents = relay.as_ref().filter(|_| self.pyroscope.is_some()).map(|relay| {
            let name = |(service, sender): &Sender| (*service, resource::name(sender, *service));
            let senders = senders.iter().map(name).collect();
            let plan = Plan { base: relay.base(), senders, hertz: hub::HERTZ, every: self.profile_every };
            (plan, self.harvest.clone())
        });
        let profiles = self.profiles.clone();
        let show = Box::new(move |profile: Profile| {
            if is_shown {
                let weight = profile.weight();
                profiles.push(profile, weight, Profile::count);
            }
        });
        let takers = Takers { show, agents };
        let start =
            |routes: &Arc<Routes>| Hub::start(self.profile_every, platform, routes.clone(), takers, ended);
        let hub = self.routes.as_ref().map(start).transpose().map_err(std::io::Error::other)?;
        Ok((Link { relay, senders, harvested }, hub))
    }

    /// Serves the relay, among `errands` that end with the egress. Returns what feeds Loki, and what tells when the last
    /// samples are with the agents.
    pub fn serve(&self, link: Link, errands: &mut JoinSet<()>) -> (Option<Feeder>, oneshot::Receiver<()>) {
        let Link { relay, senders, harvested } = link;
        let Some(relay) = relay else { return (None, harvested) };
        let feeder = self.loki.as_ref().map(|outbox| {
            let senders = senders.iter().map(|(service, sender)| (*service, sender));
            let (convoy, outbox) = (self.convoy.clone(), outbox.clone());
            let (feeder, layers) = Feeder::new(&relay.base(), senders, self.verbosity, convoy, outbox);
            for layer in layers {
                errands.spawn(layer);
            }
            feeder
        });
        errands.spawn(relay.serve(self.takers()));
        (feeder, harvested)
    }

    /// What comes in at the relay, and where it goes.
    fn takers(&self) -> Vec<(&'static str, Taker)> {
        let convoy = self.convoy.clone();
        let mut takers: Vec<(&str, Taker)> =
            vec![(feeder::PATH, Arc::new(move |body: Bytes| convoy.arrive(&body)))];
        if let Some(outbox) = &self.pyroscope {
            let (harvest, outbox) = (self.harvest.clone(), outbox.clone());
            let take = move |body: Bytes| {
                // Agents send empty profiles as well; nobody needs to see them.
                if let Some((plain, samples)) = pushed::read(&body).filter(|(_, samples)| *samples > 0) {
                    outbox.post(plain, samples);
                    harvest.arrive(samples);
                }
            };
            takers.push((agents::PATH, Arc::new(take)));
        }
        takers
    }

    /// Waits until the last samples have come out at the relay, once they are with the agents.
    pub async fn bring_in(&self, harvested: oneshot::Receiver<()>) {
        // Nothing is ever said: that the other end is gone is the message.
        let _ = harvested.await;
        self.profiles.close();
        self.harvest.is_in().await;
        self.pyroscope.iter().for_each(|outbox| outbox.close());
    }

    /// Counts all that did not leave as left behind: what waits in `lines`, underway or in an outbox.
    pub fn abandon(&self, lines: &Lines) {
        if let Some(loki) = &self.loki {
            loki.left.add(lines.take(usize::MAX).len() as u64);
            loki.abandon();
        }
        if let Some(pyroscope) = &self.pyroscope {
            pyroscope.left.add(self.harvest.missing());
            pyroscope.abandon();
        }
    }
}

//! The thread that takes a profile of the whole process every so often and hands it to whoever wants one.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::{Duration, SystemTime},
};

use pyroscope_pprofrs::{PprofConfig, pprof_backend};
use pyroscope05::backend::{BackendImpl, BackendReady};

use super::{
    agents::{Agents, Plan},
    harvest::Harvest,
    routes::Routes,
    samples::Profile,
    stacks,
};
use crate::kernel::service::Service;

/// Samples a second and processor. Many kernels look at their timers 250 times a second: whoever asks for more gets fewer
/// than he counts. Odd, so as not to march in step with what happens every ten milliseconds.
pub const HERTZ: u32 = 99;

/// Where profiles go.
pub struct Takers {
    /// What is shown a profile as a whole.
    pub show: Box<dyn Fn(Profile) + Send>,
    /// What sends samples to Pyroscope, if anything does.
    pub agents: Option<(Plan, Arc<Harvest>)>,
}

/// The running thread. There can be one: a process has one timer for its processor time.
pub struct Hub {
    stop: mpsc::Sender<()>,
}

impl Hub {
    /// Starts sampling; `ended` is dropped when the last sample has been handed over.
    /// Threads of no service are `platform`'s.
    pub fn start<E: Send + 'static>(
        every: Duration,
        platform: Service,
        routes: Arc<Routes>,
        takers: Takers,
        ended: E,
    ) -> Result<Self, String> {
        let sampler = pprof_backend(PprofConfig::new().sample_rate(HERTZ)).initialize();
        let sampler = sampler.map_err(|error| format!("no profiles can be taken: {error}"))?;
        let Takers { show, agents } = takers;
        let agents =
            agents.map(|(plan, harvest)| Agents::start(&plan, &harvest).map(|agents| (agents, harvest)));
        let agents = agents.transpose().map_err(|error| format!("no profiles can be sent: {error}"))?;
        let (stop, stopped) = mpsc::channel::<()>();
        let rounds = Rounds { sampler, platform, routes, show, agents };
        let spawned = thread::Builder::new().name("profiler".into()).spawn(move || {
            rounds.run(every, &stopped);
            drop(ended);
        });
        spawned.map_err(|error| format!("no thread for profiles: {error}"))?;
        Ok(Hub { stop })
    }

    /// One last profile, and no more. Does not wait for it.
    pub fn stop(&self) {
        let _ = self.stop.send(());
    }
}

struct Rounds {
    sampler: BackendImpl<BackendReady>,
    platform: Service,
    routes: Arc<Routes>,
    show: Box<dyn Fn(Profile) + Send>,
    agents: Option<(Agents, Arc<Harvest>)>,
}

impl Rounds {
    fn run(mut self, every: Duration, stopped: &mpsc::Receiver<()>) {
        let mut begun = SystemTime::now();
        loop {
            let goes_on = stopped.recv_timeout(every) == Err(mpsc::RecvTimeoutError::Timeout);
            let ended = SystemTime::now();
            // Fails when the timer could not be set anew; what was sampled is gone then, and the next round tries again.
            if let Ok(reports) = self.sampler.report() {
                let samples = stacks::samples(&reports, self.platform, &self.routes);
                if let Some((_, harvest)) = &self.agents {
                    harvest.add(samples.clone());
                }
                (self.show)(Profile { begun, ended, hertz: HERTZ, samples });
            }
            begun = ended;
            if !goes_on {
                break;
            }
        }
        if let Some((agents, _)) = self.agents {
            agents.stop();
        }
    }
}

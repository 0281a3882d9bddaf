//! Sends the shoppers: each visit starts when the schedule says, whether or not the ones before it are done.
//!
//! A step's latency counts from its intended start and not from when it was sent: a shop that stands still for a second
//! is felt by everybody who would have come in that second.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
    task::{JoinHandle, JoinSet},
};

use super::{
    mix::{Mix, MixError, check_rate},
    pacer::Pacer,
    play::Shop,
    schedule::Schedule,
    tally::Tally,
    visit::Source,
};
use crate::kernel::client::Carrier;

/// How many surges there may be on top of each other.
const MOST_SURGES: usize = 32;

/// How the shoppers are to come.
#[derive(Clone, Debug)]
pub struct Options {
    pub source: Source,
    pub mix: Mix,
    /// How many visits may be under way at once; who comes then is shed, and counted.
    pub most_in_flight: usize,
    /// How long a step may take. The carrier is what keeps it (`kernel::client::Deadline`).
    pub step_timeout: Duration,
    /// How long visits may go on after [`Shoppers::stop`].
    pub grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            source: Source { seed: 42, occasion: 0 },
            mix: Mix::normal(),
            most_in_flight: 2_000,
            step_timeout: Duration::from_secs(10),
            grace: Duration::from_secs(1),
        }
    }
}

/// Why no shoppers come.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Mix(#[from] MixError),
    #[error("failed to set up a timer: {0}")]
    Timer(#[from] io::Error),
}

/// The shoppers while they come. Dropped, all of them vanish at once.
pub struct Shoppers {
    shared: Arc<Shared>,
    ended: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Shoppers {
    /// Lets them come, the first at once, on `runtime`. A runtime of one thread that does nothing else keeps the
    /// schedule best.
    pub fn start(options: Options, carrier: Arc<dyn Carrier>, runtime: &Handle) -> Result<Self, StartError> {
        options.mix.check()?;
        let entered = runtime.enter();
        let pacer = Pacer::new()?;
        drop(entered);
        let schedule = Schedule::new(options.source.seed, options.mix.visits_per_minute);
        let shared = Arc::new(Shared {
            plan: Mutex::new(Plan {
                schedule,
                mix: Arc::new(options.mix),
                source: options.source,
                is_anew: false,
            }),
            changed: Notify::new(),
            stopping: Notify::new(),
            most_in_flight: options.most_in_flight,
            grace: options.grace,
            start: Instant::now(),
            shop: Shop { carrier, pacer, step_timeout: options.step_timeout, books: Mutex::default() },
        });
        let (end, ended) = watch::channel(false);
        let sending = shared.clone();
        let task = runtime.spawn(async move {
            tokio::select! {
                // Its error says that the timer failed; then nobody else comes, and the end says so.
                _ = sending.shop.pacer.run() => {}
                () = send(sending.clone()) => {}
            }
            end.send_replace(true);
        });
        Ok(Shoppers { shared, ended, task })
    }

    /// From now on visits are of this mix; the rate goes to the mix's in a straight line, over `ramp`.
    pub fn set_mix(&self, mix: Mix, ramp: Duration) -> Result<(), MixError> {
        mix.check()?;
        self.change(|plan, now| {
            plan.schedule.set_rate(now, mix.visits_per_minute, ramp);
            plan.mix = Arc::new(mix);
        });
        Ok(())
    }

    /// The rate goes to `visits_per_minute` in a straight line, over `ramp`; the mix stays.
    pub fn set_rate(&self, visits_per_minute: f64, ramp: Duration) -> Result<(), MixError> {
        check_rate("visits_per_minute", visits_per_minute)?;
        self.change(|plan, now| plan.schedule.set_rate(now, visits_per_minute, ramp));
        Ok(())
    }

    /// Adds visits for `duration` that make about `requests_per_minute` together, on top of what runs.
    pub fn surge(&self, duration: Duration, requests_per_minute: f64) -> Result<(), MixError> {
        check_rate("requests_per_minute", requests_per_minute)?;
        let mut taken = false;
        self.change(|plan, now| {
            taken = plan.schedule.surges(now) < MOST_SURGES;
            if taken {
                let visits_per_minute = requests_per_minute / plan.mix.requests_per_visit();
                plan.schedule.surge(now, duration, visits_per_minute);
            }
        });
        let why = || format!("comes on top of {MOST_SURGES} others, which is as many as there may be");
        if taken { Ok(()) } else { Err(MixError { field: "requests_per_minute", why: why() }) }
    }

    /// Ends whatever comes on top.
    pub fn end_surges(&self) {
        self.change(|plan, now| plan.schedule.end_surges(now));
    }

    /// From now on those come that follow from `source`, its first at once. Who is inside is sent away: a replay is not
    /// to be mixed with what was before it.
    pub fn replay(&self, source: Source) {
        self.change(|plan, now| {
            plan.source = source;
            plan.is_anew = true;
            plan.schedule.replay(now, source.seed);
        });
    }

    /// What the visits follow from.
    pub fn seed(&self) -> u64 {
        self.shared.plan().source.seed
    }

    /// The mix as it was last set.
    pub fn mix(&self) -> Arc<Mix> {
        self.shared.plan().mix.clone()
    }

    /// When the first of them was due: the instant all elapsed time counts from.
    pub fn began(&self) -> Instant {
        self.shared.start
    }

    /// How it went so far.
    pub fn tally(&self) -> Tally {
        let rate = self.shared.plan().schedule.visits_per_minute(self.shared.start.elapsed());
        // Percentiles take their time: the books are copied, so that nobody has to wait to write.
        let books = self.shared.shop.books().clone();
        books.tally(rate)
    }

    /// Nobody else comes; who is inside gets the grace and is cut then. Ends when all are gone.
    pub async fn stop(&self) {
        self.shared.stopping.notify_one();
        // An error means that the task is gone, and so are they.
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    fn change(&self, change: impl FnOnce(&mut Plan, Duration)) {
        change(&mut self.shared.plan(), self.shared.start.elapsed());
        self.shared.changed.notify_one();
    }
}

impl Drop for Shoppers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Shared {
    plan: Mutex<Plan>,
    changed: Notify,
    stopping: Notify,
    most_in_flight: usize,
    grace: Duration,
    /// The instant that elapsed time counts from.
    start: Instant,
    shop: Shop,
}

struct Plan {
    schedule: Schedule,
    mix: Arc<Mix>,
    source: Source,
    /// A replay was asked for, and who was inside is still there.
    is_anew: bool,
}

impl Shared {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets visits begin until told to stop, then sees them out.
async fn send(shared: Arc<Shared>) {
    let mut inside = JoinSet::new();
    loop {
        let next = shared.plan().schedule.peek().map(|arrival| shared.start + arrival.at);
        let due = async {
            match next {
                Some(due) => shared.shop.pacer.until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = shared.stopping.notified() => break,
            () = shared.changed.notified() => {
                if std::mem::take(&mut shared.plan().is_anew) {
                    inside.shutdown().await;
                    let mut books = shared.shop.books();
                    books.visits.cut += books.visits.in_flight();
                }
            }
            () = due => {
                let_in(&shared, &mut inside);
                // Who has just come sends first; then the next arrival is looked for.
                tokio::task::yield_now().await;
            }
        }
    }
    let left = async { while inside.join_next().await.is_some() {} };
    if tokio::time::timeout(shared.grace, left).await.is_err() {
        inside.shutdown().await;
    }
    let mut books = shared.shop.books();
    books.visits.cut += books.visits.in_flight();
}

/// Begins every visit that is due by now.
fn let_in(shared: &Arc<Shared>, inside: &mut JoinSet<()>) {
    while inside.try_join_next().is_some() {}
    let mut plan = shared.plan();
    let now = shared.start.elapsed();
    let (mut arrived, mut shed) = (0, 0);
    while plan.schedule.peek().is_some_and(|next| next.at <= now) {
        let Some(arrival) = plan.schedule.take() else { break };
        arrived += 1;
        if inside.len() >= shared.most_in_flight {
            shed += 1;
            continue;
        }
        let (shared, mix, source) = (shared.clone(), plan.mix.clone(), plan.source);
        inside.spawn(async move {
            let visit = source.visit(arrival.number, &mix);
            shared.shop.play(visit, shared.start + arrival.at).await;
        });
    }
    drop(plan);
    let mut books = shared.shop.books();
    books.visits.arrived += arrived;
    books.visits.shed += shed;
}

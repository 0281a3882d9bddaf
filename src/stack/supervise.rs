//! Sees to it that a child runs until it is asked to end: starts it again when it ends by itself, with growing pauses, and
//! counts how often.

use std::time::{Duration, Instant};

use tokio::{
    process::Child as Process,
    sync::{oneshot, watch},
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use super::{
    ask::Asker,
    child::Errand,
    part::Part,
    standing::{Standing, State},
};

/// How long it may take until it is ready.
pub const STARTING: Duration = Duration::from_secs(15);
/// How often a child that starts is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(50);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Whoever ran for so long ended for a reason of its own, and not because it cannot run.
const SOUND: Duration = Duration::from_secs(60);
const TRIM_EVERY: Duration = Duration::from_secs(10);

/// A child that is looked after.
pub struct Ward {
    pub part: Part,
    pub errand: Errand,
    pub url: String,
    pub standing: Standing,
    pub asker: Asker,
}

/// How a child's life ended.
enum Ended {
    ByItself,
    AsAsked,
    /// It never became ready: why.
    Stillborn(String),
}

impl Ward {
    /// Runs it until `stopped` says so. `ready` hears how the first start went; when that failed, there is no second.
    pub async fn look_after(
        self,
        mut stopped: watch::Receiver<bool>,
        ready: oneshot::Sender<Result<(), String>>,
    ) {
        let mut ready = Some(ready);
        let mut pause = FIRST_PAUSE;
        loop {
            let begun = Instant::now();
            let ended = self.live(&mut stopped, &mut ready).await;
            let first = ready.take();
            match (ended, first) {
                (Ended::AsAsked, _) => return,
                (Ended::Stillborn(why), Some(ready)) => return drop(ready.send(Err(why))),
                (Ended::Stillborn(_) | Ended::ByItself, _) => {}
            }
            if begun.elapsed() >= SOUND {
                pause = FIRST_PAUSE;
            }
            self.standing.tell(self.part, |part| {
                part.state = State::Restarting;
                part.restarts += 1;
            });
            // A child that heard Ctrl-C by itself ends before the lab has asked it to: the word comes meanwhile.
            if timeout(pause, asked_to_end(&mut stopped)).await.is_ok() {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One life, from the start to the end.
    async fn live(
        &self,
        stopped: &mut watch::Receiver<bool>,
        ready: &mut Option<oneshot::Sender<Result<(), String>>>,
    ) -> Ended {
        let mut child = match self.errand.start() {
            Ok(child) => child,
            Err(error) => {
                let program = self.errand.program.display();
                return Ended::Stillborn(format!("{program} does not start: {error}"));
            }
        };
        self.standing.tell(self.part, |part| part.pid = child.id());
        let ended = self.live_on(&mut child, stopped, ready).await;
        if !matches!(ended, Ended::ByItself) {
            self.errand.end(child).await;
        }
        self.standing.tell(self.part, |part| part.pid = None);
        ended
    }

    /// Until it ends, or has to.
    async fn live_on(
        &self,
        child: &mut Process,
        stopped: &mut watch::Receiver<bool>,
        ready: &mut Option<oneshot::Sender<Result<(), String>>>,
    ) -> Ended {
        let growing_up = tokio::select! {
            grown = self.grow_up(child) => grown,
            () = asked_to_end(stopped) => return Ended::AsAsked,
        };
        if let Err(why) = growing_up {
            return Ended::Stillborn(why);
        }
        self.standing.tell(self.part, |part| part.state = State::Ready);
        if let Some(ready) = ready.take() {
            let _ = ready.send(Ok(()));
        }
        let mut trim = interval(TRIM_EVERY);
        trim.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = child.wait() => return Ended::ByItself,
                () = asked_to_end(stopped) => return Ended::AsAsked,
                _ = trim.tick() => self.errand.trim(),
            }
        }
    }

    /// Waits until it is ready, or says why it will not be.
    async fn grow_up(&self, child: &mut Process) -> Result<(), String> {
        let part = self.part;
        let asking = async {
            while self.asker.is_ready(&self.url).await.is_err() {
                sleep(ASK_EVERY).await;
            }
        };
        tokio::select! {
            ended = child.wait() => {
                let status = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
                Err(format!("{part} ended at once ({status}): {}", self.errand.last_words()))
            }
            grown = timeout(STARTING, asking) => grown.map_err(|_| {
                let seconds = STARTING.as_secs();
                format!("{part} is not ready after {seconds} s: {}", self.errand.last_words())
            }),
        }
    }
}

/// When nobody is left to say so, it is time as well.
async fn asked_to_end(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

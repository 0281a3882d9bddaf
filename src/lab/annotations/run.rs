//! Sees to it that Grafana knows the marks of the show. The show waits for nothing here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, anyhow};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use super::{
    book::Book,
    grafana::{Grafana, TOKEN},
    mark,
};
use crate::{
    kernel::{clock, outside::Silence, service::Service},
    lab::{
        cli::ShowFlags,
        hosts::{self, Spawned},
        speak::say,
        table::Row,
    },
    scenario::control::Status,
    telemetry::{
        names::{help, metric},
        scope::Scope,
    },
};

/// The name of its thread.
const THREAD: &str = "annotations";
/// When Grafana is asked again after it did not answer, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long the last words may take when the lab ends.
const LAST_WORDS: Duration = Duration::from_millis(1_500);

/// Reads what Grafana needs, if there is one: its address, and who asks.
pub fn grafana(flags: &ShowFlags) -> Result<Option<Grafana>> {
    let url = flags.grafana_url.as_deref().filter(|url| !url.trim().is_empty());
    let token = std::env::var(TOKEN).ok().filter(|token| !token.trim().is_empty());
    url.map(|url| Grafana::new(url, token.as_deref())).transpose().map_err(|why| anyhow!(why))
}

/// What the start-up table says of it, if there is a Grafana.
pub fn row(flags: &ShowFlags) -> Option<Row> {
    let grafana = grafana(flags).ok().flatten()?;
    let note = if flags.annotate_faults {
        "phases and faults are marked"
    } else {
        "phases are marked, faults are not"
    };
    Some(Row::new("dashboards", grafana.address(), note))
}

/// Begins, on a thread of its own. `here` is the control address: it tells the marks of two labs apart.
pub fn begin(
    grafana: Grafana,
    faults: bool,
    here: &str,
    status: watch::Receiver<Arc<Status>>,
    stopped: watch::Receiver<bool>,
    scope: &Scope,
) -> Result<Spawned> {
    let dropped = Arc::new(AtomicU64::new(0));
    if let Some(signals) = scope.signals() {
        let seen = dropped.clone();
        let counter = signals.instruments.meter().u64_observable_counter(metric::ANNOTATIONS_DROPPED);
        let counter = counter.with_description(help(metric::ANNOTATIONS_DROPPED)).with_unit("{annotation}");
        counter.with_callback(move |observer| observer.observe(seen.load(Ordering::Relaxed), &[])).build();
    }
    let open_tag = format!("open at {here}");
    hosts::spawn(Service::Lab, THREAD, async move {
        let book = Book::new(open_tag.clone());
        Annotator { grafana, faults, open_tag, book, dropped, is_known: false, trouble: None }
            .run(status, stopped)
            .await;
    })
}

struct Annotator {
    grafana: Grafana,
    faults: bool,
    open_tag: String,
    book: Book,
    dropped: Arc<AtomicU64>,
    /// Whether what was left open before has been closed.
    is_known: bool,
    /// Why Grafana was not told the last time.
    trouble: Option<String>,
}

impl Annotator {
    async fn run(mut self, mut status: watch::Receiver<Arc<Status>>, mut stopped: watch::Receiver<bool>) {
        let mut pause = FIRST_PAUSE;
        let mut again = Instant::now();
        loop {
            let now = status.borrow_and_update().clone();
            self.book.see(mark::marks(&now, self.faults), clock::now_millis());
            if Instant::now() >= again {
                pause = match self.tell_all().await {
                    Ok(()) => FIRST_PAUSE,
                    Err(_) => {
                        again = Instant::now() + pause;
                        (pause * 2).min(LONGEST_PAUSE)
                    }
                };
            }
            let waits = self.trouble.is_some();
            tokio::select! {
                changed = status.changed() => if changed.is_err() { break },
                _ = stopped.wait_for(|stop| *stop) => break,
                () = sleep_until(again), if waits => {}
            }
        }
        self.book.see(Vec::new(), clock::now_millis());
        let _ = timeout(LAST_WORDS, self.tell_all()).await;
        let (waiting, dropped) = self.book.standing();
        let lost = dropped + waiting as u64;
        if lost > 0 {
            say(&format!("doorbuster: {lost} annotations never reached Grafana\n"));
        }
    }

    /// Tells all there is to tell, or as much as is taken.
    async fn tell_all(&mut self) -> Result<(), Silence> {
        let told = self.try_tell_all().await;
        self.dropped.store(self.book.standing().1, Ordering::Relaxed);
        match (&told, &self.trouble) {
            (Ok(()), Some(_)) => {
                say("doorbuster: annotations: Grafana is back\n");
                self.trouble = None;
            }
            (Err(silence), before) if before.as_deref() != Some(&*silence.to_string()) => {
                say(&format!("doorbuster: annotations: Grafana at {}: {silence}\n", self.grafana.address()));
                self.trouble = Some(silence.to_string());
            }
            _ => {}
        }
        told
    }

    async fn try_tell_all(&mut self) -> Result<(), Silence> {
        if !self.is_known {
            self.grafana.close_left(&self.open_tag, clock::now_millis()).await?;
            self.is_known = true;
        }
        while let Some((at, errand)) = self.book.next() {
            match self.grafana.tell(&errand).await {
                Ok(number) => self.book.done(at, &errand, number),
                // Somebody has deleted it, or it was never good: it will not be better the next time.
                Err(Silence::Refused(400 | 404 | 422, _)) => self.book.give_up(at),
                Err(silence) => return Err(silence),
            }
        }
        Ok(())
    }
}

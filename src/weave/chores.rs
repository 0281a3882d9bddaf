//! Runs what a service does without being asked; its facts are told like those of a request.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use opentelemetry::{
    Context,
    trace::{FutureExt, SpanKind},
};

use super::spans::Passage;
use crate::{
    kernel::chore::{Chore, Task},
    telemetry::{facts, scope::Scope},
};

/// How long a look for work may take.
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one task may take.
const TASK_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs `chore` every so often, for ever. A round that finds nothing to do leaves no trace; each task has its own.
pub async fn run(chore: Chore, scope: Arc<Scope>) {
    let mut rounds = tokio::time::interval(chore.every);
    rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        // Who is down does nothing.
        if scope.presence.is_mute() {
            continue;
        }
        let found = tokio::time::timeout(LOOK_TIMEOUT, (chore.look)()).await.unwrap_or_default();
        for task in found {
            // Given up, its span says so, and the next round finds what is left of it.
            let _ = tokio::time::timeout(TASK_TIMEOUT, work(chore.name, task, &scope)).await;
        }
    }
}

async fn work(name: &'static str, task: Task, scope: &Scope) {
    let begun = Instant::now();
    let passage = scope
        .signals()
        .map(|signals| Passage::begin(signals, SpanKind::Internal, name, Vec::new(), &Context::new()));
    let context = passage.as_ref().map_or_else(Context::new, |passage| passage.context.clone());
    let stated = task.with_context(context.clone()).await;
    let current = context.attach();
    if let (Some(passage), Some(signals)) = (&passage, scope.signals()) {
        stated.iter().filter_map(facts::order_id).for_each(|order_id| passage.set(order_id));
        let (seconds, span) = (begun.elapsed().as_secs_f64(), passage.span_context());
        stated.iter().for_each(|fact| facts::measure(fact, &signals.instruments, seconds, &span));
    }
    scope.speak(|| stated.iter().for_each(facts::log));
    drop(current);
    if let Some(mut passage) = passage {
        passage.end();
    }
}

//! Runs what a service does without being asked; its facts are told like those of a request.

use std::{sync::Arc, time::Instant};

use opentelemetry::{Context, trace::SpanKind};

use super::spans::Passage;
use crate::{
    kernel::chore::Chore,
    telemetry::{facts, scope::Scope},
};

/// Runs `chore` every so often, for ever. A round that has nothing to say leaves no trace.
pub async fn run(chore: Chore, scope: Arc<Scope>) {
    let mut rounds = tokio::time::interval(chore.every);
    rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        // Who is down does nothing.
        if scope.presence.is_mute() {
            continue;
        }
        let begun = Instant::now();
        let stated = (chore.run)();
        if stated.is_empty() {
            continue;
        }
        let passage = scope.signals().map(|signals| {
            let seconds = begun.elapsed().as_secs_f64();
            let passage =
                Passage::begin(signals, SpanKind::Internal, chore.name, Vec::new(), &Context::new());
            let span = passage.span_context();
            stated.iter().for_each(|fact| facts::measure(fact, &signals.instruments, seconds, &span));
            passage
        });
        let current = passage.as_ref().map(|passage| passage.context.clone().attach());
        scope.speak(|| stated.iter().for_each(facts::log));
        drop(current);
        if let Some(mut passage) = passage {
            passage.end();
        }
    }
}

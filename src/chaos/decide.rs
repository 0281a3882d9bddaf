//! Whether a crossing is struck, and by what. Pure: the same faults, crossing and dice give the same verdict.
//!
//! The first fault that matches and wins its draw answers; the order of faults is their precedence.

use std::{sync::Arc, time::Duration};

use super::{
    action::Action,
    crossing::{Crossing, Place},
    dice::{Dice, Face, Throw},
    fault::{Delay, Effect, Fault},
    live::Live,
    target::Seam,
};
use crate::kernel::{client::Retry, service::Service};

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874;

/// A crossing was struck: by which fault, and what that means.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub fault: Arc<Live>,
    pub action: Action,
}

/// A fault made ready for one service: looked at on every crossing, so everything that can be known before is known.
#[derive(Clone, Debug)]
pub struct Rule {
    pub live: Arc<Live>,
    pub fault: Arc<Fault>,
    dice: Dice,
    place: PlaceRule,
    share: f64,
    /// A bit a country, method and tier; all set when any will do.
    countries: u32,
    methods: u32,
    tiers: u32,
}

#[derive(Clone, Debug)]
enum PlaceRule {
    Any,
    /// A request: peer (at the outbound seam), method and route, where they are named.
    Request {
        peer: Option<Service>,
        route: Option<(String, String)>,
    },
    Query(String),
}

impl Rule {
    pub fn new(fault: Arc<Fault>, live: Arc<Live>, seed: u64) -> Self {
        let on = &fault.on;
        let route = on.route.as_deref().and_then(|route| route.split_once(' '));
        let route = route.map(|(method, template)| (method.to_owned(), template.to_owned()));
        let place = match (&on.query, on.peer, route) {
            (Some(query), _, _) => PlaceRule::Query(query.clone()),
            (None, None, None) => PlaceRule::Any,
            (None, peer, route) => PlaceRule::Request { peer, route },
        };
        Rule {
            dice: Dice::new(seed, &fault.id),
            place,
            share: fault.share.fraction(),
            countries: bits(on.country.iter().map(|one| *one as u32)),
            methods: bits(on.payment_method.iter().map(|one| *one as u32)),
            tiers: bits(on.tier.iter().map(|one| *one as u32)),
            live,
            fault,
        }
    }

    /// Whether the crossing is one of those the fault is about.
    pub fn matches(&self, crossing: &Crossing<'_>) -> bool {
        let who = crossing.who;
        fits(self.countries, who.country.map(|one| one as u32))
            && fits(self.methods, who.payment_method.map(|one| one as u32))
            && fits(self.tiers, who.tier.map(|one| one as u32))
            && self.is_at(&crossing.place)
            && self.is_about(crossing)
    }

    fn is_at(&self, place: &Place<'_>) -> bool {
        match (&self.place, place) {
            (PlaceRule::Any, _) => true,
            (PlaceRule::Query(query), Place::Database { query: here } | Place::Cache { query: here }) => {
                query == here
            }
            (PlaceRule::Request { peer: None, route }, Place::Inbound { method, route: here }) => {
                is_route(route.as_ref(), method, here)
            }
            (PlaceRule::Request { peer, route }, Place::Outbound { peer: asked, method, route: here }) => {
                peer.is_none_or(|peer| peer == *asked) && is_route(route.as_ref(), method, here)
            }
            (PlaceRule::Query(_) | PlaceRule::Request { .. }, _) => false,
        }
    }

    fn is_about(&self, crossing: &Crossing<'_>) -> bool {
        let on = &self.fault.on;
        let product = on.product.is_empty() || crossing.product.is_some_and(|one| on.product.contains(&one));
        let category = on.category.is_empty()
            || crossing.category.is_some_and(|one| on.category.iter().any(|named| named == one));
        product && category
    }

    fn throw(&self, crossing: &Crossing<'_>) -> Throw {
        self.dice.throw(crossing.trace_id, crossing.place.seam(), crossing.attempt)
    }
}

/// The verdict on `crossing`; `None` lets it pass. Matches and strikes are counted in each fault's [`Live`].
pub fn decide(rules: &[Rule], crossing: &Crossing<'_>) -> Option<Verdict> {
    rules.iter().find_map(|rule| {
        if !rule.matches(crossing) {
            return None;
        }
        rule.live.matched();
        let throw = rule.throw(crossing);
        let struck = throw.fraction(Face::Strikes) < rule.share;
        let action = if struck { action(&rule.fault.effect, throw) } else { None }?;
        rule.live.struck(crossing, &action);
        Some(Verdict { fault: rule.live.clone(), action })
    })
}

/// The retry policy a client has to follow instead of its own, for the errand whose first attempt `crossing` is.
pub fn retry(rules: &[Rule], crossing: &Crossing<'_>) -> Option<Retry> {
    rules.iter().find_map(|rule| {
        let Effect::Retry(policy) = &rule.fault.effect else { return None };
        if !rule.matches(crossing) {
            return None;
        }
        rule.live.matched();
        if rule.throw(crossing).fraction(Face::Strikes) >= rule.share {
            return None;
        }
        rule.live.stormed(crossing);
        Some(Retry { extra: policy.attempts.saturating_sub(1), backoff: policy.backoff.0 })
    })
}

/// What an effect means for one crossing; `None` for those that are asked for elsewhere.
fn action(effect: &Effect, throw: Throw) -> Option<Action> {
    Some(match effect {
        Effect::Delay(delay) => Action::Wait(wait(delay, throw)),
        Effect::Fail(fail) => Action::Answer {
            status: status(fail.status.iter().map(|(status, weight)| (*status, *weight)), throw)?,
            retry_after: fail.retry_after.map(|span| span.0),
        },
        Effect::Hang => Action::Hang,
        Effect::SlowQuery(slow) => Action::SlowQuery(slow.extra.0),
        Effect::HoldLock(lock) => Action::HoldLock { table: lock.table.clone(), keep: lock.keep.0 },
        Effect::BurnCpu(burn) => Action::BurnCpu(burn.per_crossing.0),
        Effect::LeakMemory(leak) => Action::Leak { bytes: leak.per_crossing.0, cap: leak.cap.0 },
        Effect::CacheOutage => Action::CacheOutage,
        Effect::LoseContext => Action::LoseContext,
        Effect::Down | Effect::HoldConnections(_) | Effect::Retry(_) => return None,
    })
}

fn wait(delay: &Delay, throw: Throw) -> Duration {
    let millis = |span: super::units::Span| span.0.as_secs_f64() * 1e3;
    let wait_ms = match *delay {
        Delay::Fixed(span) => return span.0,
        Delay::Uniform { from, to } => {
            millis(from) + throw.fraction(Face::Amount) * (millis(to) - millis(from))
        }
        Delay::Normal { mean, deviation } => millis(mean) + throw.normal() * millis(deviation),
        Delay::LongTail { median, p99 } => {
            // A log-normal's logarithm is normal: its median is e^mu, its 99th percentile e^(mu + sigma * z99).
            let sigma = (millis(p99) / millis(median)).ln() / Z99;
            millis(median) * (sigma * throw.normal()).exp()
        }
    };
    let longest = super::check::LONGEST_WAIT.0;
    Duration::try_from_secs_f64(wait_ms.max(0.0) / 1e3).unwrap_or(longest).min(longest)
}

fn status(weights: impl Iterator<Item = (u16, f64)> + Clone, throw: Throw) -> Option<u16> {
    let sum: f64 = weights.clone().map(|(_, weight)| weight).sum();
    let mut left = throw.fraction(Face::Status) * sum;
    let mut last = None;
    for (status, weight) in weights {
        last = Some(status);
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    last
}

fn bits(ones: impl Iterator<Item = u32>) -> u32 {
    let set = ones.fold(0, |bits, one| bits | 1 << one);
    if set == 0 { u32::MAX } else { set }
}

fn fits(wanted: u32, one: Option<u32>) -> bool {
    wanted == u32::MAX || one.is_some_and(|one| wanted & (1 << one) != 0)
}

fn is_route(wanted: Option<&(String, String)>, method: &str, route: &str) -> bool {
    wanted.is_none_or(|(wanted, template)| wanted == method && template == route)
}

/// The rules of one seam out of `rules`, which keep their order.
pub fn at(rules: &[Rule], seam: Seam) -> Vec<Rule> {
    let passing =
        |rule: &&Rule| !rule.fault.effect.is_standing() && !matches!(rule.fault.effect, Effect::Retry(_));
    rules.iter().filter(passing).filter(|rule| rule.fault.seam() == seam).cloned().collect()
}

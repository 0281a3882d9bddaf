//! Whether a fault can change over time as it says: a ramp goes from something to the same thing, and what is there or
//! is not does not come gradually.

use garde::Validate;

use super::{
    flaws::Flaws,
    ramp::between,
    spec::{Planned, Ramp, Wave},
    tree::joined,
};
use crate::chaos::{
    fault::{Effect, Fault},
    units::{Share, Span},
};

/// The longest a change of load or of a fault may take.
pub const LONGEST_RAMP: Span = Span::from_secs(24 * 60 * 60);
const MOST_STEPS: u32 = 1_000;
const SHORTEST_WAVE: Span = Span::from_secs(1);

/// What is wrong with a fault's ramp.
pub fn ramp(planned: &Planned, ramp: &Ramp, path: &str, flaws: &mut Flaws<'_>) {
    if ramp.over == Span::ZERO || ramp.over > LONGEST_RAMP {
        let why = format!("expected more than 0s and at most {LONGEST_RAMP}, not {}", ramp.over);
        flaws.add(joined(path, "over"), why);
    }
    if ramp.steps.is_some_and(|steps| !(1..=MOST_STEPS).contains(&steps)) {
        flaws.add(joined(path, "steps"), format!("expected 1 to {MOST_STEPS} steps"));
    }
    if ramp.from.is_none() && ramp.from_effect.is_none() {
        flaws.add(path, "says nothing of the start: `from` a share, or `from_effect`");
    }
    let name = planned.effect.name();
    if ramp.from.is_some() && planned.effect.is_standing() {
        flaws.add(joined(path, "from"), format!("{name} is there or it is not: its share cannot change"));
    }
    if let Some(start) = &ramp.from_effect {
        let path = joined(path, "from_effect");
        match unlike(start, &planned.effect) {
            Some(why) => flaws.add(&path, why),
            None => start_can_be(planned, start, &path, flaws),
        }
    }
}

/// What is wrong with a fault's wave.
pub fn wave(planned: &Planned, wave: &Wave, path: &str, flaws: &mut Flaws<'_>) {
    if wave.period < SHORTEST_WAVE || wave.period > LONGEST_RAMP {
        let why = format!("expected {SHORTEST_WAVE} to {LONGEST_RAMP}, not {}", wave.period);
        flaws.add(joined(path, "period"), why);
    }
    if planned.effect.is_standing() {
        let name = planned.effect.name();
        flaws.add(path, format!("{name} is there or it is not: its share cannot change"));
    } else if wave.low > planned.share {
        let why = format!("{} is above the fault's own share, {}", wave.low, planned.share);
        flaws.add(joined(path, "low"), why);
    }
}

/// The start of a ramp has to be possible itself.
fn start_can_be(planned: &Planned, start: &Effect, path: &str, flaws: &mut Flaws<'_>) {
    let fault = Fault { effect: start.clone(), share: Share::ALL, ..planned.fault() };
    if let Err(report) = fault.validate() {
        for (field, error) in report.iter() {
            // What is wrong with the place is said of the fault itself.
            if let Some(field) = field.to_string().strip_prefix("effect.") {
                flaws.add(joined(path, field), error.message());
            }
        }
    }
}

/// Why there is no straight line between two effects, if there is none. Decided by the function that draws it.
fn unlike(start: &Effect, end: &Effect) -> Option<String> {
    let (from, to) = (start.name(), end.name());
    if from != to {
        return Some(format!("a ramp goes from {to} to {to}, not from {from}"));
    }
    if between(end, end, 0.5).is_none() {
        return Some(format!("{to} has no number that could change"));
    }
    let Some(first) = between(start, end, 0.0) else {
        return Some(format!("has to be the same {to} as the fault's in all but its numbers"));
    };
    let is_the_same = Some(first) == between(end, end, 0.0);
    is_the_same.then(|| format!("is the fault's own {to}: nothing would change"))
}

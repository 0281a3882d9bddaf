//! Whether a scenario can be: does its time go forward, does it clear what it set, does each expectation say one thing.
//! Pure; every flaw is named with the field it stands in. Whether a single fault can be is `chaos::check`'s affair.

use std::collections::BTreeSet;

use garde::{Error, Path, Report, Validate};

use super::{
    expect,
    flaws::Flaws,
    spec::{Clear, LoadSpec, Phase, Planned, Spec},
    swing::{self, LONGEST_RAMP},
    tree::{is_within, joined},
};
use crate::{
    chaos::{check::is_id, units::Span},
    kernel::{nearest::unknown, service::Service},
    load::mix::Mix,
};

/// Words that cannot be names of scenarios: an address or a command means something else by them.
pub const RESERVED: [&str; 7] = ["calm", "exercise", "stop", "pause", "resume", "jump", "speed"];
/// The most of phases, of faults in one phase, and of expectations.
const MOST: usize = 200;
/// What an id or a name has to look like.
const NAME: &str = "expected 1 to 64 lower-case letters, digits and dashes";

impl Validate for Spec {
    type Context = ();

    fn validate_into(&self, (): &(), parent: &mut dyn FnMut() -> Path, report: &mut Report) {
        let mut flaws = Flaws::without(&[]);
        spec(self, &mut flaws);
        hand_over(flaws, &parent(), report);
    }
}

impl Validate for Planned {
    type Context = ();

    fn validate_into(&self, (): &(), parent: &mut dyn FnMut() -> Path, report: &mut Report) {
        let mut flaws = Flaws::without(&[]);
        planned(self, "", &mut flaws);
        hand_over(flaws, &parent(), report);
    }
}

fn hand_over(flaws: Flaws<'_>, parent: &Path, report: &mut Report) {
    for (path, why) in flaws {
        report.append(parent.join(path), Error::new(why));
    }
}

/// All that is wrong with a scenario.
pub fn spec(spec: &Spec, flaws: &mut Flaws<'_>) {
    if !is_id(&spec.name) {
        flaws.add("name", NAME);
    }
    if RESERVED.contains(&spec.name.as_str()) {
        flaws.add("name", format!("`{}` means something else already", spec.name));
    }
    for (field, text) in [("title", &spec.title), ("story", &spec.story), ("audience", &spec.audience)] {
        if text.trim().is_empty() {
            flaws.add(field, "must not be empty");
        }
    }
    load(&spec.load, "load", flaws);
    time(spec, flaws);
    names(spec, flaws);
    for (at, phase) in spec.phases.iter().enumerate() {
        self::phase(phase, &format!("phases[{at}]"), flaws);
    }
    clears(spec, flaws);
    few(spec.expect.len(), "expect", flaws);
    for (at, expectation) in spec.expect.iter().enumerate() {
        expect::check(expectation, spec, &format!("expect[{at}]"), flaws);
    }
    few(spec.allow.len(), "allow", flaws);
    expect::allowed(spec, flaws);
}

/// All that is wrong with a fault of a scenario, or one that is set by hand.
pub fn planned(planned: &Planned, path: &str, flaws: &mut Flaws<'_>) {
    // What a fault's parts say of one another is unknown while one of them is.
    let is_torn = flaws.is_lost(&joined(path, "on")) || flaws.is_lost(&joined(path, "effect"));
    if let Err(report) = planned.fault().validate() {
        for (field, error) in report.iter() {
            let field = field.to_string();
            if !is_torn || !(is_within(&field, "on") || is_within(&field, "effect")) {
                flaws.add(joined(path, &field), error.message());
            }
        }
    }
    if let Some(ramp) = &planned.ramp {
        swing::ramp(planned, ramp, &joined(path, "ramp"), flaws);
    }
    if let Some(wave) = &planned.wave {
        swing::wave(planned, wave, &joined(path, "wave"), flaws);
    }
}

fn few(count: usize, path: &str, flaws: &mut Flaws<'_>) {
    if count > MOST {
        flaws.add(path, format!("at most {MOST}, not {count}"));
    }
}

fn time(spec: &Spec, flaws: &mut Flaws<'_>) {
    if spec.phases.is_empty() {
        flaws.add("phases", "at least one phase is needed");
    }
    few(spec.phases.len(), "phases", flaws);
    if let Some(first) = spec.phases.first()
        && first.at != Span::ZERO
    {
        flaws.add("phases[0].at", format!("the first phase begins at 0s, not at {}", first.at));
    }
    for (at, pair) in spec.phases.windows(2).enumerate() {
        if let [before, phase] = pair
            && phase.at <= before.at
            && !flaws.is_lost(&format!("phases[{at}].at"))
        {
            let why = format!("{} is not after the phase before, which begins at {}", phase.at, before.at);
            flaws.add(format!("phases[{}].at", at + 1), why);
        }
    }
    if spec.repeats && spec.lasts.is_none() && !flaws.is_lost("lasts") {
        flaws.add("loop", "what begins anew has to end: say how long it `lasts`");
    }
    let Some(lasts) = spec.lasts else { return };
    if lasts == Span::ZERO {
        flaws.add("lasts", "must be more than 0s");
        return;
    }
    if flaws.is_lost("lasts") {
        return;
    }
    for (at, phase) in spec.phases.iter().enumerate() {
        if phase.at >= lasts {
            flaws.add(
                format!("phases[{at}].at"),
                format!("{} is when the scenario is over: it lasts {lasts}", phase.at),
            );
            continue;
        }
        for (path, over) in ramps(phase) {
            if phase.at.0 + over.0 > lasts.0 {
                let why = format!("{over} later the scenario is over: it lasts {lasts}");
                flaws.add(format!("phases[{at}].{path}"), why);
            }
        }
    }
}

/// How long the changes take that begin with a phase.
fn ramps(phase: &Phase) -> impl Iterator<Item = (String, Span)> + '_ {
    let load = phase.load.as_ref().and_then(|load| load.ramp).map(|over| ("load.ramp".to_owned(), over));
    let faults = phase.faults.iter().enumerate().filter_map(|(number, fault)| {
        Some((format!("faults[{number}].ramp.over"), fault.ramp.as_ref()?.over))
    });
    load.into_iter().chain(faults)
}

fn names(spec: &Spec, flaws: &mut Flaws<'_>) {
    let mut known = BTreeSet::new();
    for (at, phase) in spec.phases.iter().enumerate() {
        let path = format!("phases[{at}].name");
        if !is_id(&phase.name) {
            flaws.add(&path, NAME);
        }
        // A phase whose name could not be read is called something else than it says.
        if !flaws.is_lost(&path) && !known.insert(&phase.name) {
            flaws.add(&path, format!("there is a phase `{}` before", phase.name));
        }
    }
}

fn phase(phase: &Phase, path: &str, flaws: &mut Flaws<'_>) {
    if let Some(spec) = &phase.load {
        load(spec, &format!("{path}.load"), flaws);
        if *spec == LoadSpec::default() {
            flaws.add(format!("{path}.load"), "says nothing");
        }
    }
    few(phase.faults.len(), &format!("{path}.faults"), flaws);
    let mut known = BTreeSet::new();
    for (at, fault) in phase.faults.iter().enumerate() {
        let path = format!("{path}.faults[{at}]");
        planned(fault, &path, flaws);
        let id = format!("{path}.id");
        if !flaws.is_lost(&id) && !known.insert(&fault.id) {
            flaws.add(id, format!("this phase has a fault `{}` before", fault.id));
        }
    }
    for (service, version) in &phase.releases {
        let path = format!("{path}.releases.{service}");
        if *service == Service::Lab {
            flaws.add(&path, "the lab itself is not released: it is what releases");
        }
        if version.as_ref().is_some_and(|version| version.trim().is_empty() || version.chars().count() > 64) {
            flaws.add(path, "a version has 1 to 64 characters");
        }
    }
}

fn load(spec: &LoadSpec, path: &str, flaws: &mut Flaws<'_>) {
    let only = |spec: LoadSpec| spec.over(&Mix::normal()).check();
    let none = LoadSpec::default;
    // One field at a time: a mix names only the first of its flaws.
    let fields = [
        LoadSpec { visits_per_minute: spec.visits_per_minute, ..none() },
        LoadSpec { countries: spec.countries.clone(), ..none() },
        LoadSpec { journeys: spec.journeys.clone(), ..none() },
        LoadSpec { payment_methods: spec.payment_methods.clone(), ..none() },
        LoadSpec { tiers: spec.tiers.clone(), ..none() },
        LoadSpec { think_time_scale: spec.think_time_scale, ..none() },
    ];
    for error in fields.into_iter().filter_map(|field| only(field).err()) {
        flaws.add(joined(path, error.field), error.why);
    }
    if let Some(ramp) = spec.ramp
        && ramp > LONGEST_RAMP
    {
        flaws.add(joined(path, "ramp"), format!("at most {LONGEST_RAMP}, not {ramp}"));
    }
    let is_odd = |code: &String| code.trim().is_empty() || code.chars().count() > 64;
    if spec.promo_codes.as_ref().is_some_and(|codes| codes.len() > MOST || codes.iter().any(is_odd)) {
        flaws.add(joined(path, "promo_codes"), format!("at most {MOST} codes, each of 1 to 64 characters"));
    }
}

fn clears(spec: &Spec, flaws: &mut Flaws<'_>) {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut is_sure = true;
    for (at, phase) in spec.phases.iter().enumerate() {
        let path = format!("phases[{at}].clear");
        if let Some(Clear::These(ids)) = &phase.clear {
            if ids.is_empty() {
                flaws.add(&path, "names nothing");
            }
            for (number, id) in ids.iter().enumerate() {
                if is_sure && !known.contains(id.as_str()) {
                    let why = unknown("earlier fault", id, known.iter().copied());
                    flaws.add(format!("{path}[{number}]"), why);
                }
            }
        }
        known.extend(phase.faults.iter().map(|fault| fault.id.as_str()));
        // Who knows what it was that could not be read.
        let faults = format!("phases[{at}].faults");
        let is_torn = |(number, _): (usize, &Planned)| flaws.is_lost(&format!("{faults}[{number}].id"));
        is_sure &= !(flaws.is_list_lost(&faults) || phase.faults.iter().enumerate().any(is_torn));
    }
}

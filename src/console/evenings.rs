//! Whole evenings, second by second: the real visits, the real scenarios and the real dice of faults, without a network
//! and without a clock. What they show is what the stage colours, and when.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::payments::{CountryVitals, Paid, PaymentState, Payments, baseline_share};
use crate::{
    chaos::{
        action::Action,
        crossing::{Crossing, Place},
        decide::{Rule, decide},
        fault::Fault,
        live::Live,
    },
    kernel::{country::Country, origin::Origin, service::Service},
    load::{journey::StepKind, mix::Mix, schedule::Schedule, visit::Source},
    scenario::{parse, spec::Spec, timeline::Plan},
};

const NORMAL: &str = include_str!("../../scenarios/normal.yaml");
const BRAZIL: &str = include_str!("../../scenarios/payment-outage-brazil.yaml");
const BLACK_FRIDAY: &str = include_str!("../../scenarios/blackfriday.yaml");
const SEEDS: std::ops::RangeInclusive<u64> = 1..=10;

fn spec(text: &str) -> Spec {
    parse::read("a scenario", text).expect("a bundled scenario is well-formed")
}

/// An evening that is played: what each second's payments were judged to be.
struct Evening {
    plan: Plan,
    seed: u64,
}

/// The faults that charges meet, ready for the dice.
struct Rules {
    faults: Vec<Fault>,
    rules: Vec<Rule>,
}

impl Rules {
    fn of(faults: Vec<Fault>, seed: u64) -> Self {
        let rule =
            |fault: &Fault| Rule::new(Arc::new(fault.clone()), Arc::new(Live::new(&fault.id, None)), seed);
        Rules { rules: faults.iter().map(rule).collect(), faults }
    }

    /// Whether the charge of this trace fails, with the one retry of payments after a 5xx or a 429.
    fn fails(&self, country: Country, trace_id: [u8; 16]) -> bool {
        let who = Origin { country: Some(country), ..Origin::default() };
        let place = Place::Inbound { method: "POST", route: "/charge" };
        let status = |attempt| {
            let crossing = Crossing { place, trace_id, attempt, who: &who, product: None, category: None };
            // With any other action the provider is slow, and charges.
            let Action::Answer { status, .. } = decide(&self.rules, &crossing)?.action else { return None };
            Some(status)
        };
        match status(0) {
            None => false,
            Some(first) if first == 429 || first >= 500 => status(1).is_some(),
            Some(_) => true,
        }
    }
}

impl Evening {
    fn new(scenario: &str, seed: u64, load_factor: f64) -> Self {
        let spec = spec(scenario);
        let baseline = match spec.baseline {
            true => self::spec(NORMAL).phases.iter().flat_map(|phase| phase.faults.clone()).collect(),
            false => Vec::new(),
        };
        let baseline = baseline.iter().map(|planned| planned.fault()).collect();
        let rate_before = Mix::normal().visits_per_minute;
        Evening { plan: Plan { spec: Arc::new(spec), baseline, rate_before, load_factor }, seed }
    }

    /// Plays `lasts` seconds; `look` sees what each of them shows.
    fn play(&self, lasts: u64, mut look: impl FnMut(u64, &[CountryVitals])) {
        let source = Source { seed: self.seed, occasion: 0 };
        let mut schedule = Schedule::new(self.seed, self.plan.at(Duration::ZERO).mix.visits_per_minute);
        let mut due: BTreeMap<(Duration, u64), (Country, [u8; 16])> = BTreeMap::new();
        let mut rules = Rules::of(Vec::new(), self.seed);
        let (mut payments, mut counts) = (Payments::default(), [Paid::default(); Country::ALL.len()]);
        for second in 0..lasts {
            let (from, to) = (Duration::from_secs(second), Duration::from_secs(second + 1));
            let moment = self.plan.at(from);
            schedule.set_rate(from, moment.mix.visits_per_minute, Duration::ZERO);
            while schedule.peek().is_some_and(|arrival| arrival.at < to) {
                let Some(arrival) = schedule.take() else { break };
                let visit = source.visit(arrival.number, &moment.mix);
                let last = visit.steps.last().filter(|step| step.kind == StepKind::Checkout);
                if let Some(checkout) = last {
                    let at = arrival.at + visit.steps.iter().map(|step| step.think).sum::<Duration>();
                    due.insert((at, arrival.number), (visit.country, checkout.trace_id));
                }
            }
            let faults = moment.faults.into_iter().map(|due| due.fault);
            let faults: Vec<Fault> = faults.filter(is_of_the_provider).collect();
            if rules.faults != faults {
                rules = Rules::of(faults, self.seed);
            }
            let later = due.split_off(&(to, 0));
            for (country, trace_id) in std::mem::replace(&mut due, later).into_values() {
                let count = &mut counts[country as usize];
                count.payments += 1;
                count.failed += u64::from(rules.fails(country, trace_id));
            }
            look(second, &payments.second(counts));
        }
    }
}

fn is_of_the_provider(fault: &Fault) -> bool {
    fault.on.service == Some(Service::PaymentProvider)
}

#[test]
fn thirty_minutes_of_a_normal_evening_colour_no_country_with_ten_seeds() {
    // Ten at the scenario's own rate, and one each of a quiet and of a busy shop.
    let quiet_and_busy = [(11, 0.5), (11, 2.5)];
    for (seed, load_factor) in SEEDS.map(|seed| (seed, 1.0)).chain(quiet_and_busy) {
        Evening::new(NORMAL, seed, load_factor).play(1_800, |second, countries| {
            let coloured = countries.iter().find(|one| one.state != PaymentState::Healthy);
            assert_eq!(coloured, None, "seed {seed}, load {load_factor}, second {second}");
        });
    }
}

#[test]
fn an_outage_in_brazil_turns_brazil_red_and_no_other_country() {
    // At 480 visits a minute Brazil pays fourteen times a minute, and some evenings are too quiet to be sure before it
    // is over; at 1,200 thirty-six times.
    for (load_factor, seeds, most_silent, typical) in [(1.0, 10, 2, 100), (2.5, 4, 0, 70)] {
        let mut after = Vec::new();
        for seed in SEEDS.take(seeds).chain([42]) {
            let mut failing = None;
            Evening::new(BRAZIL, seed, load_factor).play(240, |second, countries| {
                for one in countries.iter().filter(|one| one.state != PaymentState::Healthy) {
                    assert_eq!(one.country, "BR", "seed {seed}, load {load_factor}, second {second}");
                    assert!(second > 60, "seed {seed}, load {load_factor}: before its act");
                    failing = failing.or((one.state == PaymentState::Failing).then_some(second - 60));
                }
            });
            after.push(failing.unwrap_or(u64::MAX));
        }
        after.sort_unstable();
        let silent = after.iter().filter(|after| **after == u64::MAX).count();
        assert!(silent <= most_silent, "load {load_factor}: seconds after the outage starts {after:?}");
        assert!(after[after.len() / 2] <= typical, "load {load_factor}: {after:?}");
    }
}

#[test]
fn on_black_friday_brazil_and_india_turn_red_at_banks_and_not_before() {
    let banks = 75;
    let mut brazil = Vec::new();
    for seed in SEEDS.take(4).chain([42]) {
        let mut failing = BTreeMap::new();
        Evening::new(BLACK_FRIDAY, seed, 1.0).play(banks + 60, |second, countries| {
            for one in countries.iter().filter(|one| one.state != PaymentState::Healthy) {
                assert!(second > banks, "seed {seed}: {} in second {second}", one.title);
                failing.entry(one.country).or_insert(second - banks);
            }
        });
        assert_eq!(failing.keys().collect::<Vec<_>>(), [&"BR", &"IN"], "seed {seed}");
        brazil.push(failing["BR"]);
    }
    brazil.sort_unstable();
    // The fault itself takes twenty seconds to come.
    assert!(brazil[2] <= 25 && brazil[4] <= 35, "seconds after banks: {brazil:?}");
}

#[test]
fn the_baseline_share_of_a_country_is_that_of_a_normal_evening() {
    let evening = Evening::new(NORMAL, 7, 1.0);
    let faults = evening.plan.at(Duration::ZERO).faults.into_iter().map(|due| due.fault);
    let rules = Rules::of(faults.filter(is_of_the_provider).collect(), evening.seed);
    for country in Country::ALL {
        let traces = 0..20_000_u128;
        let failed = traces.clone().filter(|trace| rules.fails(country, trace.to_be_bytes())).count();
        let share = failed as f64 / traces.count() as f64;
        let known = baseline_share(country);
        assert!(share < known + 0.005, "{country:?}: {share} fail, {known} is known");
        assert!(share > known - 0.005 || known == 0.02, "{country:?}: {share} fail, {known} is known");
    }
}

//! What holds for any verdict: it follows from its input alone, by the share that was asked for, in the order of faults.

use std::{sync::Arc, thread};

use doorbuster::{
    chaos::{
        crossing::{Crossing, Place},
        decide::{Rule, Verdict, at, decide},
        dice::Dice,
        fault::{Effect, Fault},
        live::Live,
        target::{Seam, Target},
        units::Share,
    },
    kernel::{country::Country, origin::Origin, service::Service},
};
use garde::Validate;
use proptest::prelude::*;

use crate::any;

fn rule(fault: &Fault, seed: u64) -> Rule {
    Rule::new(Arc::new(fault.clone()), Arc::new(Live::new(&fault.id, None)), seed)
}

fn hang(id: &str, share: f64) -> Fault {
    Fault { id: id.to_owned(), on: Target::default(), share: Share::new(share), effect: Effect::Hang }
}

fn trace(number: u64) -> [u8; 16] {
    let mut id = [3; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    id
}

fn from(country: Option<Country>) -> Origin {
    Origin { country, ..Origin::default() }
}

fn crossing(number: u64, who: &Origin) -> Crossing<'_> {
    Crossing {
        place: Place::Inbound { method: "POST", route: "/charge" },
        trace_id: trace(number),
        attempt: 0,
        who,
        product: None,
        category: None,
    }
}

/// What a verdict says, to compare.
fn said(verdict: Option<Verdict>) -> Option<(String, String)> {
    verdict.map(|verdict| (verdict.fault.id.clone(), format!("{:?}", verdict.action)))
}

/// Any fault, but half of them about every crossing of a seam: else they would hardly ever meet.
fn fault_among_others() -> impl Strategy<Value = Fault> {
    let broad = (proptest::sample::select(Seam::ALL.to_vec()), any::share()).prop_map(|(seam, share)| {
        let on = Target { seam: Some(seam), ..Target::default() };
        Fault { on, ..hang("broad", share.fraction()) }
    });
    prop_oneof![any::fault(), broad]
}

/// A place of each kind, so that every fault may find its own.
fn places() -> [Place<'static>; 6] {
    [
        Place::Inbound { method: "POST", route: "/charge" },
        Place::Inbound { method: "GET", route: "/cart" },
        Place::Outbound { peer: Service::PaymentProvider, method: "POST", route: "/charge" },
        Place::Database { query: "orders.insert" },
        Place::Database { query: "orders.get" },
        Place::Cache { query: "cart.add" },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_share_is_what_it_says(share in 0.0..=1.0_f64, seed: u64, id in any::id()) {
        const DRAWS: u64 = 20_000;
        let rules = [rule(&hang(&id, share), seed)];
        let who = Origin::default();
        let struck = (0..DRAWS).filter(|number| decide(&rules, &crossing(*number, &who)).is_some()).count();
        let deviation = (DRAWS as f64 * share * (1.0 - share)).sqrt();
        let off = (struck as f64 - DRAWS as f64 * share).abs();
        prop_assert!(off <= 5.0 * deviation + 1.0, "{struck} of {DRAWS} at {share}: {}", off / deviation);
    }

    #[test]
    fn faults_of_the_same_share_strike_independently(seed: u64) {
        let who = Origin::default();
        let rules = |id: &str| [rule(&hang(id, 0.5), seed)];
        let (one, other) = (rules("one"), rules("other"));
        let strikes = |rules: &[Rule], number| decide(rules, &crossing(number, &who)).is_some();
        let both = (0..20_000).filter(|number| strikes(&one, *number) && strikes(&other, *number)).count();
        // A quarter of them, by a deviation of sqrt(20000 * 1/4 * 3/4) = 61.
        prop_assert!((both as f64 - 5_000.0).abs() < 5.0 * 61.3, "{both}");
    }

    #[test]
    fn nothing_changes_above_a_fault_that_goes(
        faults in proptest::collection::vec(fault_among_others(), 1..8),
        seed: u64,
        numbers in proptest::collection::vec(any::<u64>(), 200),
    ) {
        let mut faults = faults;
        for (number, fault) in faults.iter_mut().enumerate() {
            fault.id = format!("fault-{number}");
        }
        let rules: Vec<Rule> = faults.iter().map(|fault| rule(fault, seed)).collect();
        let without_last = &rules[..rules.len() - 1];
        let last = &faults[faults.len() - 1].id;
        for (number, place) in numbers.iter().zip(places().iter().cycle()) {
            let who = from(Country::ALL.get(*number as usize % 10).copied());
            let here = Crossing { place: *place, ..crossing(*number, &who) };
            let seam = here.place.seam();
            let verdict = said(decide(&at(&rules, seam), &here));
            let before = said(decide(&at(without_last, seam), &here));
            match &verdict {
                Some((id, _)) if id == last => prop_assert_eq!(before, None),
                _ => prop_assert_eq!(before, verdict.clone()),
            }
            // The first that strikes alone is the one that answers.
            let first = at(&rules, seam).iter().find_map(|rule| said(decide(std::slice::from_ref(rule), &here)));
            prop_assert_eq!(first, verdict);
        }
    }

    #[test]
    fn a_fault_of_a_country_strikes_no_other(
        countries in proptest::collection::vec(proptest::sample::select(Country::ALL.to_vec()), 1..4),
        seed: u64,
    ) {
        let on = Target { country: countries.clone(), ..Target::default() };
        let rules = [rule(&Fault { on, ..hang("some", 1.0) }, seed)];
        for number in 0..50 {
            for country in Country::ALL {
                let who = from(Some(country));
                let is_struck = decide(&rules, &crossing(number, &who)).is_some();
                prop_assert_eq!(is_struck, countries.contains(&country));
            }
            prop_assert!(decide(&rules, &crossing(number, &from(None))).is_none());
        }
    }

    #[test]
    fn threads_come_to_the_same_verdicts(
        faults in proptest::collection::vec(fault_among_others(), 1..5),
        seed: u64,
    ) {
        let rules: Vec<Rule> = faults.iter().map(|fault| rule(fault, seed)).collect();
        let verdicts = |numbers: &mut dyn Iterator<Item = u64>| -> Vec<(u64, Option<(String, String)>)> {
            let verdict = |number: u64| {
                let who = from(Country::ALL.get(number as usize % 10).copied());
                let place = places()[number as usize % places().len()];
                let here = Crossing { place, ..crossing(number, &who) };
                (number, said(decide(&at(&rules, place.seam()), &here)))
            };
            numbers.map(verdict).collect()
        };
        let alone = verdicts(&mut (0..400));
        let mut together: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|first| {
                    let verdicts = &verdicts;
                    // Each in another order than it comes alone.
                    scope.spawn(move || verdicts(&mut (0..400).rev().filter(move |number| number % 8 == first)))
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("a verdict")).collect()
        });
        together.sort_by_key(|(number, _)| *number);
        prop_assert_eq!(alone, together);
    }

    #[test]
    fn no_fault_that_can_be_makes_a_verdict_fall(
        fault in any::fault(),
        seed: u64,
        trace_id: [u8; 16],
        attempt: u32,
        country in proptest::option::of(proptest::sample::select(Country::ALL.to_vec())),
    ) {
        prop_assert!(fault.validate().is_ok());
        let rules = [rule(&fault, seed)];
        let who = from(country);
        for place in places() {
            let here = Crossing { place, trace_id, attempt, ..crossing(0, &who) };
            let _ = decide(&rules, &here);
            let _ = doorbuster::chaos::decide::retry(&rules, &here);
        }
    }
}

#[test]
fn seams_and_attempts_are_drawn_apart() {
    let throws: std::collections::HashSet<_> = Seam::ALL
        .into_iter()
        .flat_map(|seam| (0..4).map(move |attempt| (seam, attempt)))
        .map(|(seam, attempt)| format!("{:?}", Dice::new(7, "a").throw(trace(1), seam, attempt)))
        .collect();
    assert_eq!(throws.len(), 16);
}

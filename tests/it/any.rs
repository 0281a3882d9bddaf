//! Any fault and any scenario that can be, for tests of what holds for all of them.

use doorbuster::{
    chaos::{
        fault::{BurnCpu, Delay, Effect, Fail, Fault, Hold, HoldLock, LeakMemory, RetryPolicy, SlowQuery},
        target::{Seam, Target},
        units::{Share, Size, Span},
    },
    kernel::{
        country::Country,
        origin::{PaymentMethod, Tier},
        places,
        service::Service,
    },
    load::weights::Weights,
    scenario::spec::{Clear, Expectation, LoadSpec, Notified, Phase, Planned, Ramp, Spec, Wave},
};
use proptest::{collection, option, prelude::*, sample, strategy::Union};

pub fn id() -> impl Strategy<Value = String> {
    "[a-z0-9][a-z0-9-]{0,12}"
}

pub fn share() -> impl Strategy<Value = Share> {
    (0_u32..=10_000)
        .prop_map(|hundredths| format!("{}%", f64::from(hundredths) / 100.0).parse().expect("a share"))
}

pub fn span(most_ms: u64) -> impl Strategy<Value = Span> {
    (1..=most_ms).prop_map(Span::from_millis)
}

fn delay() -> impl Strategy<Value = Delay> {
    prop_oneof![
        span(60_000).prop_map(Delay::Fixed),
        (span(30_000), span(30_000))
            .prop_map(|(from, more)| Delay::Uniform { from, to: Span(from.0 + more.0) }),
        (span(60_000), span(60_000)).prop_map(|(mean, deviation)| Delay::Normal { mean, deviation }),
        (span(30_000), span(30_000))
            .prop_map(|(median, more)| Delay::LongTail { median, p99: Span(median.0 + more.0) }),
    ]
}

fn fail() -> impl Strategy<Value = Fail> {
    let status = collection::btree_map(400_u16..=599, 0.001..1e6_f64, 1..5);
    (status, option::of(span(3_600_000))).prop_map(|(status, retry_after)| Fail { status, retry_after })
}

/// An effect at a place where it makes sense.
fn effect() -> impl Strategy<Value = (Target, Effect)> {
    let on = |service| Target { service: Some(service), ..Target::default() };
    let route = sample::select(vec![Service::Storefront, Service::Cart, Service::PaymentProvider])
        .prop_flat_map(move |service| {
            sample::select(places::of(service).routes)
                .prop_map(move |route| Target { route: Some(route.to_owned()), ..on(service) })
        });
    let query = sample::select(places::of(Service::Checkout).queries)
        .prop_map(move |query| Target { query: Some(query.to_owned()), ..on(Service::Checkout) });
    let anywhere =
        sample::select(Seam::ALL.to_vec()).prop_map(|seam| Target { seam: Some(seam), ..Target::default() });
    let whole = sample::select(vec![Service::Catalog, Service::Checkout]).prop_map(on);
    Union::new(vec![
        (route, fail().prop_map(Effect::Fail)).boxed(),
        (anywhere, delay().prop_map(Effect::Delay)).boxed(),
        (Just(Target::default()), Just(Effect::Hang)).boxed(),
        (whole.clone(), Just(Effect::Down)).boxed(),
        (whole.clone(), (1..=1_000_u32).prop_map(|count| Effect::HoldConnections(Hold::Count(count))))
            .boxed(),
        (query.clone(), span(60_000).prop_map(|extra| Effect::SlowQuery(SlowQuery { extra }))).boxed(),
        (
            query,
            span(60_000).prop_map(|keep| Effect::HoldLock(HoldLock { table: "orders".to_owned(), keep })),
        )
            .boxed(),
        (whole, span(1_000).prop_map(|per_crossing| Effect::BurnCpu(BurnCpu { per_crossing }))).boxed(),
        (
            Just(on(Service::Ads)),
            (1..=16 * 1024_u64, 0..=1024_u64).prop_map(|(kib, mib)| {
                Effect::LeakMemory(LeakMemory { per_crossing: Size::kib(kib), cap: Size::mib(mib) })
            }),
        )
            .boxed(),
        (Just(on(Service::Cart)), Just(Effect::CacheOutage)).boxed(),
        (
            Just(on(Service::Payments)),
            (1..=20_u32, span(60_000))
                .prop_map(|(attempts, backoff)| Effect::Retry(RetryPolicy { attempts, backoff })),
        )
            .boxed(),
        (Just(on(Service::Storefront)), Just(Effect::LoseContext)).boxed(),
    ])
}

/// A fault that passes its check.
pub fn fault() -> impl Strategy<Value = Fault> {
    let some = |most| 0..=most;
    let who = (
        collection::vec(sample::select(Country::ALL.to_vec()), some(2)),
        collection::vec(sample::select(PaymentMethod::ALL.to_vec()), some(2)),
        collection::vec(sample::select(Tier::ALL.to_vec()), some(1)),
    );
    (id(), effect(), share(), who).prop_map(|(id, (on, effect), share, (country, payment_method, tier))| {
        if effect.is_standing() {
            return Fault { id, on, share: Share::ALL, effect };
        }
        Fault { id, on: Target { country, payment_method, tier, ..on }, share, effect }
    })
}

fn planned() -> impl Strategy<Value = Planned> {
    let steps = option::of(1..=1_000_u32);
    let ramp = option::of((span(60_000), share(), steps));
    (fault(), ramp, option::of(1_000..100_000_u64)).prop_map(|(fault, ramp, wave)| {
        let gradual = !fault.effect.is_standing();
        let ramp = ramp.map(|(over, from, steps)| Ramp { over, from: Some(from), from_effect: None, steps });
        let wave = wave.map(|period| Wave { period: Span::from_millis(period), low: Share::NONE });
        Planned { ramp: ramp.filter(|_| gradual), wave: wave.filter(|_| gradual), ..Planned::from(fault) }
    })
}

fn load() -> impl Strategy<Value = LoadSpec> {
    let countries = collection::btree_map(sample::select(Country::ALL.to_vec()), 0.01..100.0_f64, 1..5);
    (0.0..1e6_f64, option::of(span(60_000)), option::of(countries)).prop_map(|(visits, ramp, countries)| {
        LoadSpec {
            visits_per_minute: Some(visits),
            ramp,
            countries: countries.map(Weights::new),
            ..LoadSpec::default()
        }
    })
}

/// Text as somebody might write it, with all that a format could trip over.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9 .,:#'\"{}\\[\\]&*!|>%@`ä→-]{0,40}[a-z]",
        Just("no".to_owned()),
        Just("1.10".to_owned())
    ]
}

fn expectation() -> impl Strategy<Value = Expectation> {
    let alert = Just([("alertname".to_owned(), "HighErrorRate".to_owned())].into());
    prop_oneof![
        (alert.clone(), span(90_000)).prop_map(|(alert, within)| Expectation {
            alert: Some(alert),
            inhibited_by: Some([("alertname".to_owned(), "ServiceDown".to_owned())].into()),
            resolved_within: Some(within),
            deferred: true,
            ..Expectation::default()
        }),
        (alert.clone(), span(90_000), words()).prop_map(|(alert, within, receiver)| Expectation {
            alert: Some(alert),
            fires_within: Some(within),
            notified: Some(Notified { receiver, within, exactly: Some(1) }),
            ..Expectation::default()
        }),
        alert.prop_map(|alert| Expectation { alert: Some(alert), never: true, ..Expectation::default() }),
        (words(), any::<i32>(), span(90_000)).prop_map(|(metric, above, within)| Expectation {
            metric: Some(metric),
            rises_above: Some(f64::from(above) / 7.0),
            within: Some(within),
            ..Expectation::default()
        }),
    ]
}

/// A scenario that passes its check.
pub fn scenario() -> impl Strategy<Value = Spec> {
    let phase = (collection::vec(planned(), 0..4), option::of(load()), option::of(words()), any::<bool>());
    let head = (id(), words(), words(), option::of(any::<u64>()), any::<bool>(), load());
    let name = |name: String| if name.len() > 3 { name } else { format!("x-{name}-scenario") };
    (head, collection::vec(phase, 1..5), collection::vec(expectation(), 0..3), words()).prop_map(
        move |((id, title, story, seed, baseline, load), phases, expect, version)| {
            let count = phases.len() as u64;
            let mut earlier: Vec<String> = Vec::new();
            let phase = |(at, (faults, load, cue, clears)): (usize, (Vec<Planned>, _, _, bool))| {
                let mut faults = faults;
                for (number, fault) in faults.iter_mut().enumerate() {
                    fault.id = format!("{}-{at}-{number}", fault.id);
                }
                let clear = (clears && !earlier.is_empty()).then(|| Clear::These(earlier.clone()));
                earlier.extend(faults.iter().map(|fault| fault.id.clone()));
                Phase {
                    at: Span::from_secs(100 * at as u64),
                    name: format!("phase-{at}"),
                    cue,
                    load,
                    faults,
                    clear,
                    releases: if clears {
                        [(Service::Payments, Some(version.clone()))].into()
                    } else {
                        [].into()
                    },
                }
            };
            Spec {
                name: name(id),
                title,
                audience: story.clone(),
                story,
                seed,
                load,
                baseline,
                lasts: baseline.then(|| Span::from_secs(100 * count)),
                repeats: baseline,
                phases: phases.into_iter().enumerate().map(phase).collect(),
                expect,
                allow: Vec::new(),
            }
        },
    )
}

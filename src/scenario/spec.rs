//! A scenario as its file says it. Plain data: what it means at a moment is the timeline's affair, whether it can be is
//! checked when it is read.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use crate::{
    chaos::{
        fault::{Effect, Fault},
        target::Target,
        units::{Share, Span},
    },
    kernel::{
        country::Country,
        origin::{PaymentMethod, Tier},
        service::Service,
    },
    load::{journey::Journey, mix::Mix, weights::Weights},
};

/// A scenario: what breaks when, who comes, what is said, and what should be seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The name it is started by, and that of its file: lower-case letters, digits and dashes.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    pub name: String,
    /// A few words for a list.
    pub title: String,
    /// One paragraph that a presenter can say aloud.
    pub story: String,
    /// What the audience will see, panel by panel.
    pub audience: String,
    /// What draws follow from, unless whoever starts it names another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Who comes, from the start on.
    #[serde(default)]
    pub load: LoadSpec,
    /// Whether the faults of `normal` go on underneath: third parties are never perfect. They come last in precedence.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub baseline: bool,
    /// How long it is. It ends by itself then, or begins anew; left out, its last phase goes on until it is stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
    /// Whether it begins anew when it is over; needs `lasts`.
    #[serde(default, rename = "loop", skip_serializing_if = "is_no")]
    pub repeats: bool,
    /// What happens when, in order of time; the first at 0s.
    #[schema(min_items = 1)]
    pub phases: Vec<Phase>,
    /// The symptoms it promises, for `verify`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<Expectation>,
    /// Names of alerts that may fire although none is promised; any other is unexpected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
}

/// A part of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// When it begins, since the scenario did.
    pub at: Span,
    /// Unique within the scenario: lower-case letters, digits and dashes.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    pub name: String,
    /// What the presenter says when it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cue: Option<String>,
    /// How the load changes; what is left out stays as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadSpec>,
    /// Faults that begin now. One with the id of an earlier one takes its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Planned>,
    /// Faults of earlier phases that end now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear: Option<Clear>,
    /// Services that run as another version from now on, by `service.version`; `null` is the binary's own again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    pub releases: BTreeMap<Service, Option<String>>,
}

/// Which faults end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Clear {
    /// `all`
    All(AllWord),
    /// These, by id.
    These(Vec<String>),
}

/// The word `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AllWord {
    All,
}

/// A fault, and how it changes over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// Unique: 1 to 64 lower-case letters, digits and dashes. The ledger and the API know it by this name.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,63}$", examples("br-cards"))]
    pub id: String,
    /// Where.
    #[serde(default)]
    pub on: Target,
    /// How often: of the crossings that match.
    #[serde(default)]
    pub share: Share,
    /// What.
    pub effect: Effect,
    /// It comes gradually.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<Ramp>,
    /// It comes and goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<Wave>,
}

/// From where a fault goes to what it says, in a straight line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// How long that takes.
    pub over: Span,
    /// The share at the start; left out, the share does not change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Share>,
    /// The effect at the start, of the same kind as the fault's; each number of it goes to the fault's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_effect: Option<Effect>,
    /// In so many equal steps instead of smoothly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    pub steps: Option<u32>,
}

/// The share swings between `low` and the fault's own, like a tide; it begins at `low`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wave {
    /// From low to low.
    pub period: Span,
    #[serde(default = "nothing")]
    pub low: Share,
}

/// Who comes: what is left out stays as it was, and at the start of a scenario as in `normal`'s mix.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LoadSpec {
    /// New visits a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 30000000)]
    pub visits_per_minute: Option<f64>,
    /// How long it takes to get there, in a straight line; left out, it is there at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ramp: Option<Span>,
    /// Where they come from, by weight.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, f64>>)]
    pub countries: Option<Weights<Country>>,
    /// What they come for, by weight.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, f64>>)]
    pub journeys: Option<Weights<Journey>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, f64>>)]
    pub payment_methods: Option<Weights<PaymentMethod>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, f64>>)]
    pub tiers: Option<Weights<Tier>>,
    /// 1 is how long people take, 0 is no pause between steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 100)]
    pub think_time_scale: Option<f64>,
    /// The codes that some buyers try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promo_codes: Option<Vec<String>>,
}

/// One symptom: an alert (or a metric) that should be seen, or should not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Expectation {
    /// The phase it counts from; left out, the first that begins a fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Labels of an alert; `alertname` is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<BTreeMap<String, String>>,
    /// A PromQL expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// The alert fires within this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fires_within: Option<Span>,
    /// The alert fires and is held back: nobody is told of it, because of an alert with these labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inhibited_by: Option<BTreeMap<String, String>>,
    /// The alert is resolved within this time, and whoever was told of it was told of that too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_within: Option<Span>,
    /// With `resolved_within`: who was told may be told later that it is over, as when it ended while it was held back.
    #[serde(skip_serializing_if = "is_no")]
    pub deferred: bool,
    /// Who is told of the alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notified: Option<Notified>,
    /// The alert does not fire at all.
    #[serde(skip_serializing_if = "is_no")]
    pub never: bool,
    /// The metric goes above this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rises_above: Option<f64>,
    /// The metric goes below this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub falls_below: Option<f64>,
    /// How long the metric may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
}

/// Who is told of an alert, how soon, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Notified {
    pub receiver: String,
    pub within: Span,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exactly: Option<u32>,
}

impl Planned {
    /// The fault as it is when nothing changes it.
    pub fn fault(&self) -> Fault {
        Fault { id: self.id.clone(), on: self.on.clone(), share: self.share, effect: self.effect.clone() }
    }
}

impl From<Fault> for Planned {
    fn from(fault: Fault) -> Self {
        let Fault { id, on, share, effect } = fault;
        Planned { id, on, share, effect, ramp: None, wave: None }
    }
}

impl LoadSpec {
    /// `mix` with what is said here in place of what was.
    pub fn over(&self, mix: &Mix) -> Mix {
        let mix = mix.clone();
        Mix {
            visits_per_minute: self.visits_per_minute.unwrap_or(mix.visits_per_minute),
            countries: self.countries.clone().unwrap_or(mix.countries),
            journeys: self.journeys.clone().unwrap_or(mix.journeys),
            payment_methods: self.payment_methods.clone().unwrap_or(mix.payment_methods),
            tiers: self.tiers.clone().unwrap_or(mix.tiers),
            think_time_scale: self.think_time_scale.unwrap_or(mix.think_time_scale),
            promo_codes: self.promo_codes.clone().unwrap_or(mix.promo_codes),
        }
    }
}

/// By hand, because what is derived for either-or says only that neither fits.
impl<'de> Deserialize<'de> for Clear {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> de::Visitor<'de> for Either {
            type Value = Clear;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`all` or a list of ids of faults")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Clear, E> {
                match word {
                    "all" => Ok(Clear::All(AllWord::All)),
                    _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
                }
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut ids: A) -> Result<Clear, A::Error> {
                let mut these = Vec::new();
                while let Some(id) = ids.next_element()? {
                    these.push(id);
                }
                Ok(Clear::These(these))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

fn yes() -> bool {
    true
}

fn is_yes(word: &bool) -> bool {
    *word
}

fn is_no(word: &bool) -> bool {
    !*word
}

fn nothing() -> Share {
    Share::NONE
}

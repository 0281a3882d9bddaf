//! The words of an answer. The page offers these and no others, and they are the same for every exercise: what can be
//! chosen gives nothing away.

use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{Object, ObjectBuilder, schema::Type},
};

use crate::kernel::{country::Country, nearest::unknown, origin::PaymentMethod, places, service::Service};

/// The whole service, in each country and on every route.
pub const EVERYWHERE: &str = "everywhere";

/// What kinds of faults there are, each with how a person says it.
pub const KINDS: [(&str, &str); 12] = [
    ("fail", "answers with errors"),
    ("delay", "answers late"),
    ("hang", "never answers"),
    ("down", "is gone"),
    ("hold_connections", "its pool has no connection left"),
    ("slow_query", "a query is slow"),
    ("hold_lock", "a lock is held"),
    ("burn_cpu", "burns processor time"),
    ("leak_memory", "keeps memory"),
    ("cache_outage", "its cache does not answer"),
    ("retry", "asks again too often"),
    ("lose_context", "loses the trace's context"),
];

/// A word and how it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Word {
    pub word: String,
    pub title: String,
}

/// Places of one kind, or of one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Places {
    pub title: String,
    pub places: Vec<Word>,
}

/// All that an answer may be made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Vocabulary {
    pub services: Vec<String>,
    pub places: Vec<Places>,
    pub kinds: Vec<Word>,
}

/// All words.
pub fn all() -> Vocabulary {
    let kinds = KINDS.map(|(word, title)| Word { word: word.to_owned(), title: title.to_owned() });
    let services = services().map(|service| service.name().to_owned()).collect();
    Vocabulary { services, places: all_places(), kinds: kinds.into() }
}

/// Whether `word` is a service that can be at fault; if not, the nearest is named.
pub fn service(word: &str) -> Result<(), String> {
    let names = || services().map(Service::name);
    match names().any(|name| name == word) {
        true => Ok(()),
        false => Err(unknown("service", word, names())),
    }
}

/// The same for kinds of faults.
pub fn kind(word: &str) -> Result<(), String> {
    let names = || KINDS.iter().map(|(name, _)| *name);
    match names().any(|name| name == word) {
        true => Ok(()),
        false => Err(unknown("kind of fault", word, names())),
    }
}

/// The same for places.
pub fn place(word: &str) -> Result<(), String> {
    let all = all_places();
    let names = || all.iter().flat_map(|group| &group.places).map(|one| one.word.as_str());
    match names().any(|name| name == word) {
        true => Ok(()),
        false => Err(unknown("place", word, names())),
    }
}

/// How a person says a kind of fault.
pub fn title(kind: &str) -> &'static str {
    KINDS.iter().find(|(word, _)| *word == kind).map_or("is broken", |(_, title)| title)
}

/// The schema of a word for a service.
pub fn service_schema() -> Object {
    one_of(services().map(Service::name))
}

/// The same for kinds of faults.
pub fn kind_schema() -> Object {
    one_of(KINDS.iter().map(|(name, _)| *name))
}

/// The same for places.
pub fn place_schema() -> Object {
    one_of(all_places().into_iter().flat_map(|group| group.places).map(|one| one.word))
}

fn one_of(words: impl Iterator<Item = impl Into<String>>) -> Object {
    let words: std::collections::BTreeSet<String> = words.map(Into::into).collect();
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

fn services() -> impl Iterator<Item = Service> + Clone {
    Service::ALL.into_iter().filter(|service| *service != Service::Lab)
}

fn all_places() -> Vec<Places> {
    let plain = |word: &str| Word { word: word.to_owned(), title: word.to_owned() };
    let whole = Word { word: EVERYWHERE.to_owned(), title: "everywhere: all of the service".to_owned() };
    let country =
        |one: Country| Word { word: one.code().to_owned(), title: format!("{} ({one})", one.title()) };
    let mut groups = vec![
        Places { title: "No part of it".to_owned(), places: vec![whole] },
        Places { title: "Countries".to_owned(), places: Country::ALL.map(country).into() },
        Places {
            title: "Payment methods".to_owned(),
            places: PaymentMethod::ALL.iter().map(|method| plain(method.name())).collect(),
        },
    ];
    for service in services() {
        let of = places::of(service);
        let named = of.routes.iter().chain(of.queries).map(|name| plain(name)).collect::<Vec<_>>();
        if !named.is_empty() {
            groups.push(Places { title: service.name().to_owned(), places: named });
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::fault::Effect;

    #[test]
    fn every_effect_has_its_word_and_no_other_word_is_there() {
        assert_eq!(
            KINDS.map(|(word, _)| word).into_iter().collect::<std::collections::BTreeSet<_>>(),
            Effect::NAMES.into()
        );
    }

    #[test]
    fn a_word_that_is_wrong_finds_its_nearest() {
        assert_eq!(
            (service("cart"), kind("fail"), place("BR"), place("POST /charge")),
            (Ok(()), Ok(()), Ok(()), Ok(()))
        );
        assert!(service("payment").is_err_and(|why| why.contains("`payments`")));
        assert!(service("lab").is_err(), "the lab itself cannot be broken");
        assert!(place("products.lst").is_err_and(|why| why.contains("`products.list`")));
    }
}

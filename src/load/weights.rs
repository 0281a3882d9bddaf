//! Shares of a whole: so many parts of this, so many of that. As a file writes them: `{ US: 40, BR: 12 }`.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};

/// What may be drawn, each with a weight of at least 0. The weights need not add up to anything.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights<T>(Vec<(T, f64)>);

impl<T: Copy + PartialEq> Weights<T> {
    pub fn new(weights: impl IntoIterator<Item = (T, f64)>) -> Self {
        Weights(weights.into_iter().collect())
    }

    /// Always `one`.
    pub fn only(one: T) -> Self {
        Weights(vec![(one, 1.0)])
    }

    /// Says what keeps anything from being drawn, as a fragment: "must not be negative".
    pub fn check(&self) -> Result<(), String> {
        if let Some((_, weight)) = self.0.iter().find(|(_, weight)| !weight.is_finite() || *weight < 0.0) {
            return Err(format!("must be numbers that are not negative, not {weight}"));
        }
        if self.0.iter().enumerate().any(|(at, (one, _))| self.0[..at].iter().any(|(other, _)| other == one))
        {
            return Err("must name each thing once".to_owned());
        }
        if self.sum() > 0.0 { Ok(()) } else { Err("must not all be 0".to_owned()) }
    }

    /// What `fraction` of [0, 1) draws; nothing only when there is nothing of any weight.
    pub fn pick(&self, fraction: f64) -> Option<T> {
        let mut left = fraction * self.sum();
        let likely = || self.0.iter().filter(|(_, weight)| *weight > 0.0);
        likely()
            .find(|(_, weight)| {
                left -= weight;
                left < 0.0
            })
            .or_else(|| likely().last()) // what rounding leaves over
            .map(|(one, _)| *one)
    }

    /// Each thing with its share of the whole, from 0 to 1.
    pub fn shares(&self) -> impl Iterator<Item = (T, f64)> + '_ {
        let sum = self.sum();
        self.0.iter().map(move |(one, weight)| (*one, if sum > 0.0 { weight / sum } else { 0.0 }))
    }

    fn sum(&self) -> f64 {
        self.0.iter().map(|(_, weight)| weight).sum()
    }
}

impl<T: Serialize> Serialize for Weights<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (one, weight) in &self.0 {
            map.serialize_entry(one, weight)?;
        }
        map.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Weights<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

struct Entries<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Entries<T> {
    type Value = Weights<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from names to weights")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Weights<T>, A::Error> {
        let mut weights = Vec::new();
        while let Some(entry) = map.next_entry()? {
            weights.push(entry);
        }
        Ok(Weights(weights))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_picks_by_weight() {
        let weights = Weights::new([('a', 1.0), ('b', 0.0), ('c', 3.0)]);
        for (fraction, picked) in [(0.0, 'a'), (0.249, 'a'), (0.25, 'c'), (0.999_999, 'c'), (1.0, 'c')] {
            assert_eq!(weights.pick(fraction), Some(picked), "{fraction}");
        }
    }

    #[test]
    fn weights_nothing_can_be_drawn_from_are_refused() {
        for (weights, why) in [
            (vec![], "all be 0"),
            (vec![('a', 0.0)], "all be 0"),
            (vec![('a', -1.0), ('b', 2.0)], "negative"),
            (vec![('a', f64::NAN)], "negative"),
            (vec![('a', 1.0), ('a', 1.0)], "once"),
        ] {
            let error = Weights::new(weights.clone()).check().expect_err("refused");
            assert!(error.contains(why), "{weights:?}: {error}");
        }
    }
}

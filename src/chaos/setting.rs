//! What is broken right now, as one value: it goes whole to every process that follows, or not at all.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

use super::fault::Fault;
use crate::kernel::service::Service;

/// The state of the switchboard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Setting {
    #[schema(value_type = String)]
    pub revision: Revision,
    /// What draws follow from.
    pub seed: u64,
    /// Active faults; the first that matches and wins its draw answers.
    pub faults: Vec<Fault>,
    /// Services that run as another version than the binary's.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub releases: BTreeMap<Service, String>,
}

/// Which setting it is: the run of the engine that made it, and its number in that run. Written `1a2b-17`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Revision {
    pub run: u64,
    pub number: u64,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{}", self.run, self.number)
    }
}

impl FromStr for Revision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (run, number) = text.split_once('-')?;
            Some(Revision { run: u64::from_str_radix(run, 16).ok()?, number: number.parse().ok()? })
        };
        read().ok_or_else(|| format!("expected a revision such as 1a2b-17, not `{text}`"))
    }
}

impl Serialize for Revision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Revision {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

//! A backend that is asked what arrived there.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde_json::Value;

use super::{
    super::lab::{Answer, No},
    exits::Verdict,
    report::Finding,
};
use crate::{
    kernel::{
        https::{Http, client, mozilla},
        outside,
    },
    telemetry::account::{self, Account, Variables},
};

/// The longest that one question may take: of a whole store of traces, say.
const PATIENCE: Duration = Duration::from_secs(5);

/// A backend by its base address.
pub struct Backend {
    name: &'static str,
    /// Where it says whether it is ready.
    ready: &'static str,
    /// Without whoever stood before the host: it is shown.
    base: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    http: Http,
}

/// Why there is no answer to judge by.
#[derive(Debug)]
pub enum Silence {
    /// It says that it has nothing of that name.
    NotThere,
    Failed(String),
}

impl From<outside::Silence> for Silence {
    fn from(silence: outside::Silence) -> Self {
        match silence {
            outside::Silence::Refused(404, _) => Silence::NotThere,
            outside::Silence::Refused(status, _) => Silence::Failed(format!("it answers {status}")),
            outside::Silence::Failed(why) => Silence::Failed(why),
        }
    }
}

impl Backend {
    /// `name` and the path at which it says whether it is ready; `flag` is what errors call the address. Who is asking stands before its host, or in `logcli`'s variables where
    /// `read` knows them.
    pub fn new(
        (name, ready): (&'static str, &'static str),
        flag: &'static str,
        base: &str,
        read: &dyn Fn(&str) -> Option<String>,
    ) -> Answer<Backend> {
        let variables = Variables { address: flag, path: "", ..account::LOKI };
        let account = Account::at(base.trim(), read, &variables).map_err(No::CouldNot)?;
        let base = account.endpoint.to_string().trim_end_matches('/').to_owned();
        Ok(Backend { name, ready, base, headers: account.headers, http: client(mozilla()) })
    }

    /// Where `path` is, with `query` as its query string: what a person would ask by hand.
    pub fn address(&self, path: &str, query: &impl Serialize) -> String {
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{path}{mark}{query}", self.base)
    }

    /// The answer as JSON.
    pub async fn ask(&self, address: &str) -> Result<Value, Silence> {
        self.get(address).await.and_then(|answer| outside::json(&answer)).map_err(Silence::from)
    }

    async fn get(&self, address: &str) -> Result<Bytes, outside::Silence> {
        let headers = self.headers.iter().cloned().collect();
        outside::ask(&self.http, PATIENCE, Method::GET, address, headers, Bytes::new()).await
    }

    /// What there is to say when the lab has nothing to look for: the backend is asked whether it is ready all the same,
    /// or one that is dead would pass for one that has nothing to do.
    pub async fn idle(&self, looked_for: &str, why: &str) -> Finding {
        let ready = self.address(self.ready, &());
        match self.get(&ready).await.map_err(Silence::from) {
            // Behind a gateway there may be no such address; it has answered.
            Ok(_) | Err(Silence::NotThere) => self.finding(Verdict::Idle, looked_for, why),
            Err(Silence::Failed(failed)) => self.finding(Verdict::Away, format!("GET {ready}"), failed),
        }
    }

    pub fn finding(
        &self,
        verdict: Verdict,
        looked_for: impl Into<String>,
        found: impl Into<String>,
    ) -> Finding {
        Finding { backend: self.name, verdict, looked_for: looked_for.into(), found: found.into() }
    }

    /// What there is to say when it did not answer.
    pub fn silent(&self, silence: Silence, looked_for: impl Into<String>) -> Finding {
        match silence {
            Silence::NotThere => self.finding(Verdict::Missing, looked_for, "it is not there"),
            Silence::Failed(why) => self.finding(Verdict::Away, looked_for, why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(base: &str) -> Answer<Backend> {
        Backend::new(("loki", "/ready"), "--loki", base, &|_| None)
    }

    #[test]
    fn an_address_may_have_a_path_and_who_is_asking_is_not_part_of_it() {
        let backend = named("https://host/loki/").expect("an address");
        assert_eq!(backend.address("/ready", &[("a", "b c")]), "https://host/loki/ready?a=b+c");
        assert!(backend.headers.is_empty());
        let backend = named(" http://ann:s%40cret@host ").expect("an address");
        assert_eq!(backend.address("/ready", &()), "http://host/ready");
        assert_eq!(backend.headers[0].1, "Basic YW5uOnNAY3JldA==");
        assert!(backend.headers[0].1.is_sensitive());
    }

    #[test]
    fn what_is_no_address_is_refused_by_its_flag_and_without_its_secrets() {
        for wrong in ["host:3100", "ftp://u:secret@host", "http://u:%secret@host", "http://host?secret=1", ""]
        {
            let Err(No::CouldNot(why)) = named(wrong) else { panic!("{wrong}") };
            assert!(why.starts_with("--loki") && !why.contains("secret"), "{why}");
        }
    }
}

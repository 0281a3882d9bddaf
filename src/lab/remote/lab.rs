//! Asks a running lab, and tells a refusal from no answer at all.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::flags::LabFlags;
use crate::{
    console::answers::COMMAND_LINE,
    kernel::{
        client::{Ask, Client, Deadline, Lost, Refusal, Why},
        origin::Origin,
        peers::Peers,
        service::Service,
        transport::{self, Transport},
    },
    lab::token,
};

/// Longer than the engine may take over anything.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there is nothing to show.
#[derive(Clone, Debug, PartialEq)]
pub enum No {
    /// The lab said no: in words, and the document it sent.
    Refused(String, Option<Value>),
    /// The answer is no, and this is the answer.
    Shown(String),
    /// It could not be asked, or its answer makes no sense.
    CouldNot(String),
}

pub type Answer<T = String> = Result<T, No>;

/// A running lab.
pub struct Lab {
    client: Client,
    url: String,
    token: Option<HeaderValue>,
    pub json: bool,
}

impl Lab {
    pub fn new(flags: &LabFlags) -> Answer<Lab> {
        let url = flags.url.trim().trim_end_matches('/').to_owned();
        let peers = Arc::new(Peers::parse("--url", &url).map_err(No::CouldNot)?);
        let carrier = Arc::new(Deadline(Transport::new(transport::http(), peers)));
        let client = Client::new(Service::Lab, carrier, PATIENCE);
        let token = token::given().map(|token| {
            let mut token = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| No::CouldNot(format!("{} cannot stand in a header", token::VARIABLE)))?;
            token.set_sensitive(true);
            Ok(token)
        });
        Ok(Lab { client, url, token: token.transpose()?, json: flags.json })
    }

    pub fn get(route: &'static str) -> Ask {
        Ask::get(route, &Origin::default())
    }

    pub fn post(route: &'static str) -> Ask {
        Ask::post(route, &Origin::default())
    }

    pub fn put(route: &'static str) -> Ask {
        Ask::put(route, &Origin::default())
    }

    pub fn delete(route: &'static str) -> Ask {
        Ask::delete(route, &Origin::default())
    }

    /// Asks and reads the answer as JSON.
    pub async fn ask<T: DeserializeOwned>(&self, ask: Ask) -> Answer<T> {
        self.client.call(self.signed(ask)).await.map_err(|refusal| self.no(&refusal))
    }

    /// The same, with the status of success.
    pub async fn ask_for_status<T: DeserializeOwned>(&self, ask: Ask) -> Answer<(http::StatusCode, T)> {
        self.client.call_for_status(self.signed(ask)).await.map_err(|refusal| self.no(&refusal))
    }

    /// Asks for something that is not JSON.
    pub async fn read(&self, ask: Ask) -> Answer<Bytes> {
        self.client.read(self.signed(ask)).await.map_err(|refusal| self.no(&refusal))
    }

    /// `value` as JSON, or what `human` makes of it.
    pub fn show(&self, value: &Value, human: impl FnOnce(&Value) -> String) -> String {
        if self.json { format!("{value:#}\n") } else { human(value) }
    }

    fn signed(&self, ask: Ask) -> Ask {
        let ask = ask.header(header::USER_AGENT, HeaderValue::from_static(COMMAND_LINE));
        match &self.token {
            Some(token) => ask.header(header::AUTHORIZATION, token.clone()),
            None => ask,
        }
    }

    fn no(&self, refusal: &Refusal) -> No {
        match &refusal.why {
            Why::Status(_, Some(problem)) => {
                let field = problem.field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default();
                No::Refused(format!("{field}{}", problem.detail), refusal.said())
            }
            // Whoever answers so is no lab.
            Why::Status(status, None) => {
                No::CouldNot(format!("{} answered {} and no word", self.url, status.as_u16()))
            }
            Why::Lost(Lost::Refused(_)) => {
                No::CouldNot(format!("no lab can be reached at {}; --url names another", self.url))
            }
            Why::Lost(lost) => No::CouldNot(format!("{}: {lost}", self.url)),
            Why::Garbled(text) => No::CouldNot(format!("{}: {text}", self.url)),
        }
    }
}

/// A value as a cell of a table.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    }
}

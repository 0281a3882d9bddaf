//! `doorbuster ready`: asks `/ready` and says so by exit code.

use std::{sync::Arc, time::Duration};

use super::{
    flags::Ready,
    lab::{Answer, No},
};
use crate::kernel::{
    client::{Ask, Client, Deadline, Why},
    origin::Origin,
    peers::Peers,
    service::Service,
    transport::{self, Transport},
};

/// How long a service may take to say whether it is ready.
const PATIENCE: Duration = Duration::from_secs(2);

pub async fn ready(flags: &Ready) -> Answer {
    let peers = Arc::new(Peers::parse("--url", &flags.url).map_err(No::CouldNot)?);
    let carrier = Arc::new(Deadline(Transport::new(transport::http(), peers)));
    // Which service it is makes no difference to the question.
    let client = Client::new(Service::Storefront, carrier, PATIENCE);
    match client.tell(Ask::get("/ready", &Origin::default())).await {
        Ok(()) => Ok(String::new()),
        Err(refusal) => Err(match refusal.why {
            // The exit code says it all.
            Why::Status(..) => No::Refused(String::new(), None),
            Why::Lost(lost) => No::CouldNot(format!("{}: {lost}", flags.url)),
            Why::Garbled(text) => No::CouldNot(format!("{}: {text}", flags.url)),
        }),
    }
}

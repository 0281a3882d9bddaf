//! Stands in for the scenario engine, its scenarios and its ledger until they are wired: it sends surges and knows
//! nothing else.

use std::{io, sync::Arc, time::Duration};

use anyhow::Result;

use super::hosts;
use crate::{
    console::desk::{Ledger, Offered, Shelf},
    kernel::service::Service,
    load::run::Shoppers,
    scenario::{
        control::{Command, Control, Done, Refused, Status},
        spec::Spec,
    },
};

/// No scenarios, and an empty ledger.
pub struct Nothing;

impl Shelf for Nothing {
    fn list(&self) -> Vec<Offered> {
        Vec::new()
    }

    fn find(&self, _: &str) -> Option<(Arc<Spec>, String)> {
        None
    }
}

impl Ledger for Nothing {
    fn lines(&self, _: Option<&str>, _: usize) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// A handle on an engine that passes surges on.
pub fn engine(shoppers: Arc<Shoppers>, seed: u64) -> Result<Control> {
    let (control, mut served) = Control::channel();
    served.status.send_replace(Arc::new(Status { mode: "normal".to_owned(), seed, ..Status::default() }));
    hosts::spawn(Service::Lab, "engine", async move {
        while let Some(asked) = served.commands.recv().await {
            let done = match asked.command {
                Command::Surge { seconds, requests_per_minute } => shoppers
                    .surge(Duration::from_secs(seconds), requests_per_minute)
                    .map(|()| Done::Done)
                    .map_err(|error| Refused::Invalid { field: error.field.to_owned(), why: error.why }),
                _ => Err(Refused::NotNow("there is no engine".to_owned())),
            };
            let _ = asked.answer.send(done);
        }
    })?;
    Ok(control)
}

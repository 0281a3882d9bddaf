//! From a client's arguments to its answer and its exit code: 0 yes, 1 no, 2 could not tell.

use std::process::ExitCode;

use super::{
    alerts, doctor, fault,
    flags::{Remote, ScenarioVerb},
    lab::{Answer, Lab, No},
    ready, scenario, state,
};
use crate::lab::{
    scenarios,
    speak::{answer, say},
};

/// Exit code for "no".
const NO: u8 = 1;
/// Exit code for "could not tell": bad arguments, an environment that is not ready.
pub const COULD_NOT: u8 = 2;

/// Asks, shows the answer, and says by exit code how it went.
pub fn main(remote: &Remote) -> ExitCode {
    if let Remote::Scenario(ScenarioVerb::Here(verb)) = remote {
        return scenarios::run(verb, answer);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let asked = runtime.map_err(|error| No::CouldNot(error.to_string()));
    match asked.and_then(|runtime| runtime.block_on(ask(remote))) {
        Ok(text) => {
            answer(&text);
            ExitCode::SUCCESS
        }
        Err(No::Refused(why, document)) => {
            if let Some(document) = document.filter(|_| remote.wants_json()) {
                answer(&format!("{document:#}\n"));
            } else if !why.is_empty() {
                say(&format!("doorbuster: {why}\n"));
            }
            ExitCode::from(NO)
        }
        Err(No::Shown(text)) => {
            answer(&text);
            ExitCode::from(NO)
        }
        Err(No::CouldNot(why)) => {
            say(&format!("doorbuster: {why}\n"));
            ExitCode::from(COULD_NOT)
        }
    }
}

async fn ask(remote: &Remote) -> Answer {
    match remote {
        Remote::Ready(flags) => ready::ready(flags).await,
        Remote::Mode(flags) => scenario::mode(&Lab::new(&flags.lab)?, flags.mode).await,
        Remote::Calm(flags) => scenario::calm(&Lab::new(flags)?).await,
        Remote::Scenario(ScenarioVerb::There(verb)) => scenario::run(verb).await,
        // Answered above: it asks nobody.
        Remote::Scenario(ScenarioVerb::Here(_)) => Ok(String::new()),
        Remote::Fault(verb) => fault::run(verb).await,
        Remote::Alerts(verb) => alerts::run(verb).await,
        Remote::State(flags) => state::state(&Lab::new(flags)?).await,
        Remote::Ledger(flags) => state::ledger(flags).await,
        // A lab that does not let itself be asked says nothing of how its signals are.
        Remote::Doctor(flags) => doctor::run::doctor(flags).await.map_err(|no| match no {
            No::Refused(why, _) => No::CouldNot(why),
            other @ (No::Shown(_) | No::CouldNot(_)) => other,
        }),
    }
}

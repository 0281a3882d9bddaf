//! From the arguments of `doorbuster rules` to its exit code.

use std::process::ExitCode;

use super::{check, flags::RulesCommand, render};

/// Does what is asked; `print` gets what belongs on standard output, `say` what a person should know beside it.
pub fn run(command: &RulesCommand, print: impl Fn(&str), say: impl Fn(&str)) -> ExitCode {
    match command {
        RulesCommand::Render(flags) => render::run(flags, print, say),
        RulesCommand::Check(flags) => check::run(flags, print, say),
    }
}

//! The binary: reads the command line and hands over.

use std::{process::ExitCode, time::Instant};

use clap::Parser;
use doorbuster::lab::{cli::Cli, run};

fn main() -> ExitCode {
    let begun = Instant::now();
    run::main(Cli::parse(), begun)
}

//! The developers' tool: `cargo xtask test` runs every check there is, `cargo xtask tidy` the rules that no compiler
//! knows.
//!
//! **Invariant:** a check that could not be made is never reported as passed.

mod bench;
mod crashes;
mod finding;
mod rules;
mod scale;
mod simulate;
mod source;
mod suite;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Checks of the Reeve workspace")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run every check, on the real peers; installs those that are missing
    Test(suite::Options),
    /// Measure Reeve beside bare yardsticks; takes some minutes
    Bench(bench::Options),
    /// Drive a tenant full of assignments with mixed traffic at a rate
    Load(bench::LoadOptions),
    /// Simulated lives of a small tenant, each replayed by its seed
    Simulate(simulate::Options),
    /// Kill a server at random moments, many times over, and judge what is left
    Crashes(crashes::Options),
    /// Bad days of large tenants: a job of a million items canceled, a large database brought forward
    Scale(scale::Options),
    /// List the rules of the specification that no test holds
    Rules(rules::Options),
    /// Check the rules of the house that no compiler knows
    Tidy {
        /// Write the generated documents instead of comparing them
        #[arg(long)]
        fix: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = Workspace::open().and_then(|workspace| match arguments.command {
        Command::Test(options) => Ok(suite::run(&workspace, &options)),
        Command::Bench(options) => bench::run(&workspace, &options),
        Command::Load(options) => bench::load(&workspace, &options),
        Command::Simulate(options) => simulate::run(&workspace, &options),
        Command::Crashes(options) => crashes::run(&workspace, &options),
        Command::Scale(options) => scale::run(&workspace, &options),
        Command::Rules(options) => rules::run(&workspace, &options),
        Command::Tidy { fix } => tidy::run(&workspace, fix),
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

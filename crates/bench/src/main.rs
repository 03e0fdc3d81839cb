//! The measurements behind `cargo xtask bench`: each figure of Reeve beside a yardstick that does the same work and nothing
//! else, measured in turns in the same run.
//!
//! **Invariant:** no figure is printed without its yardstick and without what else the machine was doing.

mod data;
mod figures;
mod goals;
mod http;
mod load;
mod machine;
mod output;
mod report;
mod server;
mod stub;
mod tenant;
mod upgrade;
mod yardstick;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::figures::Plan;
use crate::report::Part;

/// The yardsticks have the allocator of what they are held against.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
#[command(name = "bench", about = "Measures Reeve beside bare yardsticks")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure, and print the table
    Run(Run),
    /// Drive a tenant with mixed traffic at a rate
    Load(load::Options),
    /// Fill a database of an earlier release, and bring it forward
    Upgrade(upgrade::Options),
    /// Serve as a yardstick
    Yardstick(yardstick::Options),
}

#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
struct Run {
    /// The `reeve` to measure
    #[arg(long)]
    reeve: PathBuf,
    /// Small data and one short pair of each: shows that everything works, not how fast
    #[arg(long)]
    quick: bool,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Pairs of each figure
    #[arg(long, default_value_t = 5)]
    pairs: usize,
    /// Measure these parts alone, with commas between; without it, all but the peers
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Measure beside other programs, too
    #[arg(long)]
    peers: bool,
    /// Hold the figures against the goals, and fail where one is missed
    #[arg(long)]
    check: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().command {
        Command::Yardstick(options) => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(yardstick::serve(options))
            .map(|()| ExitCode::SUCCESS),
        Command::Load(options) => Ok(if load::run(&options)? {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }),
        Command::Upgrade(options) => upgrade::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Run(run) => {
            let plan = if run.quick {
                Plan::quick()
            } else {
                Plan::full(run.pairs.max(1))
            };
            let measured = figures::measure(&run.reeve, &plan, &run.only, run.peers);
            let (sections, has_failed) = (measured.sections, measured.has_failed);
            let goals = run.check.then(|| goals::judge(&sections));
            if run.json {
                output::line(&report::json(&sections, goals.as_ref())?);
            } else {
                output::line(&report::table(&sections));
                if let Some(goals) = &goals {
                    output::line(&format!("\n{}", goals.table()));
                }
            }
            Ok(match goals {
                _ if has_failed => ExitCode::FAILURE,
                Some(goals) if goals.has_missed() => ExitCode::FAILURE,
                _ => ExitCode::SUCCESS,
            })
        }
    }
}

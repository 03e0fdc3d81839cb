//! The measurements behind `cargo xtask bench`: each figure of Reeve beside a yardstick that does the same work and nothing
//! else, measured in turns in the same run.
//!
//! **Invariant:** no figure is printed without its yardstick and without what else the machine was doing.

mod data;
mod figures;
mod http;
mod machine;
mod output;
mod report;
mod server;
mod tenant;
mod yardstick;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::figures::Plan;

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
    /// Serve as a yardstick
    Yardstick(yardstick::Options),
}

#[derive(Debug, clap::Args)]
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
    /// Measure on this database alone
    #[arg(long, value_enum)]
    only: Option<Only>,
}

/// A database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    Sqlite,
    Postgres,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Yardstick(options) => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(yardstick::serve(options)),
        Command::Run(run) => {
            let plan = if run.quick {
                Plan::quick()
            } else {
                Plan::full(run.pairs.max(1))
            };
            let sections = figures::measure(&run.reeve, &plan, run.only)?;
            output::line(&if run.json {
                report::json(&sections)?
            } else {
                report::table(&sections)
            });
            Ok(())
        }
    }
}

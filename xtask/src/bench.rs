//! `cargo xtask bench`: Reeve beside bare yardsticks, in turns. `cargo xtask load`: mixed traffic at a rate. Both on release
//! builds.
//!
//! **Invariant:** what is measured is what was just built from these sources.

use std::process::Command;

use anyhow::Context;
use clap::Args;

use crate::workspace::{Workspace, cargo};

/// What to measure.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct Options {
    /// Small data and one short pair of each: shows that everything works, not how fast
    #[arg(long)]
    quick: bool,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Pairs of each figure
    #[arg(long, default_value_t = 5)]
    pairs: usize,
    /// Measure these parts alone, with commas between: `decide`, `sqlite`, `growth`, `jobs`, `rules`, `postgres`, `peers`
    #[arg(long, value_name = "PARTS")]
    only: Option<String>,
    /// Hold the figures against the goals of docs/performance.md, and fail where one is missed
    #[arg(long)]
    check: bool,
    /// Measure beside other programs, too; they are installed where they are not
    #[arg(long)]
    peers: bool,
}

/// Builds both programs and measures; tells whether that worked.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<bool> {
    let Some(mut measure) = built(workspace, "run")? else {
        return Ok(false);
    };
    measure.args(["--pairs", &options.pairs.to_string()]);
    if let Some(parts) = &options.only {
        measure.args(["--only", parts]);
    }
    for (wanted, flag) in [
        (options.quick, "--quick"),
        (options.json, "--json"),
        (options.check, "--check"),
        (options.peers, "--peers"),
    ] {
        if wanted {
            measure.arg(flag);
        }
    }
    let measured = measure.status().context("cannot run the measurements")?;
    Ok(measured.success())
}

/// Builds both programs; the command of the one that measures, told where the other is. Nothing, if they do not build.
fn built(workspace: &Workspace, command: &str) -> anyhow::Result<Option<Command>> {
    let built = Command::new(cargo())
        .args(["build", "--quiet", "--release", "--locked"])
        .args(["--package", "reeve", "--package", "bench"])
        .current_dir(&workspace.root)
        .status()
        .context("cannot run cargo")?;
    if !built.success() {
        return Ok(None);
    }
    let folder = workspace.target.join("release");
    let mut measure = Command::new(folder.join("bench"));
    measure
        .arg(command)
        .arg("--reeve")
        .arg(folder.join("reeve"));
    Ok(Some(measure))
}

/// How much load, on what.
#[derive(Debug, Args)]
pub(crate) struct LoadOptions {
    /// Assignments in the tenant: 10000 to 10000000
    #[arg(long, default_value_t = 10_000)]
    assignments: u64,
    /// Calls a second, sent whether or not those before are answered
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// Seconds
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// On which database: `sqlite` or `postgres`
    #[arg(long, default_value = "sqlite")]
    database: String,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Instead of traffic: put the rows into a database of an earlier release, and bring it forward
    #[arg(long, conflicts_with = "json")]
    upgrade: bool,
}

/// Builds both programs and drives one with mixed traffic; tells whether that worked.
pub(crate) fn load(workspace: &Workspace, options: &LoadOptions) -> anyhow::Result<bool> {
    let command = if options.upgrade { "upgrade" } else { "load" };
    let Some(mut load) = built(workspace, command)? else {
        return Ok(false);
    };
    load.args(["--assignments", &options.assignments.to_string()])
        .args(["--database", &options.database]);
    if !options.upgrade {
        load.args(["--rate", &options.rate.to_string()])
            .args(["--seconds", &options.seconds.to_string()]);
    }
    if options.json {
        load.arg("--json");
    }
    let done = load.status().context("cannot run the load")?;
    Ok(done.success())
}

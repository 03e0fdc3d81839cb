//! `cargo xtask simulate`: many simulated lives of a small tenant, on a release build.
//!
//! **Invariant:** what is simulated is what was just built from these sources.

use std::process::Command;

use anyhow::Context;
use clap::Args;

use crate::workspace::{Workspace, cargo};

/// Which lives.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The number of the first life
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// How many lives
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// Tell each life, step by step
    #[arg(long)]
    story: bool,
}

/// Builds the simulation and lives; tells whether all went well.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<bool> {
    let built = Command::new(cargo())
        .args(["build", "--quiet", "--release", "--locked"])
        .args(["--package", "simulation"])
        .current_dir(&workspace.root)
        .status()
        .context("cannot run cargo")?;
    if !built.success() {
        return Ok(false);
    }
    let mut lives = Command::new(workspace.target.join("release").join("simulation"));
    lives
        .args(["--first", &options.first.to_string()])
        .args(["--seeds", &options.seeds.to_string()]);
    if options.story {
        lives.arg("--story");
    }
    let lived = lives.status().context("cannot run the simulation")?;
    Ok(lived.success())
}

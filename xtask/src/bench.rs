//! `cargo xtask bench`: Reeve beside bare yardsticks, in turns, on release builds.
//!
//! **Invariant:** what is measured is what was just built from these sources.

use std::process::Command;

use anyhow::Context;
use clap::Args;

use crate::workspace::{Workspace, cargo};

/// What to measure.
#[derive(Debug, Args)]
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
    /// Measure on this database alone: `sqlite` or `postgres`
    #[arg(long, value_name = "DATABASE")]
    only: Option<String>,
}

/// Builds both programs and measures; tells whether that worked.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<bool> {
    let built = Command::new(cargo())
        .args(["build", "--quiet", "--release", "--locked"])
        .args(["--package", "reeve", "--package", "bench"])
        .current_dir(&workspace.root)
        .status()
        .context("cannot run cargo")?;
    if !built.success() {
        return Ok(false);
    }
    let folder = workspace.target.join("release");
    let mut measure = Command::new(folder.join("bench"));
    measure
        .arg("run")
        .arg("--reeve")
        .arg(folder.join("reeve"))
        .args(["--pairs", &options.pairs.to_string()]);
    if let Some(database) = &options.only {
        measure.args(["--only", database]);
    }
    for (wanted, flag) in [(options.quick, "--quick"), (options.json, "--json")] {
        if wanted {
            measure.arg(flag);
        }
    }
    let measured = measure.status().context("cannot run the measurements")?;
    Ok(measured.success())
}

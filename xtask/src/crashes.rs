//! `cargo xtask crashes`: kills a server at random moments of a mixed load, many times over, and judges what is left.
//!
//! **Invariant:** it is the test that every run makes (`crates/cli/tests/it/crashes.rs`), only longer.

use std::process::Command;

use anyhow::Context;
use clap::Args;

use crate::workspace::{Workspace, cargo};

/// How many kills, and of which database.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often the server is killed
    #[arg(long, default_value_t = 1_000)]
    times: u32,
    /// On PostgreSQL instead of SQLite
    #[arg(long)]
    postgres: bool,
}

/// Kills and judges; tells whether all went well.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<bool> {
    let test = if options.postgres {
        "crashes::whatever_was_accepted_reaches_its_end_on_a_database_server_too"
    } else {
        "crashes::whatever_was_accepted_reaches_its_end_although_the_server_is_killed_again_and_again"
    };
    let mut command = Command::new(cargo());
    command
        .args(["test", "--release", "--locked", "--package", "reeve"])
        .args(["--test", "it", "--", "--exact", test])
        .env("REEVE_CRASHES", options.times.to_string())
        .env("REEVE_REQUIRE_PEERS", "1")
        .current_dir(&workspace.root);
    let status = command.status().context("cannot run cargo")?;
    Ok(status.success())
}

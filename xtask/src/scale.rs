//! `cargo xtask scale`: bad days of large tenants, with as many rows as wanted.
//!
//! **Invariant:** they are the tests that every run makes (`crates/cli/tests/it/scale`), only with more rows.

use std::process::Command;

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::workspace::{Workspace, cargo};

/// What goes wrong.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Day {
    /// A bulk job over everything is canceled in its middle
    CanceledJob,
    /// A database of the first release is brought forward by a server that is killed meanwhile
    Upgrade,
}

/// Which day, how many rows, and on which database.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What goes wrong
    #[arg(value_enum)]
    day: Day,
    /// Assignments in the tenant
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// On PostgreSQL instead of SQLite
    #[arg(long)]
    postgres: bool,
}

/// Fills a database and lives through that day; tells whether all went well.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<bool> {
    let test = match (options.day, options.postgres) {
        (Day::CanceledJob, false) => {
            "scale::canceled_job::rp_20_a_large_job_that_is_canceled_in_the_middle_begins_nothing_more_and_accounts_for_every_item"
        }
        (Day::CanceledJob, true) => {
            "scale::canceled_job::rp_20_a_large_job_that_is_canceled_in_the_middle_accounts_for_every_item_on_a_database_server_too"
        }
        (Day::Upgrade, false) => {
            "scale::upgrade::a_large_database_is_brought_forward_although_the_server_is_killed_in_the_middle"
        }
        (Day::Upgrade, true) => {
            "scale::upgrade::a_large_database_of_a_database_server_is_brought_forward_although_the_server_is_killed_in_the_middle"
        }
    };
    let mut command = Command::new(cargo());
    command
        .args(["test", "--release", "--locked", "--package", "reeve"])
        .args(["--test", "it", "--", "--nocapture", "--exact", test])
        .env("REEVE_ROWS", options.rows.to_string())
        .env("REEVE_REQUIRE_PEERS", "1")
        .current_dir(&workspace.root);
    let status = command.status().context("cannot run cargo")?;
    Ok(status.success())
}

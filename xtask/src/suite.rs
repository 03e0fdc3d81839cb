//! `cargo xtask test`: every check there is, cheapest first, on the real peers.
//!
//! **Invariant:** the run passes only if every chosen step passed and no test was skipped.

mod clients;
mod fuzz;
mod licences;
mod peers;
pub(crate) mod run;

use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::suite::peers::Peers;
use crate::suite::run::{Watched, clock, step_command, watch};
use crate::tidy;
use crate::workspace::Workspace;

/// What to run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run these steps alone; several with commas between
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STEP")]
    only: Vec<Step>,
}

/// The steps, cheapest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// The sources are formatted
    Format,
    /// The rules of the house (`cargo xtask tidy`)
    Tidy,
    /// Real peers are installed: PostgreSQL, `OpenLDAP`, a SCIM server, client libraries
    Peers,
    /// The linter has nothing to say
    Lint,
    /// Every test of every crate
    Test,
    /// The documentation builds, and its links lead somewhere
    Doc,
    /// Dependencies: licences, bans, sources, advisories
    Licences,
    /// Readers of what clients send survive whatever is sent, for a bounded time
    Fuzz,
    /// The release binary tells its story to the end
    Demo,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Passed,
    /// With why.
    Failed(String),
    /// With what could not be checked; counts as a failure of the whole run.
    Skipped(Vec<String>),
}

/// What a step has to report.
#[derive(Debug)]
struct Report {
    outcome: Outcome,
    /// What this machine could not check, and nobody has to.
    notes: Vec<String>,
}

/// A line of the summary.
#[derive(Debug)]
struct Line {
    step: Step,
    report: Report,
    took: Duration,
}

/// Runs the chosen steps one after the other, all of them even if one fails, and tells whether all passed.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> bool {
    let peers = Peers::below(&workspace.target);
    let mut lines = Vec::new();
    for step in chosen(&options.only) {
        eprintln!("\n==> {step}");
        let started = clock();
        let report = step.run(workspace, &peers).unwrap_or_else(|error| Report {
            outcome: Outcome::Failed(format!("{error:#}")),
            notes: Vec::new(),
        });
        lines.push(Line {
            step,
            report,
            took: clock().duration_since(started),
        });
    }
    eprint!("\n{}", summary(&lines));
    lines
        .iter()
        .all(|line| line.report.outcome == Outcome::Passed)
}

/// The steps in their order; tests bring the step that installs what they need.
fn chosen(only: &[Step]) -> Vec<Step> {
    Step::value_variants()
        .iter()
        .copied()
        .filter(|step| {
            only.is_empty()
                || only.contains(step)
                || *step == Step::Peers && only.contains(&Step::Test)
        })
        .collect()
}

impl Step {
    fn run(self, workspace: &Workspace, peers: &Peers) -> anyhow::Result<Report> {
        let cargo = |arguments: &[&str]| {
            let mut command = step_command(&crate::workspace::cargo(), &workspace.root);
            command.args(arguments);
            command
        };
        match self {
            Self::Format => plain(&mut cargo(&["fmt", "--all", "--check"])),
            Self::Tidy => Ok(Report::passed_if(
                tidy::run(workspace, false)?,
                "see the findings above",
            )),
            Self::Peers => {
                peers.install()?;
                clients::install(&workspace.root, peers.folder())?;
                Ok(Report::passed())
            }
            Self::Lint => plain(&mut cargo(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ])),
            Self::Test => test(
                cargo(&["test", "--workspace", "--no-fail-fast"]),
                peers,
                workspace,
            ),
            Self::Doc => plain(
                cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"),
            ),
            Self::Licences => licences::check(workspace, peers),
            Self::Fuzz => {
                let failed = fuzz::run(workspace, peers.folder())?;
                Ok(Report::passed_if(
                    failed.is_empty(),
                    &format!("failed: {}", failed.join(", ")),
                ))
            }
            // The README's own command.
            Self::Demo => plain(&mut cargo(&["run", "--release", "--", "demo", "--once"])),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Tidy => "tidy",
            Self::Peers => "peers",
            Self::Lint => "lint",
            Self::Test => "test",
            Self::Doc => "doc",
            Self::Licences => "licences",
            Self::Fuzz => "fuzz",
            Self::Demo => "demo",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Report {
    const fn passed() -> Self {
        Self {
            outcome: Outcome::Passed,
            notes: Vec::new(),
        }
    }

    fn passed_if(passed: bool, otherwise: &str) -> Self {
        Self {
            outcome: if passed {
                Outcome::Passed
            } else {
                Outcome::Failed(otherwise.to_owned())
            },
            notes: Vec::new(),
        }
    }
}

fn plain(command: &mut Command) -> anyhow::Result<Report> {
    let status = run::status(command)?;
    Ok(Report::passed_if(status.success(), &status.to_string()))
}

fn test(mut command: Command, peers: &Peers, workspace: &Workspace) -> anyhow::Result<Report> {
    command.env("REEVE_REQUIRE_PEERS", "1");
    command.env("REEVE_PEERS_DIR", peers.folder());
    let mut notes = Vec::new();
    match contract(workspace) {
        Some(folder) => {
            command.env("CONTRACT_DIR", folder);
        }
        None => notes.push(
            "the published schema: set CONTRACT_DIR to compare the property tables with it"
                .to_owned(),
        ),
    }
    let Watched { status, skipped } = watch(command, &mut std::io::stderr())?;
    let outcome = if !status.success() {
        Outcome::Failed(status.to_string())
    } else if skipped.is_empty() {
        Outcome::Passed
    } else {
        Outcome::Skipped(skipped)
    };
    Ok(Report { outcome, notes })
}

/// The folder of the published schema, which is not part of the repository.
fn contract(workspace: &Workspace) -> Option<PathBuf> {
    let folder = std::env::var_os("CONTRACT_DIR")
        .map_or_else(|| workspace.root.join("../shared/contract"), PathBuf::from);
    folder.join("schema.json").is_file().then_some(folder)
}

fn summary(lines: &[Line]) -> String {
    let mut rows = Vec::new();
    let mut skipped = Vec::new();
    for line in lines {
        let (verdict, why) = match &line.report.outcome {
            Outcome::Passed => ("passed", String::new()),
            Outcome::Failed(why) => ("FAILED", format!("  {why}")),
            Outcome::Skipped(what) => {
                skipped.extend(what.iter().map(|what| format!("skipped: {what}")));
                ("SKIPPED", format!("  {} of its parts", what.len()))
            }
        };
        let took = seconds(line.took);
        rows.push(format!("{:<10}{verdict:<9}{took:>9}{why}", line.step));
    }
    let total = seconds(lines.iter().map(|line| line.took).sum());
    rows.push(format!("{:<19}{total:>9}", "total"));
    let notes = lines.iter().flat_map(|line| &line.report.notes);
    rows.extend(notes.map(|note| format!("not checked here: {note}")));
    if skipped.is_empty() {
        skipped.push("skipped: nothing".to_owned());
    }
    rows.extend(skipped);
    rows.join("\n") + "\n"
}

fn seconds(duration: Duration) -> String {
    let all = duration.as_secs();
    format!("{}:{:02}", all / 60, all % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_bring_the_peers_with_them() {
        assert_eq!(chosen(&[Step::Test]), [Step::Peers, Step::Test]);
        assert_eq!(chosen(&[Step::Tidy]), [Step::Tidy]);
        assert_eq!(chosen(&[]).len(), Step::value_variants().len());
    }

    #[test]
    fn the_summary_names_what_failed_and_what_was_skipped() {
        let line = |step, outcome| Line {
            step,
            report: Report {
                outcome,
                notes: vec!["the moon".to_owned()],
            },
            took: Duration::from_secs(65),
        };

        let text = summary(&[
            line(Step::Format, Outcome::Passed),
            line(Step::Lint, Outcome::Failed("exit status: 1".to_owned())),
            line(Step::Test, Outcome::Skipped(vec!["slapd".to_owned()])),
        ]);

        assert!(text.contains("format    passed        1:05\n"), "{text}");
        assert!(
            text.contains("lint      FAILED        1:05  exit status: 1\n"),
            "{text}"
        );
        assert!(text.contains("skipped: slapd\n"), "{text}");
        assert!(text.contains("not checked here: the moon\n"), "{text}");
        assert!(!text.contains("nothing"), "{text}");
    }
}

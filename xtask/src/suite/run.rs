//! Child processes of a step: their surroundings, their output, and what they say they skipped.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

/// What a test prints when it does without something.
const SKIPPED: &str = "SKIPPED:";

/// How long to wait for the last lines once the process has ended: a grandchild can hold its output open for ever.
const LAST_LINES: Duration = Duration::from_secs(5);

/// How a watched command ended.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) status: ExitStatus,
    /// What it said it skipped, each once.
    pub(crate) skipped: Vec<String>,
}

enum Said {
    Line(Vec<u8>),
    Ended(std::io::Result<ExitStatus>),
}

/// The time, for measuring how long steps take.
#[expect(
    clippy::disallowed_methods,
    reason = "the one thing measured here is real time"
)]
pub(crate) fn clock() -> Instant {
    Instant::now()
}

/// A command at the top of the workspace that sees the environment as it was before `cargo run` added to it, so that
/// nothing is built twice for a variable that changed.
pub(crate) fn step_command(program: &Path, root: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let is_of_run = name.starts_with("CARGO_PKG_")
            || matches!(
                name.as_ref(),
                "CARGO" | "CARGO_MANIFEST_DIR" | "CARGO_MANIFEST_PATH" | "LD_LIBRARY_PATH"
            );
        if is_of_run {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// Runs a command and tells how it ended.
pub(crate) fn status(command: &mut Command) -> anyhow::Result<ExitStatus> {
    let program = command.get_program().to_string_lossy().into_owned();
    command
        .status()
        .with_context(|| format!("cannot run `{program}`"))
}

/// Runs a command, passes on what it writes, and collects what it says it skipped.
pub(crate) fn watch(mut command: Command, pass_on: &mut impl Write) -> anyhow::Result<Watched> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{program}`"))?;
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        read_lines(stdout, sender.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        read_lines(stderr, sender.clone());
    }
    thread::spawn(move || sender.send(Said::Ended(child.wait())));

    let mut skipped = Vec::new();
    let mut ended = None;
    loop {
        let said = match ended {
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(_) => receiver.recv_timeout(LAST_LINES),
        };
        match said {
            Ok(Said::Line(line)) => {
                // Nothing is lost if nobody reads.
                let _ = pass_on.write_all(&line);
                skipped.extend(skip_in(&String::from_utf8_lossy(&line)));
            }
            Ok(Said::Ended(status)) => ended = Some(status),
            Err(_) => break,
        }
    }
    skipped.sort();
    skipped.dedup();
    let status = ended.with_context(|| format!("`{program}` was lost"))??;
    Ok(Watched { status, skipped })
}

fn read_lines(stream: impl Read + Send + 'static, sender: Sender<Said>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        loop {
            let mut line = Vec::new();
            match reader.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break,
                Ok(_) if sender.send(Said::Line(line)).is_err() => break,
                Ok(_) => {}
            }
        }
    });
}

fn skip_in(line: &str) -> Option<String> {
    let (_, what) = line.split_once(SKIPPED)?;
    Some(what.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn skips_are_collected_from_both_streams_and_counted_once() {
        let mut passed_on = Vec::new();

        let command = shell(
            "echo 'test a ... SKIPPED: slapd is not installed'; echo 'SKIPPED: slapd is not installed' >&2; \
             echo 'SKIPPED: another' >&2; exit 3",
        );
        let watched = watch(command, &mut passed_on).unwrap();

        assert_eq!(watched.skipped, ["another", "slapd is not installed"]);
        assert_eq!(watched.status.code(), Some(3));
        assert_eq!(String::from_utf8(passed_on).unwrap().lines().count(), 3);
    }

    #[test]
    fn a_command_without_skips_has_none() {
        let watched = watch(shell("echo fine"), &mut Vec::new()).unwrap();

        assert!(watched.skipped.is_empty());
        assert!(watched.status.success());
    }

    #[test]
    fn a_missing_program_is_an_error_with_its_name() {
        let error = watch(Command::new("no-such-program"), &mut Vec::new()).unwrap_err();

        assert_eq!(error.to_string(), "cannot run `no-such-program`");
    }
}

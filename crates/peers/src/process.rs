//! Child processes, free ports and waiting for readiness.
//!
//! **Invariant:** waiting has an end, and it ends early when the child is gone.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// How long a peer may take to answer for the first time.
pub const START_LIMIT: Duration = Duration::from_mins(1);

/// How long between two looks at a peer that is starting.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A child that ends with this value.
#[derive(Debug)]
pub struct Guard {
    child: Child,
    log: PathBuf,
}

impl Guard {
    /// Starts `command` with its output going to the file `log`.
    pub fn spawn(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let output =
            File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().display()))?;
        Ok(Self {
            child,
            log: log.to_path_buf(),
        })
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks `ready` again and again until it says yes; fails when the child ends or the time is over.
    #[expect(
        clippy::disallowed_methods,
        reason = "readiness of a foreign process has no event to wait for: this is the one bounded poll"
    )]
    pub fn wait_until(&mut self, mut ready: impl FnMut() -> bool) -> anyhow::Result<()> {
        let start = Instant::now();
        while !ready() {
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "ended with {status} before it was ready: {}",
                    self.log_tail()
                );
            }
            if start.elapsed() > START_LIMIT {
                bail!("not ready after {START_LIMIT:?}: {}", self.log_tail());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// Ends the child and waits until it is gone.
    pub fn stop(&mut self) {
        // An error means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(20).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Asks `is_so` again and again until it says yes; fails when the time is over.
#[expect(
    clippy::disallowed_methods,
    reason = "the state of a foreign process has no event to wait for: the same bounded poll as above"
)]
pub fn wait_for(
    limit: Duration,
    what: &str,
    mut is_so: impl FnMut() -> bool,
) -> anyhow::Result<()> {
    let start = Instant::now();
    while !is_so() {
        if start.elapsed() > limit {
            bail!("waited {limit:?} for {what}");
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

/// A loopback port that was free a moment ago.
///
/// Somebody else can take it before the peer does; [`with_free_ports`] tries again then.
pub fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// Calls `start` until it gets by, at most three times, for peers that cannot pick a port themselves.
pub fn with_free_ports<T>(mut start: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let mut last = None;
    for _ in 0..3 {
        match start() {
            Ok(started) => return Ok(started),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("was never started")))
}

/// The loopback address with this port.
pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// The program of that name on `PATH` or in one of the `more` folders.
pub fn find_program(name: &str, more: &[&Path]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(more.iter().map(|folder| folder.to_path_buf()))
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_ends_early_is_reported_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut guard = Guard::spawn(
            Command::new("sh").args(["-c", "echo no such database >&2; exit 3"]),
            &folder.path().join("log"),
        )
        .unwrap();

        let error = guard.wait_until(|| false).unwrap_err().to_string();

        assert!(error.contains("exit status: 3"), "{error}");
        assert!(error.contains("no such database"), "{error}");
    }

    #[test]
    fn dropping_the_guard_ends_the_child() {
        let folder = tempfile::tempdir().unwrap();
        let guard = Guard::spawn(
            Command::new("sleep").arg("1000"),
            &folder.path().join("log"),
        )
        .unwrap();
        let process = PathBuf::from(format!("/proc/{}", guard.pid()));
        assert!(process.exists());

        drop(guard);

        assert!(!process.exists());
    }
}

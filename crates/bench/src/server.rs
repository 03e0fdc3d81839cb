//! Servers as processes of their own, Reeve and the yardsticks alike.
//!
//! **Invariant:** a server never outlives this value.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use peers::process::find_program;

use crate::http::now;

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it speaks plain HTTP.
    pub(crate) address: SocketAddr,
    /// From its start to the line that says it is ready.
    pub(crate) took: Duration,
}

/// A command that runs `program`. Where the means are there, the kernel ends it with this process, however that ends.
pub(crate) fn command(program: &Path) -> Command {
    let Some(setpriv) = find_program("setpriv", &[]) else {
        return Command::new(program);
    };
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

impl Server {
    /// Starts it and waits for the line `… ready http=http://ADDRESS …` on its standard output. What it says on standard
    /// error goes to the file `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let file = std::fs::File::create(log)?;
        let begun = now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().display()))?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let took = begun.elapsed();
        let address = line
            .split_whitespace()
            .find_map(|word| word.strip_prefix("http=http://"))
            .and_then(|address| address.parse().ok());
        let Some(address) = address else {
            // It is gone, or says something else: either way it is of no use.
            let _ = child.kill();
            let _ = child.wait();
            let said = std::fs::read_to_string(log).unwrap_or_default();
            bail!("the server did not say that it is ready: {line}{said}");
        };
        Ok(Self {
            child,
            address,
            took,
        })
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Lets it end by itself, as an operator would.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let told = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .context("cannot run kill")?;
        if !told.success() {
            bail!("the server is gone already");
        }
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

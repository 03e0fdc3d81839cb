//! A network of the test's own: nodes that can be cut off, in namespaces that go with the test.
//!
//! The test runs itself again, alone, in namespaces for network, mounts and processes. There it makes a namespace for each
//! node, joined by a bridge with private addresses. What listens in one of them cannot be reached from outside.
//!
//! **Invariant:** nothing is left behind, not even by a test that is killed: every process inside ends with the first one,
//! the first one ends with the test, and the kernel takes interfaces, mounts and files along.

use std::fs;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::policy::started_or_skipped;
use crate::process::find_program;

/// The name in messages.
pub const NAME: &str = "network namespaces (iproute2, util-linux, root)";

/// Set in the inner run.
const INSIDE: &str = "REEVE_INSIDE_NETWORK";
/// What is on the way in, and has to be there.
const PROGRAMS: [&str; 6] = ["ip", "unshare", "nsenter", "setpriv", "mount", "kill"];
/// The first process inherits those whose parents end. A shell that waits for the test takes note of their end; with nobody
/// to do so they would seem to be alive.
const REAP: &str = "\"$@\"; exit $?";
const BRIDGE: &str = "reeve0";
const NAMESPACES: &str = "/run/netns";

/// Runs `body` in namespaces of its own. `test` is the full name of the test that calls.
///
/// Skipped, after saying so, where namespaces cannot be had and the run may do without them.
///
/// # Panics
/// When the inner run fails, and when namespaces are missing although peers are required.
pub fn within(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    // The verdict of the inner run is this test's own.
    let _ran = started_or_skipped(NAME, run_inside(test));
}

fn run_inside(test: &str) -> anyhow::Result<Option<()>> {
    if PROGRAMS.iter().any(|name| program(name).is_none()) || !may_unshare() {
        return Ok(None);
    }
    let folder = tempfile::Builder::new()
        .prefix("reeve-network-")
        .tempdir()?;
    let output = unshare()
        .args(["sh", "-c", REAP, "sh"])
        .arg(std::env::current_exe()?)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .env("TMPDIR", folder.path())
        .output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    for line in told.lines().filter(|line| line.starts_with("SKIPPED")) {
        // Nothing is lost if standard error is closed.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
    ensure!(
        output.status.success(),
        "the inner run ended with {}:\n{}\n{told}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
    );
    Ok(Some(()))
}

/// A command in new namespaces, which the kernel ends when the calling thread ends.
fn unshare() -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "--", "unshare"])
        .args([
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child=KILL",
            "--mount-proc",
            "--",
        ]);
    command
}

fn may_unshare() -> bool {
    let asked = unshare()
        .args(["mount", "-t", "tmpfs", "tmpfs", "/run"])
        .output();
    asked.is_ok_and(|output| output.status.success())
}

fn program(name: &str) -> Option<PathBuf> {
    find_program(name, &["/usr/sbin".as_ref(), "/sbin".as_ref()])
}

/// Nodes on one bridge.
#[derive(Debug)]
pub struct Network {
    nodes: u8,
}

impl Network {
    /// Makes the network, in the inner run of [`within`] and once.
    pub fn with_nodes(nodes: u8) -> anyhow::Result<Self> {
        ensure!(
            std::env::var_os(INSIDE).is_some(),
            "networks are made within namespaces only"
        );
        // Files in memory: they go with the namespace, and a busy disk delays nobody's heartbeat.
        let scratch = std::env::temp_dir().display().to_string();
        run("mount", &["-t", "tmpfs", "tmpfs", "/run"])?;
        run(
            "mount",
            &["-t", "tmpfs", "-o", "mode=755", "tmpfs", &scratch],
        )?;
        fs::create_dir(NAMESPACES)?;
        ip("link set lo up")?;
        ip(&format!("link add {BRIDGE} type bridge"))?;
        ip(&format!("addr add {}/24 dev {BRIDGE}", address(0)))?;
        ip(&format!("link set {BRIDGE} up"))?;
        for node in 1..=nodes {
            ip(&format!("netns add n{node}"))?;
            ip(&format!(
                "link add v{node} type veth peer name eth0 netns n{node}"
            ))?;
            ip(&format!("link set v{node} master {BRIDGE} up"))?;
            ip(&format!(
                "-n n{node} addr add {}/24 dev eth0",
                address(node)
            ))?;
            ip(&format!("-n n{node} link set eth0 up"))?;
            ip(&format!("-n n{node} link set lo up"))?;
        }
        Ok(Self { nodes })
    }

    /// The numbers of the nodes, from 1.
    pub fn nodes(&self) -> impl Iterator<Item = u8> + use<> {
        1..=self.nodes
    }

    /// Where the test itself is, as the nodes see it.
    pub const fn here(&self) -> Ipv4Addr {
        address(0)
    }

    /// Where a node is.
    pub fn address(&self, node: u8) -> Ipv4Addr {
        address(node)
    }

    /// Cuts a node off from all others and from the test.
    pub fn cut(&self, node: u8) -> anyhow::Result<()> {
        ip(&format!("link set v{node} down"))
    }

    /// Joins it again.
    pub fn join(&self, node: u8) -> anyhow::Result<()> {
        ip(&format!("link set v{node} up"))
    }

    /// A command that runs on a node.
    pub fn command(&self, node: u8) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={NAMESPACES}/n{node}")).arg("--");
        command
    }
}

/// The bridge is 0.
const fn address(node: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, 0, 10 + node)
}

fn ip(arguments: &str) -> anyhow::Result<()> {
    run("ip", &arguments.split(' ').collect::<Vec<_>>())
}

fn run(name: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let Some(program) = program(name) else {
        bail!("`{name}` is not installed");
    };
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot run `{name}`"))?;
    ensure!(
        output.status.success(),
        "{name} {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

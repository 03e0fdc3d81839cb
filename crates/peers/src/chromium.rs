//! Chromium, without a window, and the driver that steers it.
//!
//! **Invariant:** the browser reaches this machine's loopback alone, keeps what it writes in a folder of the test's, and is gone
//! with the guard, however the test ends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{Guard, find_program, free_port, loopback, with_free_ports};

/// The name in messages.
pub const NAME: &str = "Chromium, its driver or axe-core";

/// What every browser is started with: nothing leaves the machine, nothing is asked, nothing is drawn on a screen.
const ARGUMENTS: &[&str] = &[
    "--headless=new",
    // A container's root has no user namespaces to build a sandbox from, and its /dev/shm is small.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--metrics-recording-only",
    "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
    // Names lead nowhere, and addresses beyond loopback to a port that nobody listens on.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--proxy-server=127.0.0.1:1",
    "--proxy-bypass-list=127.0.0.1;localhost",
    // Pictures are the same everywhere.
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--lang=en-GB",
];

/// A running driver; each of its sessions is a browser of its own.
#[derive(Debug)]
pub struct Driver {
    address: SocketAddr,
    browser: PathBuf,
    process: Guard,
    folder: TempDir,
}

impl Driver {
    /// Starts the driver; `None` if it or the browser is not installed.
    pub fn start() -> anyhow::Result<Option<Self>> {
        let browser = find_program("chromium", &[]);
        let driver = find_program("chromedriver", &[]);
        match (browser, driver) {
            (Some(browser), Some(driver)) => with_free_ports(|| start(&browser, &driver)).map(Some),
            _ => Ok(None),
        }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The browser's program.
    pub fn browser(&self) -> &Path {
        &self.browser
    }

    /// What a new browser is started with; `name` is that of its profile, which no other browser may have.
    pub fn arguments(&self, name: &str) -> Vec<String> {
        let profile = self.folder.path().join(name);
        let mut arguments: Vec<String> =
            ARGUMENTS.iter().map(|&argument| argument.into()).collect();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        arguments
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Browsers outlive a driver that is killed: who they are has to be known before.
        let browsers = descendants(self.process.pid());
        self.process.stop();
        for pid in browsers {
            // An error means that it is gone already.
            let _ = Command::new("kill")
                .args(["-KILL", &pid.to_string()])
                .stderr(Stdio::null())
                .status();
        }
    }
}

fn start(browser: &Path, driver: &Path) -> anyhow::Result<Driver> {
    let folder = tempfile::Builder::new()
        .prefix("reeve-browser-")
        .tempdir()?;
    let port = free_port()?;
    let address = loopback(port);
    let mut command = Command::new(driver);
    command.arg(format!("--port={port}"));
    for name in [
        "HOME",
        "TMPDIR",
        "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME",
        "XDG_RUNTIME_DIR",
    ] {
        command.env(name, folder.path());
    }
    for name in [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ] {
        command.env_remove(name);
    }
    // What ends the test by the keyboard ends the test; the guard ends this.
    command.process_group(0);
    let mut process = Guard::spawn(&mut command, &folder.path().join("log"))?;
    process.wait_until(|| is_ready(address))?;
    Ok(Driver {
        address,
        browser: browser.to_owned(),
        process,
        folder,
    })
}

fn is_ready(address: SocketAddr) -> bool {
    let mut answer = [0; 15];
    TcpStream::connect_timeout(&address, Duration::from_secs(1))
        .and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            write!(
                stream,
                "GET /status HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
            )?;
            stream.read_exact(&mut answer)
        })
        .is_ok_and(|()| answer.ends_with(b"200 OK"))
}

/// The processes that a process began, and those that they began.
fn descendants(pid: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(own) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        // The name of the program stands in brackets and may hold anything; state and parent come behind it.
        let line = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let behind = line.rsplit_once(')').map_or("", |(_, behind)| behind);
        let parent = behind.split_whitespace().nth(1);
        if let Some(parent) = parent.and_then(|parent| parent.parse::<u32>().ok()) {
            parents.push((own, parent));
        }
    }
    let mut found: Vec<u32> = vec![pid];
    let mut next = 0;
    while let Some(&of) = found.get(next) {
        let own = parents.iter().filter(|(_, parent)| *parent == of);
        found.extend(own.map(|(pid, _)| *pid));
        next += 1;
    }
    found.remove(0);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::started_or_skipped;

    #[test]
    fn it_starts_and_is_gone_when_dropped() {
        let Some(driver) = started_or_skipped(NAME, Driver::start()) else {
            return;
        };
        let address = driver.address;
        assert!(is_ready(address));

        drop(driver);

        assert!(TcpStream::connect(address).is_err());
    }

    #[test]
    fn what_a_process_began_is_found_with_what_that_began() {
        let folder = tempfile::tempdir().unwrap();
        let mut guard = Guard::spawn(
            Command::new("sh").args(["-c", "sh -c 'sleep 1000 & wait' & wait"]),
            &folder.path().join("log"),
        )
        .unwrap();
        let pid = guard.pid();
        guard.wait_until(|| descendants(pid).len() == 2).unwrap();

        for pid in descendants(pid) {
            Command::new("kill")
                .args(["-KILL", &pid.to_string()])
                .status()
                .unwrap();
        }
    }
}

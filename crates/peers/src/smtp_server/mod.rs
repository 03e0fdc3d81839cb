//! `aiosmtpd` from `PyPI`: a mail server that keeps what it is given, and fails when it is told to.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Guard, find_program, free_port, loopback, with_free_ports};

/// The name in messages.
pub const NAME: &str = "aiosmtpd";

/// What the server runs.
const SCRIPT: &str = include_str!("server.py");

/// Who may send, and under whose certificate, where STARTTLS is wanted.
#[derive(Debug, Clone)]
pub struct Protection {
    /// The certificate, in PEM.
    pub certificate: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
    /// The name to sign in with.
    pub name: String,
    /// The password.
    pub password: String,
}

/// What the server says to the next mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It takes them.
    Taken,
    /// Not now.
    Later,
    /// Never.
    Refused,
    /// It takes them, and the connection ends before it says so.
    Vanished,
}

/// A running mail server.
#[derive(Debug)]
pub struct SmtpServer {
    address: SocketAddr,
    _process: Guard,
    folder: TempDir,
}

impl SmtpServer {
    /// Starts a server, open to all or protected; `None` if it is not installed.
    pub fn start(protection: Option<&Protection>) -> anyhow::Result<Option<Self>> {
        let venv = crate::folder().join("venv/bin");
        if find_program("aiosmtpd", &[&venv]).is_none() {
            return Ok(None);
        }
        // By this very path: the link is what tells Python where its modules are.
        let python = venv.join("python");
        with_free_ports(|| start(&python, protection)).map(Some)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The mails that it was given, in their order, as they came; before each the addresses that it came for, as
    /// `X-Envelope-To`.
    pub fn mails(&self) -> anyhow::Result<Vec<String>> {
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(self.folder.path())? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "eml") {
                paths.push(path);
            }
        }
        paths.sort();
        paths
            .into_iter()
            .map(|path| Ok(std::fs::read_to_string(path)?))
            .collect()
    }

    /// Says what to say from now on.
    pub fn answers(&self, answer: Answer) -> anyhow::Result<()> {
        let control = self.folder.path().join("answer");
        let text = match answer {
            Answer::Taken if control.exists() => return Ok(std::fs::remove_file(control)?),
            Answer::Taken => return Ok(()),
            Answer::Later => "451 4.3.0 try again later",
            Answer::Refused => "550 5.1.1 nobody here by that name",
            Answer::Vanished => "vanish",
        };
        Ok(std::fs::write(control, text)?)
    }
}

fn start(python: &Path, protection: Option<&Protection>) -> anyhow::Result<SmtpServer> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("server.py");
    std::fs::write(&script, SCRIPT)?;
    let port = free_port()?;
    let address = loopback(port);
    let mut command = Command::new(python);
    command
        .arg(&script)
        .arg(port.to_string())
        .arg(folder.path());
    if let Some(protection) = protection {
        command
            .args([&protection.certificate, &protection.key])
            .args([&protection.name, &protection.password]);
    }
    let mut process = Guard::spawn(&mut command, &folder.path().join("log"))?;
    process.wait_until(|| TcpStream::connect(address).is_ok())?;
    Ok(SmtpServer {
        address,
        _process: process,
        folder,
    })
}

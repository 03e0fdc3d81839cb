//! Canaille from `PyPI`: an `OpenID` provider that knows nothing of Entra's claims, with everything in memory.
//!
//! Users' access tokens are JSON Web Tokens whose `sub` is the user name; those of clients are opaque.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::process::{Guard, free_port, loopback, with_free_ports};

/// The name in messages.
pub const NAME: &str = "canaille";

/// A client that may sign users in and read about tokens.
pub const CLIENT: &str = "reeve-app";
/// Its secret.
pub const CLIENT_SECRET: &str = "canaille-test-secret";
/// Where users are sent back to after they signed in; nobody listens there.
pub const REDIRECT: &str = "http://127.0.0.1/signed-in";

const PROGRAM: &str = include_str!("serve.py");

/// Somebody who can sign in.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// The user name.
    pub name: &'a str,
    /// The mail address.
    pub mail: &'a str,
    /// The password.
    pub password: &'a str,
    /// The groups that the person is in.
    pub groups: &'a [&'a str],
}

/// A running provider.
#[derive(Debug)]
pub struct Canaille {
    address: SocketAddr,
    _process: Guard,
    _folder: TempDir,
}

impl Canaille {
    /// Starts a provider that knows these people; `None` if it is not installed.
    pub fn start(people: &[Person<'_>]) -> anyhow::Result<Option<Self>> {
        let programs = crate::folder().join("canaille/bin");
        let python = programs.join("python");
        if !python.is_file() || !programs.join("canaille").is_file() {
            return Ok(None);
        }
        with_free_ports(|| start(&python, people)).map(Some)
    }

    /// The issuer: what `iss` says, and where discovery is asked for.
    pub fn issuer(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }
}

fn start(python: &Path, people: &[Person<'_>]) -> anyhow::Result<Canaille> {
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("serve.py");
    std::fs::write(&program, PROGRAM)?;
    let port = free_port()?;
    let address = loopback(port);
    let mut process = Guard::spawn(
        Command::new(python)
            .arg(&program)
            .arg(wanted(port, people).to_string())
            .current_dir(folder.path()),
        &folder.path().join("log"),
    )?;
    process.wait_until(|| answers(address))?;
    Ok(Canaille {
        address,
        _process: process,
        _folder: folder,
    })
}

fn wanted(port: u16, people: &[Person<'_>]) -> serde_json::Value {
    let users: Vec<_> = people
        .iter()
        .map(|person| {
            json!({ "name": person.name, "mail": person.mail, "password": person.password })
        })
        .collect();
    let mut names: Vec<&str> = people
        .iter()
        .flat_map(|person| person.groups)
        .copied()
        .collect();
    names.sort_unstable();
    names.dedup();
    let groups: Vec<_> = names
        .into_iter()
        .map(|group| {
            let members: Vec<&str> = people
                .iter()
                .filter(|person| person.groups.contains(&group))
                .map(|person| person.name)
                .collect();
            json!({ "name": group, "members": members })
        })
        .collect();
    json!({
        "port": port,
        "users": users,
        "groups": groups,
        "clients": [{ "id": CLIENT, "secret": CLIENT_SECRET, "redirect": REDIRECT }],
    })
}

fn answers(address: SocketAddr) -> bool {
    let mut answer = [0; 15];
    TcpStream::connect_timeout(&address, Duration::from_secs(1))
        .and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            write!(
                stream,
                "GET /.well-known/openid-configuration HTTP/1.0\r\nHost: localhost:{}\r\n\r\n",
                address.port()
            )?;
            stream.read_exact(&mut answer)
        })
        .is_ok_and(|()| answer.ends_with(b"200 OK"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::started_or_skipped;

    #[test]
    fn it_starts_and_is_gone_when_dropped() {
        let alice = Person {
            name: "alice",
            mail: "alice@reeve.example",
            password: "correct horse",
            groups: &["admins"],
        };
        let Some(provider) = started_or_skipped(NAME, Canaille::start(&[alice])) else {
            return;
        };
        let address = provider.address;
        assert!(answers(address));

        drop(provider);

        assert!(TcpStream::connect(address).is_err());
    }
}

//! `scim2-server` from `PyPI`: a strict SCIM 2.0 server that keeps everything in memory.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{Guard, find_program, free_port, loopback, with_free_ports};

/// The name in messages.
pub const NAME: &str = "scim2-server";

/// The token that the server accepts.
pub const TOKEN: &str = "scim2-server-test-token";

/// A running server.
#[derive(Debug)]
pub struct Scim2Server {
    address: SocketAddr,
    _process: Guard,
    _folder: TempDir,
}

impl Scim2Server {
    /// Starts a server without resources; `None` if it is not installed.
    pub fn start() -> anyhow::Result<Option<Self>> {
        let venv = crate::folder().join("venv/bin");
        let Some(program) = find_program("scim2-server", &[&venv]) else {
            return Ok(None);
        };
        with_free_ports(|| start(&program)).map(Some)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The SCIM base URL.
    pub fn base_url(&self) -> String {
        format!("http://{}/v2", self.address)
    }
}

fn start(program: &Path) -> anyhow::Result<Scim2Server> {
    let folder = tempfile::tempdir()?;
    let port = free_port()?;
    let address = loopback(port);
    let mut process = Guard::spawn(
        Command::new(program)
            .args(["--hostname", "127.0.0.1", "--port", &port.to_string()])
            .args(["--bearer-token", TOKEN])
            .current_dir(folder.path()),
        &folder.path().join("log"),
    )?;
    process.wait_until(|| answers(address))?;
    Ok(Scim2Server {
        address,
        _process: process,
        _folder: folder,
    })
}

fn answers(address: SocketAddr) -> bool {
    let mut answer = [0; 15];
    TcpStream::connect_timeout(&address, Duration::from_secs(1))
        .and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            write!(
                stream,
                "GET /v2/ServiceProviderConfig HTTP/1.0\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
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
        let Some(server) = started_or_skipped(NAME, Scim2Server::start()) else {
            return;
        };
        let address = server.address();
        assert!(answers(address));

        drop(server);

        assert!(TcpStream::connect(address).is_err());
    }
}

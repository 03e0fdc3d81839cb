//! A server on a socket, and a client that says exactly what it is told to.

use std::net::SocketAddr;
use std::time::Duration;

use auth::keys::TlsMaterial;
use serde_json::Value;
use server::{Https, Limits, Listeners, bind};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::support::Server;

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);
/// How long anything may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that listens; it ends when dropped.
pub(super) struct Listening {
    pub(super) server: Server,
    pub(super) http: SocketAddr,
    pub(super) https: SocketAddr,
    serving: JoinHandle<()>,
    _folder: TempDir,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Listening {
    pub(super) async fn with(limits: Limits) -> Self {
        let server = Server::limited(limits.clone()).await;
        let folder = TempDir::new().unwrap();
        let now = service::clock::Clock::system().now();
        let material = TlsMaterial::load_or_create(folder.path(), &[], now).unwrap();
        let bound = bind(Listeners {
            http: Some(ANY),
            https: Some(Https {
                address: ANY,
                certificate: material.certificate,
                key: material.key,
            }),
        })
        .await
        .unwrap();
        let (http, https) = (
            bound.http_address().unwrap(),
            bound.https_address().unwrap(),
        );
        let router = server.router.clone();
        let serving = tokio::spawn(async move {
            bound
                .serve(router, &limits, std::future::pending())
                .await
                .unwrap();
        });
        Self {
            server,
            http,
            https,
            serving,
            _folder: folder,
        }
    }

    pub(super) async fn connect(&self) -> Wire {
        Wire(TcpStream::connect(self.http).await.unwrap())
    }

    /// One request on a connection of its own.
    pub(super) async fn ask(&self, head: &str) -> Told {
        let mut wire = self.connect().await;
        wire.say(format!("{head}\r\nHost: x\r\nConnection: close\r\n\r\n"))
            .await;
        wire.answer().await
    }
}

impl Listening {
    /// One request with a body.
    pub(super) async fn ask_with(&self, head: &str, body: &str) -> Told {
        let length = body.len();
        let mut wire = self.connect().await;
        wire.say(format!(
            "{head}\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .await;
        wire.answer().await
    }
}

/// One connection.
pub(super) struct Wire(pub(super) TcpStream);

/// What the server said, whole.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Told {
    pub(super) fn header(&self, name: &str) -> &str {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }

    /// The code in the envelope.
    pub(super) fn code(&self) -> String {
        let body: Value =
            serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert!(body["error"]["innerError"]["request-id"].is_string());
        body["error"]["code"].as_str().unwrap().to_owned()
    }
}

impl Wire {
    /// Everything is sent; a server that does not take it fails the test.
    pub(super) async fn say(&mut self, text: impl AsRef<[u8]>) {
        let sending = self.0.write_all(text.as_ref());
        tokio::time::timeout(PATIENCE, sending)
            .await
            .unwrap()
            .unwrap();
    }

    /// Everything until the server closes; none if it closed without a word or threw the connection away.
    pub(super) async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut bytes))
            .await
            .unwrap_or_else(|_| panic!("the server keeps the connection"));
        bytes
    }

    /// One answer; the connection may go on.
    pub(super) async fn answer(&mut self) -> Told {
        let mut bytes = Vec::new();
        let reading = async {
            loop {
                if let Some(told) = whole(&bytes) {
                    return told;
                }
                let read = self.0.read_buf(&mut bytes).await.unwrap();
                assert_ne!(read, 0, "{}", String::from_utf8_lossy(&bytes));
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap()
    }
}

fn whole(bytes: &[u8]) -> Option<Told> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut told = Told {
        status: head.split(' ').nth(1)?.parse().ok()?,
        head: head.to_owned(),
        body: body.to_owned(),
    };
    let length: usize = told.header("content-length").parse().unwrap_or(0);
    told.body = body.get(..length)?.to_owned();
    Some(told)
}

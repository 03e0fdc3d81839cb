//! An issuer on the loopback interface whose keys can change and which can fail.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use auth::keys::Keys;
use serde_json::{Value, json};

/// What the issuer answers.
#[derive(Clone)]
pub(crate) enum Mood {
    /// As it should.
    Well,
    /// 503 to everything.
    Down,
    /// A document in the name of somebody else.
    Impostor,
    /// The keys elsewhere, by a redirect.
    Redirecting,
    /// A key set that never seems to end.
    Verbose,
    /// A key set of nothing.
    Empty,
}

struct State {
    mood: Mood,
    keys: Vec<Value>,
    asked: usize,
    stopped: bool,
}

pub(crate) struct FakeIssuer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    server: Option<JoinHandle<()>>,
}

impl FakeIssuer {
    pub(crate) fn start(keys: &[&Keys]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            mood: Mood::Well,
            keys: public(keys),
            asked: 0,
            stopped: false,
        }));
        let shared = Arc::clone(&state);
        let server = std::thread::spawn(move || serve(&listener, address, &shared));
        Self {
            address,
            state,
            server: Some(server),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn publish(&self, keys: &[&Keys]) {
        self.state.lock().unwrap().keys = public(keys);
    }

    pub(crate) fn become_of_mood(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// How often the discovery document was asked for.
    pub(crate) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }
}

impl Drop for FakeIssuer {
    fn drop(&mut self) {
        self.state.lock().unwrap().stopped = true;
        // Wakes the server, so that it sees that it is to stop.
        drop(TcpStream::connect(self.address));
        if let Some(server) = self.server.take() {
            server.join().unwrap();
        }
    }
}

fn public(keys: &[&Keys]) -> Vec<Value> {
    keys.iter()
        .map(|keys| keys.jwks()["keys"][0].clone())
        .collect()
}

fn serve(listener: &TcpListener, address: SocketAddr, state: &Mutex<State>) {
    for stream in listener.incoming() {
        if state.lock().unwrap().stopped {
            return;
        }
        // A client that hung up is its own business.
        let _ = stream.and_then(|stream| answer(stream, address, state));
    }
}

fn answer(stream: TcpStream, address: SocketAddr, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut line = String::from("-");
    while !line.trim().is_empty() {
        line.clear();
        reader.read_line(&mut line)?;
    }
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let (status, extra, body) = reply(&path, address, state);
    write!(
        reader.get_mut(),
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{extra}\r\n{body}",
        body.len()
    )
}

fn reply(path: &str, address: SocketAddr, state: &Mutex<State>) -> (&'static str, String, String) {
    let mut state = state.lock().unwrap();
    let base = format!("http://{address}");
    let ok = |body: String| ("200 OK", String::new(), body);
    match (path, state.mood.clone()) {
        ("/.well-known/openid-configuration", mood) => {
            state.asked += 1;
            let issuer = match mood {
                Mood::Down => return ("503 Service Unavailable", String::new(), String::new()),
                Mood::Impostor => "http://127.0.0.1:1".to_owned(),
                _ => base.clone(),
            };
            ok(json!({ "issuer": issuer, "jwks_uri": format!("{base}/keys") }).to_string())
        }
        ("/keys", Mood::Redirecting) => (
            "302 Found",
            format!("location: {base}/elsewhere\r\n"),
            String::new(),
        ),
        ("/keys", Mood::Verbose) => {
            ok(json!({ "keys": state.keys, "more": "x".repeat(300 * 1024) }).to_string())
        }
        ("/keys", Mood::Empty) => ok(json!({ "keys": [] }).to_string()),
        ("/keys" | "/elsewhere", _) => ok(json!({ "keys": state.keys }).to_string()),
        _ => ("404 Not Found", String::new(), String::new()),
    }
}

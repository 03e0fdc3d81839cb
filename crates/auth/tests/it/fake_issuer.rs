//! An issuer on the loopback interface whose keys can change and which can fail.

use std::io::{BufRead, BufReader, Read, Write};
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
    /// A document without the address where tokens are asked about.
    Silent,
}

struct State {
    mood: Mood,
    keys: Vec<Value>,
    asked: usize,
    max_age: Option<u64>,
    /// What is said of tokens, by their text; others are not active.
    tokens: Vec<(String, Value)>,
    /// What was asked about tokens: the credentials and the body of each request.
    questions: Vec<(String, String)>,
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
            max_age: None,
            tokens: Vec::new(),
            questions: Vec::new(),
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

    /// Says with its keys for how long they may be kept.
    pub(crate) fn lets_keys_be_kept(&self, seconds: u64) {
        self.state.lock().unwrap().max_age = Some(seconds);
    }

    /// Says this of an opaque token from now on.
    pub(crate) fn says_of(&self, token: &str, answer: Value) {
        let mut state = self.state.lock().unwrap();
        state.tokens.retain(|(known, _)| known != token);
        state.tokens.push((token.to_owned(), answer));
    }

    /// What it was asked about tokens: credentials and body of each question.
    pub(crate) fn questions(&self) -> Vec<(String, String)> {
        self.state.lock().unwrap().questions.clone()
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
    let (mut line, mut credentials, mut length) = (String::from("-"), String::new(), 0);
    while !line.trim().is_empty() {
        line.clear();
        reader.read_line(&mut line)?;
        let (name, value) = line.split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "authorization" => credentials = value.trim().to_owned(),
            "content-length" => length = value.trim().parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8(body).unwrap();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let (status, extra, body) = reply(&path, credentials, body, address, state);
    write!(
        reader.get_mut(),
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{extra}\r\n{body}",
        body.len()
    )
}

type Reply = (&'static str, String, String);

fn reply(
    path: &str,
    credentials: String,
    question: String,
    address: SocketAddr,
    state: &Mutex<State>,
) -> Reply {
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
            let mut document = json!({ "issuer": issuer, "jwks_uri": format!("{base}/keys") });
            if !matches!(mood, Mood::Silent) {
                document["introspection_endpoint"] = json!(format!("{base}/introspect"));
            }
            ok(document.to_string())
        }
        ("/introspect", mood) => {
            state.questions.push((credentials, question.clone()));
            match mood {
                Mood::Down => ("503 Service Unavailable", String::new(), String::new()),
                Mood::Redirecting => (
                    "302 Found",
                    format!("location: {base}/elsewhere\r\n"),
                    String::new(),
                ),
                Mood::Verbose => {
                    ok(json!({ "active": true, "more": "x".repeat(300 * 1024) }).to_string())
                }
                Mood::Empty => ok("{}".to_owned()),
                Mood::Well | Mood::Impostor | Mood::Silent => ok(said_of(&question, &state)),
            }
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
        ("/keys" | "/elsewhere", _) => {
            let header = state
                .max_age
                .map(|seconds| format!("cache-control: public, max-age={seconds}\r\n"));
            (
                "200 OK",
                header.unwrap_or_default(),
                json!({ "keys": state.keys }).to_string(),
            )
        }
        _ => ("404 Not Found", String::new(), String::new()),
    }
}

/// The answer about the token of a question.
fn said_of(question: &str, state: &State) -> String {
    let token = question
        .split('&')
        .find_map(|field| field.strip_prefix("token="))
        .unwrap_or_default()
        .replace("%7E", "~");
    let known = state.tokens.iter().find(|(known, _)| *known == token);
    let answer = known.map(|(_, answer)| answer.clone());
    answer
        .unwrap_or_else(|| json!({ "active": false }))
        .to_string()
}

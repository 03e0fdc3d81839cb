//! A receiver of change notifications on this machine, over real HTTP.
//!
//! **Invariant:** what it answers with anything but 202 it has not got.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;
use tokio::task::JoinHandle;

/// How the question is answered whether the receiver is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manners {
    /// As it must be.
    #[default]
    Good,
    /// With something else.
    WrongToken,
    /// With the token, as another type.
    WrongType,
    /// With the token and this status.
    Status(u16),
    /// By showing elsewhere.
    Redirect(&'static str),
    /// With more than anybody wants to read.
    Endless,
}

#[derive(Debug, Default)]
struct Shared {
    manners: Mutex<Manners>,
    asked: Mutex<usize>,
    got: Mutex<Vec<Value>>,
    answers: Mutex<VecDeque<u16>>,
}

/// A receiver; gone with this value.
#[derive(Debug)]
pub struct Receiver {
    port: u16,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// One that takes everything.
    pub async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let router = Router::new()
            .route("/in", post(receive))
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            port,
            shared,
            serving,
        }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/in?code=7", self.port)
    }

    /// From now on it answers the question so.
    pub fn behaves(&self, manners: Manners) {
        *self.shared.manners.lock().unwrap() = manners;
    }

    /// How often it was asked whether it is meant.
    pub fn asked(&self) -> usize {
        *self.shared.asked.lock().unwrap()
    }

    /// The next posts are answered so; those after them are taken.
    pub fn will_answer(&self, answers: &[u16]) {
        self.shared.answers.lock().unwrap().extend(answers);
    }

    /// The posts since this was asked last.
    pub fn posts(&self) -> Vec<Value> {
        std::mem::take(&mut *self.shared.got.lock().unwrap())
    }

    /// The notifications in them.
    pub fn notifications(&self) -> Vec<Value> {
        let posts = self.posts();
        let values = posts
            .iter()
            .flat_map(|post| post["value"].as_array().unwrap());
        values.cloned().collect()
    }

    /// What happened to what: the words of the notifications, and the ids of their objects.
    pub fn changes(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let all = self.notifications();
        let at = |one: &Value, pointer: &str| one.pointer(pointer).map(text).unwrap_or_default();
        all.iter()
            .map(|one| (at(one, "/changeType"), at(one, "/resourceData/id")))
            .collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<BTreeMap<String, String>>,
    body: Bytes,
) -> Response {
    let code = asked.get("code").map(String::as_str);
    assert_eq!(code, Some("7"), "what the address asks is kept");
    if let Some(token) = asked.get("validationToken") {
        assert!(body.is_empty());
        *shared.asked.lock().unwrap() += 1;
        let manners = *shared.manners.lock().unwrap();
        return greeted(manners, token.clone());
    }
    let body = serde_json::from_slice(&body).unwrap();
    let status = shared.answers.lock().unwrap().pop_front().unwrap_or(202);
    if status == 202 {
        shared.got.lock().unwrap().push(body);
    }
    let location = [(header::LOCATION, "http://127.0.0.1:1/inside")];
    (StatusCode::from_u16(status).unwrap(), location).into_response()
}

fn greeted(manners: Manners, token: String) -> Response {
    let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    match manners {
        Manners::Good => (plain, token).into_response(),
        Manners::WrongToken => (plain, format!("{token}!")).into_response(),
        Manners::WrongType => ([(header::CONTENT_TYPE, "text/html")], token).into_response(),
        Manners::Status(status) => {
            (StatusCode::from_u16(status).unwrap(), plain, token).into_response()
        }
        Manners::Redirect(to) => {
            (StatusCode::FOUND, [(header::LOCATION, to)], token).into_response()
        }
        Manners::Endless => (plain, token.repeat(1_000)).into_response(),
    }
}

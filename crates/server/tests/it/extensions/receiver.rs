//! A receiver of callouts on this machine, over real HTTP.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use serde_json::Value;
use tokio::task::JoinHandle;

/// How a call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// With this status.
    Status(u16),
    /// Not at all, for as long as the caller waits.
    Never,
}

/// A call that came in.
#[derive(Debug, Clone)]
pub(super) struct Got {
    pub(super) headers: HeaderMap,
    pub(super) bytes: Bytes,
    pub(super) body: Value,
}

impl Got {
    pub(super) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

#[derive(Debug, Default)]
struct Shared {
    got: Mutex<Vec<Got>>,
    answers: Mutex<VecDeque<Answer>>,
}

/// A receiver; gone with this value.
#[derive(Debug)]
pub(super) struct Receiver {
    port: u16,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// One that takes everything.
    pub(super) async fn new() -> Self {
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

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/in?code=7", self.port)
    }

    /// The next calls are answered so; those after them are taken.
    pub(super) fn will_answer(&self, answers: &[Answer]) {
        self.shared.answers.lock().unwrap().extend(answers);
    }

    /// Every call so far.
    pub(super) fn got(&self) -> Vec<Got> {
        self.shared.got.lock().unwrap().clone()
    }

    /// The only call since this was asked last.
    #[track_caller]
    pub(super) fn only(&self) -> Got {
        let mut got = std::mem::take(&mut *self.shared.got.lock().unwrap());
        assert_eq!(got.len(), 1, "{got:?}");
        got.remove(0)
    }

    /// Nobody listens there any more.
    pub(super) async fn close(&mut self) {
        self.serving.abort();
        let ended = (&mut self.serving).await;
        assert!(ended.is_err_and(|ended| ended.is_cancelled()));
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    bytes: Bytes,
) -> impl IntoResponse {
    let number = {
        let mut got = shared.got.lock().unwrap();
        let body = serde_json::from_slice(&bytes).unwrap();
        got.push(Got {
            headers,
            bytes,
            body,
        });
        got.len()
    };
    let answer = shared.answers.lock().unwrap().pop_front();
    let status = match answer.unwrap_or(Answer::Status(202)) {
        Answer::Status(status) => StatusCode::from_u16(status).unwrap(),
        Answer::Never => std::future::pending().await,
    };
    (status, [("x-ms-workflow-run-id", format!("run-{number}"))])
}

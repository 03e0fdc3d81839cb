//! The client that makes the load: keep-alive connections, each with one request under way.
//!
//! **Invariant:** an answer that is not the expected one ends the run; no figure counts failures.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use hdrhistogram::Histogram;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Where requests go, and on whose behalf.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The server.
    pub(crate) address: SocketAddr,
    /// The bearer token, if the server wants one.
    pub(crate) token: Option<String>,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// How.
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    /// Its body, JSON; empty for none.
    pub(crate) body: Bytes,
    /// The status that means success.
    pub(crate) expected: StatusCode,
}

/// What a run came to.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// Requests that were answered as expected.
    pub(crate) done: usize,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    /// Latencies in microseconds.
    pub(crate) latencies: Histogram<u64>,
}

impl Run {
    /// Requests a second.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn rate(&self) -> f64 {
        self.done as f64 / self.took.as_secs_f64()
    }

    /// The latency that a share of the requests stayed below, in milliseconds.
    #[expect(clippy::cast_precision_loss, reason = "latencies are far below 2^52")]
    pub(crate) fn millis_at(&self, quantile: f64) -> f64 {
        self.latencies.value_at_quantile(quantile) as f64 / 1_000.0
    }
}

/// The only clock of the measurements.
#[expect(clippy::disallowed_methods, reason = "a bench measures spans of time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A connection.
pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    target: Target,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(target: &Target) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // An error shows at the next request.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self {
            sender,
            target: target.clone(),
        })
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&mut self, call: &Call) -> anyhow::Result<Bytes> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&call.path)
            .header(header::HOST, self.target.address.to_string());
        if let Some(token) = &self.target.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if !call.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(call.body.clone()))?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        ensure!(
            status == call.expected,
            "{} {}: {status} {}",
            call.method,
            call.path,
            String::from_utf8_lossy(&body)
        );
        Ok(body)
    }
}

/// Has `callers` send these calls, each its next one as soon as it has the answer to the last.
pub(crate) async fn send_all(
    target: &Target,
    callers: usize,
    calls: Arc<Vec<Call>>,
) -> anyhow::Result<Run> {
    let last = calls.len();
    closed_loop(target, callers, calls, move |position| position < last).await
}

/// The same again and again, from the first call on, for as long as `span`.
pub(crate) async fn send_for(
    target: &Target,
    callers: usize,
    calls: Arc<Vec<Call>>,
    span: Duration,
) -> anyhow::Result<Run> {
    let start = now();
    closed_loop(target, callers, calls, move |_| start.elapsed() < span).await
}

async fn closed_loop(
    target: &Target,
    callers: usize,
    calls: Arc<Vec<Call>>,
    goes_on: impl Fn(usize) -> bool + Clone + Send + Sync + 'static,
) -> anyhow::Result<Run> {
    let mut connections = Vec::with_capacity(callers);
    for _ in 0..callers {
        connections.push(Connection::open(target).await?);
    }
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    let start = now();
    for mut connection in connections {
        let (calls, next, goes_on) = (Arc::clone(&calls), Arc::clone(&next), goes_on.clone());
        tasks.spawn(async move {
            let mut latencies = Histogram::<u64>::new(3)?;
            loop {
                let position = next.fetch_add(1, Ordering::Relaxed);
                if !goes_on(position) {
                    return anyhow::Ok(latencies);
                }
                let call = calls
                    .get(position % calls.len())
                    .context("there is nothing to send")?;
                let sent = now();
                connection.send(call).await?;
                let micros = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
                latencies.record(micros)?;
            }
        });
    }
    let mut latencies = Histogram::<u64>::new(3)?;
    while let Some(ended) = tasks.join_next().await {
        latencies.add(ended??)?;
    }
    Ok(Run {
        done: usize::try_from(latencies.len())?,
        took: start.elapsed(),
        latencies,
    })
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::post;

    use super::*;

    fn call(path: &str) -> Call {
        Call {
            method: Method::POST,
            path: path.to_owned(),
            body: Bytes::new(),
            expected: StatusCode::ACCEPTED,
        }
    }

    async fn server() -> Target {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().route("/there", post(async || StatusCode::ACCEPTED));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Target {
            address,
            token: None,
        }
    }

    #[tokio::test]
    async fn every_call_is_sent_once() {
        let target = server().await;

        let run = send_all(&target, 4, Arc::new(vec![call("/there"); 100]))
            .await
            .unwrap();

        assert_eq!(run.done, 100);
        assert!(run.rate() > 0.0 && run.millis_at(0.99) >= run.millis_at(0.5));
    }

    #[tokio::test]
    async fn an_unexpected_answer_ends_the_run() {
        let target = server().await;

        let run = send_all(&target, 2, Arc::new(vec![call("/elsewhere"); 10])).await;

        let message = run.unwrap_err().to_string();
        assert!(message.contains("/elsewhere: 404"), "{message}");
    }
}

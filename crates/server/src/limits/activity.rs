//! What goes on on a connection: which requests are under way, and whether their answers are taken.
//!
//! Bytes alone do not tell. On a connection of HTTP/2 a client may ask for signs of life for ever and neither ask for
//! anything nor read what it asked for. So the requests of a connection leave word here, and the connection looks.
//!
//! **Invariant:** a [`Visit`] is counted from the first byte of its request's handling until its answer was handed out
//! whole, or nobody wants it any more.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Request;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;
use tower::Service;

/// What goes on on one connection; clones tell the same.
#[derive(Debug, Clone)]
pub(crate) struct Activity(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    next: u64,
    under_way: usize,
    /// Since when no request is under way, while none is.
    quiet_since: Instant,
    /// Since when the next piece of an answer is not asked for.
    untaken: BTreeMap<u64, Instant>,
}

/// A request that is under way.
#[derive(Debug)]
struct Visit {
    activity: Activity,
    number: u64,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Inner {
            next: 0,
            under_way: 0,
            quiet_since: Instant::now(),
            untaken: BTreeMap::new(),
        })))
    }

    /// Since when no request is under way; none while one is.
    pub(super) fn quiet_since(&self) -> Option<Instant> {
        let inner = self.lock();
        (inner.under_way == 0).then_some(inner.quiet_since)
    }

    /// Since when the client has left an answer alone that it could go on with; the longest.
    pub(super) fn untaken_since(&self) -> Option<Instant> {
        self.lock().untaken.values().min().copied()
    }

    fn begin(&self) -> Visit {
        let mut inner = self.lock();
        inner.under_way += 1;
        inner.next += 1;
        Visit {
            activity: self.clone(),
            number: inner.next,
        }
    }

    /// No code that can panic runs under this lock, so that a poisoned one is as good.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit {
    /// A piece is ready for the client; from now on it is the client's turn.
    fn handed_out(&self) {
        let mut inner = self.activity.lock();
        inner.untaken.insert(self.number, Instant::now());
    }

    /// The client asked for more than there is yet; it is our turn.
    fn asked(&self) {
        self.activity.lock().untaken.remove(&self.number);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut inner = self.activity.lock();
        inner.untaken.remove(&self.number);
        inner.under_way = inner.under_way.saturating_sub(1);
        if inner.under_way == 0 {
            inner.quiet_since = Instant::now();
        }
    }
}

/// A service whose requests leave word.
#[derive(Debug, Clone)]
pub(crate) struct Watched<S> {
    service: S,
    activity: Activity,
}

impl<S> Watched<S> {
    pub(super) const fn new(service: S, activity: Activity) -> Self {
        Self { service, activity }
    }
}

impl<S, B> Service<Request<B>> for Watched<S>
where
    S: Service<Request<B>, Response = Response>,
    S::Future: Send + 'static,
    S::Error: 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let visit = self.activity.begin();
        let answering = self.service.call(request);
        async move {
            let response = answering.await?;
            visit.handed_out();
            Ok(response.map(|body| Body::new(Answer { body, visit })))
        }
        .boxed()
    }
}

/// The body of an answer, whose request is under way until it is gone.
#[derive(Debug)]
struct Answer {
    body: Body,
    visit: Visit,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_ready() {
            self.visit.handed_out();
        } else {
            self.visit.asked();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

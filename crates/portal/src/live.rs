//! What is told as it happens: a part of a page, drawn anew whenever it changes, as server-sent events. Commits of this process
//! say when to look.
//!
//! **Invariant:** the session has to hold for as long as somebody is told anything, and the rights are those of now.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use maud::Markup;
use tokio::time::Instant;

use crate::visit::{Came, Visit, session_of};

/// At least so long after a look comes the next one, however much is committed.
const SOONEST: Duration = Duration::from_millis(150);
/// At most so long after a look comes the next one: other processes commit as well, and sessions end.
const LATEST: Duration = Duration::from_secs(2);
/// After so long without news a comment tells that the connection is alive.
const QUIET: Duration = Duration::from_secs(15);
/// A stream ends then; a browser that still looks connects again.
const LONGEST: Duration = Duration::from_mins(5);

/// What is drawn now, and whether it may change by itself; nothing, if it may not be seen any more.
pub(crate) trait Look: Send + 'static {
    /// Looks.
    fn look(&self, visit: &Visit) -> impl Future<Output = Option<(Markup, bool)>> + Send;
}

/// Tells of what `look` draws, until it does not change any more.
pub(crate) fn events(visit: Visit, headers: HeaderMap, look: impl Look) -> Response {
    let principal = visit.who.principal.clone();
    let watch = Watch {
        visit,
        headers,
        look,
        seen: String::new(),
        soonest: Instant::now(),
        until: Instant::now() + LONGEST,
    };
    let mut response = Response::new(Body::from_stream(watch.stream()));
    // By this the server knows whose answer goes on.
    response.extensions_mut().insert(principal);
    let names = [
        (header::CONTENT_TYPE, "text/event-stream;charset=utf-8"),
        // Proxies that collect answers would keep the events to themselves.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    for (name, value) in names {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The same visit with what its session and its rights are now; nothing, if it is over.
pub(crate) async fn as_now(visit: &Visit, headers: &HeaderMap) -> Option<Visit> {
    let came = Came {
        arrival: visit.arrival.clone(),
    };
    let (_, _, ctx) = session_of(&visit.portal, &came, headers).await.ok()??;
    Some(Visit {
        ctx,
        ..visit.clone()
    })
}

/// Somebody who watches.
struct Watch<L> {
    visit: Visit,
    /// What the browser came with.
    headers: HeaderMap,
    look: L,
    seen: String,
    /// Nobody looks before.
    soonest: Instant,
    until: Instant,
}

impl<L: Look> Watch<L> {
    fn stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(Some(self), |watch| async move {
            let mut watch = watch?;
            let (text, goes_on) = watch.next().await?;
            Some((Ok(Bytes::from(text)), goes_on.then_some(watch)))
        })
    }

    /// The next event, and whether there may be more.
    async fn next(&mut self) -> Option<(String, bool)> {
        let quiet_until = Instant::now() + QUIET;
        let store = self.visit.service().store.clone();
        while Instant::now() < quiet_until {
            // What is committed while somebody looks is not missed.
            let news = store.news();
            tokio::pin!(news);
            news.as_mut().enable();
            tokio::time::sleep_until(self.soonest).await;
            self.soonest = Instant::now() + SOONEST;
            let visit = as_now(&self.visit, &self.headers).await?;
            let (drawn, goes_on) = self.look.look(&visit).await?;
            let drawn = drawn.into_string();
            if drawn != self.seen {
                let name = if goes_on { "progress" } else { "end" };
                let data = serde_json::Value::from(drawn.as_str());
                self.seen = drawn;
                return Some((format!("event: {name}\ndata: {data}\n\n"), goes_on));
            }
            if Instant::now() >= self.until {
                return None;
            }
            tokio::select! {
                () = news => {}
                () = tokio::time::sleep(LATEST) => {}
            }
        }
        Some((": still here\n\n".to_owned(), true))
    }
}

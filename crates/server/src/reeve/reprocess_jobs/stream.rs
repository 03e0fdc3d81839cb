//! Answers that are written while they are read: the items of a job as lines, and its progress as events.
//!
//! **Invariant:** an answer holds one page of items at a time, however many there are, and ends by itself, or as soon as
//! its reader may not have it any more.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use domain::id::ReprocessJobId;
use futures_util::{Stream, stream};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use serde_json::Value as Json;
use service::reprocess_jobs::{self, Job, View};
use service::{Actor, Ctx, Service, ServiceError, callers};
use tokio::time::Instant;

use super::show;
use crate::app::App;
use crate::limits::Watching;
use crate::limits::outgoing::Apart;

const LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson;charset=utf-8");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream;charset=utf-8");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Items that are read at once.
const PAGE: i64 = 500;
/// How often a job is looked at for news.
const LOOK: Duration = Duration::from_millis(500);
/// Looks without news after which a comment tells that the connection is alive.
const QUIET_LOOKS: u32 = 30;
/// A stream of events ends then; who still listens connects again, with a token that is still good.
const LONGEST: Duration = Duration::from_mins(15);

/// Which items of a job are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Only those that came to no good end.
    pub(super) only_failed: bool,
    /// Only those behind this place.
    pub(super) after: i64,
    /// At most so many.
    pub(super) top: i64,
}

/// The items of a job as JSON lines.
pub(super) fn results(app: App, ctx: Ctx, job: Job, wanted: Wanted) -> Response {
    let state = job.state;
    let begin = Some((wanted.after, wanted.top));
    let pages = stream::unfold(begin, move |place| {
        let (app, ctx) = (app.clone(), ctx.clone());
        async move {
            let (after, left) = place?;
            let service = app.service();
            let only_failed = wanted.only_failed;
            let size = left.min(PAGE);
            let page = async {
                let ctx = as_now(service, &ctx).await?;
                reprocess_jobs::results(service, &ctx, job.id, after, only_failed, size).await
            };
            let page = page.await;
            let page = match page {
                Ok(page) => page,
                // A file that is cut off must not look whole.
                Err(error) => return Some((Err(std::io::Error::other(error)), None)),
            };
            let last = page.last()?.ordinal;
            let left = left - size;
            let more = left > 0 && i64::try_from(page.len()).is_ok_and(|count| count == size);
            let mut text = String::new();
            for line in &page {
                text.push_str(&show::line(line, state).to_string());
                text.push('\n');
            }
            Some((Ok(Bytes::from(text)), more.then_some((last, left))))
        }
    });
    streamed(LINES, Body::from_stream(pages))
}

/// The progress of a job as server-sent events, until it is over.
pub(super) fn events(app: App, ctx: Ctx, id: ReprocessJobId, place: Option<Watching>) -> Response {
    let watch = Watch {
        app,
        ctx,
        id,
        seen: None,
        number: 0,
        until: Instant::now() + LONGEST,
        _place: place,
    };
    let mut response = streamed(EVENTS, Body::from_stream(watch.stream()));
    response.extensions_mut().insert(Apart);
    response
}

/// The call with what its caller may do now: an answer that takes long must not go by rights of the past (AZ-12).
async fn as_now(service: &Service, ctx: &Ctx) -> Result<Ctx, ServiceError> {
    let Actor::Caller(caller) = &ctx.actor else {
        return Ok(ctx.clone());
    };
    let loaded = callers::load(service, &caller.principal).await?;
    Ok(Ctx {
        actor: Actor::Caller(loaded.caller),
        ..ctx.clone()
    })
}

fn streamed(content_type: HeaderValue, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, NO_STORE);
    // Proxies that collect answers would keep the events to themselves.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

/// Somebody who watches a job.
struct Watch {
    app: App,
    ctx: Ctx,
    id: ReprocessJobId,
    /// What was told last: counts alone, as rates change all the time.
    seen: Option<Told>,
    number: u64,
    until: Instant,
    _place: Option<Watching>,
}

/// What makes an event worth telling.
#[derive(PartialEq)]
struct Told {
    version: i64,
    is_at_end: bool,
}

impl Watch {
    fn stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(Some(self), |watch| async move {
            let mut watch = watch?;
            let (text, goes_on) = watch.next().await?;
            Some((Ok(Bytes::from(text)), goes_on.then_some(watch)))
        })
    }

    /// The next event, and whether there may be more.
    async fn next(&mut self) -> Option<(String, bool)> {
        for _ in 0..QUIET_LOOKS {
            let service = self.app.service();
            let ctx = as_now(service, &self.ctx).await.ok()?;
            let view = reprocess_jobs::get(service, &ctx, self.id).await.ok()?;
            let told = Told {
                version: view.job.version,
                is_at_end: is_at_end(&view),
            };
            let is_at_end = told.is_at_end;
            if self.seen.as_ref() != Some(&told) {
                self.seen = Some(told);
                self.number += 1;
                let event = show::event(&view, service.clock.now());
                return Some((self.written(&event, is_at_end), !is_at_end));
            }
            if Instant::now() >= self.until {
                return None;
            }
            tokio::time::sleep(LOOK).await;
        }
        Some((": still here\n\n".to_owned(), true))
    }

    fn written(&self, event: &Json, is_at_end: bool) -> String {
        let name = if is_at_end { "end" } else { "progress" };
        format!("id: {}\nevent: {name}\ndata: {event}\n\n", self.number)
    }
}

/// Whether nothing will change any more unless somebody says so.
fn is_at_end(view: &View) -> bool {
    view.job.state.is_over() && view.job.progress.in_delivery == 0
}

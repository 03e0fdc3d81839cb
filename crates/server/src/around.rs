//! What happens around every request: its ids, its span, its end in time, and the headers that every answer has.
//!
//! **Invariant:** a request is answered, whatever its handler does: a panic is a 500, an endless one a 503, both with
//! the error envelope. No header or query value gets into a span; they may hold secrets.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use service::clock::Clock;
use tokio::time::Instant;
use tracing::Instrument;

use crate::app::App;
use crate::call::{CLIENT_REQUEST_ID, CallIds, REQUEST_ID};
use crate::error::Error;

/// The middleware around the whole router.
pub(crate) async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let service = app.service();
    let ids = CallIds::new(service.ids.next(service.clock.now()), request.headers());
    request.extensions_mut().insert(ids.clone());
    let method = request.method().clone();
    let span = tracing::info_span!(
        "request",
        request.id = %ids.request,
        http.method = %method,
        http.path = request.uri().path(),
        http.status = tracing::field::Empty,
    );

    let mut response = answer(&app, &ids, request, next)
        .instrument(span.clone())
        .await;

    add_headers(response.headers_mut(), &ids, app.token_clock());
    span.record("http.status", response.status().as_u16());
    app.metrics()
        .answered(&method, response.status(), started.elapsed());
    response
}

/// Runs the handler in a task of its own: what it has begun goes on when the client hangs up, and a panic ends
/// nothing but the task.
async fn answer(app: &App, ids: &CallIds, request: Request, next: Next) -> Response<Body> {
    let mut task = tokio::spawn(next.run(request).in_current_span());
    let error = match tokio::time::timeout(app.timeout(), &mut task).await {
        Ok(Ok(response)) => return response,
        Ok(Err(failure)) => {
            app.metrics().panicked();
            Error::Internal(Box::new(failure))
        }
        Err(_) => {
            task.abort();
            Error::TimedOut {
                seconds: app.timeout().as_secs(),
            }
        }
    };
    error
        .into_reply(ids, app.service().clock.now(), app.challenge())
        .into()
}

/// The headers of semantics 8.5.
fn add_headers(headers: &mut HeaderMap, ids: &CallIds, clock: &Clock) {
    let texts = [
        (REQUEST_ID, ids.request.to_string()),
        (CLIENT_REQUEST_ID, ids.echoed()),
    ];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    let date = jiff::Timestamp::from_microsecond(clock.now().micros()).unwrap_or_default();
    let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(value) = HeaderValue::from_str(&date) {
        headers.insert(header::DATE, value);
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests;

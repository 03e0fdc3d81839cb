//! What happens around every request: its ids, its span, its limits, its end in time, and the headers that every answer
//! has.
//!
//! **Invariant:** a request is answered, whatever its handler does: a panic is a 500, an endless one a 503, both with
//! the error envelope. No header or query value gets into a span; they may hold secrets.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;

use axum::BoxError;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use service::clock::Clock;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tracing::Instrument;

use crate::app::App;
use crate::call::{CLIENT_REQUEST_ID, CallIds, REQUEST_ID, Scheme};
use crate::error::Error;
use crate::limits::incoming::Progress;
use crate::limits::outgoing::{Apart, held_until_sent};
use crate::protection;

/// What watches the server has to get through when the server is full.
const WATCHED: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The middleware around the whole router.
pub(crate) async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let service = app.service();
    let ids = CallIds::new(service.ids.next(service.clock.now()), request.headers());
    request.extensions_mut().insert(ids.clone());
    let scheme = request.extensions().get::<Scheme>().copied();
    let method = request.method().clone();
    let span = tracing::info_span!(
        "request",
        request.id = %ids.request,
        http.method = %method,
        http.path = request.uri().path(),
        http.status = tracing::field::Empty,
    );

    let mut response = limited(&app, request, next)
        .instrument(span.clone())
        .await
        .unwrap_or_else(|error| {
            error
                .into_reply(&ids, app.service().clock.now(), app.challenge())
                .into()
        });

    add_headers(response.headers_mut(), &ids, app.token_clock());
    protection::add_headers(response.headers_mut(), &app, scheme);
    span.record("http.status", response.status().as_u16());
    app.metrics()
        .answered(&method, response.status(), started.elapsed());
    response
}

/// Answers the request if the limits let it in.
async fn limited(app: &App, request: Request, next: Next) -> Result<Response, Error> {
    let gate = app.gate();
    gate.check_head(&request)?;
    let address = gate.address(request.extensions(), request.headers());
    let place = if WATCHED.contains(&request.uri().path()) {
        None
    } else {
        address.map_or(Ok(()), |address| gate.check_unsent(address))?;
        Some(gate.place()?)
    };
    let guesser = guesser(app, &request)?;
    let progress = Progress::default();
    let request = gate.guard_body(request, &progress);
    let (response, place) = answer(app, request, next, place, &progress).await?;
    let response = if response.extensions().get::<Apart>().is_some() {
        response
    } else {
        let sending = address.and_then(|address| gate.sending(address));
        response.map(|body| held_until_sent(body, (place, sending)))
    };
    if let Some(address) = guesser
        && response.status() == StatusCode::UNAUTHORIZED
    {
        gate.guessed(address, app.token_clock().now());
    }
    Ok(response)
}

/// Where a request with a token comes from; refused if too many tokens from there were, unless this one is known.
fn guesser(app: &App, request: &Request) -> Result<Option<IpAddr>, Error> {
    let headers = request.headers();
    if !headers.contains_key(header::AUTHORIZATION) {
        return Ok(None);
    }
    let address = app.gate().address(request.extensions(), headers);
    if let Some(address) = address {
        may_show_token(app, address, headers)?;
    }
    Ok(address)
}

/// Refuses a token from where too many were refused, unless it is known.
pub(crate) fn may_show_token(app: &App, address: IpAddr, headers: &HeaderMap) -> Result<(), Error> {
    let Some(token) = headers.get(header::AUTHORIZATION) else {
        return Ok(());
    };
    let now = app.token_clock().now();
    if let Err(refusal) = app.gate().may_guess(address, now) {
        let is_known = token
            .to_str()
            .ok()
            .and_then(|text| auth::token::bearer(text).ok())
            .is_some_and(|token| app.verifier().remembers(token, now));
        if !is_known {
            return Err(refusal);
        }
    }
    Ok(())
}

/// Runs the handler. What may change something runs in a task of its own: what it has begun goes on when the client hangs
/// up. What only reads goes where its connection is, and ends with it. A panic ends neither the connection nor anything
/// else. The handler has the place among all requests until it is over, and then the answer has it.
async fn answer(
    app: &App,
    request: Request,
    next: Next,
    place: Option<OwnedSemaphorePermit>,
    progress: &Progress,
) -> Result<(Response<Body>, Option<OwnedSemaphorePermit>), Error> {
    let only_reads = request.method().is_safe();
    let handler = async move { (next.run(request).await, place) };
    let patience = app.gate().limits().request_timeout;
    let panicked = |failure: BoxError| {
        app.metrics().panicked();
        Err(Error::Internal(failure))
    };
    let timed_out = || {
        let seconds = patience.as_secs();
        Err(if progress.is_reading() {
            Error::BodyTooSlow { seconds }
        } else {
            Error::TimedOut { seconds }
        })
    };
    if only_reads {
        // The answer of a handler that panicked is thrown away, and with it whatever it left half done.
        let handler = AssertUnwindSafe(handler).catch_unwind();
        return match tokio::time::timeout(patience, handler).await {
            Ok(Ok(answered)) => Ok(answered),
            Ok(Err(_)) => panicked("the handler panicked".into()),
            Err(_) => timed_out(),
        };
    }
    let mut task = tokio::spawn(handler.in_current_span());
    match tokio::time::timeout(patience, &mut task).await {
        Ok(Ok(answered)) => Ok(answered),
        Ok(Err(failure)) => panicked(Box::new(failure)),
        Err(_) => {
            task.abort();
            timed_out()
        }
    }
}

/// The headers of semantics 8.5.
pub(crate) fn add_headers(headers: &mut HeaderMap, ids: &CallIds, clock: &Clock) {
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
}

#[cfg(test)]
mod tests;

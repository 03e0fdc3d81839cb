//! Routes of the API that misbehave on purpose, in a development tenant (ADR 30).
//!
//! **Invariant:** what a handler did before an answer is lost stays done; no fault meets the way to take faults back,
//! however it is written, nor anybody who is not known.

use std::io;
use std::time::Duration;

use auth::token::TokenError;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Extension, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use domain::fault::Fault;
use futures_util::stream::{self, StreamExt as _};
use http::{HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;

use crate::app::App;
use crate::call::CallIds;
use crate::error::Error;
use crate::graph::authenticate;
use crate::scim;

/// The middleware of development tenants: what stands for this route happens to the request.
pub(crate) async fn inject(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    // As the handlers read it: what is escaped is the same path.
    let path = percent_decode_str(request.uri().path())
        .decode_utf8_lossy()
        .into_owned();
    let is_provisioning = path.starts_with(scim::ROOT);
    let faults = &app.service().faults;
    // A rehearsal is for those who take part: whoever shows nothing, or nothing that is good, is refused as ever.
    if !faults.stands_for(method.as_str(), &path)
        || authenticate::is_known(&app, request.headers())
            .await
            .is_err()
    {
        return next.run(request).await;
    }
    let Some(fault) = faults.of_route(method.as_str(), &path) else {
        return next.run(request).await;
    };
    tracing::info!(%fault, "an injected fault");
    let refused = |error: Error| {
        let now = app.service().clock.now();
        if is_provisioning {
            scim::refusal(error, app.challenge())
        } else {
            error.into_reply(&ids, now, app.challenge())
        }
        .into()
    };
    let answered = |status, retry_after| {
        refused(Error::Injected {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE),
            retry_after,
        })
    };
    match fault {
        Fault::Status {
            status,
            retry_after,
        } => answered(status, retry_after),
        Fault::Throttle(seconds) => answered(429, Some(seconds)),
        Fault::RefuseCredentials => refused(Error::Token(TokenError::Inactive)),
        Fault::Hang => std::future::pending().await,
        Fault::Down => Response::new(broken()),
        Fault::DropAfterApply => {
            next.run(request).await;
            Response::new(broken())
        }
        Fault::Delay(by) => {
            let response = next.run(request).await;
            tokio::time::sleep(Duration::from_micros(by.micros().unsigned_abs())).await;
            response
        }
        Fault::HalfReply => halved(&method, next.run(request).await),
        // Targets alone misbehave so.
        Fault::FailFor(_) | Fault::Stale(_) => next.run(request).await,
    }
}

/// A body that breaks the connection before anything of it was sent.
fn broken() -> Body {
    Body::from_stream(stream::once(std::future::ready(Err::<Vec<u8>, _>(cut()))))
}

fn cut() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "injected fault: the connection is cut",
    )
}

/// The first half of an answer, or its first piece if it has no end of which one would know; then the connection breaks.
fn halved(method: &Method, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let size = body.size_hint().exact();
    if let Some(size) = size.filter(|_| *method != Method::HEAD) {
        parts
            .headers
            .insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    }
    let half = size.map_or(usize::MAX, |size| {
        usize::try_from(size / 2).unwrap_or(usize::MAX)
    });
    let first = body.into_data_stream().take(1).map(move |piece| {
        piece
            .map(|bytes| bytes.slice(..bytes.len().min(half)))
            .map_err(io::Error::other)
    });
    let rest = stream::once(async {
        // Not in the same breath, or the first half would never be sent.
        tokio::task::yield_now().await;
        Err(cut())
    });
    Response::from_parts(parts, Body::from_stream(first.chain(rest)))
}

//! A form that is sent twice, as by a double click, is done once; the second answer leads where the first one did.
//!
//! A form is the same if all that it says is, the number of the page that it was drawn on among it. One that was refused
//! may be sent again.
//!
//! **Invariant:** what was begun is done to its end, even if the browser has gone: the second click closes the first call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use auth::issuer::fingerprint;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use service::portal_forms::{self, Sent};
use tokio::time::Instant;
use tracing::Instrument;

use crate::portal::Portal;
use crate::problem::Problem;
use crate::reply;

/// The field in which a form says on which page it was drawn.
pub(crate) const FIELD: &str = "drawn";
/// So long the second waits for what comes of the first.
const LONGEST: Duration = Duration::from_secs(20);
/// So long a call waits for what comes of its form; less than the server gives a call by default.
const PATIENCE: Duration = Duration::from_secs(50);
/// After so long it looks again: other processes commit as well.
const LATEST: Duration = Duration::from_millis(500);

/// The form that a call does, once it is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Once(Arc<Mutex<Option<(Portal, String)>>>);

/// Carries out what changes something.
pub(crate) async fn carried_out(mut request: Request, next: Next) -> Response {
    let once = Once::default();
    request.extensions_mut().insert(once.clone());
    let work = {
        let once = once.clone();
        async move {
            let response = next.run(request).await;
            once.settled(response).await
        }
    };
    let mut working = tokio::spawn(work.in_current_span());
    let worked = match tokio::time::timeout(PATIENCE, &mut working).await {
        Ok(worked) => worked,
        Err(_) if once.is_claimed() => return Problem::Begun.into_response(),
        Err(_) => working.await,
    };
    worked.unwrap_or_else(|error| {
        tracing::error!(%error, "a form was not done to its end");
        Problem::Internal.into_response()
    })
}

impl Once {
    /// Whether there is a form that is done once, and it is not settled.
    fn is_claimed(&self) -> bool {
        let own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.is_some()
    }

    /// Claims a form of a session; if it was done already, the answer leads where that led.
    pub(crate) async fn claim(
        &self,
        portal: &Portal,
        session: &str,
        path: &str,
        body: &[u8],
    ) -> Result<(), Response> {
        let body = String::from_utf8_lossy(body);
        let form = fingerprint(&format!("{session}\n{path}\n{body}"));
        let until = Instant::now() + LONGEST;
        loop {
            let news = portal.service().store.news();
            tokio::pin!(news);
            // What is committed while somebody looks is not missed.
            news.as_mut().enable();
            let sent = portal_forms::claim(portal.service(), &form, portal.clock().now()).await;
            match sent.map_err(|error| Problem::from(error).into_response())? {
                Sent::New => break,
                Sent::Done(address) => return Err(reply::see(&address)),
                Sent::UnderWay if Instant::now() >= until => {
                    return Err(Problem::Begun.into_response());
                }
                Sent::UnderWay => {}
            }
            tokio::select! {
                () = news => {}
                () = tokio::time::sleep(LATEST) => {}
            }
        }
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *own = Some((portal.clone(), form));
        Ok(())
    }

    /// Notes what came of the form.
    async fn settled(self, response: Response) -> Response {
        let own = {
            let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            own.take()
        };
        let Some((portal, form)) = own else {
            return response;
        };
        let leads_to = (response.status() == StatusCode::SEE_OTHER)
            .then(|| response.headers().get(header::LOCATION)?.to_str().ok())
            .flatten();
        match portal_forms::settle(portal.service(), &form, leads_to).await {
            Ok(()) => response,
            // It was done all the same; a second one will be told that it is not known.
            Err(error) => {
                tracing::warn!(%error, "what came of a form was not kept");
                response
            }
        }
    }
}

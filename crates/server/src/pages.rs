//! Between the server and the portal: what the pages are told of a call, and a place for an answer that goes on.
//!
//! **Invariant:** whoever is signed in comes in as every caller does, within the same limits. A page that goes on has a place
//! of its own, as every answer that does, and none among all requests.

use std::sync::{Arc, Mutex, PoisonError};

use auth::principal::Principal;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service::arrival::{Admission, Arrival};

use crate::app::App;
use crate::call::{CallIds, Origin};
use crate::error::Error;
use crate::limits::Work;
use crate::limits::outgoing::{Apart, held_until_sent};

/// The form that takes more than other bodies, and how much is let through to it. The page itself takes less, and says so as
/// a page.
const SEED: (&str, usize) = ("/manage/dev/seed", 32 * 1024 * 1024);

/// How large the body of a page may be, if it is not bound like all others.
pub(crate) fn body_limit(path: &str) -> Option<usize> {
    (path == SEED.0).then_some(SEED.1)
}

/// The middleware around the pages.
pub(crate) async fn arrive(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let ids = parts.extensions.get::<CallIds>().cloned();
    let ids = ids.unwrap_or_else(|| {
        let service = app.service();
        CallIds::new(service.ids.next(service.clock.now()), &parts.headers)
    });
    let origin = Origin::of(app.public_url(), &parts);
    parts.extensions.insert(Arrival {
        request_id: ids.request,
        client_request_id: ids.client.clone(),
        origin: origin.as_str().to_owned(),
    });
    // Theirs until the answer begins.
    let turn = Arc::new(Mutex::new(None));
    parts.extensions.insert(Admission::new({
        let (app, turn) = (app.clone(), Arc::clone(&turn));
        move |principal, is_write| {
            let work = Work {
                is_directory: false,
                is_write,
            };
            let now = app.token_clock().now();
            let admitted = app.gate().admit(principal, work, now);
            let own = admitted.map_err(|error| match error {
                Error::TooMany { retry_after } => retry_after,
                _ => 1,
            })?;
            *turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(own);
            Ok(())
        }
    }));
    let mut response = next.run(Request::from_parts(parts, body)).await;
    drop(turn);
    // A page that goes on says whose it is.
    let Some(principal) = response.extensions_mut().remove::<Arc<Principal>>() else {
        return response;
    };
    match app.gate().watch(&principal) {
        Ok(place) => {
            let mut response = response.map(|body| held_until_sent(body, place));
            response.extensions_mut().insert(Apart);
            response
        }
        Err(error) => {
            let now = app.service().clock.now();
            let reply = error.into_reply(&ids, now, app.challenge());
            Response::from(reply).into_response()
        }
    }
}

//! Reeve's own API under `/reeve/v1`: what operators need and Graph has no place for.
//!
//! **Invariant:** nothing of this is ever added to a Graph body. Every route is a row of [`table::OPERATIONS`], from
//! which requests are routed and the description of the API is written.

mod adoptions;
mod answer;
mod audit_log;
mod bindings;
mod clock;
mod csv;
mod deliveries;
mod delta;
mod explain;
mod explanations;
mod extras;
mod faults;
mod ledger;
mod members;
mod notices;
mod openapi;
mod policy_preview;
mod reports;
mod reprocess_jobs;
mod request;
mod resources;
mod rows;
mod schemas;
mod snapshots;
mod stuck;
mod sweeps;
mod table;
mod targets;

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
pub use service::deliveries::Stuck;
use service::{Ctx, ServiceError};

use crate::app::App;
use crate::body;
use crate::call::{Call, CallIds, Origin};
use crate::error::Error;
use crate::graph::authenticate;
use crate::limits::Work;
use crate::reply::Reply;

use answer::Answer;
pub(crate) use request::OwnRequest;
pub(crate) use table::{OPERATIONS, ROOT};

/// What the server is told of the delivery engine.
#[derive(Clone)]
pub struct Delivery {
    /// The configured targets, the built-in directory among them.
    pub targets: Vec<Target>,
    /// Asks which objects are stuck.
    pub stuck: StuckQuery,
    /// Tells what is known of the targets that were spoken to.
    pub lanes: LaneQuery,
    /// Does what can be done now; what waits for the clock, or for a target to recover, is left.
    pub settle: Settle,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}

/// A configured target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// The kind of connector: `directory`, `scim`, `ldap`.
    pub kind: String,
}

/// Asks the engine which objects are stuck (L9).
pub type StuckQuery =
    Arc<dyn Fn() -> BoxFuture<'static, Result<Vec<Stuck>, ServiceError>> + Send + Sync>;

/// Tells what this process knows of targets from speaking to them.
pub type LaneQuery = Arc<dyn Fn() -> Vec<service::targets::Lane> + Send + Sync>;

/// Does what can be done now, for a clock that is moved.
pub type Settle = Arc<dyn Fn() -> BoxFuture<'static, Result<(), ServiceError>> + Send + Sync>;

/// The description of the API.
const DESCRIPTION: &str = "openapi.json";

/// Everything under `/reeve/v1`.
pub(crate) async fn serve(
    State(app): State<App>,
    Extension(ids): Extension<CallIds>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let origin = Origin::of(app.public_url(), &parts);
    let path = parts
        .uri
        .path()
        .strip_prefix(table::ROOT)
        .unwrap_or_default()
        .to_owned();
    let outcome = match body::read_of_caller(&app, &parts.headers, body).await {
        Ok(body) => {
            let call = Call {
                client: app.gate().address(&parts.extensions, &parts.headers),
                ids: ids.clone(),
                origin,
                path,
                raw_query: parts.uri.query().unwrap_or_default().to_owned(),
                method: parts.method,
                headers: parts.headers,
                body,
            };
            answer(&app, &call).await
        }
        Err(error) => Err(error),
    };
    outcome
        .unwrap_or_else(|error| {
            let now = app.service().clock.now();
            Answer::Whole(error.into_reply(&ids, now, app.challenge()))
        })
        .into()
}

async fn answer(app: &App, call: &Call) -> Result<Answer, Error> {
    let is_read = call.method == Method::GET || call.method == Method::HEAD;
    if call.path.trim_matches('/') == DESCRIPTION && is_read {
        let document = openapi::document(call.origin.as_str(), app.is_development());
        return Ok(Reply::json(StatusCode::OK, &document).into());
    }
    let caller = authenticate::caller(app, &call.headers).await?;
    let work = Work {
        is_directory: false,
        is_write: !call.method.is_safe(),
    };
    let now = app.token_clock().now();
    let _turn = app.gate().admit(&caller.caller.principal, work, now)?;
    let ctx = Ctx::of_caller(caller.caller, call.ids.request, call.ids.client.clone());
    let found = table::find(&call.method, &call.path, app.is_development())?;
    let request = OwnRequest::new(app, &ctx, call, found.arguments);
    request.expect_known_parameters(found.operation)?;
    (found.operation.run)(&request).await
}

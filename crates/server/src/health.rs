//! `/healthz`, `/readyz` and `/metrics`: for machines that watch the server, without a token.

use axum::extract::State;
use axum::response::Response;
use domain::time::Duration;
use http::{HeaderValue, StatusCode};
use service::Service;
use service::audit::sealing;

use crate::app::App;
use crate::error::{Error, chain};
use crate::reply::Reply;

pub(crate) const PLAIN: HeaderValue = HeaderValue::from_static("text/plain;charset=utf-8");
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text;version=1.0.0;charset=utf-8");

/// The process answers.
pub(crate) async fn live() -> Response {
    Reply::typed(StatusCode::OK, PLAIN, b"ok\n".to_vec()).into()
}

/// How long audit events may wait for their place in the chain before that is told.
const PATIENCE: Duration = Duration::from_minutes(1);

/// The database answers, and its schema is ours, or one that a newer program made of it: then this one goes on until it is
/// replaced. That the audit log is not sealed any more is told and no more: events are
/// kept all the same, and nobody's access waits for them.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let store = app.service().store.clone();
    match tokio::task::spawn_blocking(move || store.schema_serves()).await {
        Ok(Ok(true)) => {
            let mut text = "ready\n".to_owned();
            text.push_str(&audit_warning(app.service()).await);
            Reply::typed(StatusCode::OK, PLAIN, text.into_bytes()).into()
        }
        Ok(Ok(false)) => unready("the database has another schema than this server\n"),
        Err(_) => unready("the database could not be asked\n"),
        Ok(Err(error)) => {
            tracing::warn!(error = %chain(&error), "the database does not answer");
            unready("the database does not answer\n")
        }
    }
}

/// A line about audit events that nobody seals; empty if all is well.
async fn audit_warning(service: &Service) -> String {
    match sealing::waiting_since(service).await {
        Ok(Some(oldest)) if oldest.plus(PATIENCE) < service.clock.now() => {
            format!("warning: audit events are not sealed since {oldest}\n")
        }
        Ok(_) => String::new(),
        Err(error) => {
            tracing::warn!(error = %chain(&error), "the audit log does not answer");
            "warning: the audit log could not be asked\n".to_owned()
        }
    }
}

fn unready(why: &str) -> Response {
    Reply::typed(
        StatusCode::SERVICE_UNAVAILABLE,
        PLAIN,
        why.as_bytes().to_vec(),
    )
    .into()
}

/// Everything that is counted.
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, app.registry()) {
        Ok(()) => Reply::typed(StatusCode::OK, OPEN_METRICS, text.into_bytes()).into(),
        Err(error) => {
            Error::Internal(Box::new(error)).log();
            Reply::empty(StatusCode::INTERNAL_SERVER_ERROR).into()
        }
    }
}

//! `GET /auditLog`: the sealed events as JSON lines, in the order of the chain.
//!
//! An answer has a bounded number of lines and a link to the rest; what the answers hold, one behind the other, is a file that
//! `reeve audit verify` takes.

use domain::time::Timestamp;
use http::header::LINK;
use http::{HeaderValue, StatusCode};
use service::audit::proof::{Export, Stretch, lines};

use super::OwnRequest;
use crate::error::Error;
use crate::reply::Reply;

const LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson;charset=utf-8");

/// Writes out some of it.
pub(super) async fn list(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let export = match (place(request, "after")?, place(request, "through")?) {
        (Some(after), Some(through)) => Export::resumed(after, through),
        (None, None) => Export::new(Stretch {
            since: instant(request, "since")?,
            until: instant(request, "until")?,
        }),
        (Some(_), None) => return Err(together("through", "after")),
        (None, Some(_)) => return Err(together("after", "through")),
    };
    let (text, export) = lines(request.service(), request.ctx(), export).await?;
    let reply = Reply::typed(StatusCode::OK, LINES, text.into_bytes());
    Ok(match export.rest() {
        Some((after, through)) => {
            let link = request.link_to(&format!("after={after}&through={through}"));
            reply.with(LINK, &format!("<{link}>; rel=\"next\""))
        }
        None => reply,
    })
}

fn together(missing: &'static str, given: &str) -> Error {
    let message = format!("`{missing}` belongs to `{given}`: follow the link of the answer before");
    Error::bad_parameter(missing, message)
}

fn place(request: &OwnRequest<'_>, name: &'static str) -> Result<Option<i64>, Error> {
    let Some(text) = request.parameter(name) else {
        return Ok(None);
    };
    let place = text.parse().ok().filter(|place| *place >= 0);
    let malformed = || Error::bad_parameter(name, format!("`{name}` must be a place in the log"));
    place.map(Some).ok_or_else(malformed)
}

fn instant(request: &OwnRequest<'_>, name: &'static str) -> Result<Option<Timestamp>, Error> {
    let Some(text) = request.parameter(name) else {
        return Ok(None);
    };
    Timestamp::parse(text)
        .map(Some)
        .map_err(|error| Error::bad_parameter(name, error.to_string()))
}

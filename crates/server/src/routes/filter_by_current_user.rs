//! `GET …/filterByCurrentUser(on='…')`, of any collection that has it.

use service::reads::Own;
use wire::address::Tail;

use crate::error::Error;
use crate::graph::{GraphRequest, nothing, read};
use crate::reply::Reply;

/// What is the caller's own in this way.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let Tail::Call(call) = &request.address().tail else {
        return Err(nothing());
    };
    let entity = request.address().target().entity;
    let on = call.argument("on").unwrap_or_default();
    let own = Own::named(entity, on).ok_or_else(|| {
        let options: Vec<_> = Own::options(entity).collect();
        let message = format!("`on` must be one of {}, not `{on}`", options.join(", "));
        Error::bad_parameter("on", message)
    })?;
    read::own(request, own, call.count).await
}

//! `GET accessPackageAssignmentResourceRoles/My()` of beta.

use service::reads::Own;
use wire::address::Tail;

use crate::error::Error;
use crate::graph::{GraphRequest, nothing, read};
use crate::reply::Reply;

/// The roles that the caller was given by assignments of their own.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let Tail::Call(call) = &request.address().tail else {
        return Err(nothing());
    };
    read::own(request, Own::DeliveredRoles, call.count).await
}

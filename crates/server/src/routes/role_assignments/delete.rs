//! `DELETE roleAssignments/{id}`

use service::role_assignments;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Takes a role away.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    role_assignments::delete(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}

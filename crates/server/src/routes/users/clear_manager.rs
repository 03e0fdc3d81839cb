//! `DELETE users/{id}/manager/$ref`

use service::directory::users;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Takes the user's manager away.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let user = request.parent_id().await?;
    users::set_manager(request.service(), request.ctx(), user, None).await?;
    Ok(Reply::no_content())
}

//! `PUT users/{id}/manager/$ref`

use service::directory::users;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;
use crate::routes::reference;

/// Gives the user a manager.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let user = request.parent_id().await?;
    let manager = reference::object_of_body(&request.json()?)?;
    users::set_manager(request.service(), request.ctx(), user, Some(manager)).await?;
    Ok(Reply::no_content())
}

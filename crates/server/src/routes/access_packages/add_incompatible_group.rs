//! `POST accessPackages/{id}/incompatibleGroups/$ref`

use service::access_packages::incompatible;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;
use crate::routes::reference;

/// Nobody who is in the other may get this package (SD-1).
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let package = request.parent_id().await?;
    let other = reference::object_of_body(&request.json()?)?;
    incompatible::add_group(request.service(), request.ctx(), package, other).await?;
    Ok(Reply::no_content())
}

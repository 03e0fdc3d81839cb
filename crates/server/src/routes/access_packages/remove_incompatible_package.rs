//! `DELETE accessPackages/{id}/incompatibleAccessPackages/{id}/$ref`, or with `$ref?@id=…`.

use service::access_packages::incompatible;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;
use crate::routes::reference;

/// The two may be held together again.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let package = request.parent_id().await?;
    let other = reference::of_path_or_query(request)?;
    incompatible::remove_package(request.service(), request.ctx(), package, other).await?;
    Ok(Reply::no_content())
}

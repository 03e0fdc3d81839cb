//! `POST accessPackages/{id}/resourceRoleScopes`

use service::access_packages::role_scopes;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Puts a role of a resource into the package.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let package = super::package(request).await?;
    let wanted = decode::resource_role_scope::create(&request.json()?)?;
    let id = role_scopes::create(request.service(), request.ctx(), package, wanted).await?;
    request.created(&id.to_string()).await
}

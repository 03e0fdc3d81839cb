//! `POST accessPackages/{id}/resourceRoleScopes`

use service::access_packages::role_scopes;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Puts a role of a resource into the package of the path, or of the body where the path names none.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let body = request.json()?;
    let package = match super::package(request).await? {
        Some(package) => package,
        None => decode::resource_role_scope::package(&body)?,
    };
    let wanted = decode::resource_role_scope::create(&body)?;
    let id = role_scopes::create(request.service(), request.ctx(), package, wanted).await?;
    request.created(&id.to_string()).await
}

//! `DELETE accessPackages/{id}/resourceRoleScopes/{id}`

use domain::access_package::RoleScopeId;
use service::access_packages::role_scopes;

use crate::error::Error;
use crate::graph::{GraphRequest, nothing};
use crate::reply::Reply;

/// Takes a role out of the package; who holds the package loses it.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let package = super::package(request).await?;
    let id = request
        .address()
        .last_id()
        .and_then(RoleScopeId::parse)
        .ok_or_else(nothing)?;
    let (service, ctx) = (request.service(), request.ctx());
    match package {
        Some(package) => role_scopes::delete(service, ctx, package, id).await?,
        None => role_scopes::delete_from_its_package(service, ctx, id).await?,
    }
    Ok(Reply::no_content())
}

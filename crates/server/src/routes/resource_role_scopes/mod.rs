//! `accessPackages/{id}/resourceRoleScopes` and, with no package in the path, `resourceRoleScopes`.

pub(super) mod create;
pub(super) mod delete;

use domain::id::AccessPackageId;
use domain::model;

use crate::error::Error;
use crate::graph::GraphRequest;

/// The package that the path leads through, if it begins elsewhere than at the pairs themselves. Through anything but a
/// package, pairs are only read.
async fn package(request: &GraphRequest<'_>) -> Result<Option<AccessPackageId>, Error> {
    let address = request.address();
    let Some(parent) = address.parents().checked_sub(1) else {
        return Ok(None);
    };
    let is_package = address
        .steps
        .get(parent)
        .is_some_and(|step| step.of.entity == &model::ACCESS_PACKAGE);
    if is_package {
        return request.parent_id().await.map(Some);
    }
    Err(Error::MethodNotAllowed {
        allow: "GET, HEAD".to_owned(),
    })
}

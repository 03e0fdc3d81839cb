//! `accessPackages/{id}/resourceRoleScopes`.

pub(super) mod create;
pub(super) mod delete;

use domain::id::AccessPackageId;
use domain::model;

use crate::error::Error;
use crate::graph::GraphRequest;

/// The package that the path leads through. The same pair may be in several packages, so that only a path through one
/// says which is meant; elsewhere pairs are only read.
async fn package(request: &GraphRequest<'_>) -> Result<AccessPackageId, Error> {
    let address = request.address();
    let parent = address
        .parents()
        .checked_sub(1)
        .and_then(|index| address.steps.get(index));
    if parent.is_some_and(|step| step.of.entity == &model::ACCESS_PACKAGE) {
        return request.parent_id().await;
    }
    Err(Error::MethodNotAllowed {
        allow: "GET, HEAD".to_owned(),
    })
}

//! `POST assignmentPolicies`, and `POST accessPackages/{id}/assignmentPolicies`

use service::policies;

use super::draft;
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Creates a policy of an access package. Below a package, it is that one.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let mut draft = draft(request, None)?;
    if request.parent().is_some() {
        let package = request.parent_id().await?;
        if draft
            .access_package_id
            .is_some_and(|named| named != package)
        {
            return Err(Error::InvalidModel {
                target: "accessPackage/id".to_owned(),
                message: "the body names another access package than the path".to_owned(),
            });
        }
        draft.access_package_id = Some(package);
    }
    let id = policies::create(request.service(), request.ctx(), draft).await?;
    request.created(&id.to_string()).await
}

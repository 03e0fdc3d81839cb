//! `PUT assignmentPolicies/{id}` (PO-40)

use http::StatusCode;
use service::policies;
use wire::tables;

use super::draft;
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Replaces a policy whole; what the version of the request cannot say stays (OM-2), which is why the version that was
/// read has to be the one that is replaced.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let id = request.object_id().await?;
    let stored = policies::stored(request.service(), request.ctx(), id).await?;
    let settings = serde_json::from_str(&stored.settings_json)
        .map_err(|error| Error::Internal(Box::new(error)))?;
    let draft = draft(request, Some(&settings))?;
    let read = stored.version;
    policies::replace(request.service(), request.ctx(), id, draft, read).await?;
    request
        .object(StatusCode::OK, &tables::ASSIGNMENT_POLICY, &id.to_string())
        .await
}

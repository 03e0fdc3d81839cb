//! `DELETE assignmentPolicies/{id}/questions/{id}`

use std::sync::Arc;

use domain::id::PolicyId;
use service::{ServiceError, policy_questions};
use wire::policy::question;

use crate::error::Error;
use crate::graph::{GraphRequest, nothing};
use crate::reply::Reply;

/// Takes a question out of a policy. Answers that were given to it stay with their requests (section 6.6).
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let policy: PolicyId = request.parent_id().await?;
    let id = request.address().last_id().ok_or_else(nothing)?.to_owned();
    policy_questions::revise(
        request.service(),
        request.ctx(),
        policy,
        Arc::new(move |stored| {
            question::remove(stored, &id).ok_or_else(|| ServiceError::not_found("question", &id))
        }),
    )
    .await?;
    Ok(Reply::no_content())
}

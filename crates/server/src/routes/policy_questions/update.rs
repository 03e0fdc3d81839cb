//! `PATCH assignmentPolicies/{id}/questions/{id}`

use std::sync::Arc;

use domain::id::PolicyId;
use service::{ServiceError, policy_questions};
use wire::policy::question;

use super::invalid;
use crate::error::Error;
use crate::graph::{GraphRequest, nothing};
use crate::reply::Reply;

/// Changes a question; what the body does not name stays.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let policy: PolicyId = request.parent_id().await?;
    let id = request.address().last_id().ok_or_else(nothing)?.to_owned();
    let body = request.json()?;
    policy_questions::revise(
        request.service(),
        request.ctx(),
        policy,
        Arc::new(move |stored| {
            question::change(stored, &id, &body)
                .map_err(|field| invalid(&field))?
                .ok_or_else(|| ServiceError::not_found("question", &id))
        }),
    )
    .await?;
    Ok(Reply::no_content())
}

//! `POST assignmentPolicies/{id}/questions`

use std::sync::Arc;

use domain::id::QuestionId;
use service::policy_questions;
use wire::policy::question;

use super::invalid;
use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Adds a question to a policy.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let policy = request.parent_id().await?;
    let body = request.json()?;
    let id = request.service().moment().id(QuestionId::new).to_string();
    let fresh = id.clone();
    policy_questions::revise(
        request.service(),
        request.ctx(),
        policy,
        Arc::new(move |stored| {
            question::add(stored, &body, &fresh).map_err(|field| invalid(&field))
        }),
    )
    .await?;
    request.created(&id).await
}

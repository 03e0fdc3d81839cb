//! `PATCH accessPackageAssignmentApprovals/{id}/stages/{id}` (AP-10)

use domain::id::{RequestId, StageId};
use service::approvals::{self, Decision};
use wire::decode;

use crate::error::Error;
use crate::graph::{GraphRequest, nothing};
use crate::reply::Reply;

/// Approves or denies.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let (stage, approval): (StageId, Option<RequestId>) = request.named_ids()?;
    let approval = approval.ok_or_else(nothing)?;
    let (verdict, justification) = decode::decision::decide(&request.json()?)?;
    let decision = Decision {
        verdict,
        justification,
    };
    approvals::decide(request.service(), request.ctx(), approval, stage, decision).await?;
    Ok(Reply::no_content())
}

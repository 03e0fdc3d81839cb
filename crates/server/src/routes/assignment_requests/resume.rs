//! `POST assignmentRequests/{id}/resume` (RS-1)

use serde_json::Value;
use service::callouts::{self, Reply as Answer};
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Takes the answer of a custom extension that the request waits for.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let (id, of_assignment) = request.named_ids()?;
    let answer = read(&request.json()?)?;
    callouts::resume(request.service(), request.ctx(), id, of_assignment, answer).await?;
    Ok(Reply::no_content())
}

/// What a body answers.
pub(crate) fn read(body: &Value) -> Result<Answer, Error> {
    let body = decode::callback::resume(body)?;
    Ok(Answer {
        source: body.source,
        type_stage: body.type_stage,
        stage: body.stage,
        instance_id: body.instance_id,
        detail: body.detail,
        answer: body.answer,
        approval_stage: body.approval_stage,
    })
}

//! `POST assignmentRequests`

use domain::assignment_request::AssignmentRequest;
use domain::query::Value;
use domain::time::Timestamp;
use service::assignment_requests;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Submits a request. The answer shows it as it was accepted (RQ-5), whatever became of it since.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let submission = decode::assignment_request::submit(&request.json()?)?;
    let accepted =
        assignment_requests::submit(request.service(), request.ctx(), submission).await?;
    request.accepted(&accepted.id.to_string(), |name| column(&accepted, name))
}

fn column(request: &AssignmentRequest, name: &str) -> Value {
    let text = |text: &dyn ToString| Value::Text(text.to_string());
    let instant = |at: Option<Timestamp>| at.map_or(Value::Null, |at| Value::Int(at.micros()));
    match name {
        "id" => text(&request.id),
        "request_type" => text(&request.request_type),
        "is_extension" => Value::Bool(request.is_extension),
        "state" => text(&request.state),
        "status" => text(&request.status),
        "justification" => request
            .justification
            .as_ref()
            .map_or(Value::Null, |why| text(why)),
        "answers" => text(&request.answers),
        "schedule" => text(&request.schedule),
        "starts_at" => instant(request.starts_at),
        "ends_at" => instant(request.ends_at),
        "bypass_approval" => Value::Bool(request.bypass_approval),
        "created_at" => instant(Some(request.created_at)),
        "completed_at" => instant(request.completed_at),
        "version" => Value::Int(request.version),
        _ => Value::Null,
    }
}

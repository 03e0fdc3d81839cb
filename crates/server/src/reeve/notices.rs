//! `GET /notices`, `POST /notices/{id}/retry`

use domain::notice::NoticeState;
use http::StatusCode;
use serde_json::{Map, Value as Json, json};
use service::notices;

use super::OwnRequest;
use crate::error::Error;
use crate::reply::Reply;

/// Lists the notices in a state, the oldest first, and how many there are in each.
pub(super) async fn list(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let state = match request.parameter("state") {
        None => NoticeState::Failed,
        Some(word) => NoticeState::from_name(word).ok_or_else(|| {
            let words: Vec<_> = NoticeState::ALL.iter().map(|one| one.as_str()).collect();
            Error::bad_parameter(
                "state",
                format!("`state` must be one of {}", words.join(", ")),
            )
        })?,
    };
    let after = match request.parameter("after") {
        None => None,
        Some(id) => Some(id.parse().map_err(|_| {
            Error::bad_parameter("after", "`after` must be the id of a notice".to_owned())
        })?),
    };
    let top = request.top()?;
    let (service, ctx) = (request.service(), request.ctx());
    let wanted = i64::try_from(top).unwrap_or(i64::MAX);
    let mut found = notices::list(service, ctx, state, after, wanted.saturating_add(1)).await?;
    let has_more = found.len() as u64 > top;
    if has_more {
        found.pop();
    }
    let value: Vec<Json> = found
        .iter()
        .map(|notice| {
            json!({
                "id": notice.id.to_string(),
                "number": notice.number,
                "occasion": notice.occasion.as_str(),
                "state": notice.state.as_str(),
                "recipientId": notice.recipient_id.to_string(),
                "address": notice.address,
                "requestId": notice.request_id.map(|id| id.to_string()),
                "assignmentId": notice.assignment_id.map(|id| id.to_string()),
                "attempts": notice.attempts,
                "failure": notice.failure,
                "createdDateTime": notice.created_at.to_string(),
                "dueDateTime": notice.due_at.map(|at| at.to_string()),
                "finishedDateTime": notice.finished_at.map(|at| at.to_string()),
            })
        })
        .collect();
    let counts: Map<String, Json> = notices::overview(service, ctx)
        .await?
        .into_iter()
        .map(|(state, count)| (state.as_str().to_owned(), json!(count)))
        .collect();
    let mut answer = json!({ "counts": counts, "value": value });
    if let (true, Some(last), Some(members)) = (has_more, found.last(), answer.as_object_mut()) {
        let query = format!("state={state}&top={top}&after={}", last.id);
        members.insert("nextLink".to_owned(), json!(request.link_to(&query)));
    }
    Ok(Reply::json(StatusCode::OK, &answer))
}

/// Has a notice sent, or sent again, that came to no good end.
pub(super) async fn retry(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let id = request.id("id")?;
    notices::retry(request.service(), request.ctx(), id).await?;
    Ok(Reply::no_content())
}

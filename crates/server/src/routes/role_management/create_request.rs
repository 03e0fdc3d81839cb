//! `POST roleAssignmentScheduleRequests`

use service::role_schedule_requests;
use wire::decode;

use crate::error::Error;
use crate::graph::GraphRequest;
use crate::reply::Reply;

/// Assigns or removes a role, and keeps that it was asked for.
pub(crate) async fn run(request: &GraphRequest<'_>) -> Result<Reply, Error> {
    let wanted = decode::role_schedule_request::create(&request.json()?)?;
    let id = role_schedule_requests::submit(request.service(), request.ctx(), wanted).await?;
    request.created(&id.to_string()).await
}

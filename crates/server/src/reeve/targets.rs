//! `GET /targets`, `POST /targets/{name}/pause` and `…/resume` (L7)

use http::StatusCode;
use serde_json::{Map, Value as Json, json};
use service::targets::Lane;
use service::{faults, targets};

use super::{OwnRequest, Target, members};
use crate::error::Error;
use crate::reply::Reply;

/// The longest reason, in characters.
const LONGEST_REASON: usize = 1_000;

/// Lists the targets.
pub(super) async fn list(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let phases = targets::phases(request.service(), request.ctx()).await?;
    let switches = targets::switches(request.service()).await?;
    let faults = faults::of_targets(request.service()).await?;
    let lanes = (request.app().delivery().lanes)();
    let value: Vec<Json> = configured(request)
        .iter()
        .map(|target| {
            let grants: Map<String, Json> = phases
                .iter()
                .filter(|(name, ..)| *name == target.name)
                .map(|(_, phase, count)| (phase.clone(), json!(count)))
                .collect();
            let switch = switches.iter().find(|switch| switch.target == target.name);
            json!({
                "name": target.name,
                "kind": target.kind,
                "paused": switch.is_some_and(|switch| switch.paused),
                "reason": switch.and_then(|switch| switch.reason.clone()),
                "fault": faults
                    .iter()
                    .find(|(name, _)| *name == target.name)
                    .map(|(_, fault)| fault.to_string()),
                "switchedAt": switch.map(|switch| switch.changed_at.to_string()),
                "grants": grants,
                "lane": lanes.iter().find(|lane| lane.target == target.name).map(shown),
            })
        })
        .collect();
    Ok(Reply::json(StatusCode::OK, &json!({ "value": value })))
}

/// What this process knows of a target from speaking to it.
fn shown(lane: &Lane) -> Json {
    let failure = lane.last_failure.as_ref();
    json!({
        "state": lane.state.as_str(),
        "until": lane.until.map(|until| until.to_string()),
        "ratePerSecond": lane.rate,
        "learnedRatePerSecond": lane.learned_rate,
        "inFlight": lane.in_flight,
        "inFlightLimit": lane.in_flight_limit,
        "maxInFlight": lane.max_in_flight,
        "unansweredCalls": lane.unanswered,
        "lastFailure": failure.map(|(code, message, at)| json!({
            "code": code,
            "message": message,
            "dateTime": at.to_string(),
        })),
    })
}

/// Holds deliveries back.
pub(super) async fn pause(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    targets::may_switch(request.ctx())?;
    let body = request.json_or_empty()?;
    members::known(&body, "", &["reason"])?;
    let reason = members::text(&body, "reason", LONGEST_REASON)?;
    switch(request, true, reason).await
}

/// Lets deliveries go on.
pub(super) async fn resume(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    switch(request, false, None).await
}

async fn switch(
    request: &OwnRequest<'_>,
    paused: bool,
    reason: Option<String>,
) -> Result<Reply, Error> {
    targets::may_switch(request.ctx())?;
    let target = known(request, request.argument("name"))?;
    targets::pause(request.service(), request.ctx(), target, paused, reason).await?;
    Ok(Reply::no_content())
}

fn configured<'r>(request: &'r OwnRequest<'_>) -> &'r [Target] {
    &request.app().delivery().targets
}

/// The name of a configured target, in its own spelling.
pub(super) fn known<'r>(request: &'r OwnRequest<'_>, name: &str) -> Result<&'r str, Error> {
    configured(request)
        .iter()
        .map(|target| target.name.as_str())
        .find(|own| own.eq_ignore_ascii_case(name))
        .ok_or_else(|| Error::NotFound(format!("target `{name}` does not exist")))
}

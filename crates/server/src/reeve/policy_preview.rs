//! `GET` and `POST /policies/{id}/preview`, and `GET /policies/{id}/automatic`: what a rule would do, and how far it is.

use domain::id::{ObjectId, PolicyId};
use domain::policy::AutomaticSettings;
use domain::query::Value;
use domain::time::Duration;
use http::StatusCode;
use serde_json::{Map, Value as Json, json};
use service::automatic::preview::{self, Draft, Line, Listing, Outcome};
use service::automatic::status;

use super::OwnRequest;
use crate::error::Error;
use crate::reply::Reply;

/// What the policy as it is stored would do now.
pub(super) async fn stored(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    answer(request, Draft::default()).await
}

/// What the policy would do with another rule or other settings, before anybody saves them.
pub(super) async fn drafted(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let body = request.json_or_empty()?;
    for name in body.as_object().into_iter().flat_map(Map::keys) {
        if !["membershipRule", "automaticRequestSettings"].contains(&name.as_str()) {
            let message = format!(
                "`{name}` is not a member of a draft; expected membershipRule or automaticRequestSettings"
            );
            return Err(invalid(name, message));
        }
    }
    let rule = match body.get("membershipRule") {
        None | Some(Json::Null) => None,
        Some(Json::String(rule)) => Some(rule.clone()),
        Some(_) => {
            return Err(invalid(
                "membershipRule",
                "`membershipRule` must be a text".to_owned(),
            ));
        }
    };
    let settings = match body.get("automaticRequestSettings") {
        None | Some(Json::Null) => None,
        Some(settings) => Some(settings_of(settings)?),
    };
    answer(request, Draft { rule, settings }).await
}

/// How far the policy is.
pub(super) async fn progress(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let id: PolicyId = request.id("id")?;
    let top = usize::try_from(request.top()?).unwrap_or(usize::MAX);
    let after = position(request)?;
    let status = status::status(request.service(), request.ctx(), id, after, top).await?;
    let notes: Vec<Json> = status
        .notes
        .iter()
        .map(|note| {
            json!({
                "objectId": note.object_id.to_string(),
                "kind": note.kind.as_str(),
                "reason": note.reason,
                "sinceDateTime": note.noted_at.to_string(),
                "dueDateTime": note.due_at.map(|due| due.to_string()),
            })
        })
        .collect();
    let counts: Map<String, Json> = status
        .counts
        .iter()
        .map(|(kind, count)| (kind.as_str().to_owned(), json!(count)))
        .collect();
    let last = status.notes.last().map(|note| note.object_id);
    let mut body = json!({
        "policyId": id.to_string(),
        "status": status.activity.as_str(),
        "membershipRule": status.rule,
        "error": status.error,
        "lastEvaluatedDateTime": status.last_evaluated_at.map(|at| at.to_string()),
        "evaluatedUsers": status.looked_at,
        "pendingUsers": status.pending_users,
        "targets": status.targets,
        "maxTargets": status.most_targets,
        "counts": counts,
        "value": notes,
    });
    link(request, &mut body, last.filter(|_| status.has_more));
    Ok(Reply::json(StatusCode::OK, &body))
}

async fn answer(request: &OwnRequest<'_>, draft: Draft) -> Result<Reply, Error> {
    let id: PolicyId = request.id("id")?;
    let listing = Listing {
        outcome: outcome(request)?,
        after: position(request)?,
        top: usize::try_from(request.top()?).unwrap_or(usize::MAX),
    };
    let found = preview::preview(request.service(), request.ctx(), id, draft, listing).await?;
    let counts: Map<String, Json> = found
        .counts
        .iter()
        .map(|(outcome, count)| (outcome.as_str().to_owned(), json!(count)))
        .collect();
    let last = found.lines.last().map(|line| line.object_id);
    let mut body = json!({
        "policyId": id.to_string(),
        "counts": counts,
        "value": found.lines.iter().map(shown).collect::<Vec<Json>>(),
    });
    link(request, &mut body, last.filter(|_| found.has_more));
    Ok(Reply::json(StatusCode::OK, &body))
}

fn shown(line: &Line) -> Json {
    json!({
        "objectId": line.object_id.to_string(),
        "displayName": line.display_name,
        "userPrincipalName": line.user_principal_name,
        "outcome": line.outcome.as_str(),
        "reason": line.reason,
        "dateTime": line.at.map(|at| at.to_string()),
    })
}

/// Adds the way to the next page.
fn link(request: &OwnRequest<'_>, body: &mut Json, last: Option<ObjectId>) {
    if let (Some(last), Some(members)) = (last, body.as_object_mut()) {
        let link = request.next_link(&[Value::Text(last.to_string())]);
        members.insert("nextLink".to_owned(), json!(link));
    }
}

/// The user after whom the page begins.
fn position(request: &OwnRequest<'_>) -> Result<Option<ObjectId>, Error> {
    let Some(position) = request.after()? else {
        return Ok(None);
    };
    match position.as_slice() {
        [Value::Text(id)] if id.parse::<ObjectId>().is_ok() => Ok(id.parse().ok()),
        _ => Err(Error::bad_parameter(
            "after",
            "`after` is not from a `nextLink` of this address",
        )),
    }
}

fn outcome(request: &OwnRequest<'_>) -> Result<Option<Outcome>, Error> {
    let Some(name) = request.parameter("outcome") else {
        return Ok(None);
    };
    Outcome::from_name(name).map(Some).ok_or_else(|| {
        let known: Vec<&str> = Outcome::ALL.iter().map(|one| one.as_str()).collect();
        let message = format!("`outcome` must be one of {}", known.join(", "));
        Error::bad_parameter("outcome", message)
    })
}

fn settings_of(settings: &Json) -> Result<AutomaticSettings, Error> {
    const PATH: &str = "automaticRequestSettings";
    if !settings.is_object() {
        return Err(invalid(PATH, format!("`{PATH}` must be an object")));
    }
    let flag = |name: &str, absent: bool| match settings.get(name) {
        None | Some(Json::Null) => Ok(absent),
        Some(Json::Bool(flag)) => Ok(*flag),
        Some(_) => {
            let message = format!("`{PATH}/{name}` must be true or false");
            Err(invalid(&format!("{PATH}/{name}"), message))
        }
    };
    let grace = "gracePeriodBeforeAccessRemoval";
    let wrong = || {
        let message = format!("`{PATH}/{grace}` must be a duration forward such as `P7D`");
        invalid(&format!("{PATH}/{grace}"), message)
    };
    Ok(AutomaticSettings {
        adds: flag("requestAccessForAllowedTargets", false)?,
        removes: flag("removeAccessWhenTargetLeavesAllowedTargets", true)?,
        grace: match settings.get(grace) {
            None | Some(Json::Null) => None,
            Some(text) => {
                let read = text.as_str().and_then(|text| Duration::parse(text).ok());
                Some(
                    read.filter(|grace| *grace >= Duration::default())
                        .ok_or_else(wrong)?,
                )
            }
        },
    })
}

fn invalid(target: &str, message: String) -> Error {
    Error::InvalidModel {
        target: target.to_owned(),
        message,
    }
}

//! `GET /explain/approval`: who decides about a request, or would.

use http::StatusCode;
use serde_json::{Value as Json, json};
use service::explain::approval::{
    ByPolicy, ByStage, ByTier, Explanation, Named, Question, Whom, explain,
};

use super::{OwnRequest, id, needed_id, wrong};
use crate::error::Error;
use crate::reply::Reply;

/// Explains it.
pub(crate) async fn approval(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let principal = request.parameter("principal").map(str::to_owned);
    let question = match id(request, "request")? {
        Some(_) if principal.is_some() || request.parameter("accessPackage").is_some() => {
            let message = "name a request, or who would ask for which access package, not both";
            return Err(wrong("request", message));
        }
        Some(made) => Question::Request(made),
        None => Question::Imagined {
            principal,
            package: needed_id(request, "accessPackage")?,
        },
    };
    let explanation = explain(request.service(), request.ctx(), question).await?;
    Ok(Reply::json(StatusCode::OK, &shown(&explanation)))
}

fn shown(explanation: &Explanation) -> Json {
    json!({
        "requestId": explanation.request.map(|id| id.to_string()),
        "target": explanation.whom.as_ref().map(whom),
        "accessPackageId": explanation.package.to_string(),
        "approvals": explanation.approvals.iter().map(approval_by).collect::<Vec<Json>>(),
    })
}

fn whom(one: &Whom) -> Json {
    json!({
        "id": one.subject.to_string(),
        "objectId": one.object.map(|id| id.to_string()),
        "displayName": one.display_name,
        "email": one.email,
    })
}

fn approval_by(one: &ByPolicy) -> Json {
    json!({
        "policyId": one.policy.map(|id| id.to_string()),
        "policyName": one.display_name,
        "isApprovalNeeded": one.is_needed,
        "stages": one.stages.iter().map(stage).collect::<Vec<Json>>(),
    })
}

fn stage(one: &ByStage) -> Json {
    json!({
        "stage": one.number,
        "status": one.status.as_str(),
        "namedByExtensionId": one.named_by.map(|id| id.to_string()),
        "reviewResult": one.verdict.as_str(),
        "reviewedById": one.reviewed_by.map(|id| id.to_string()),
        "durationBeforeAutomaticDenial": one.lasts_for.to_string(),
        "dueDateTime": one.due_at.map(|at| at.to_string()),
        "durationBeforeEscalation": one.escalates_after.map(|after| after.to_string()),
        "escalationDateTime": one.escalates_at.map(|at| at.to_string()),
        "isEscalated": one.is_escalated,
        "asksSomebody": one.asks_somebody,
        "areNamesShown": one.people.is_some(),
        "people": one.people.as_ref().map(|people| names(people)),
        "hasMorePeople": one.has_more_people,
        "tiers": one.tiers.iter().map(tier).collect::<Vec<Json>>(),
    })
}

fn tier(one: &ByTier) -> Json {
    json!({
        "tier": one.tier.as_str(),
        "standsForSomebody": one.stands,
        "reason": one.reason,
        "principals": one.principals.as_ref().map(|all| names(all)),
    })
}

fn names(all: &[Named]) -> Vec<Json> {
    all.iter()
        .map(|one| {
            json!({
                "id": one.id.to_string(),
                "type": one.kind.map(domain::directory::ObjectKind::as_str),
                "displayName": one.display_name,
            })
        })
        .collect()
}

//! `GET /explain/request`: why somebody can ask for an access package, or cannot.

use domain::policy::Standing;
use http::StatusCode;
use serde_json::{Value as Json, json};
use service::explain::request::{ByPolicy, Explanation, Outcome, Question, Step, explain};

use super::{OwnRequest, needed_id};
use crate::error::Error;
use crate::reply::Reply;

/// Explains it.
pub(crate) async fn request(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let question = Question {
        principal: request.parameter("principal").map(str::to_owned),
        package: needed_id(request, "accessPackage")?,
    };
    let explanation = explain(request.service(), request.ctx(), question).await?;
    Ok(Reply::json(StatusCode::OK, &shown(&explanation)))
}

fn shown(explanation: &Explanation) -> Json {
    let failure = explanation
        .steps
        .iter()
        .find(|step| step.outcome == Outcome::Failed);
    let reason = match (explanation.is_allowed, failure) {
        (true, _) => "the user can ask for the access package",
        (false, Some(step)) => step.reason.as_deref().unwrap_or_default(),
        (false, None) => "no policy that the user could choose takes the request",
    };
    let needed = explanation
        .steps
        .iter()
        .filter(|step| step.outcome == Outcome::Needed);
    json!({
        "decision": if explanation.is_allowed { "allowed" } else { "denied" },
        "reason": reason,
        "code": explanation.first_failure().and_then(|step| step.code).map(service::error::Code::name),
        "principal": { "id": explanation.principal.to_string() },
        "accessPackage": {
            "id": explanation.package.to_string(),
            "displayName": explanation.display_name,
        },
        "policyId": explanation.policy.map(|policy| policy.to_string()),
        "needed": needed.map(step).collect::<Vec<Json>>(),
        "checks": explanation.steps.iter().map(step).collect::<Vec<Json>>(),
        "policies": explanation.policies.iter().map(policy).collect::<Vec<Json>>(),
    })
}

fn step(step: &Step) -> Json {
    json!({
        "check": step.check,
        "rule": step.rule,
        "outcome": match step.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Needed => "needed",
        },
        "code": step.code.map(service::error::Code::name),
        "target": step.target,
        "reason": step.reason,
    })
}

fn policy(one: &ByPolicy) -> Json {
    let (standing, reason) = match one.standing {
        Standing::Counts => (
            "counts",
            "the user is in its scope, and none is of a better rank",
        ),
        Standing::Outranked => ("outranked", "a policy of a better rank hides it"),
        Standing::OutOfScope => ("outOfScope", "the user is not in its scope"),
        Standing::NotRequestable => (
            "notRequestable",
            "users do not ask by it: it is automatic, for direct assignment only, or takes no requests",
        ),
    };
    json!({
        "id": one.policy.to_string(),
        "displayName": one.display_name,
        "allowedTargetScope": one.scope.as_str(),
        "rank": one.rank,
        "standing": standing,
        "reason": reason,
        "checks": one.steps.iter().map(step).collect::<Vec<Json>>(),
    })
}

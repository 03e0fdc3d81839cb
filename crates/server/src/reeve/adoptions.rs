//! `POST /adoptions`: gives the assignments that account for access which was there before.

use std::collections::BTreeMap;
use std::str::FromStr;

use http::StatusCode;
use serde_json::{Value as Json, json};
use service::ServiceError;
use service::adoptions::{self, Adoption, Fate, MOST, Person};

use super::OwnRequest;
use super::members::{self, invalid, set};
use crate::error::Error;
use crate::reply::Reply;

/// The longest justification, in characters.
const LONGEST_JUSTIFICATION: usize = 4_096;
const MEMBERS: &[&str] = &[
    "accessPackageId",
    "assignmentPolicyId",
    "dryRun",
    "top",
    "after",
    "justification",
];

/// Adopts people, or tells who would be.
pub(super) async fn create(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    adoptions::admitted(request.ctx())?;
    let body = request.json()?;
    let adoption = read(&body)?;
    let dry_run = adoption.dry_run;
    let report = adoptions::adopt(request.service(), request.ctx(), adoption).await?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for person in &report.people {
        *counts.entry(outcome(person)).or_default() += 1;
    }
    let value: Vec<Json> = report.people.iter().map(shown).collect();
    Ok(Reply::json(
        StatusCode::OK,
        &json!({
            "dryRun": dry_run,
            "observedDateTime": report.observed_at.to_string(),
            "roles": report.roles,
            "counts": counts,
            "value": value,
            "after": report.next.map(|id| id.to_string()),
        }),
    ))
}

fn read(body: &Json) -> Result<Adoption, Error> {
    members::known(body, "", MEMBERS)?;
    let limit = match set(body, "top") {
        None => MOST,
        Some(top) => top
            .as_i64()
            .filter(|top| (1..=MOST).contains(top))
            .ok_or_else(|| invalid("top", format!("`top` must be from 1 to {MOST}")))?,
    };
    let dry_run = match set(body, "dryRun") {
        None => false,
        Some(flag) => flag
            .as_bool()
            .ok_or_else(|| invalid("dryRun", "`dryRun` must be true or false"))?,
    };
    Ok(Adoption {
        access_package_id: id(body, "accessPackageId")?
            .ok_or_else(|| invalid("accessPackageId", "`accessPackageId` is missing"))?,
        assignment_policy_id: id(body, "assignmentPolicyId")?
            .ok_or_else(|| invalid("assignmentPolicyId", "`assignmentPolicyId` is missing"))?,
        dry_run,
        after: id(body, "after")?,
        limit,
        justification: members::text(body, "justification", LONGEST_JUSTIFICATION)?,
    })
}

fn id<T: FromStr>(body: &Json, name: &str) -> Result<Option<T>, Error> {
    let Some(value) = set(body, name) else {
        return Ok(None);
    };
    let id = value.as_str().and_then(|text| text.parse().ok());
    id.map(Some)
        .ok_or_else(|| invalid(name, format!("`{name}` must be a well-formed id")))
}

fn outcome(person: &Person) -> &'static str {
    match &person.fate {
        Ok(Fate::Adopted(_)) => "adopted",
        Ok(Fate::Assigned) => "assigned",
        Ok(Fate::Partial(_)) => "partial",
        Err(_) => "refused",
    }
}

fn shown(person: &Person) -> Json {
    let mut shown = json!({
        "objectId": person.object_id.to_string(),
        "outcome": outcome(person),
    });
    let detail = match &person.fate {
        Ok(Fate::Adopted(Some(request))) => Some(("requestId", json!(request.to_string()))),
        Ok(Fate::Partial(roles)) => Some(("roles", json!(roles))),
        Ok(Fate::Adopted(None) | Fate::Assigned) => None,
        Err(error) => Some(("error", refusal(error))),
    };
    if let (Some((name, value)), Some(members)) = (detail, shown.as_object_mut()) {
        members.insert(name.to_owned(), value);
    }
    shown
}

fn refusal(error: &ServiceError) -> Json {
    let code = error.code().map(service::Code::name);
    json!({ "code": code, "message": error.to_string() })
}

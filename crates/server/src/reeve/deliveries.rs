//! `GET /assignmentRequests/{id}/deliveries` (RP-37)

use domain::id::RequestId;
use domain::model;
use domain::query::{Expansion, Predicate, Query, Value};
use http::StatusCode;
use serde_json::{Value as Json, json};
use service::deliveries;

use super::OwnRequest;
use super::rows::{field, fields, object};
use crate::error::Error;
use crate::reply::Reply;

/// What is shown of a unit of work.
pub(super) const UNIT: &[&str] = &[
    "grant_id",
    "operation",
    "outcome",
    "kept",
    "attempts",
    "error_code",
    "error_message",
    "settled_at",
];

/// What is shown of the grant that it brings about.
pub(super) const GRANT: &[&str] = &[
    "origin_system",
    "resource_origin_id",
    "role_origin_id",
    "target",
    "phase",
    "observed",
    "attempts",
    "next_attempt_at",
    "error_code",
    "error_message",
    "error_at",
];

/// Lists the units of work of a request.
pub(super) async fn list(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let id: RequestId = request.id("id")?;
    let entity = &model::REQUEST_DELIVERY;
    let relation = entity
        .relation("ledger")
        .ok_or_else(|| Error::Internal("deliveries have no grant".into()))?;
    let grant = Query {
        fields: fields(relation.to, GRANT)?,
        ..Query::of(relation.to)
    };
    let query = Query {
        fields: fields(entity, UNIT)?,
        filter: Predicate::equals(field(entity, "request_id")?, Value::Text(id.to_string())),
        expand: vec![Expansion {
            relation,
            query: grant.clone(),
        }],
        ..Query::of(entity)
    };
    let page = deliveries::of_request(request.service(), request.ctx(), id, query.clone()).await?;
    let units: Vec<Json> = page
        .rows
        .iter()
        .map(|row| {
            let mut unit = object(&query.fields, row);
            let found = row.expanded.first().and_then(|rows| rows.first());
            let grant = found.map(|row| object(&grant.fields, row));
            unit.insert("grant".to_owned(), json!(grant));
            Json::Object(unit)
        })
        .collect();
    Ok(Reply::json(StatusCode::OK, &json!({ "value": units })))
}

//! `GET /ledger` and `GET /drift`

use domain::model;
use domain::query::{
    Entity, Expansion, Field, Page, Path, Predicate, Query, Record, Relation, Value,
};
use http::StatusCode;
use serde_json::{Map, Value as Json, json};
use service::overview::drift::{Kind, of_kind};
use service::reads;

use super::OwnRequest;
use super::csv;
use super::rows::{field, fields, object};
use crate::error::Error;
use crate::reply::Reply;

/// What is shown of a grant.
pub(super) const GRANT: &[&str] = &[
    "id",
    "origin_system",
    "resource_origin_id",
    "role_origin_id",
    "scope_origin_id",
    "target",
    "desired",
    "observed",
    "observed_at",
    "observed_by",
    "preexisting",
    "phase",
    "operation",
    "attempts",
    "next_attempt_at",
    "error_code",
    "error_message",
    "error_at",
    "created_at",
];

/// What is shown of whose grant it is.
pub(super) const SUBJECT: &[&str] = &["id", "object_id", "display_name", "principal_name"];

/// What is shown of the assignments that justify it.
pub(super) const ASSIGNMENT: &[&str] = &["id", "access_package_id", "state"];

/// What a line of the report as CSV tells, by name and by place in the grant.
const CSV: &[(&str, &str)] = &[
    ("id", "/id"),
    ("target", "/target"),
    ("originSystem", "/originSystem"),
    ("resourceOriginId", "/resourceOriginId"),
    ("roleOriginId", "/roleOriginId"),
    ("subjectObjectId", "/subject/objectId"),
    ("subjectDisplayName", "/subject/displayName"),
    ("desired", "/desired"),
    ("observed", "/observed"),
    ("observedAt", "/observedAt"),
    ("observedBy", "/observedBy"),
];

const PHASES: &[&str] = &["settled", "pending", "leased", "needsAttention"];

/// Lists grants.
pub(super) async fn list(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let filter = filter(request)?;
    let (entity, filter) = match request.parameter("drifted") {
        None => (&model::LEDGER, filter),
        Some("true") => (&model::DRIFTED_GRANT, filter),
        Some("false") => (&model::LEDGER, filter.and(not_drifted()?)),
        Some(_) => {
            let message = "`drifted` must be true or false";
            return Err(Error::bad_parameter("drifted", message));
        }
    };
    let (page, query) = read(request, entity, filter).await?;
    let grants = grants(&query, &page);
    Ok(Reply::json(StatusCode::OK, &paged(request, &page, grants)))
}

/// Counts and lists what has drifted (L8).
pub(super) async fn drift(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let asked = filter(request)?;
    let kind = match request.parameter("kind") {
        None => Predicate::True,
        Some("missing") => of_kind(Kind::Missing)?,
        Some("unwanted") => of_kind(Kind::Unwanted)?,
        Some(_) => {
            let message = "`kind` must be missing or unwanted";
            return Err(Error::bad_parameter("kind", message));
        }
    };
    let as_csv = csv::is_wanted(request)?;
    let entity = &model::DRIFTED_GRANT;
    let (page, query) = read(request, entity, asked.clone().and(kind)).await?;
    let grants = grants(&query, &page);
    if as_csv {
        let next = page.next.as_ref();
        let next = next.map(|position| request.next_link(position));
        return Ok(csv::reply(CSV, &grants, next));
    }
    let missing = count(request, asked.clone().and(of_kind(Kind::Missing)?)).await?;
    let unwanted = count(request, asked.and(of_kind(Kind::Unwanted)?)).await?;
    let mut document = paged(request, &page, grants);
    if let Some(members) = document.as_object_mut() {
        let summary = json!({
            "total": missing.saturating_add(unwanted),
            "missing": missing,
            "unwanted": unwanted,
        });
        members.insert("summary".to_owned(), summary);
    }
    Ok(Reply::json(StatusCode::OK, &document))
}

async fn read(
    request: &OwnRequest<'_>,
    entity: &'static Entity,
    filter: Predicate,
) -> Result<(Page, Query), Error> {
    let expand = |name: &str, names: &[&str]| -> Result<Expansion, Error> {
        let relation = relation(name)?;
        let query = Query {
            fields: fields(relation.to, names)?,
            ..Query::of(relation.to)
        };
        Ok(Expansion { relation, query })
    };
    let query = Query {
        fields: fields(entity, GRANT)?,
        filter,
        after: request.after()?,
        limit: Some(request.top()?),
        expand: vec![
            expand("subject", SUBJECT)?,
            expand("assignments", ASSIGNMENT)?,
        ],
        ..Query::of(entity)
    };
    if let Some(after) = &query.after
        && after.len() != domain::evaluate::order(&query).len()
    {
        return Err(Error::bad_parameter(
            "after",
            "the token belongs to another list",
        ));
    }
    let page = reads::list(request.service(), request.ctx(), query.clone()).await?;
    Ok((page, query))
}

async fn count(request: &OwnRequest<'_>, filter: Predicate) -> Result<i64, Error> {
    let query = Query {
        filter,
        limit: Some(1),
        count: true,
        ..Query::of(&model::DRIFTED_GRANT)
    };
    let page = reads::list(request.service(), request.ctx(), query).await?;
    Ok(page.count.unwrap_or_default())
}

fn grants(query: &Query, page: &Page) -> Vec<Json> {
    page.rows.iter().map(|row| grant(query, row)).collect()
}

fn grant(query: &Query, row: &Record) -> Json {
    let mut grant = object(&query.fields, row);
    let related = |index: usize| -> Vec<Map<String, Json>> {
        let fields = query
            .expand
            .get(index)
            .map(|one| one.query.fields.as_slice());
        let rows = row
            .expanded
            .get(index)
            .map(Vec::as_slice)
            .unwrap_or_default();
        rows.iter()
            .map(|row| object(fields.unwrap_or_default(), row))
            .collect()
    };
    grant.insert("subject".to_owned(), json!(related(0).into_iter().next()));
    grant.insert("assignments".to_owned(), json!(related(1)));
    Json::Object(grant)
}

fn paged(request: &OwnRequest<'_>, page: &Page, rows: Vec<Json>) -> Json {
    let mut document = Map::new();
    document.insert("value".to_owned(), Json::Array(rows));
    if let Some(position) = &page.next {
        document.insert("nextLink".to_owned(), json!(request.next_link(position)));
    }
    Json::Object(document)
}

/// The condition that the parameters name.
fn filter(request: &OwnRequest<'_>) -> Result<Predicate, Error> {
    let entity = &model::LEDGER;
    let mut filter = Predicate::True;
    if let Some(subject) = request.parameter("subject") {
        let own = equals(field(entity, "subject_id")?, subject);
        let directory = exists("subject", "object_id", subject)?;
        filter = filter.and(own.or(directory));
    }
    if let Some(assignment) = request.parameter("assignment") {
        filter = filter.and(exists("assignments", "id", assignment)?);
    }
    if let Some(delivered) = request.parameter("request") {
        filter = filter.and(exists("deliveries", "request_id", delivered)?);
    }
    if let Some(target) = request.parameter("target") {
        filter = filter.and(Predicate::equals(
            field(entity, "target")?,
            Value::Text(target.to_owned()),
        ));
    }
    if let Some(resource) = request.parameter("resource") {
        filter = filter.and(equals(field(entity, "resource_origin_id")?, resource));
    }
    if let Some(phase) = request.parameter("phase") {
        let known = PHASES
            .iter()
            .find(|known| known.eq_ignore_ascii_case(phase));
        let known = known.ok_or_else(|| {
            let message = format!("`phase` must be one of {}", PHASES.join(", "));
            Error::bad_parameter("phase", message)
        })?;
        filter = filter.and(equals(field(entity, "phase")?, known));
    }
    Ok(filter)
}

fn not_drifted() -> Result<Predicate, Error> {
    let drifted = Predicate::Exists {
        hops: vec![relation("drifted")?],
        inner: Box::new(Predicate::True),
    };
    Ok(Predicate::Not(Box::new(drifted)))
}

fn equals(field: &'static Field, text: &str) -> Predicate {
    // Ids are stored in lower case; words are compared as they are stored.
    let text = match field.kind {
        domain::query::Kind::Id => text.to_ascii_lowercase(),
        _ => text.to_owned(),
    };
    Predicate::Compare {
        path: Path::of(field),
        comparison: domain::query::Comparison::Eq,
        value: Value::Text(text),
    }
}

/// The grant has a related row with this value.
fn exists(name: &str, column: &str, text: &str) -> Result<Predicate, Error> {
    let relation = relation(name)?;
    Ok(Predicate::Exists {
        hops: vec![relation],
        inner: Box::new(equals(field(relation.to, column)?, text)),
    })
}

fn relation(name: &str) -> Result<&'static Relation, Error> {
    model::LEDGER
        .relation(name)
        .ok_or_else(|| Error::Internal(format!("the ledger has no relation `{name}`").into()))
}

/// Tries a grant again that needs attention.
pub(super) async fn retry(request: &OwnRequest<'_>) -> Result<Reply, Error> {
    let grant = request.id("id")?;
    service::deliveries::retry(request.service(), request.ctx(), grant).await?;
    Ok(Reply::no_content())
}

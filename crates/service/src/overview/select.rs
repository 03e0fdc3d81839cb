//! Which requests or assignments somebody wants to see or to reprocess: what they typed as a condition, and as the text of a
//! filter.
//!
//! Names are looked up first, so that a list of a million rows is narrowed by ids.

use domain::model;
use domain::query::{Comparison, Entity, Predicate, Query, TextMatch, Value};
use domain::reprocess_job::Collection;
use domain::time::Timestamp;
use store::ReadTx;

use crate::ctx::{Ctx, Service};
use crate::error::{Code, ServiceError};
use crate::mine::rows::{Row, equals, is_one_of, query};
use crate::reads::{self, scope};
use crate::reprocess_jobs::Selection;

/// Most people or packages that a name may stand for.
const MOST_NAMED: usize = 200;

/// What somebody typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// A state, in the spelling of the wire.
    pub state: Option<String>,
    /// A package, by its id or a part of its name.
    pub package: Option<String>,
    /// A person, by a part of their name or of what they sign in with.
    pub person: Option<String>,
    /// Made at this time or later.
    pub from: Option<Timestamp>,
    /// Made before this time.
    pub before: Option<Timestamp>,
}

/// The entity of a collection.
pub(super) const fn entity(collection: Collection) -> &'static Entity {
    match collection {
        Collection::Assignments => &model::ASSIGNMENT,
        Collection::AssignmentRequests => &model::ASSIGNMENT_REQUEST,
    }
}

/// What was typed, as the selection of a job.
pub async fn select(
    service: &Service,
    ctx: &Ctx,
    collection: Collection,
    filter: &Filter,
) -> Result<Selection, ServiceError> {
    let (condition, text) = condition(service, ctx, collection, filter).await?;
    Ok(Selection::Filter(text, condition))
}

/// What was typed, as a condition and as the text of a filter.
pub(super) async fn condition(
    service: &Service,
    ctx: &Ctx,
    collection: Collection,
    filter: &Filter,
) -> Result<(Predicate, String), ServiceError> {
    let entity = entity(collection);
    let mut condition = Predicate::True;
    let mut texts = Vec::new();
    if let Some(state) = &filter.state {
        condition = condition.and(equals(entity, &[], "state", state)?);
        texts.push(format!("state eq '{state}'"));
    }
    if let Some(name) = &filter.package {
        let ids = packages(service, ctx, name).await?;
        condition = condition.and(any_of(entity, "access_package_id", &ids)?);
        texts.push(any_of_text("accessPackage/id", &ids));
    }
    if let Some(name) = &filter.person {
        let ids = people(service, name).await?;
        condition = condition.and(any_of(entity, "target_id", &ids)?);
        texts.push(any_of_text("target/id", &ids));
    }
    for (at, comparison, word) in [
        (filter.from, Comparison::Ge, "ge"),
        (filter.before, Comparison::Lt, "lt"),
    ] {
        let Some(at) = at else { continue };
        condition = condition.and(Predicate::Compare {
            path: scope::path(entity, &[], "created_at")?,
            comparison,
            value: Value::Int(at.micros()),
        });
        texts.push(format!("createdDateTime {word} {at}"));
    }
    if texts.is_empty() {
        texts.push("id ne null".to_owned());
    }
    Ok((condition, texts.join(" and ")))
}

/// One of these ids; a single one as it would be typed in a filter.
fn any_of(entity: &'static Entity, field: &str, ids: &[String]) -> Result<Predicate, ServiceError> {
    match ids {
        [] => Ok(Predicate::False),
        [id] => equals(entity, &[], field, id),
        ids => is_one_of(entity, &[], field, ids.iter().cloned()),
    }
}

fn any_of_text(property: &str, ids: &[String]) -> String {
    match ids {
        [] => "false".to_owned(),
        [id] => format!("{property} eq '{id}'"),
        ids => format!("{property} in ('{}')", ids.join("','")),
    }
}

fn contains(entity: &'static Entity, field: &str, text: &str) -> Result<Predicate, ServiceError> {
    Ok(Predicate::Text {
        path: scope::path(entity, &[], field)?,
        matching: TextMatch::Contains,
        text: text.to_owned(),
    })
}

/// The packages of a name, among those that the caller may see.
async fn packages(service: &Service, ctx: &Ctx, name: &str) -> Result<Vec<String>, ServiceError> {
    if let Ok(id) = uuid::Uuid::try_parse(name) {
        return Ok(vec![id.hyphenated().to_string()]);
    }
    let entity = &model::ACCESS_PACKAGE;
    let wanted = some(entity, contains(entity, "display_name", name)?)?;
    let found = reads::list(service, ctx, wanted.clone()).await?;
    ids("package", &wanted, &found.rows)
}

/// The people of a name. Who they are is not told: rows about them are shown to whoever may see these rows.
async fn people(service: &Service, name: &str) -> Result<Vec<String>, ServiceError> {
    let entity = &model::SUBJECT;
    let condition =
        contains(entity, "display_name", name)?.or(contains(entity, "principal_name", name)?);
    let wanted = some(entity, condition)?;
    let asked = wanted.clone();
    let found = service
        .store
        .read(move |tx: &mut ReadTx<'_>| store::list::list(tx, &asked))
        .await?;
    ids("person", &wanted, &found.rows)
}

fn some(entity: &'static Entity, filter: Predicate) -> Result<Query, ServiceError> {
    let mut wanted = query(entity, &["id"])?;
    wanted.filter = filter;
    wanted.limit = Some(MOST_NAMED as u64 + 1);
    Ok(wanted)
}

fn ids(
    what: &str,
    wanted: &Query,
    rows: &[domain::query::Record],
) -> Result<Vec<String>, ServiceError> {
    if rows.len() > MOST_NAMED {
        return Err(ServiceError::invalid(
            Code::InvalidModel,
            what,
            format!("more than {MOST_NAMED} have such a name; write more of it"),
        ));
    }
    let ids = rows.iter().map(|row| Row::new(wanted, row).string("id"));
    Ok(ids.collect())
}

//! Who has what, and why: assignments with each of their grants, and the request by which they came; the other way round, a
//! resource with everybody who has a role of it.
//!
//! **Invariant:** rows, and what is said about them, go through the reads of the API. What says which rows come next is
//! narrowed by the same catalogs.

use std::collections::HashMap;

use auth::decide::Catalogs;
use auth::roles::Action;
use domain::assignment::State;
use domain::assignment_request::RequestType;
use domain::id::{AssignmentId, CatalogId, GrantId, RequestId, ResourceId};
use domain::model;
use domain::query::{Predicate, Query, TextMatch};
use domain::reprocess_job::Collection;
use domain::time::Timestamp;
use store::report::{self, Behind, Span};

use super::select::condition;
use super::{ByName, Filter, Part, Place};
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::mine::held::{self, Role};
use crate::mine::rows::{Row, equals, is_one_of, query, with, with_fields};
use crate::reads::{self, scope};

/// How somebody came by an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The request.
    pub request: RequestId,
    /// By whom it was sent: the person, an administrator, a rule.
    pub request_type: RequestType,
    /// Who asked.
    pub requestor: String,
    /// When.
    pub asked_at: Option<Timestamp>,
    /// Who approved, as far as the reader may know; without a name where they may not.
    pub approved_by: Vec<Option<String>>,
}

/// A role that an assignment gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The role, and how it stands.
    pub role: Role,
    /// The target.
    pub target: String,
}

/// An assignment, what it gives, and why it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: AssignmentId,
    /// Whose it is.
    pub subject: String,
    /// What they sign in with.
    pub principal_name: String,
    /// The package's name.
    pub package: String,
    /// The policy's name.
    pub policy: String,
    /// Where it stands.
    pub state: State,
    /// From when on.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub ends_at: Option<Timestamp>,
    /// The request by which it came; none, if that is not kept any more.
    pub why: Option<Why>,
    /// What it gives.
    pub gives: Vec<Given>,
}

/// Assignments that satisfy the filter, the newest first, behind a place; without a state those that are not over.
pub async fn by_person(
    service: &Service,
    ctx: &Ctx,
    filter: &Filter,
    after: Option<Place>,
    limit: u64,
) -> Result<Part<Line>, ServiceError> {
    authorize::admitted(ctx, Action::ReadRequests)?;
    let entity = &model::ASSIGNMENT;
    let (narrowed, _) = condition(service, ctx, Collection::Assignments, filter).await?;
    let mut wanted = lines()?;
    wanted.filter = if filter.state.is_some() {
        narrowed
    } else {
        let over = equals(entity, &[], "state", State::Expired.as_str())?;
        narrowed.and(Predicate::Not(Box::new(over)))
    };
    wanted.after = after.map(Place::values);
    wanted.limit = Some(limit);
    let found = reads::list(service, ctx, wanted.clone()).await?;
    Ok(Part {
        rows: found
            .rows
            .iter()
            .map(|record| line(Row::new(&wanted, record)))
            .collect::<Result<_, _>>()?,
        next: found.next.as_deref().and_then(Place::of),
    })
}

/// Assignments that end within a time, the first to end first.
pub async fn ending(
    service: &Service,
    ctx: &Ctx,
    (from, until): (Timestamp, Timestamp),
    after: Option<Place>,
    limit: u64,
) -> Result<Part<Line>, ServiceError> {
    let catalogs = catalogs(ctx)?;
    let (from, behind) = match after {
        None => (from, None),
        Some(place) => {
            let id: AssignmentId = place.id.parse().map_err(|_| unreadable())?;
            (Timestamp::from_micros(place.at), Some(id))
        }
    };
    let span = Span { from, until };
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut found = service
        .store
        .read(move |tx| report::ending(tx, span, behind, catalogs.as_deref(), most))
        .await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|(id, at)| Place {
        at: at.micros(),
        id: id.to_string(),
    });
    let mut wanted = lines()?;
    let ids = found.iter().map(|(id, _)| id.to_string());
    wanted.filter = is_one_of(&model::ASSIGNMENT, &[], "id", ids)?;
    let told = reads::list(service, ctx, wanted.clone()).await?;
    let mut rows = Vec::new();
    for record in &told.rows {
        rows.push(line(Row::new(&wanted, record))?);
    }
    rows.sort_by_key(|line: &Line| (line.ends_at, line.id.to_string()));
    Ok(Part { rows, next })
}

/// How many assignments end between each of these instants and the next, counted up to `most` for each.
pub async fn endings(
    service: &Service,
    ctx: &Ctx,
    instants: Vec<Timestamp>,
    most: i64,
) -> Result<Vec<i64>, ServiceError> {
    let catalogs = catalogs(ctx)?;
    let counted = service
        .store
        .read(move |tx| -> Result<Vec<i64>, store::Error> {
            let pairs = instants.iter().zip(instants.iter().skip(1));
            pairs
                .map(|(from, until)| {
                    let span = Span {
                        from: *from,
                        until: *until,
                    };
                    report::count_ending(tx, span, catalogs.as_deref(), most)
                })
                .collect()
        })
        .await?;
    Ok(counted)
}

/// A resource of a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its id.
    pub id: ResourceId,
    /// Its name.
    pub name: String,
    /// The name of its catalog.
    pub catalog: String,
    /// The kind of what it is.
    pub origin_system: String,
    /// Its id there.
    pub origin_id: String,
}

/// Resources by their names, of which these letters are a part, behind one of them.
pub async fn resources(
    service: &Service,
    ctx: &Ctx,
    text: &str,
    after: Option<ByName>,
    limit: u64,
) -> Result<(Vec<Resource>, Option<ByName>), ServiceError> {
    authorize::admitted(ctx, Action::ReadRequests)?;
    let entity = &model::RESOURCE;
    let mut wanted = resource_fields()?;
    if !text.is_empty() {
        wanted.filter = Predicate::Text {
            path: scope::path(entity, &[], "display_name")?,
            matching: TextMatch::Contains,
            text: text.to_owned(),
        };
    }
    wanted.after = after.map(ByName::values);
    wanted.limit = Some(limit);
    let found = reads::list(service, ctx, wanted.clone()).await?;
    let rows = found
        .rows
        .iter()
        .map(|record| resource_of(Row::new(&wanted, record)))
        .collect::<Result<_, _>>()?;
    Ok((rows, found.next.as_deref().and_then(ByName::of)))
}

/// One resource.
pub async fn resource(
    service: &Service,
    ctx: &Ctx,
    id: ResourceId,
) -> Result<Resource, ServiceError> {
    authorize::admitted(ctx, Action::ReadRequests)?;
    let mut wanted = resource_fields()?;
    wanted.filter = equals(&model::RESOURCE, &[], "id", id.to_string())?;
    wanted.limit = Some(1);
    let found = reads::list(service, ctx, wanted.clone()).await?;
    let record = found.rows.first();
    let record = record.ok_or_else(|| ServiceError::not_found("resource", id))?;
    resource_of(Row::new(&wanted, record))
}

fn resource_fields() -> Result<Query, ServiceError> {
    let fields = ["id", "display_name", "origin_system", "origin_id"];
    with_fields(
        query(&model::RESOURCE, &fields)?,
        "catalog",
        &["display_name"],
    )
}

fn resource_of(row: Row<'_>) -> Result<Resource, ServiceError> {
    Ok(Resource {
        id: row.parsed("id")?,
        name: row.string("display_name"),
        catalog: row.of("catalog", "display_name").unwrap_or_default(),
        origin_system: row.string("origin_system"),
        origin_id: row.string("origin_id"),
    })
}

/// Somebody with a role of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The grant.
    pub grant: GrantId,
    /// Who.
    pub subject: String,
    /// What they sign in with.
    pub principal_name: String,
    /// The role, and how it stands.
    pub given: Given,
    /// The assignments behind it: none, where it is there and nothing wants it any more.
    pub behind: Vec<Line>,
}

/// Who has a role of a resource, or is to have it, role by role; behind a grant.
pub async fn holders(
    service: &Service,
    ctx: &Ctx,
    resource: &Resource,
    after: Option<GrantId>,
    limit: u64,
) -> Result<(Vec<Holder>, Option<GrantId>), ServiceError> {
    let catalogs = catalogs(ctx)?;
    let origin = (resource.origin_system.clone(), resource.origin_id.clone());
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut found = service
        .store
        .read(move |tx| -> Result<Vec<GrantId>, ServiceError> {
            let behind = match after {
                None => Behind::default(),
                Some(grant) => {
                    let entry = store::ledger::entry::find(tx, grant)?;
                    let entry = entry.ok_or_else(|| ServiceError::not_found("grant", grant))?;
                    Behind {
                        role: entry.role_origin_id,
                        scope: entry.scope_origin_id,
                        subject: entry.subject_id.to_string(),
                    }
                }
            };
            let origin = (origin.0.as_str(), origin.1.as_str());
            Ok(report::grants(
                tx,
                origin,
                &behind,
                catalogs.as_deref(),
                most,
            )?)
        })
        .await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().copied().filter(|_| has_more);
    let wanted = grants_of(&found)?;
    let told = reads::list(service, ctx, wanted.clone()).await?;
    let mut holders = HashMap::new();
    for record in &told.rows {
        let holder = holder(Row::new(&wanted, record))?;
        holders.insert(holder.grant, holder);
    }
    let rows = found.iter().filter_map(|id| holders.remove(id)).collect();
    Ok((rows, next))
}

/// The catalogs whose requests the caller may read, if it is not all of them.
fn catalogs(ctx: &Ctx) -> Result<Option<Vec<CatalogId>>, ServiceError> {
    authorize::admitted(ctx, Action::ReadRequests)?;
    match authorize::catalogs(ctx, Action::ReadRequests) {
        Catalogs::All => Ok(None),
        Catalogs::Some(catalogs) => Ok(Some(catalogs.into_iter().collect())),
        Catalogs::None(refusal) => Err(authorize::denied(&refusal)),
    }
}

/// What is read of an assignment but its grants.
fn assignments() -> Result<Query, ServiceError> {
    let fields = ["id", "state", "starts_at", "ends_at"];
    let wanted = query(&model::ASSIGNMENT, &fields)?;
    let wanted = with_fields(wanted, "access_package", &["display_name"])?;
    let wanted = with_fields(wanted, "assignment_policy", &["display_name"])?;
    let wanted = with_fields(wanted, "target", &["display_name", "principal_name"])?;
    let entity = &model::ASSIGNMENT_REQUEST;
    let requests = query(entity, &["id", "request_type", "created_at"])?;
    let requests = with_fields(requests, "requestor", &["display_name"])?;
    let stages = ["review_result", "reviewed_by_name"];
    let mut requests = with_fields(requests, "stages", &stages)?;
    let adds = [
        RequestType::UserAdd,
        RequestType::AdminAdd,
        RequestType::SystemAdd,
    ];
    let adds = adds.map(|kind| kind.as_str().to_owned());
    requests.filter = is_one_of(entity, &[], "request_type", adds)?;
    with(wanted, "assignment_requests", requests)
}

/// The same with the grants.
fn lines() -> Result<Query, ServiceError> {
    let grants = with(grants()?, "links", held::links()?)?;
    with(assignments()?, "assignment_resource_roles", grants)
}

fn grants() -> Result<Query, ServiceError> {
    let mut grants = held::grants()?;
    let target = scope::path(&model::LEDGER, &[], "target")?;
    grants.fields.push(target.field);
    Ok(grants)
}

fn grants_of(ids: &[GrantId]) -> Result<Query, ServiceError> {
    let wanted = with(grants()?, "links", held::links()?)?;
    let wanted = with_fields(wanted, "subject", &["display_name", "principal_name"])?;
    let mut wanted = with(wanted, "assignments", assignments()?)?;
    let ids = ids.iter().map(ToString::to_string);
    wanted.filter = is_one_of(&model::LEDGER, &[], "id", ids)?;
    Ok(wanted)
}

fn holder(row: Row<'_>) -> Result<Holder, ServiceError> {
    let link = row.one("links");
    let role = match link {
        Some(link) => held::role(row, link)?,
        None => held::nameless(row)?,
    };
    Ok(Holder {
        grant: row.parsed("id")?,
        subject: row.of("subject", "display_name").unwrap_or_default(),
        principal_name: row.of("subject", "principal_name").unwrap_or_default(),
        given: Given {
            role,
            target: row.string("target"),
        },
        behind: row
            .many("assignments")
            .map(line)
            .collect::<Result<_, _>>()?,
    })
}

fn line(row: Row<'_>) -> Result<Line, ServiceError> {
    let state = State::from_name(row.text("state").unwrap_or_default());
    let id = row.string("id");
    let mut gives = Vec::new();
    for grant in row.many("assignment_resource_roles") {
        let own = grant
            .many("links")
            .find(|link| link.text("assignment_id") == Some(id.as_str()));
        let role = match own {
            Some(link) => held::role(grant, link)?,
            None => held::nameless(grant)?,
        };
        gives.push(Given {
            role,
            target: grant.string("target"),
        });
    }
    gives.sort_by(|one, other| {
        let key = |given: &Given| (given.role.resource.clone(), given.role.role.clone());
        key(one).cmp(&key(other))
    });
    let name = |relation: &str, field: &str| row.of(relation, field).unwrap_or_default();
    Ok(Line {
        id: row.parsed("id")?,
        subject: name("target", "display_name"),
        principal_name: name("target", "principal_name"),
        package: name("access_package", "display_name"),
        policy: name("assignment_policy", "display_name"),
        state: state.ok_or_else(unreadable)?,
        starts_at: row.instant("starts_at"),
        ends_at: row.instant("ends_at"),
        why: row.one("assignment_requests").map(why).transpose()?,
        gives,
    })
}

fn why(row: Row<'_>) -> Result<Why, ServiceError> {
    let request_type = RequestType::from_name(row.text("request_type").unwrap_or_default());
    let approved = row.many("stages").filter(|stage| {
        let verdict = stage.text("review_result").unwrap_or_default();
        ["approve", "approved"].contains(&verdict.to_ascii_lowercase().as_str())
    });
    Ok(Why {
        request: row.parsed("id")?,
        request_type: request_type.ok_or_else(unreadable)?,
        requestor: row.of("requestor", "display_name").unwrap_or_default(),
        asked_at: row.instant("created_at"),
        approved_by: approved
            .map(|stage| stage.owned("reviewed_by_name"))
            .collect(),
    })
}

fn unreadable() -> ServiceError {
    ServiceError::Internal("a row of a report that cannot be read".into())
}

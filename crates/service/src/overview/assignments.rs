//! Assignments of everybody, as far as the caller's roles show them; and one of them with each of its grants and all that
//! was asked about it.

use domain::assignment::State;
use domain::id::{AccessPackageId, AssignmentId, ObjectId};
use domain::model;
use domain::query::{Predicate, Query};
use domain::reprocess_job::Collection;
use domain::time::Timestamp;
use store::ReadTx;

use super::select::condition;
use super::{Filter, PAGE, Part, Place};
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::mine::held::{self, Role};
use crate::mine::requests::{Line as Request, line as request, lines as requests};
use crate::mine::rows::{Row, equals, query, with, with_fields};
use crate::reads::{self, scope};

/// An assignment as a line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: AssignmentId,
    /// Of which package.
    pub package: AccessPackageId,
    /// The package's name.
    pub package_name: String,
    /// The name of the policy that it was given by.
    pub policy_name: String,
    /// Whose it is.
    pub target: Option<ObjectId>,
    /// Their name.
    pub target_name: String,
    /// Where it stands.
    pub state: State,
    /// From when on.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub ends_at: Option<Timestamp>,
    /// When it ended.
    pub expired_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

/// An assignment with all that can be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// What a list says of it.
    pub line: Line,
    /// Its grants, each with how it stands.
    pub roles: Vec<Role>,
    /// The last requests about it, the newest first.
    pub requests: Vec<Request>,
}

/// Most requests that are shown beside an assignment.
const MOST_REQUESTS: u64 = 50;

/// Assignments that satisfy the filter, the newest first, behind a place.
pub async fn list(
    service: &Service,
    ctx: &Ctx,
    filter: &Filter,
    after: Option<Place>,
) -> Result<Part<Line>, ServiceError> {
    crate::authorize::admitted(ctx, auth::roles::Action::ReadRequests)?;
    let (narrowed, _) = condition(service, ctx, Collection::Assignments, filter).await?;
    let mut wanted = lines()?;
    wanted.filter = narrowed;
    wanted.after = after.map(Place::values);
    wanted.limit = Some(PAGE);
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

/// One assignment that the caller's roles show.
pub async fn get(
    service: &Service,
    ctx: &Ctx,
    id: AssignmentId,
) -> Result<Assignment, ServiceError> {
    crate::authorize::admitted(ctx, auth::roles::Action::ReadRequests)?;
    let mut wanted = lines()?;
    let by_id = equals(&model::ASSIGNMENT, &[], "id", id.to_string())?;
    wanted.filter = by_id.and(seen_by(service, ctx, &model::ASSIGNMENT).await?);
    wanted.limit = Some(1);
    let mut asked = requests(&[])?;
    let about = equals(
        &model::ASSIGNMENT_REQUEST,
        &[],
        "assignment_id",
        id.to_string(),
    )?;
    asked.filter = about.and(seen_by(service, ctx, &model::ASSIGNMENT_REQUEST).await?);
    asked.limit = Some(MOST_REQUESTS);
    service
        .store
        .read(move |tx| -> Result<Assignment, ServiceError> {
            let record = store::list::first(tx, &wanted)?;
            let record = record.ok_or_else(|| ServiceError::not_found("assignment", id))?;
            let told = store::list::list(tx, &asked)?.rows;
            Ok(Assignment {
                line: line(Row::new(&wanted, &record))?,
                roles: roles(tx, id)?,
                requests: told
                    .iter()
                    .map(|record| request(Row::new(&asked, record)))
                    .collect::<Result<_, _>>()?,
            })
        })
        .await
}

/// What the caller's roles show of an entity. The strict rule of lists, which is about many packages, does not matter for
/// what one key names.
async fn seen_by(
    service: &Service,
    ctx: &Ctx,
    entity: &'static domain::query::Entity,
) -> Result<Predicate, ServiceError> {
    let ctx = ctx.clone();
    service
        .store
        .read(move |tx| -> Result<Predicate, ServiceError> {
            let me = scope::Me::of(tx, &ctx)?;
            Ok(scope::by_role(&ctx, &me, Query::of(entity))?.filter)
        })
        .await
}

fn lines() -> Result<Query, ServiceError> {
    let fields = [
        "id",
        "access_package_id",
        "state",
        "starts_at",
        "ends_at",
        "expired_at",
        "created_at",
    ];
    let wanted = query(&model::ASSIGNMENT, &fields)?;
    let wanted = with_fields(wanted, "access_package", &["display_name"])?;
    let wanted = with_fields(wanted, "assignment_policy", &["display_name"])?;
    with_fields(wanted, "target", &["display_name", "object_id"])
}

fn line(row: Row<'_>) -> Result<Line, ServiceError> {
    let state = State::from_name(row.text("state").unwrap_or_default())
        .ok_or_else(|| ServiceError::Internal("an assignment in no known state".into()))?;
    let target = row.one("target");
    Ok(Line {
        id: row.parsed("id")?,
        package: row.parsed("access_package_id")?,
        package_name: row.of("access_package", "display_name").unwrap_or_default(),
        policy_name: row
            .of("assignment_policy", "display_name")
            .unwrap_or_default(),
        target: target.and_then(|target| target.parsed("object_id").ok()),
        target_name: target
            .map(|target| target.string("display_name"))
            .unwrap_or_default(),
        state,
        starts_at: row.instant("starts_at"),
        ends_at: row.instant("ends_at"),
        expired_at: row.instant("expired_at"),
        created_at: row.instant("created_at"),
    })
}

/// The grants that the assignment justifies.
fn roles(tx: &mut ReadTx<'_>, id: AssignmentId) -> Result<Vec<Role>, ServiceError> {
    let mut links = held::links()?;
    links.filter = equals(&model::LEDGER_LINK, &[], "assignment_id", id.to_string())?;
    let mut grants = with(held::grants()?, "links", links)?;
    grants.filter = Predicate::Exists {
        hops: scope::walk(&model::LEDGER, &["assignments"])?,
        inner: Box::new(equals(&model::ASSIGNMENT, &[], "id", id.to_string())?),
    };
    let mut roles = Vec::new();
    for record in &store::list::list(tx, &grants)?.rows {
        let row = Row::new(&grants, record);
        for link in row.many("links") {
            roles.push(held::role(row, link)?);
        }
    }
    roles.sort_by(|one, other| (&one.resource, &one.role).cmp(&(&other.resource, &other.role)));
    Ok(roles)
}

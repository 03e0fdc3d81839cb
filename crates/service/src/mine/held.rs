//! What somebody holds: their assignments, and of each role what was last seen of it in its target.

use std::collections::HashMap;

use auth::decide::Access;
use domain::assignment::State;
use domain::id::{AccessPackageId, AssignmentId, ObjectId, PolicyId, RequestId};
use domain::ledger::{Observed, Phase};
use domain::model;
use domain::policy::Policy;
use domain::query::{Predicate, Query};
use domain::time::Timestamp;
use store::ReadTx;

use super::rows::{Row, equals, is_one_of, query, with, with_fields};
use super::{Listing, PAGE};
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::reads::scope;

/// Which assignments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that are not over.
    Current,
    /// Those that are.
    Past,
}

/// How a role stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was seen in its target.
    Verified,
    /// It is being brought there.
    OnItsWay,
    /// It is being taken away.
    Leaving,
    /// It was taken away.
    Gone,
    /// It was looked for and is not there, although it should be.
    Missing,
    /// Nobody has looked yet, or it is not known what came of it.
    Unverified,
    /// It could not be done, and somebody has to see to it.
    Failed,
}

impl Standing {
    /// What the columns of the ledger come to.
    pub fn of(desired: bool, observed: Observed, phase: Phase) -> Self {
        match (phase, desired, observed) {
            (Phase::NeedsAttention, _, _) => Self::Failed,
            (_, true, Observed::Present) => Self::Verified,
            (_, false, Observed::Absent) => Self::Gone,
            (Phase::Pending | Phase::Leased, true, _) => Self::OnItsWay,
            (Phase::Pending | Phase::Leased, false, _) => Self::Leaving,
            (Phase::Settled, true, Observed::Absent) => Self::Missing,
            (Phase::Settled, _, _) => Self::Unverified,
        }
    }
}

/// A role of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The resource's name.
    pub resource: String,
    /// The role's name.
    pub role: String,
    /// How it stands.
    pub standing: Standing,
    /// When it was last looked at.
    pub observed_at: Option<Timestamp>,
    /// Why it could not be done.
    pub error_code: Option<String>,
    /// When it is tried again.
    pub next_attempt_at: Option<Timestamp>,
}

/// An assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its id.
    pub id: AssignmentId,
    /// Of which package.
    pub package: AccessPackageId,
    /// The package's name.
    pub package_name: String,
    /// What the package is for.
    pub description: String,
    /// How it stands as a whole.
    pub state: State,
    /// From when on.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub ends_at: Option<Timestamp>,
    /// When it ended.
    pub expired_at: Option<Timestamp>,
    /// Whether the holder may ask for more time.
    pub can_extend: bool,
    /// Whether the holder may give it up.
    pub can_remove: bool,
    /// A request about it that is under way.
    pub under_way: Option<RequestId>,
    /// Its roles.
    pub roles: Vec<Role>,
}

/// What the caller holds, or held.
pub async fn list(
    service: &Service,
    ctx: &Ctx,
    which: Which,
    page: u64,
) -> Result<Listing<Held>, ServiceError> {
    let user = authorize::as_requestor(ctx, Access::Read)?;
    let over = equals(&model::ASSIGNMENT, &[], "state", State::Expired.as_str())?;
    let filter = match which {
        Which::Current => Predicate::Not(Box::new(over)),
        Which::Past => over,
    };
    service
        .store
        .read(move |tx| read(tx, user, filter.clone(), page))
        .await
}

/// One assignment of the caller.
pub async fn get(service: &Service, ctx: &Ctx, id: AssignmentId) -> Result<Held, ServiceError> {
    let user = authorize::as_requestor(ctx, Access::Read)?;
    let filter = equals(&model::ASSIGNMENT, &[], "id", id.to_string())?;
    let found = service
        .store
        .read(move |tx| read(tx, user, filter.clone(), 0))
        .await?;
    found
        .rows
        .into_iter()
        .next()
        .ok_or_else(|| ServiceError::not_found("assignment", id))
}

fn read(
    tx: &mut ReadTx<'_>,
    user: ObjectId,
    filter: Predicate,
    page: u64,
) -> Result<Listing<Held>, ServiceError> {
    let fields = [
        "id",
        "access_package_id",
        "assignment_policy_id",
        "state",
        "starts_at",
        "ends_at",
        "expired_at",
    ];
    let wanted = query(&model::ASSIGNMENT, &fields)?;
    let wanted = with_fields(wanted, "access_package", &["display_name", "description"])?;
    let mut requests = query(&model::ASSIGNMENT_REQUEST, &["id"])?;
    requests.filter = is_one_of(
        &model::ASSIGNMENT_REQUEST,
        &[],
        "state",
        super::requests::open_states(),
    )?;
    let mut wanted = with(wanted, "assignment_requests", requests)?;
    wanted.filter = equals(
        &model::ASSIGNMENT,
        &["target"],
        "object_id",
        user.to_string(),
    )?
    .and(filter);
    wanted.skip = page.saturating_mul(PAGE);
    wanted.limit = Some(PAGE + 1);
    let found = store::list::list(tx, &wanted)?;

    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let rows: Vec<Row<'_>> = found
        .rows
        .iter()
        .take(most)
        .map(|record| Row::new(&wanted, record))
        .collect();
    let mut roles = roles(tx, user, rows.iter().map(|row| row.string("id")).collect())?;
    let mut policies: HashMap<PolicyId, Option<Policy>> = HashMap::new();
    let mut held = Vec::new();
    for row in rows {
        let policy: PolicyId = row.parsed("assignment_policy_id")?;
        let policy = if let Some(known) = policies.get(&policy) {
            known.clone()
        } else {
            let found = store::assignment_policy::find_policy(tx, policy)?;
            policies.insert(policy, found.clone());
            found
        };
        let roles = roles.remove(&row.string("id")).unwrap_or_default();
        held.push(one(row, policy.as_ref(), roles)?);
    }
    Ok(Listing {
        rows: held,
        has_more: found.rows.len() > most,
    })
}

fn one(row: Row<'_>, policy: Option<&Policy>, roles: Vec<Role>) -> Result<Held, ServiceError> {
    let state = State::from_name(row.text("state").unwrap_or_default())
        .ok_or_else(|| ServiceError::Internal("an assignment in no known state".into()))?;
    let under_way = row.one("assignment_requests");
    let ends_at = row.instant("ends_at");
    let is_free = state != State::Expired && under_way.is_none();
    Ok(Held {
        id: row.parsed("id")?,
        package: row.parsed("access_package_id")?,
        package_name: row.of("access_package", "display_name").unwrap_or_default(),
        description: row.of("access_package", "description").unwrap_or_default(),
        state,
        starts_at: row.instant("starts_at"),
        ends_at,
        expired_at: row.instant("expired_at"),
        can_extend: is_free && ends_at.is_some() && policy.is_some_and(|policy| policy.can_extend),
        can_remove: is_free && policy.is_some_and(|one| one.settings.requestors.self_remove),
        under_way: under_way.map(|request| request.parsed("id")).transpose()?,
        roles,
    })
}

/// The roles of these assignments of somebody, by assignment.
fn roles(
    tx: &mut ReadTx<'_>,
    user: ObjectId,
    assignments: Vec<String>,
) -> Result<HashMap<String, Vec<Role>>, ServiceError> {
    let mut links = links()?;
    links.filter = is_one_of(
        &model::LEDGER_LINK,
        &[],
        "assignment_id",
        assignments.clone(),
    )?;
    let mut grants = with(grants()?, "links", links)?;
    let linked = is_one_of(&model::ASSIGNMENT, &[], "id", assignments)?;
    grants.filter = equals(&model::LEDGER, &["subject"], "object_id", user.to_string())?.and(
        Predicate::Exists {
            hops: scope::walk(&model::LEDGER, &["assignments"])?,
            inner: Box::new(linked),
        },
    );
    let mut by_assignment: HashMap<String, Vec<Role>> = HashMap::new();
    for record in &store::list::list(tx, &grants)?.rows {
        let row = Row::new(&grants, record);
        for link in row.many("links") {
            let role = role(row, link)?;
            by_assignment
                .entry(link.string("assignment_id"))
                .or_default()
                .push(role);
        }
    }
    for roles in by_assignment.values_mut() {
        roles.sort_by(|one, other| (&one.resource, &one.role).cmp(&(&other.resource, &other.role)));
    }
    Ok(by_assignment)
}

/// What is read of a grant.
pub(crate) fn grants() -> Result<Query, ServiceError> {
    let fields = [
        "id",
        "desired",
        "observed",
        "observed_at",
        "phase",
        "error_code",
        "next_attempt_at",
        "resource_origin_id",
        "role_origin_id",
    ];
    with_fields(query(&model::LEDGER, &fields)?, "object", &["display_name"])
}

/// What is read of what a grant is for.
pub(crate) fn links() -> Result<Query, ServiceError> {
    let role = with_fields(
        query(&model::RESOURCE_ROLE, &["display_name"])?,
        "resource",
        &["display_name"],
    )?;
    with(
        query(&model::LEDGER_LINK, &["assignment_id"])?,
        "role",
        role,
    )
}

/// A grant that no assignment is linked to any more: what was taken away, by the name that a catalog has for it.
pub(crate) fn unlinked(tx: &mut ReadTx<'_>, grant: Row<'_>) -> Result<Role, ServiceError> {
    let entity = &model::RESOURCE_ROLE;
    let mut named = with_fields(
        query(entity, &["display_name"])?,
        "resource",
        &["display_name"],
    )?;
    let resource = grant.string("resource_origin_id");
    named.filter = equals(entity, &["resource"], "origin_id", resource)?.and(equals(
        entity,
        &[],
        "origin_id",
        grant.string("role_origin_id"),
    )?);
    let found = store::list::first(tx, &named)?;
    standing(grant, found.as_ref().map(|found| Row::new(&named, found)))
}

/// A grant and what it is for.
pub(crate) fn role(grant: Row<'_>, link: Row<'_>) -> Result<Role, ServiceError> {
    standing(grant, link.one("role"))
}

/// A grant by the ids that its target has for it.
pub(crate) fn nameless(grant: Row<'_>) -> Result<Role, ServiceError> {
    standing(grant, None)
}

/// What the object behind a grant is called: by its catalog, by the directory, or by its id.
pub(crate) fn named(grant: Row<'_>, by_catalog: Option<String>) -> String {
    by_catalog
        .or_else(|| grant.of("object", "display_name"))
        .unwrap_or_else(|| grant.string("resource_origin_id"))
}

fn standing(grant: Row<'_>, role: Option<Row<'_>>) -> Result<Role, ServiceError> {
    let unreadable = || ServiceError::Internal("a grant that stands in no known way".into());
    let observed = Observed::from_name(grant.text("observed").unwrap_or_default());
    let phase = Phase::from_name(grant.text("phase").unwrap_or_default());
    let standing = Standing::of(
        grant.flag("desired"),
        observed.ok_or_else(unreadable)?,
        phase.ok_or_else(unreadable)?,
    );
    let resource = role.and_then(|role| role.of("resource", "display_name"));
    Ok(Role {
        resource: named(grant, resource),
        role: role
            .map(|role| role.string("display_name"))
            .unwrap_or_default(),
        standing,
        observed_at: grant.instant("observed_at"),
        error_code: grant.owned("error_code"),
        next_attempt_at: grant.instant("next_attempt_at"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_verified_only_where_it_was_seen() {
        use Observed as O;
        use Phase as P;
        for (desired, observed, phase, expected) in [
            (true, O::Present, P::Settled, Standing::Verified),
            (true, O::Present, P::Pending, Standing::Verified),
            (true, O::Unknown, P::Settled, Standing::Unverified),
            (true, O::Absent, P::Settled, Standing::Missing),
            (true, O::Absent, P::Pending, Standing::OnItsWay),
            (true, O::Unknown, P::Leased, Standing::OnItsWay),
            (true, O::Present, P::NeedsAttention, Standing::Failed),
            (false, O::Present, P::Pending, Standing::Leaving),
            (false, O::Absent, P::Settled, Standing::Gone),
            (false, O::Present, P::Settled, Standing::Unverified),
        ] {
            assert_eq!(
                Standing::of(desired, observed, phase),
                expected,
                "{desired} {observed:?} {phase:?}"
            );
        }
    }
}

//! Drift (L8): grants that are not as they shall be, while nothing is under way that would change it.

use std::collections::BTreeSet;

use domain::id::{AssignmentId, GrantId};
use domain::model;
use domain::query::{Predicate, Query, Value};
use domain::time::Timestamp;

use super::{PAGE, Part, Place};
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::mine::held;
use crate::mine::rows::{Row, equals, is_one_of, query, with, with_fields};
use crate::reads::{self, scope};

/// In which way a grant has drifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It shall be there, and is not.
    Missing,
    /// It is there, and shall not be.
    Unwanted,
}

/// A grant that has drifted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drifted {
    /// Its id.
    pub id: GrantId,
    /// In which way.
    pub kind: Kind,
    /// The target.
    pub target: String,
    /// The resource's name, or its id in the target.
    pub resource: String,
    /// The role's name, or its id in the target.
    pub role: String,
    /// Whose it is.
    pub subject: String,
    /// The assignments that it is for, each with the name of its package.
    pub assignments: Vec<(AssignmentId, String)>,
    /// Since when that is known.
    pub since: Option<Timestamp>,
    /// Whether taking it away was given up.
    pub is_given_up: bool,
    /// Why.
    pub error_code: Option<String>,
}

/// How many grants have drifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Those that shall be there, and are not.
    pub missing: i64,
    /// Those that are there, and shall not be.
    pub unwanted: i64,
}

/// What has drifted, of a kind and a target if these are named, the newest grants first.
pub async fn list(
    service: &Service,
    ctx: &Ctx,
    kind: Option<Kind>,
    target: Option<&str>,
    after: Option<Place>,
) -> Result<Part<Drifted>, ServiceError> {
    let mut wanted = grants()?;
    wanted.filter = kind
        .map_or(Ok(Predicate::True), of_kind)?
        .and(of_target(target)?);
    wanted.after = after.map(Place::values);
    wanted.limit = Some(PAGE);
    let found = reads::list(service, ctx, wanted.clone()).await?;
    Ok(Part {
        rows: found
            .rows
            .iter()
            .map(|record| one(Row::new(&wanted, record)))
            .collect::<Result<_, _>>()?,
        next: found.next.as_deref().and_then(Place::of),
    })
}

/// How much has drifted.
pub async fn counts(
    service: &Service,
    ctx: &Ctx,
    target: Option<&str>,
) -> Result<Counts, ServiceError> {
    let mut numbers = [0, 0];
    for (number, kind) in numbers.iter_mut().zip([Kind::Missing, Kind::Unwanted]) {
        let wanted = Query {
            filter: of_kind(kind)?.and(of_target(target)?),
            limit: Some(1),
            count: true,
            ..Query::of(&model::DRIFTED_GRANT)
        };
        let found = reads::list(service, ctx, wanted).await?;
        *number = found.count.unwrap_or_default();
    }
    let [missing, unwanted] = numbers;
    Ok(Counts { missing, unwanted })
}

/// The assignments that these grants are for.
pub async fn assignments(
    service: &Service,
    ctx: &Ctx,
    grants: BTreeSet<GrantId>,
) -> Result<BTreeSet<String>, ServiceError> {
    let mut wanted = with_fields(query(&model::LEDGER, &["id"])?, "assignments", &["id"])?;
    let ids = grants.iter().map(ToString::to_string);
    wanted.filter = is_one_of(&model::LEDGER, &[], "id", ids)?;
    let found = reads::list(service, ctx, wanted.clone()).await?;
    let mut assignments = BTreeSet::new();
    for record in &found.rows {
        let row = Row::new(&wanted, record);
        assignments.extend(row.many("assignments").map(|one| one.string("id")));
    }
    Ok(assignments)
}

fn grants() -> Result<Query, ServiceError> {
    let fields = [
        "id",
        "target",
        "resource_origin_id",
        "role_origin_id",
        "desired",
        "phase",
        "observed_at",
        "created_at",
        "error_code",
    ];
    let wanted = query(&model::DRIFTED_GRANT, &fields)?;
    let wanted = with_fields(wanted, "subject", &["display_name"])?;
    let wanted = with_fields(wanted, "object", &["display_name"])?;
    let packages = with_fields(
        query(&model::ASSIGNMENT, &["id"])?,
        "access_package",
        &["display_name"],
    )?;
    let wanted = with(wanted, "assignments", packages)?;
    with(wanted, "links", held::links()?)
}

fn one(row: Row<'_>) -> Result<Drifted, ServiceError> {
    let role = row.one("links").and_then(|link| link.one("role"));
    let named = role.map(|role| role.string("display_name"));
    let resource = role.and_then(|role| role.of("resource", "display_name"));
    Ok(Drifted {
        id: row.parsed("id")?,
        kind: if row.flag("desired") {
            Kind::Missing
        } else {
            Kind::Unwanted
        },
        target: row.string("target"),
        resource: held::named(row, resource),
        role: named.unwrap_or_else(|| row.string("role_origin_id")),
        subject: row.of("subject", "display_name").unwrap_or_default(),
        assignments: row
            .many("assignments")
            .map(|one| {
                let name = one.of("access_package", "display_name");
                Ok((one.parsed("id")?, name.unwrap_or_default()))
            })
            .collect::<Result<_, ServiceError>>()?,
        since: row.instant("observed_at").or(row.instant("created_at")),
        is_given_up: row.text("phase") == Some("needsAttention"),
        error_code: row.owned("error_code"),
    })
}

fn of_target(target: Option<&str>) -> Result<Predicate, ServiceError> {
    match target {
        None => Ok(Predicate::True),
        Some(name) => equals(&model::DRIFTED_GRANT, &[], "target", name),
    }
}

/// Of what has drifted, that of a kind: what shall be there, and what shall not.
pub fn of_kind(kind: Kind) -> Result<Predicate, ServiceError> {
    Ok(Predicate::equals(
        scope::path(&model::DRIFTED_GRANT, &[], "desired")?.field,
        Value::Bool(kind == Kind::Missing),
    ))
}

//! Which rows of an entity a caller may see, as a condition of the query.
//!
//! **Invariant:** an entity that is not named here shows nothing to anybody but the service itself.

use std::collections::BTreeSet;

use auth::decide::{Access, Catalogs, Decision, Refusal, may_act_as_requestor};
use auth::directory::DirectoryAction;
use auth::roles::Action;
use domain::id::{CatalogId, ObjectId};
use domain::model;
use domain::query::{Comparison, Entity, Path, Predicate, Query, Relation, Value};
use store::ReadTx;

use crate::authorize;
use crate::ctx::{Actor, Ctx};
use crate::error::{Code, ServiceError};

/// The caller as rows name them: their own id and the groups they are in.
pub(super) struct Me {
    user: Option<ObjectId>,
    principals: Vec<ObjectId>,
}

impl Me {
    pub(super) fn of(tx: &mut ReadTx<'_>, ctx: &Ctx) -> Result<Self, ServiceError> {
        let user = match &ctx.actor {
            Actor::System => None,
            Actor::Caller(caller) => {
                let allowed = may_act_as_requestor(&caller.principal, Access::Read);
                caller
                    .principal
                    .as_user()
                    .filter(|_| allowed == Decision::Allow)
            }
        };
        let mut principals = Vec::new();
        if let Some(user) = user {
            principals.push(user);
            principals.extend(store::directory::membership::transitive_groups_of(
                tx, user,
            )?);
        }
        Ok(Self { user, principals })
    }
}

/// What an entity shows to whom.
enum Rule {
    /// The content of a catalog, reached by this path, to those who may do this there.
    Catalog(Action, &'static [&'static str], &'static str),
    /// Rows that something in a catalog leads to: follow the relations, then the path.
    Through(
        Action,
        &'static [&'static str],
        &'static [&'static str],
        &'static str,
    ),
    /// The directory, to those who may do this.
    Directory(DirectoryAction),
    /// Nothing.
    Nobody,
}

/// The rule of each entity.
fn rule(entity: &Entity) -> Rule {
    use Action as A;
    use DirectoryAction as D;
    match entity.name {
        "catalog" => Rule::Catalog(A::ReadCatalogContent, &[], "id"),
        "resource" | "resource_request" | "access_package" | "role_assignment" => {
            Rule::Catalog(A::ReadCatalogContent, &[], "catalog_id")
        }
        "resource_role" | "resource_scope" => {
            Rule::Catalog(A::ReadCatalogContent, &["resource"], "catalog_id")
        }
        "resource_role_scope" => {
            Rule::Catalog(A::ReadCatalogContent, &["access_package"], "catalog_id")
        }
        "assignment_policy" => Rule::Catalog(A::ReadPolicies, &["access_package"], "catalog_id"),
        "assignment" | "assignment_request" | "approval" => {
            Rule::Catalog(A::ReadRequests, &["access_package"], "catalog_id")
        }
        "approval_stage" | "request_delivery" => Rule::Catalog(
            A::ReadRequests,
            &["request", "access_package"],
            "catalog_id",
        ),
        "ledger_link" => Rule::Catalog(
            A::ReadRequests,
            &["assignment", "access_package"],
            "catalog_id",
        ),
        "ledger" | "subject" => Rule::Through(
            A::ReadRequests,
            &["assignments"],
            &["access_package"],
            "catalog_id",
        ),
        "directory_user" | "directory_object" => Rule::Directory(D::ReadUsers),
        "directory_group" => Rule::Directory(D::ReadGroups),
        "service_principal" | "app_role" | "app_role_assignment" => {
            Rule::Directory(D::ReadApplications)
        }
        "audit_event" => Rule::Directory(D::ReadAudit),
        _ => Rule::Nobody,
    }
}

/// Narrows a query to what the caller's roles show.
pub(super) fn by_role(ctx: &Ctx, me: &Me, query: Query) -> Result<Query, ServiceError> {
    if matches!(ctx.actor, Actor::System) {
        return Ok(query);
    }
    let entity = query.entity;
    let shown = match (visible(ctx, entity)?, decisions(me, entity)) {
        (Ok(by_role), Some(decisions)) => by_role.or(decisions),
        (Ok(by_role), None) => by_role,
        (Err(_), Some(decisions)) => decisions,
        (Err(refusal), None) => return Err(refusal),
    };
    Ok(narrowed(ctx, me, query, shown))
}

/// Narrows a query to what the caller's roles show, and to what is their own.
pub(super) fn by_role_or_own(ctx: &Ctx, me: &Me, query: Query) -> Result<Query, ServiceError> {
    if matches!(ctx.actor, Actor::System) {
        return Ok(query);
    }
    let entity = query.entity;
    let shown = match (visible(ctx, entity)?, mine(me, entity)) {
        (Ok(by_role), Some(own)) => by_role.or(own),
        (Ok(by_role), None) => by_role,
        (Err(_), Some(own)) => own,
        (Err(refusal), None) => return Err(refusal),
    };
    Ok(narrowed(ctx, me, query, shown))
}

/// Adds the condition to the query, and theirs to its expansions. What a row that the caller may see points to is shown
/// with it; lists below it are narrowed again.
fn narrowed(ctx: &Ctx, me: &Me, mut query: Query, shown: Predicate) -> Query {
    query.filter = shown.and(present(query.entity)).and(query.filter);
    for expansion in &mut query.expand {
        let entity = expansion.query.entity;
        let inner = if expansion.relation.is_to_one() || reveals(query.entity, expansion.relation) {
            Predicate::True
        } else {
            match (visible(ctx, entity), mine(me, entity)) {
                (Ok(Ok(by_role)), Some(own)) => by_role.or(own),
                (Ok(Ok(by_role)), None) => by_role,
                (_, Some(own)) => own,
                (_, None) => Predicate::False,
            }
        };
        let child = std::mem::replace(&mut expansion.query, Query::of(entity));
        expansion.query = narrowed(ctx, me, child, inner);
    }
    query
}

/// Soft-deleted users are in no answer.
fn present(entity: &'static Entity) -> Predicate {
    match entity.field("deleted_at") {
        Some(field) => Predicate::equals(field, Value::Null),
        None => Predicate::True,
    }
}

/// Lists that belong to their parent so closely that who sees the one sees the other.
fn reveals(parent: &Entity, relation: &Relation) -> bool {
    matches!(
        (parent.name, relation.name),
        ("access_package", "resource_role_scopes")
            | ("resource", "roles" | "scopes")
            | ("approval" | "assignment_request", "stages")
            | ("approval_stage", "approvers")
            | ("service_principal", "app_roles")
            | ("directory_group", "members" | "owners" | "member_of")
            | (
                "directory_user" | "directory_object" | "service_principal",
                "member_of"
            )
            | ("directory_user", "direct_reports")
    )
}

/// The rows that the caller's roles show; the inner error is a refusal, the outer one a fault of the model.
fn visible(
    ctx: &Ctx,
    entity: &'static Entity,
) -> Result<Result<Predicate, ServiceError>, ServiceError> {
    let scope = |action: Action| match authorize::catalogs(ctx, action) {
        Catalogs::All => Ok(None),
        Catalogs::Some(catalogs) => Ok(Some(catalogs)),
        Catalogs::None(refusal) => Err(denied(&refusal)),
    };
    Ok(match rule(entity) {
        Rule::Catalog(action, hops, field) => match scope(action) {
            Ok(None) => Ok(Predicate::True),
            Ok(Some(catalogs)) => Ok(in_catalogs(entity, hops, field, &catalogs)?),
            Err(refusal) => Err(refusal),
        },
        Rule::Through(action, relations, hops, field) => match scope(action) {
            Ok(None) => Ok(Predicate::True),
            Ok(Some(catalogs)) => {
                let relations = walk(entity, relations)?;
                let last = relations.last().map_or(entity, |relation| relation.to);
                let inner = in_catalogs(last, hops, field, &catalogs)?;
                Ok(Predicate::Exists {
                    hops: relations,
                    inner: Box::new(inner),
                })
            }
            Err(refusal) => Err(refusal),
        },
        Rule::Directory(action) => authorize::in_directory(ctx, action).map(|()| Predicate::True),
        Rule::Nobody => Err(ServiceError::refused(
            Code::AccessDenied,
            "this collection is not open to anybody",
        )),
    })
}

fn denied(refusal: &Refusal) -> ServiceError {
    authorize::denied(refusal)
}

fn in_catalogs(
    entity: &'static Entity,
    hops: &[&str],
    field: &str,
    catalogs: &BTreeSet<CatalogId>,
) -> Result<Predicate, ServiceError> {
    let values = catalogs
        .iter()
        .map(|id| Value::Text(id.to_string()))
        .collect();
    Ok(Predicate::In {
        path: path(entity, hops, field)?,
        values,
    })
}

/// What is the caller's own of an entity (AZ-4, AZ-21).
fn mine(me: &Me, entity: &'static Entity) -> Option<Predicate> {
    let user = Value::Text(me.user?.to_string());
    let equals = |hops: &[&str], field: &str| {
        let path = path(entity, hops, field).ok()?;
        Some(Predicate::Compare {
            path,
            comparison: Comparison::Eq,
            value: user.clone(),
        })
    };
    match entity.name {
        "assignment" => equals(&["target"], "object_id"),
        "assignment_request" => {
            let target = equals(&["target"], "object_id")?;
            let requestor = equals(&["requestor"], "object_id")?;
            Some(
                target
                    .or(requestor)
                    .or(equals(&[], "created_by")?)
                    .or(decisions(me, entity)?),
            )
        }
        "approval" | "approval_stage" => decisions(me, entity),
        "subject" => equals(&[], "object_id"),
        "directory_user" => equals(&[], "id"),
        _ => None,
    }
}

/// What names the caller as an approver.
fn decisions(me: &Me, entity: &'static Entity) -> Option<Predicate> {
    me.user?;
    let relations: &[&str] = match entity.name {
        "assignment_request" | "approval" => &["stages", "approvers"],
        // Whoever is asked in one stage sees how the others went.
        "approval_stage" => &["request", "stages", "approvers"],
        _ => return None,
    };
    let hops = walk(entity, relations).ok()?;
    let values = me
        .principals
        .iter()
        .map(|id| Value::Text(id.to_string()))
        .collect();
    let field = model::APPROVAL_STAGE_APPROVER.field("principal_id")?;
    let inner = Predicate::In {
        path: Path::of(field),
        values,
    };
    Some(Predicate::Exists {
        hops,
        inner: Box::new(inner),
    })
}

/// The caller's own rows, with what they point to: no role is asked for, and lists below are the caller's own too.
pub(super) fn own_query(mut query: Query, mine: Predicate) -> Result<Query, ServiceError> {
    query.filter = mine.and(present(query.entity)).and(query.filter);
    let entity = query.entity;
    for expansion in &mut query.expand {
        let shown = expansion.relation.is_to_one() || reveals(entity, expansion.relation);
        let inner = if shown {
            Predicate::True
        } else {
            Predicate::False
        };
        let child = std::mem::replace(&mut expansion.query, Query::of(expansion.relation.to));
        expansion.query = own_query(child, inner)?;
    }
    Ok(query)
}

/// The relations of these names, one after the other.
pub(super) fn walk(
    entity: &'static Entity,
    names: &[&str],
) -> Result<Vec<&'static Relation>, ServiceError> {
    let mut at = entity;
    let mut hops = Vec::new();
    for name in names {
        let relation = at.relation(name).ok_or_else(|| {
            ServiceError::Internal(format!("`{}` has no relation `{name}`", at.name).into())
        })?;
        at = relation.to;
        hops.push(relation);
    }
    Ok(hops)
}

/// The field at the end of a path.
pub(super) fn path(
    entity: &'static Entity,
    hops: &[&str],
    field: &str,
) -> Result<Path, ServiceError> {
    let hops = walk(entity, hops)?;
    let last = hops.last().map_or(entity, |relation| relation.to);
    let field = last.field(field).ok_or_else(|| {
        ServiceError::Internal(format!("`{}` has no field `{field}`", last.name).into())
    })?;
    Ok(Path { hops, field })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_of_all_rules_lead_somewhere() {
        for entity in model::ENTITIES {
            match rule(entity) {
                Rule::Catalog(_, hops, field) => drop(path(entity, hops, field).unwrap()),
                Rule::Through(_, relations, hops, field) => {
                    let relations = walk(entity, relations).unwrap();
                    drop(path(relations.last().unwrap().to, hops, field).unwrap());
                }
                Rule::Directory(_) | Rule::Nobody => {}
            }
        }
    }
}

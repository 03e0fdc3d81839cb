//! Which rows of an entity a caller may see, as a condition of the query.
//!
//! **Invariant:** an entity that is not named here shows nothing to anybody but the service itself.

use std::collections::{BTreeMap, BTreeSet};

use auth::decide::{Access, Catalogs, Decision, Refusal, may_act_as_requestor};
use auth::directory::DirectoryAction;
use auth::roles::Action;
use domain::directory::ObjectKind;
use domain::id::{AccessPackageId, CatalogId, ObjectId};
use domain::model;
use domain::query::{Comparison, Entity, Page, Path, Predicate, Query, Relation, Value};
use serde_json::Value as Json;
use store::ReadTx;

use super::offers::{self, Hidden, SuggestionKinds};
use crate::authorize;
use crate::ctx::{Actor, Ctx};
use crate::directory::objects;
use crate::error::{Code, ServiceError};

/// The caller as rows name them: their own id and the groups they are in.
pub(super) struct Me {
    user: Option<ObjectId>,
    principals: Vec<ObjectId>,
    /// Packages that are offered to them, where the query asks for such.
    offered: Vec<AccessPackageId>,
    /// Why they are, where the query asks for suggestions.
    reasons: BTreeMap<AccessPackageId, Json>,
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
        Ok(Self {
            user,
            principals,
            offered: Vec::new(),
            reasons: BTreeMap::new(),
        })
    }

    /// The same, to whom packages are suggested for these reasons alone.
    pub(super) fn suggested(
        mut self,
        tx: &mut ReadTx<'_>,
        user: ObjectId,
        kinds: SuggestionKinds,
    ) -> Result<Self, ServiceError> {
        self.reasons = offers::suggested(tx, user, kinds)?;
        self.offered = self.reasons.keys().copied().collect();
        Ok(self)
    }

    /// What is suggested to them.
    pub(super) fn suggestions(&self) -> Predicate {
        offered(self, &model::SUGGESTION, "id").unwrap_or(Predicate::False)
    }

    /// The same, knowing what is offered to them if the query is about that. It is worked out by the rules, which takes
    /// longer than to find out that nobody wants to know.
    pub(super) fn offered(
        mut self,
        tx: &mut ReadTx<'_>,
        ctx: &Ctx,
        query: &Query,
        hidden: Hidden,
    ) -> Result<Self, ServiceError> {
        let Some(user) = self.user else {
            return Ok(self);
        };
        match query.entity.name {
            "available_access_package" => self.offered = offers::requestable(tx, user, hidden)?,
            // Whoever may have a package sees what is in it (AZ-21).
            "resource_role_scope"
                if !matches!(visible(ctx, query.entity)?, Ok(Predicate::True)) =>
            {
                self.offered = offers::requestable(tx, user, hidden)?;
            }
            "access_package_suggestion" => {
                self.reasons = offers::suggested(tx, user, SuggestionKinds::ALL)?;
                self.offered = self.reasons.keys().copied().collect();
            }
            _ => {}
        }
        Ok(self)
    }

    /// Answers a query that was narrowed to what the caller may see.
    pub(super) fn read(&self, tx: &mut ReadTx<'_>, query: Query) -> Result<Page, ServiceError> {
        if query.entity != &model::SUGGESTION {
            return Ok(store::list::list(tx, &query)?);
        }
        let query = offers::keyed(query);
        let page = store::list::list(tx, &query)?;
        Ok(offers::explain(&query, page, &self.reasons))
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
    /// The objects of the directory, to those who may read their kind; and the sponsors among them to those who may read
    /// whom they speak for.
    DirectoryOrSponsors,
    /// What the tenant has as a whole, to those who may do this.
    Tenant(Action),
    /// What is the same for every catalog, to those who may do this in one.
    AnyCatalog(Action),
    /// What is built in, or always empty, to every caller.
    Everybody,
    /// What is offered to the caller, who has to be a signed-in user.
    Offered,
    /// Nothing.
    Nobody,
}

/// The rule of each entity.
fn rule(entity: &Entity) -> Rule {
    use Action as A;
    use DirectoryAction as D;
    match entity.name {
        "catalog" => Rule::Catalog(A::ReadCatalogContent, &[], "id"),
        "resource"
        | "resource_request"
        | "access_package"
        | "custom_extension"
        | "legacy_custom_extension"
        | "role_assignment"
        | "transitive_role_assignment"
        | "role_assignment_holder"
        | "app_scope"
        | "role_assignment_schedule"
        | "role_assignment_schedule_instance"
        | "role_assignment_schedule_request"
        | "role_eligibility_schedule"
        | "role_eligibility_schedule_instance"
        | "role_eligibility_schedule_request" => {
            Rule::Catalog(A::ReadCatalogContent, &[], "catalog_id")
        }
        "role_definition"
        | "deleted_role_definition"
        | "role_deleted_items"
        | "role_application"
        | "role_resource_namespace"
        | "role_resource_action"
        | "role_assignment_approval"
        | "role_assignment_approval_step" => Rule::Everybody,
        "resource_environment" => Rule::AnyCatalog(A::ReadCatalogContent),
        "upload_file" => Rule::Catalog(
            A::ReadCatalogContent,
            &["session", "resource"],
            "catalog_id",
        ),
        "resource_role" | "resource_scope" | "upload_session" => {
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
        "directory_user" | "provisioned_user" => Rule::Directory(D::ReadUsers),
        "directory_object" => Rule::DirectoryOrSponsors,
        "connected_organization" => Rule::Tenant(A::ReadConnectedOrganizations),
        "entitlement_settings" | "control_configuration" | "external_connector" => {
            Rule::Tenant(A::ReadSettings)
        }
        "directory_group" | "provisioned_group" => Rule::Directory(D::ReadGroups),
        "application" | "service_principal" | "app_role" | "app_role_assignment" => {
            Rule::Directory(D::ReadApplications)
        }
        "extension_stage" | "extension_handler" | "policy_question" => Rule::Catalog(
            A::ReadPolicies,
            &["assignment_policy", "access_package"],
            "catalog_id",
        ),
        "audit_event" => Rule::Directory(D::ReadAudit),
        "held_beside" => Rule::Catalog(A::ReadRequests, &["other", "access_package"], "catalog_id"),
        "available_access_package" | "access_package_suggestion" => Rule::Offered,
        _ => Rule::Nobody,
    }
}

/// Narrows a query to what the caller's roles show.
pub(super) fn by_role(ctx: &Ctx, me: &Me, query: Query) -> Result<Query, ServiceError> {
    if matches!(ctx.actor, Actor::System) {
        return Ok(query);
    }
    let entity = query.entity;
    let shown = match (visible(ctx, entity)?, without_role(me, entity)) {
        (Ok(by_role), Some(other)) => by_role.or(other),
        (Ok(by_role), None) => by_role,
        (Err(_), Some(other)) => other,
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

/// Adds the condition to the query, and theirs to its expansions and to whatever its filter looks at.
pub(super) fn narrowed(ctx: &Ctx, me: &Me, query: Query, shown: Predicate) -> Query {
    within(query, shown, &|parent, relation| {
        if is_shown_with(parent, relation) {
            Predicate::True
        } else {
            seen(ctx, me, relation.to)
        }
    })
}

/// What the caller may see of an entity that is reached from another: by role, or as their own.
fn seen(ctx: &Ctx, me: &Me, entity: &'static Entity) -> Predicate {
    match (visible(ctx, entity), mine(me, entity)) {
        (Ok(Ok(by_role)), Some(own)) => by_role.or(own),
        (Ok(Ok(by_role)), None) => by_role,
        (_, Some(own)) => own,
        (_, None) => Predicate::False,
    }
}

/// Narrows a query, its filter and its expansions, where `limit` says what may be seen behind a relation. A filter that
/// looks at rows which the caller may not see finds nothing there, so that it cannot be used to guess them.
fn within(
    mut query: Query,
    shown: Predicate,
    limit: &dyn Fn(&Entity, &'static Relation) -> Predicate,
) -> Query {
    let entity = query.entity;
    query.filter = shown
        .and(present(entity))
        .and(guarded(entity, query.filter, limit));
    for expansion in &mut query.expand {
        let behind = limit(entity, expansion.relation);
        let child = std::mem::replace(&mut expansion.query, Query::of(expansion.relation.to));
        expansion.query = within(child, behind, limit);
    }
    query
}

/// The predicate over rows of `entity`, blind for what may not be seen behind the relations that it follows.
fn guarded(
    entity: &'static Entity,
    predicate: Predicate,
    limit: &dyn Fn(&Entity, &'static Relation) -> Predicate,
) -> Predicate {
    let all = |list: Vec<Predicate>| {
        list.into_iter()
            .map(|one| guarded(entity, one, limit))
            .collect()
    };
    match predicate {
        Predicate::True | Predicate::False => predicate,
        Predicate::All(list) => Predicate::All(all(list)),
        Predicate::Any(list) => Predicate::Any(all(list)),
        Predicate::Not(inner) => Predicate::Not(Box::new(guarded(entity, *inner, limit))),
        Predicate::Compare { ref path, .. }
        | Predicate::In { ref path, .. }
        | Predicate::Text { ref path, .. } => {
            let reached = reached(entity, &path.hops, limit);
            reached.and(predicate)
        }
        Predicate::Exists { hops, inner } => {
            let last = hops.last().map_or(entity, |relation| relation.to);
            let inner = guarded(last, *inner, limit);
            follow(entity, &hops, inner, limit)
        }
    }
}

/// Rows whose every step along these relations may be seen.
fn reached(
    entity: &'static Entity,
    hops: &[&'static Relation],
    limit: &dyn Fn(&Entity, &'static Relation) -> Predicate,
) -> Predicate {
    let mut at = entity;
    let mut conditions = Predicate::True;
    for (position, relation) in hops.iter().enumerate() {
        let behind = limit(at, relation);
        at = relation.to;
        if behind != Predicate::True {
            let walked = hops.iter().take(position + 1).copied().collect();
            let inner = Box::new(behind);
            conditions = conditions.and(Predicate::Exists {
                hops: walked,
                inner,
            });
        }
    }
    conditions
}

/// Some row at the end of these relations satisfies `inner`, each step along them being one that may be seen.
fn follow(
    entity: &'static Entity,
    hops: &[&'static Relation],
    inner: Predicate,
    limit: &dyn Fn(&Entity, &'static Relation) -> Predicate,
) -> Predicate {
    let Some((first, rest)) = hops.split_first() else {
        return inner;
    };
    let beyond = follow(first.to, rest, inner, limit);
    Predicate::Exists {
        hops: vec![first],
        inner: Box::new(limit(entity, first).and(beyond)),
    }
}

/// What comes with its parent: whom it points to, unless that is a policy, and the lists that belong to it closely.
fn is_shown_with(parent: &Entity, relation: &Relation) -> bool {
    let points_to_policy = relation.to == &model::ASSIGNMENT_POLICY;
    relation.is_inside() || (relation.is_to_one() && !points_to_policy) || reveals(parent, relation)
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
        (
            "access_package" | "available_access_package",
            "resource_role_scopes"
        ) | ("assignment_policy", "questions")
            | ("resource", "roles" | "scopes")
            | ("approval" | "assignment_request", "stages")
            | ("approval_stage", "approvers")
            | (
                "connected_organization",
                "internal_sponsors" | "external_sponsors"
            )
            | ("assignment" | "assignment_request", "callouts")
            | ("service_principal", "app_roles")
            | ("directory_group", "members" | "owners" | "member_of")
            | ("provisioned_group", "members")
            | (
                "provisioned_user" | "directory_user" | "directory_object" | "service_principal",
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
        Rule::AnyCatalog(action) => scope(action).map(|_| Predicate::True),
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
        Rule::DirectoryOrSponsors => {
            let kinds = objects::readable_kinds(ctx);
            let sees_sponsors =
                authorize::in_tenant(ctx, Action::ReadConnectedOrganizations).is_ok();
            match kinds {
                Ok(kinds) if sees_sponsors => Ok(of_kinds(entity, &kinds)?.or(sponsors(entity)?)),
                Ok(kinds) => Ok(of_kinds(entity, &kinds)?),
                Err(_) if sees_sponsors => Ok(sponsors(entity)?),
                Err(refusal) => Err(refusal),
            }
        }
        Rule::Tenant(action) => authorize::in_tenant(ctx, action).map(|()| Predicate::True),
        Rule::Everybody => Ok(Predicate::True),
        Rule::Offered => Err(match authorize::as_requestor(ctx, Access::Read) {
            Ok(_) => nobody(),
            Err(refusal) => refusal,
        }),
        Rule::Nobody => Err(nobody()),
    })
}

fn nobody() -> ServiceError {
    ServiceError::refused(Code::AccessDenied, "this collection is not open to anybody")
}

/// The objects of these kinds; everything, if that is all there are.
fn of_kinds(entity: &'static Entity, kinds: &[ObjectKind]) -> Result<Predicate, ServiceError> {
    if kinds.len() == ObjectKind::ALL.len() {
        return Ok(Predicate::True);
    }
    Ok(Predicate::In {
        path: path(entity, &[], "object_type")?,
        values: kinds
            .iter()
            .map(|kind| Value::Text(kind.as_str().to_owned()))
            .collect(),
    })
}

/// The objects that speak for a connected organization.
fn sponsors(entity: &'static Entity) -> Result<Predicate, ServiceError> {
    let of = |relation: &str| -> Result<Predicate, ServiceError> {
        Ok(Predicate::Exists {
            hops: walk(entity, &[relation])?,
            inner: Box::new(Predicate::True),
        })
    };
    Ok(of("internally_sponsored")?.or(of("externally_sponsored")?))
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
        "available_access_package" | "access_package_suggestion" => offered(me, entity, "id"),
        "resource_role_scope" if !me.offered.is_empty() => offered(me, entity, "access_package_id"),
        "subject" => equals(&[], "object_id"),
        "directory_user" => equals(&[], "id"),
        _ => None,
    }
}

/// What is offered to the caller.
fn offered(me: &Me, entity: &'static Entity, field: &str) -> Option<Predicate> {
    me.user?;
    let values = me
        .offered
        .iter()
        .map(|id| Value::Text(id.to_string()))
        .collect();
    Some(Predicate::In {
        path: path(entity, &[], field).ok()?,
        values,
    })
}

/// What a whole collection shows to somebody without a role: what waits for their decision, and what is offered to them.
fn without_role(me: &Me, entity: &'static Entity) -> Option<Predicate> {
    match entity.name {
        "available_access_package" | "access_package_suggestion" => mine(me, entity),
        _ => decisions(me, entity),
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
                Rule::DirectoryOrSponsors => {
                    drop(sponsors(entity).unwrap());
                    drop(of_kinds(entity, &[ObjectKind::User]).unwrap());
                }
                Rule::AnyCatalog(_)
                | Rule::Directory(_)
                | Rule::Tenant(_)
                | Rule::Everybody
                | Rule::Offered
                | Rule::Nobody => {}
            }
        }
    }
}

//! Which rows of an entity a caller may see, as a condition of the query.
//!
//! **Invariant:** every condition that a caller's query gets, for its rows, its expansions and its filter, is made here.

mod few;
mod guard;
mod mine;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use auth::decide::{Access, Catalogs, Decision, Refusal, may_act_as_requestor};
use auth::roles::Action;
use domain::directory::ObjectKind;
use domain::id::{AccessPackageId, CatalogId, ObjectId};
use domain::model;
use domain::query::{Comparison, Entity, Page, Path, Predicate, Query, Relation, Value};
use serde_json::Value as Json;
use store::ReadTx;

use super::offers::{self, Hidden, SuggestionKinds};
use super::own::Own;
use super::reviewers;
use crate::authorize;
use crate::ctx::{Actor, Ctx};
use crate::directory::objects;
use crate::error::{Code, ServiceError};
use guard::{is_of_directory, is_shown_with, within};
use mine::{decisions, mine, offered, without_role};
use rules::{Rule, rule};

/// The caller as rows name them: their own id and the groups they are in.
pub(crate) struct Me {
    user: Option<ObjectId>,
    principals: Vec<ObjectId>,
    /// Packages that are offered to them, where the query asks for such.
    offered: Vec<AccessPackageId>,
    /// Why they are, where the query asks for suggestions.
    reasons: BTreeMap<AccessPackageId, Json>,
    /// What their roles show of the list that is asked for, where that is found by a few packages.
    listed: Option<Predicate>,
}

impl Me {
    pub(crate) fn of(tx: &mut ReadTx<'_>, ctx: &Ctx) -> Result<Self, ServiceError> {
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
            listed: None,
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

    /// The refusal of a whole collection, which tells a signed-in user where to find what is their own (AZ-5).
    fn pointed_to_own(&self, entity: &'static Entity, refusal: ServiceError) -> ServiceError {
        let ways = Own::options(entity)
            .filter(|on| ["target", "approver", "allowedRequestor"].contains(on));
        let ways: Vec<String> = ways
            .map(|on| format!("`filterByCurrentUser(on='{on}')`"))
            .collect();
        match refusal {
            ServiceError::Refused {
                code,
                message,
                target,
            } if self.user.is_some() && !ways.is_empty() => {
                let message = format!(
                    "{message}; what is the caller's own is found by {}",
                    ways.join(" and ")
                );
                ServiceError::Refused {
                    code,
                    message,
                    target,
                }
            }
            other => other,
        }
    }

    /// Whether the caller is a member of the tenant, and no guest.
    pub(super) fn is_member(&self, tx: &mut ReadTx<'_>) -> Result<bool, ServiceError> {
        let Some(user) = self.user else {
            return Ok(false);
        };
        let user = store::directory::user::find(tx, user)?;
        Ok(user.is_some_and(|user| user.user_type.eq_ignore_ascii_case("Member")))
    }

    /// The same, knowing which packages the list is about, if these are few. To be asked of the client's own query, and
    /// not where anything but the scope is added to it.
    pub(super) fn listing(
        mut self,
        tx: &mut ReadTx<'_>,
        ctx: &Ctx,
        query: &Query,
    ) -> Result<Self, ServiceError> {
        self.listed = few::in_few_packages(tx, ctx, query)?;
        Ok(self)
    }

    /// Answers a query that was narrowed to what the caller may see.
    pub(super) fn read(
        &self,
        tx: &mut ReadTx<'_>,
        ctx: &Ctx,
        query: Query,
    ) -> Result<Page, ServiceError> {
        if query.entity != &model::SUGGESTION {
            return reviewers::read(tx, ctx, self, query);
        }
        let query = offers::keyed(query);
        let page = store::list::list(tx, &query)?;
        Ok(offers::explain(&query, page, &self.reasons))
    }
}

/// Narrows a query to what the caller's roles show.
pub(crate) fn by_role(ctx: &Ctx, me: &Me, query: Query) -> Result<Query, ServiceError> {
    if matches!(ctx.actor, Actor::System) {
        return Ok(query);
    }
    let entity = query.entity;
    let by_role = match (visible(ctx, entity)?, &me.listed) {
        (Ok(_), Some(listed)) => Ok(listed.clone()),
        (by_role, _) => by_role,
    };
    let shown = match (by_role, without_role(me, entity)) {
        (Ok(by_role), Some(other)) => by_role.or(other),
        (Ok(by_role), None) => by_role,
        (Err(_), Some(other)) => other,
        (Err(refusal), None) => return Err(me.pointed_to_own(entity, refusal)),
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
    let root = query.entity;
    within(query, shown, &|parent, relation| {
        if is_shown_with(parent, relation) {
            Predicate::True
        } else if is_of_directory(parent) && parent != root && !is_readable(ctx, parent) {
            // Somebody who is only shown as part of something else: who that is, and nothing behind them.
            Predicate::False
        } else {
            seen(ctx, me, relation.to)
        }
    })
}

/// Whether every row of the entity may be read for itself.
fn is_readable(ctx: &Ctx, entity: &'static Entity) -> bool {
    sees_all(ctx, entity).unwrap_or(false)
}

/// Whether the caller sees every row of the entity by role.
pub(super) fn sees_all(ctx: &Ctx, entity: &'static Entity) -> Result<bool, ServiceError> {
    Ok(matches!(visible(ctx, entity)?, Ok(Predicate::True)))
}

/// What the caller sees of approvals by role, or because they are asked, and not as their own request.
pub(super) fn judged(ctx: &Ctx, me: &Me, entity: &'static Entity) -> Predicate {
    let by_role = match visible(ctx, entity) {
        Ok(Ok(by_role)) => by_role,
        _ => Predicate::False,
    };
    by_role.or(decisions(me, entity).unwrap_or(Predicate::False))
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
        Rule::Creator => Ok(made_by(ctx, entity)?),
        Rule::Offered => Err(match authorize::as_requestor(ctx, Access::Read) {
            Ok(_) => nobody(),
            Err(refusal) => refusal,
        }),
        Rule::Nobody => Err(nobody()),
    })
}

/// What the caller made through the same application.
fn made_by(ctx: &Ctx, entity: &'static Entity) -> Result<Predicate, ServiceError> {
    let Actor::Caller(caller) = &ctx.actor else {
        return Ok(Predicate::True);
    };
    let is = |field: &str, value: Value| -> Result<Predicate, ServiceError> {
        Ok(Predicate::Compare {
            path: path(entity, &[], field)?,
            comparison: Comparison::Eq,
            value,
        })
    };
    let application = match caller.principal.client_id() {
        Some(id) => Value::Text(id.to_owned()),
        None => Value::Null,
    };
    let creator = Value::Text(caller.principal.object().to_string());
    Ok(is("creator_id", creator)?.and(is("application_id", application)?))
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

/// The relations of these names, one after the other.
pub(crate) fn walk(
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
pub(crate) fn path(
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
                Rule::Creator => {
                    drop(path(entity, &[], "creator_id").unwrap());
                    drop(path(entity, &[], "application_id").unwrap());
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

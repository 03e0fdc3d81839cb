//! Queries that are blind for what the caller may not see: what is narrowed is not the list alone, but also what is
//! expanded, and what a filter looks at on its way.

use domain::model;
use domain::query::{Entity, Predicate, Query, Relation, Value};

/// Narrows a query, its filter and its expansions, where `limit` says what may be seen behind a relation. A filter that
/// looks at rows which the caller may not see finds nothing there, so that it cannot be used to guess them.
pub(super) fn within(
    mut query: Query,
    shown: Predicate,
    limit: &dyn Fn(&'static Entity, &'static Relation) -> Predicate,
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
    limit: &dyn Fn(&'static Entity, &'static Relation) -> Predicate,
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
    limit: &dyn Fn(&'static Entity, &'static Relation) -> Predicate,
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
    limit: &dyn Fn(&'static Entity, &'static Relation) -> Predicate,
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

/// What comes with its parent: whom it points to, unless that is a policy, and the lists that belong to it closely. Of the
/// directory nothing comes with its parent but the parent itself.
pub(super) fn is_shown_with(parent: &Entity, relation: &Relation) -> bool {
    if is_of_directory(parent) {
        return relation.is_inside() || is_cast(parent, relation);
    }
    let points_to_policy = relation.to == &model::ASSIGNMENT_POLICY;
    relation.is_inside() || (relation.is_to_one() && !points_to_policy) || reveals(parent, relation)
}

/// Soft-deleted users are in no answer but the list of those who were deleted.
fn present(entity: &'static Entity) -> Predicate {
    match entity
        .field("deleted_at")
        .filter(|_| entity != &model::DELETED_USER)
    {
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
            | ("provisioned_group", "members")
            | ("provisioned_user", "member_of")
    )
}

/// Whether somebody of the directory is what leads further here. That needs what reading the collection needs, however the
/// way there went: being the target of a request, say, shows a person, and not their manager or their groups.
pub(super) fn is_of_directory(parent: &Entity) -> bool {
    matches!(
        parent.name,
        "directory_user" | "directory_group" | "directory_object" | "service_principal"
    )
}

/// The same object, looked at as what it is.
fn is_cast(parent: &Entity, relation: &Relation) -> bool {
    parent == &model::DIRECTORY_OBJECT && relation.is_to_one()
}

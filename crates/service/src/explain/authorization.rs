//! Why somebody may do something, or may not: for a caller, an operation and an object, which rule decided, what it rested on
//! and what would have been enough.
//!
//! **Invariant:** who asks about themselves is told what the call itself would tell them, and nothing more. About others only
//! those are told who may read the settings of the tenant.

use std::sync::Arc;

use auth::decide::{Access, Ground, Refusal, ground};
use auth::directory::{DIRECTORY, DirectoryAction};
use auth::principal::{Permission, PermissionSet, Principal};
use auth::roles::{Action, MATRIX, Role, Who, row};
use domain::id::{AppId, CatalogId, ObjectId};
use domain::model;
use domain::query::{Predicate, Value};
use store::ReadTx;
use store::directory::{service_principal, user};
use uuid::Uuid;

use super::holding::{self, Holding};
use super::place::{self, Place};
use crate::authorize;
use crate::ctx::{Actor, Ctx, Service};
use crate::directory::{groups, privileged};
use crate::error::{Code, ServiceError};
use crate::{approvals, assignment_requests, callers, reads};

pub use super::holding::Group;

/// An operation that can be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A row of the table of entitlement management.
    Entitlements(Action),
    /// A row of the table of the directory.
    Directory(DirectoryAction),
}

impl Operation {
    /// Every operation.
    pub fn all() -> impl Iterator<Item = Self> {
        let entitlements = MATRIX.iter().map(|row| Self::Entitlements(row.action));
        let directory = DIRECTORY.iter().map(|row| Self::Directory(row.action));
        entitlements.chain(directory)
    }

    /// Its name: that of the row, as JSON spells names.
    pub fn name(self) -> String {
        let name = match self {
            Self::Entitlements(action) => format!("{action:?}"),
            Self::Directory(action) => format!("{action:?}"),
        };
        let mut letters = name.chars();
        letters
            .next()
            .map(|first| first.to_ascii_lowercase())
            .into_iter()
            .chain(letters)
            .collect()
    }

    /// The operation of this name, in either case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|operation| operation.name().eq_ignore_ascii_case(name))
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Whom it is about: an object id, a sign-in name or an application's client id. The caller, if nobody is named.
    pub principal: Option<String>,
    /// What they want to do.
    pub operation: Operation,
    /// With which object.
    pub object: Option<Uuid>,
    /// The permissions that their token is to have; by default those of the caller about themselves, and all about others.
    pub permissions: Option<Vec<Permission>>,
}

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They may.
    Allowed,
    /// They may not (403).
    Denied,
    /// There is no such object, or they may not know it (404).
    NotFound,
}

/// What a yes rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// The permission of the token alone.
    Permission,
    /// A role.
    Role(Holding),
    /// The object is the principal's own: they asked for it, it is about them, or they are asked to decide.
    Own,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// Whom it is about.
    pub principal: ObjectId,
    /// Whether that is an application.
    pub is_application: bool,
    /// What comes of it.
    pub verdict: Verdict,
    /// The rule that decided, by its id.
    pub rule: &'static str,
    /// In one sentence why.
    pub reason: String,
    /// What a yes rests on.
    pub basis: Option<Basis>,
    /// The permissions, any of which the operation needs.
    pub permissions: &'static [Permission],
    /// The roles, any of which it needs; empty if it needs none.
    pub roles: &'static [Role],
    /// What kind of object it is about, where the asker may know it.
    pub kind: Option<&'static str>,
    /// The catalog that governs the object, where the asker may know it.
    pub catalog: Option<CatalogId>,
}

/// Explains a decision.
pub async fn explain(
    service: &Service,
    ctx: &Ctx,
    question: Question,
) -> Result<Explanation, ServiceError> {
    let (principal, is_self) = principal(service, ctx, &question).await?;
    let subject = match callers::load(service, &principal).await {
        Ok(loaded) => Ctx::of_caller(loaded.caller, ctx.request_id, None),
        // A user or an application that is gone or disabled is let in nowhere.
        Err(ServiceError::Refused {
            code: Code::InvalidAuthenticationToken,
            message,
            ..
        }) => return Ok(turned_away(&principal, question.operation, message)),
        Err(other) => return Err(other),
    };
    let object = question.object;
    let place = match object {
        Some(id) => service.store.read(move |tx| place::find(tx, id)).await?,
        None => None,
    };
    // What the asker cannot see with their own token is, to them, not there: permissions that they assume widen nothing.
    let place = match place {
        Some(place) if is_self && !is_seen(service, ctx, &place).await? => None,
        place => place,
    };
    let asked = decided(
        service,
        &subject,
        question.operation,
        object,
        place.as_ref(),
    )
    .await;
    let mut explanation = blank(&principal, question.operation);
    match asked {
        Ok(basis) => {
            explanation.verdict = Verdict::Allowed;
            "the caller may do this".clone_into(&mut explanation.reason);
            explanation.basis = Some(held(service, &principal, basis).await?);
        }
        Err(ServiceError::Refused {
            code: Code::ResourceNotFound,
            ..
        }) => {
            explanation.verdict = Verdict::NotFound;
            explanation.rule = "RP-5";
            "there is no such object, or the caller may not know it"
                .clone_into(&mut explanation.reason);
        }
        Err(ServiceError::Refused { message, .. }) => {
            explanation.verdict = Verdict::Denied;
            explanation.reason = message;
        }
        Err(other) => return Err(other),
    }
    if let Some(place) = place {
        let knows = explanation.verdict == Verdict::Allowed || !is_self;
        explanation.kind = knows.then_some(place.entity.name);
        explanation.catalog = place.catalog.filter(|_| knows);
    }
    Ok(explanation)
}

/// Whether the asker can read the object, as they are.
async fn is_seen(service: &Service, ctx: &Ctx, place: &Place) -> Result<bool, ServiceError> {
    let Some(key) = place.entity.key() else {
        return Ok(false);
    };
    let named = Predicate::equals(key, Value::Text(place.id.to_string()));
    match reads::exists(service, ctx, place.entity, named).await {
        Err(ServiceError::Refused { .. }) => Ok(false),
        answer => answer,
    }
}

/// Whom the question is about, and whether that is the one who asks.
async fn principal(
    service: &Service,
    ctx: &Ctx,
    question: &Question,
) -> Result<(Arc<Principal>, bool), ServiceError> {
    let own = match &ctx.actor {
        Actor::Caller(caller) => Some(Arc::clone(&caller.principal)),
        Actor::System => None,
    };
    let wanted = question.permissions.as_deref().map(PermissionSet::of);
    let everything = || wanted.unwrap_or_else(|| PermissionSet::of(Permission::ALL));
    let Some(name) = question.principal.clone() else {
        let own = own.ok_or_else(|| unknown_principal(""))?;
        return Ok((assuming(&own, wanted), true));
    };
    if let Some(own) = own.filter(|own| own.object().to_string().eq_ignore_ascii_case(&name)) {
        return Ok((assuming(&own, wanted), true));
    }
    // Asked before anybody is looked up: who may not ask learns nothing about who is there.
    authorize::in_tenant(ctx, Action::ReadSettings)?;
    let looked_up = name.clone();
    let found = service
        .store
        .read(move |tx| named(tx, &looked_up))
        .await?
        .ok_or_else(|| unknown_principal(&name))?;
    let principal = match found {
        Named::User(id) => Principal::user(id, everything()),
        Named::Application(id, app) => Principal::application(id, &app.to_string(), everything()),
    };
    Ok((Arc::new(principal), false))
}

fn assuming(own: &Arc<Principal>, permissions: Option<PermissionSet>) -> Arc<Principal> {
    let Some(scopes) = permissions else {
        return Arc::clone(own);
    };
    let mut assumed = Principal::clone(own);
    assumed.token.scopes = scopes;
    Arc::new(assumed)
}

pub(super) enum Named {
    User(ObjectId),
    Application(ObjectId, AppId),
}

pub(super) fn named(tx: &mut ReadTx<'_>, name: &str) -> Result<Option<Named>, store::Error> {
    if let Ok(id) = name.parse::<ObjectId>()
        && let Some(found) = user::find_present(tx, id)?
    {
        return Ok(Some(Named::User(found.id)));
    }
    if let Ok(id) = name.parse::<ObjectId>()
        && let Some(found) = service_principal::find(tx, id)?
    {
        return Ok(Some(Named::Application(found.id, found.app_id)));
    }
    if let Ok(app) = name.parse::<AppId>()
        && let Some(found) = service_principal::find_by_app(tx, app)?
    {
        return Ok(Some(Named::Application(found.id, found.app_id)));
    }
    Ok(user::find_by_name(tx, name)?.map(|found| Named::User(found.id)))
}

pub(super) fn unknown_principal(name: &str) -> ServiceError {
    ServiceError::not_found("user or application", name)
}

/// What the decision itself says, as the call would be answered; and what a yes rests on.
async fn decided(
    service: &Service,
    subject: &Ctx,
    operation: Operation,
    object: Option<Uuid>,
    place: Option<&Place>,
) -> Result<Found, ServiceError> {
    let Actor::Caller(caller) = &subject.actor else {
        return Ok(Found::Ground(Ground::Permission));
    };
    let action = match operation {
        Operation::Entitlements(action) => action,
        Operation::Directory(action) => {
            decided_directory(service, subject, action, object).await?;
            return Ok(Found::Ground(Ground::Permission));
        }
    };
    let catalog = place.and_then(|place| place.catalog);
    let by_role = || ground(caller, action, catalog).map_err(|refusal| refused(&refusal));
    if row(action).who == Who::AnyUser {
        authorize::in_tenant(subject, action)?;
        return decided_own(service, subject, action, object, place).await;
    }
    let Some(id) = object else {
        return by_role().map(Found::Ground);
    };
    let unknown = || ServiceError::not_found("object", id);
    if is_read(action) {
        if !can_read(service, subject, action, place, unknown).await? {
            return Err(unknown());
        }
        // What is readable without the role is the caller's own.
        return Ok(by_role().map_or(Found::Own, Found::Ground));
    }
    let may_own = authorize::as_requestor(subject, Access::Write).is_ok();
    if action == Action::Cancel && may_own {
        let request = place.and_then(|place| place.request.clone());
        let Some(request) = request else {
            return Err(unknown());
        };
        let (known, own) = relation(service, subject, request).await?;
        if own {
            return Ok(Found::Own);
        }
        if !known {
            return Err(unknown());
        }
    }
    authorize::admitted(subject, action)?;
    let place = place.ok_or_else(unknown)?;
    let Some(catalog) = place.catalog else {
        return by_role().map(Found::Ground);
    };
    let reads = if place.request.is_some() {
        Action::ReadRequests
    } else {
        Action::ReadCatalogContent
    };
    authorize::in_catalog_known_by(subject, action, reads, catalog, unknown)?;
    by_role().map(Found::Ground)
}

/// The same for the directory, where a group that gives roles and a user who holds them are looked at.
async fn decided_directory(
    service: &Service,
    subject: &Ctx,
    action: DirectoryAction,
    object: Option<Uuid>,
) -> Result<(), ServiceError> {
    use DirectoryAction as D;
    let Some(id) = object.map(ObjectId::new) else {
        return authorize::in_directory(subject, action);
    };
    let subject = subject.clone();
    let ask = move |tx: &mut ReadTx<'_>| match action {
        D::WriteMembers => groups::authorize(tx, &subject, D::WriteMembers, id),
        D::WriteGroups | D::ManageRoleGroups => groups::authorize(tx, &subject, D::WriteGroups, id),
        D::ManageAdministrators => {
            authorize::in_directory(&subject, D::WriteUsers)?;
            privileged::check_user(tx, &subject, id)
        }
        _ => authorize::in_directory(&subject, action),
    };
    service.store.read(ask).await
}

/// What a yes was found to rest on.
enum Found {
    Ground(Ground),
    Own,
}

/// Whether the object can be read, as the call would read it.
async fn can_read(
    service: &Service,
    subject: &Ctx,
    action: Action,
    place: Option<&Place>,
    unknown: impl Fn() -> ServiceError,
) -> Result<bool, ServiceError> {
    // An object that is not there is looked for as one that is.
    let absent = match action {
        Action::ReadCatalogContent => &model::CATALOG,
        Action::ReadPolicies => &model::ASSIGNMENT_POLICY,
        _ => &model::ASSIGNMENT_REQUEST,
    };
    let entity = place.map_or(absent, |place| place.entity);
    let key = entity.key().ok_or_else(&unknown)?;
    let id = place.map_or_else(Uuid::nil, |place| place.id);
    let named = Predicate::equals(key, Value::Text(id.to_string()));
    reads::exists(service, subject, entity, named).await
}

/// What needs no role but that the object is the user's own.
async fn decided_own(
    service: &Service,
    subject: &Ctx,
    action: Action,
    object: Option<Uuid>,
    place: Option<&Place>,
) -> Result<Found, ServiceError> {
    if action != Action::Decide {
        return Ok(Found::Ground(Ground::Permission));
    }
    let Some(id) = object else {
        return Ok(Found::Ground(Ground::Permission));
    };
    let unknown = || ServiceError::not_found("approval", id);
    let request = place
        .and_then(|place| place.request.clone())
        .ok_or_else(unknown)?;
    let (user, asked) = (subject.user(), request.id);
    let is_asked = service
        .store
        .read(move |tx| -> Result<bool, ServiceError> {
            user.map_or(Ok(false), |user| approvals::names(tx, asked, user))
        })
        .await?;
    if is_asked {
        return Ok(Found::Own);
    }
    let (known, _) = relation(service, subject, request).await?;
    if known {
        let message = "the caller is not an approver of the request";
        return Err(ServiceError::refused(Code::AccessDenied, message));
    }
    Err(unknown())
}

/// Whether the user may know a request, and whether it is their own.
async fn relation(
    service: &Service,
    subject: &Ctx,
    request: domain::assignment_request::AssignmentRequest,
) -> Result<(bool, bool), ServiceError> {
    let subject = subject.clone();
    service
        .store
        .read(move |tx| -> Result<(bool, bool), ServiceError> {
            let own = assignment_requests::is_own(tx, &subject, &request)?;
            Ok((assignment_requests::is_known(tx, &subject, &request)?, own))
        })
        .await
}

const fn is_read(action: Action) -> bool {
    matches!(
        action,
        Action::ReadCatalogContent | Action::ReadPolicies | Action::ReadRequests
    )
}

fn refused(refusal: &Refusal) -> ServiceError {
    authorize::denied(refusal)
}

async fn held(
    service: &Service,
    principal: &Principal,
    found: Found,
) -> Result<Basis, ServiceError> {
    Ok(match found {
        Found::Own => Basis::Own,
        Found::Ground(Ground::Permission | Ground::SomeRole) => Basis::Permission,
        Found::Ground(Ground::Role(role, scope)) => {
            let holder = principal.object();
            let held = service
                .store
                .read(move |tx| holding::find(tx, holder, role, scope))
                .await?;
            Basis::Role(held)
        }
    })
}

/// An explanation that has not come to a verdict: what the operation needs of this kind of caller.
fn blank(principal: &Principal, operation: Operation) -> Explanation {
    let is_application = principal.is_application();
    let (rule, permissions, roles): (_, &'static [Permission], &'static [Role]) = match operation {
        Operation::Entitlements(action) => {
            let row = row(action);
            match (row.who, is_application) {
                (Who::AnyUser, true) => ("AZ-2", &[], &[]),
                (Who::AnyUser, false) => ("AZ-4", row.delegated, &[]),
                (Who::Holders(roles), true) => ("AZ-1", row.application, roles),
                (Who::Holders(roles), false) => ("AZ-1", row.delegated, roles),
            }
        }
        Operation::Directory(action) => {
            let row = DIRECTORY.iter().find(|row| row.action == action);
            let way = row.and_then(|row| row.delegated.first());
            match (row, way, is_application) {
                (Some(row), _, true) => ("AZ-1", row.application, &[]),
                (_, Some(way), false) => ("AZ-1", way.permissions, way.roles),
                _ => ("AZ-1", &[], &[]),
            }
        }
    };
    Explanation {
        principal: principal.object(),
        is_application,
        verdict: Verdict::Denied,
        rule,
        reason: String::new(),
        basis: None,
        permissions,
        roles,
        kind: None,
        catalog: None,
    }
}

fn turned_away(principal: &Principal, operation: Operation, reason: String) -> Explanation {
    Explanation {
        rule: "ER-1",
        reason,
        ..blank(principal, operation)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn operations_have_names_of_their_own_by_which_they_are_found() {
        let mut names = BTreeSet::new();
        for operation in Operation::all() {
            assert_eq!(Operation::from_name(&operation.name()), Some(operation));
            assert!(names.insert(operation.name()), "{}", operation.name());
        }
        assert!(names.contains("reprocess") && names.contains("writeUsers"));
        assert_eq!(Operation::from_name("nonsense"), None);
    }
}

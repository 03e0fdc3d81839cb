//! Asking `auth`, and saying no in the service's words.
//!
//! **Invariant:** what a caller may not know to exist is answered as if it did not (404); what they may know but not do
//! is refused (403) with the permission or role that would do.

use auth::decide::{
    Access, Caller, Catalogs, Decision, admit, decide, may_act_as_requestor, readable_catalogs,
};
use auth::directory::{DirectoryAction, decide_directory};
use auth::roles::Action;
use domain::id::{CatalogId, ObjectId};

use crate::ctx::{Actor, Ctx};
use crate::error::{Code, ServiceError};

/// May the caller do this to the tenant as a whole?
pub fn in_tenant(ctx: &Ctx, action: Action) -> Result<(), ServiceError> {
    check(ctx, |caller| decide(caller, action, None))
}

/// May the caller do this in the catalog, or to the tenant without one? Always a refusal, never "not found".
pub fn for_catalog(
    ctx: &Ctx,
    action: Action,
    catalog: Option<CatalogId>,
) -> Result<(), ServiceError> {
    check(ctx, |caller| decide(caller, action, catalog))
}

/// The first refusal of RP-5, before the id is looked at: the permission is missing, or no role is held anywhere.
pub fn admitted(ctx: &Ctx, action: Action) -> Result<(), ServiceError> {
    check(ctx, |caller| admit(caller, action))
}

/// May the caller do this in the catalog? Not found if they may not even read it (by `reads`).
pub fn in_catalog_known_by(
    ctx: &Ctx,
    action: Action,
    reads: Action,
    catalog: CatalogId,
    not_found: impl FnOnce() -> ServiceError,
) -> Result<(), ServiceError> {
    let Actor::Caller(caller) = &ctx.actor else {
        return Ok(());
    };
    match decide(caller, action, Some(catalog)) {
        Decision::Allow => Ok(()),
        Decision::Deny(refusal) => {
            let readable = readable_catalogs(caller, reads).contains(catalog);
            let admitted = admit(caller, reads) == Decision::Allow;
            if admitted && !readable {
                Err(not_found())
            } else {
                Err(denied(&refusal))
            }
        }
    }
}

/// May the caller do this in the catalog? Not found if they may not even read it.
pub fn in_catalog(ctx: &Ctx, action: Action, catalog: CatalogId) -> Result<(), ServiceError> {
    in_catalog_known_by(ctx, action, Action::ReadCatalogContent, catalog, || {
        ServiceError::not_found("catalog", catalog)
    })
}

/// May the caller do this in the directory?
pub fn in_directory(ctx: &Ctx, action: DirectoryAction) -> Result<(), ServiceError> {
    check(ctx, |caller| decide_directory(caller, action))
}

/// May the caller act on what is their own? Answers who they are.
pub fn as_requestor(ctx: &Ctx, access: Access) -> Result<ObjectId, ServiceError> {
    check(ctx, |caller| {
        may_act_as_requestor(&caller.principal, access)
    })?;
    user_of(ctx).ok_or_else(|| {
        ServiceError::refused(
            Code::AccessDenied,
            "only a signed-in user can do this, not an application",
        )
    })
}

/// The signed-in user who calls.
pub fn user_of(ctx: &Ctx) -> Option<ObjectId> {
    match &ctx.actor {
        Actor::Caller(caller) => caller.principal.as_user(),
        Actor::System => None,
    }
}

/// The directory object that calls: a user or a service principal.
pub fn object_of(ctx: &Ctx) -> Option<ObjectId> {
    match &ctx.actor {
        Actor::Caller(caller) => Some(caller.principal.object()),
        Actor::System => None,
    }
}

/// The catalogs whose content the caller may see by `action`.
pub fn catalogs(ctx: &Ctx, action: Action) -> Catalogs {
    match &ctx.actor {
        Actor::Caller(caller) => readable_catalogs(caller, action),
        Actor::System => Catalogs::All,
    }
}

fn check(ctx: &Ctx, ask: impl FnOnce(&Caller) -> Decision) -> Result<(), ServiceError> {
    match &ctx.actor {
        Actor::System => Ok(()),
        Actor::Caller(caller) => match ask(caller) {
            Decision::Allow => Ok(()),
            Decision::Deny(refusal) => Err(denied(&refusal)),
        },
    }
}

/// A refusal of `auth` as an error of the service.
pub fn denied(refusal: &auth::decide::Refusal) -> ServiceError {
    ServiceError::refused(Code::AccessDenied, refusal.to_string())
}

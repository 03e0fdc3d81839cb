//! Whom a question is about.
//!
//! **Invariant:** somebody whom the asker may not know is answered as nobody.

use std::sync::Arc;

use auth::decide::Catalogs;
use auth::principal::{Permission, PermissionSet, Principal};
use auth::roles::Action;
use domain::id::ObjectId;
use domain::model;
use domain::query::{Entity, Predicate, Value};

use super::authorization::{Named, named, unknown_principal};
use crate::ctx::{Ctx, Service};
use crate::error::{Code, ServiceError};
use crate::{authorize, callers, reads};

/// Somebody who is asked about.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Their directory object.
    pub(super) object: ObjectId,
    /// Whether they ask about themselves.
    pub(super) is_self: bool,
    /// As they would call themselves; the refusal, if they are not let in (ER-1).
    pub(super) calls: Result<Ctx, (Code, String)>,
}

/// Whom the question is about: the caller, if nobody is named.
pub(super) async fn asked(
    service: &Service,
    ctx: &Ctx,
    name: Option<&str>,
) -> Result<Asked, ServiceError> {
    let own = authorize::object_of(ctx);
    let myself = |object| Asked {
        object,
        is_self: true,
        calls: Ok(ctx.clone()),
    };
    let Some(name) = name else {
        return own.map(myself).ok_or_else(|| unknown_principal(""));
    };
    let looked_up = name.to_owned();
    let found = service
        .store
        .read(move |tx| named(tx, &looked_up))
        .await?
        .ok_or_else(|| unknown_principal(name))?;
    let principal = match found {
        Named::User(id) => Principal::user(id, PermissionSet::of(Permission::ALL)),
        Named::Application(id, app) => {
            Principal::application(id, &app.to_string(), PermissionSet::of(Permission::ALL))
        }
    };
    let object = principal.object();
    if own == Some(object) {
        return Ok(myself(object));
    }
    let by_id = name.eq_ignore_ascii_case(&object.to_string());
    if !is_known(service, ctx, &principal, by_id).await? {
        return Err(unknown_principal(name));
    }
    let calls = match callers::load(service, &Arc::new(principal)).await {
        Ok(loaded) => Ok(Ctx::of_caller(loaded.caller, ctx.request_id, None)),
        Err(ServiceError::Refused {
            code: code @ Code::InvalidAuthenticationToken,
            message,
            ..
        }) => Err((code, message)),
        Err(other) => return Err(other),
    };
    Ok(Asked {
        object,
        is_self: false,
        calls,
    })
}

/// Whether the asker may know them: from the directory, as a subject of what they may read, or because they could assign
/// something to this id.
async fn is_known(
    service: &Service,
    ctx: &Ctx,
    principal: &Principal,
    by_id: bool,
) -> Result<bool, ServiceError> {
    let object = principal.object();
    let of_directory = if principal.is_application() {
        &model::SERVICE_PRINCIPAL
    } else {
        &model::USER
    };
    let assigns = match authorize::catalogs(ctx, Action::AdminRequest) {
        Catalogs::All => true,
        Catalogs::Some(catalogs) => !catalogs.is_empty(),
        Catalogs::None(_) => false,
    };
    if by_id && assigns {
        return Ok(true);
    }
    Ok(is_seen(service, ctx, of_directory, "id", object).await?
        || is_seen(service, ctx, &model::SUBJECT, "object_id", object).await?)
}

async fn is_seen(
    service: &Service,
    ctx: &Ctx,
    entity: &'static Entity,
    field: &str,
    id: ObjectId,
) -> Result<bool, ServiceError> {
    let Some(field) = entity.field(field) else {
        return Ok(false);
    };
    let named = Predicate::equals(field, Value::Text(id.to_string()));
    match reads::exists(service, ctx, entity, named).await {
        Err(ServiceError::Refused { .. }) => Ok(false),
        answer => answer,
    }
}

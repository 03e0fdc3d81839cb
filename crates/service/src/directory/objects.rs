//! Directory objects whatever their kind: find, delete, look up many.

use auth::directory::DirectoryAction;
use domain::directory::ObjectKind;
use domain::id::ObjectId;
use store::Error;
use store::directory::object::{self, DirectoryObject};

use super::{groups, service_principals, users};
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::{Code, ServiceError};

/// How many ids one look-up takes, as Graph has it.
const MOST_IDS: usize = 1000;

/// The object of this id.
pub async fn get(
    service: &Service,
    ctx: &Ctx,
    id: ObjectId,
) -> Result<DirectoryObject, ServiceError> {
    let readable = readable_kinds(ctx)?;
    let found = service.store.read(move |tx| object::find(tx, id)).await?;
    let found = found.filter(|found| readable.contains(&found.kind));
    found.ok_or_else(|| ServiceError::not_found("directory object", id))
}

/// The objects of these ids, in the order asked; unknown ids, and kinds that are not asked for, are left out. An empty
/// list of kinds asks for all; `None` asks for kinds that there are none of.
pub async fn by_ids(
    service: &Service,
    ctx: &Ctx,
    ids: Vec<ObjectId>,
    kinds: Option<Vec<ObjectKind>>,
) -> Result<Vec<DirectoryObject>, ServiceError> {
    if ids.len() > MOST_IDS {
        let message = format!("at most {MOST_IDS} ids can be looked up at once");
        return Err(ServiceError::invalid(Code::BadRequest, "ids", message));
    }
    let mut readable = readable_kinds(ctx)?;
    readable.retain(|kind| {
        kinds
            .as_ref()
            .is_some_and(|kinds| kinds.is_empty() || kinds.contains(kind))
    });
    let found = service
        .store
        .read(move |tx| {
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                found.extend(object::find(tx, id)?.filter(|found| readable.contains(&found.kind)));
            }
            Ok::<_, Error>(found)
        })
        .await?;
    Ok(found)
}

/// Deletes the object of this id; a user can be restored.
pub async fn delete(service: &Service, ctx: &Ctx, id: ObjectId) -> Result<(), ServiceError> {
    let found = get(service, ctx, id).await?;
    match found.kind {
        ObjectKind::User => users::delete(service, ctx, id).await,
        ObjectKind::Group => groups::delete(service, ctx, id).await,
        ObjectKind::ServicePrincipal => service_principals::delete(service, ctx, id).await,
    }
}

/// The kinds of object that the caller may read; a refusal if there is none.
pub(crate) fn readable_kinds(ctx: &Ctx) -> Result<Vec<ObjectKind>, ServiceError> {
    let mut readable = Vec::new();
    let mut refused = None;
    for kind in ObjectKind::ALL.iter().copied() {
        let action = match kind {
            ObjectKind::User => DirectoryAction::ReadUsers,
            ObjectKind::Group => DirectoryAction::ReadGroups,
            ObjectKind::ServicePrincipal => DirectoryAction::ReadApplications,
        };
        match authorize::in_directory(ctx, action) {
            Ok(()) => readable.push(kind),
            Err(refusal) => refused = refused.or(Some(refusal)),
        }
    }
    match refused {
        Some(refusal) if readable.is_empty() => Err(refusal),
        _ => Ok(readable),
    }
}

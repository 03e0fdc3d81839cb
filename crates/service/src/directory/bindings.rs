//! Which configured target a group or an application is delivered to; without a binding it is the built-in directory.

use auth::roles::Action;
use domain::activity::Activity;
use domain::directory::ObjectKind;
use domain::id::ObjectId;
use store::directory::object;
use store::directory::target_binding;
pub use store::directory::target_binding::TargetBinding;

use crate::audit::{self, success};
use crate::authorize;
use crate::ctx::{Ctx, Service};
use crate::error::{Code, ServiceError};

/// Binds a group or an application to a target. Whether a target of this name is configured is the caller's to know.
pub async fn set(service: &Service, ctx: &Ctx, binding: TargetBinding) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    if binding.target.trim().is_empty() {
        return Err(ServiceError::invalid(
            Code::InvalidModel,
            "target",
            "`target` must not be empty",
        ));
    }
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            let id = binding.object_id;
            let bound = object::find(tx, id)?
                .ok_or_else(|| ServiceError::not_found("directory object", id))?;
            if bound.kind == ObjectKind::User {
                let message = "only groups and service principals are delivered to targets";
                return Err(ServiceError::invalid(
                    Code::InvalidModel,
                    "objectId",
                    message,
                ));
            }
            target_binding::set(tx, &binding)?;
            let event = success(
                Activity::BindObject,
                "TargetBinding",
                id,
                bound.display_name,
            )
            .with("target", &binding.target);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await?;
    service.wake();
    Ok(())
}

/// Unbinds an object: it is delivered to the built-in directory again.
pub async fn clear(service: &Service, ctx: &Ctx, object: ObjectId) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| {
            if !target_binding::clear(tx, object)? {
                return Err(ServiceError::not_found(
                    "binding of the directory object",
                    object,
                ));
            }
            let event = success(Activity::UnbindObject, "TargetBinding", object, None);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await?;
    service.wake();
    Ok(())
}

/// The binding of an object.
pub async fn get(
    service: &Service,
    ctx: &Ctx,
    object: ObjectId,
) -> Result<TargetBinding, ServiceError> {
    authorize::in_tenant(ctx, Action::ReadSettings)?;
    let found = service
        .store
        .read(move |tx| target_binding::find(tx, object))
        .await?;
    found.ok_or_else(|| ServiceError::not_found("binding of the directory object", object))
}

/// All bindings, by target.
pub async fn list(service: &Service, ctx: &Ctx) -> Result<Vec<TargetBinding>, ServiceError> {
    authorize::in_tenant(ctx, Action::ReadSettings)?;
    Ok(service.store.read(target_binding::list).await?)
}

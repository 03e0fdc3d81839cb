//! Custom extensions of catalogs, and the stages at which policies call them (semantics 6.9).

pub mod stages;

use auth::roles::Action;
use domain::activity::Activity;
use domain::extension::{ExtensionChange, ExtensionDraft};
use domain::id::{CatalogId, CustomExtensionId};
use store::ReadTx;
use store::custom_extension::{self, CustomExtension};

use crate::audit::{self, success};
use crate::content::{authorize_in, caller_name, catalog_for, flawed};
use crate::ctx::{Ctx, Service};
use crate::error::{Code, ServiceError};
use crate::{authorize, callouts};

/// Creates an extension of a catalog.
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    catalog: CatalogId,
    draft: ExtensionDraft,
) -> Result<CustomExtensionId, ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    let settings = service.settings.clone();
    let created = service
        .store
        .write(move |tx| -> Result<CustomExtensionId, ServiceError> {
            let catalog = catalog_for(tx, &ctx, Action::ManageExtensions, catalog)?;
            draft.check(&settings.extensions.hosts).map_err(flawed)?;
            let created = CustomExtension {
                id: moment.id(CustomExtensionId::new),
                catalog_id: catalog.id,
                content: draft.clone(),
                created_by: caller_name(&ctx),
                created_at: moment.now,
                modified_by: caller_name(&ctx),
                modified_at: moment.now,
                version: 1,
            };
            custom_extension::insert(tx, &created)?;
            let event = event(Activity::CreateExtension, &created).changing(None, Some(&created));
            audit::record(tx, &moment, &ctx, event)?;
            if settings.extensions.probe_on_create {
                callouts::probe(tx, &moment, &created)?;
            }
            Ok(created.id)
        })
        .await?;
    service.wake();
    Ok(created)
}

/// Changes an extension (HT-1: what is not named stays).
pub async fn update(
    service: &Service,
    ctx: &Ctx,
    id: CustomExtensionId,
    change: ExtensionChange,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    let settings = service.settings.clone();
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = extension_for(tx, &ctx, id)?;
            let content = change
                .clone()
                .over(stored.content.clone())
                .map_err(flawed)?;
            content.check(&settings.extensions.hosts).map_err(flawed)?;
            if content.callback.is_none() && custom_extension::count_dynamic_stages(tx, id)? > 0 {
                return Err(ServiceError::invalid(
                    Code::InvalidModel,
                    "callbackConfiguration",
                    "stages of approval wait for the extension to say who decides",
                ));
            }
            let changed = CustomExtension {
                content,
                modified_by: caller_name(&ctx),
                modified_at: moment.now,
                ..stored.clone()
            };
            custom_extension::save(tx, &changed)?;
            let event = event(Activity::UpdateExtension, &changed);
            let event = event.changing(Some(&stored), Some(&changed));
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

/// Deletes an extension that no policy calls (PO-30).
pub async fn delete(
    service: &Service,
    ctx: &Ctx,
    id: CustomExtensionId,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let gone = extension_for(tx, &ctx, id)?;
            let uses = custom_extension::count_uses(tx, id)?
                + custom_extension::count_dynamic_stages(tx, id)?;
            if uses > 0 {
                return Err(ServiceError::refused(
                    Code::ExtensionInUse,
                    format!(
                        "the extension is called at {uses} stages of policies and of open approvals"
                    ),
                ));
            }
            custom_extension::delete(tx, &gone)?;
            let event = event(Activity::DeleteExtension, &gone);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

/// The extension, if the caller may manage those of its catalog.
fn extension_for(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    id: CustomExtensionId,
) -> Result<CustomExtension, ServiceError> {
    let not_found = || ServiceError::not_found("custom extension", id);
    authorize::admitted(ctx, Action::ManageExtensions)?;
    let found = custom_extension::find(tx, id)?.ok_or_else(not_found)?;
    authorize_in(ctx, Action::ManageExtensions, found.catalog_id, not_found)?;
    Ok(found)
}

fn event(activity: Activity, extension: &CustomExtension) -> audit::Event {
    success(
        activity,
        "CustomExtension",
        extension.id,
        Some(extension.content.display_name.clone()),
    )
    .with("catalog", extension.catalog_id)
    .with("type", extension.content.object_type)
}

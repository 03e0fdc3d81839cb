//! The settings of the tenant, and its control configurations: they are there from the start and can only be changed.

use auth::roles::Action;
use domain::activity::Activity;
use domain::control_configuration::ControlChange;
use domain::id::ControlConfigurationId;
use domain::tenant_settings::SettingsChange;
use store::control_configuration::{self, ControlConfiguration};
use store::entitlement_settings::{self, EntitlementSettings};

use crate::audit::{self, success};
use crate::authorize;
use crate::content::{caller_name, flawed};
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;

const ACTIVITY: Activity = Activity::UpdateSetting;

/// Changes the settings (HT-1: what is not named stays). What was scheduled by the old ones stands (EX-7).
pub async fn update(
    service: &Service,
    ctx: &Ctx,
    change: SettingsChange,
) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    change.check().map_err(flawed)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = entitlement_settings::get(tx)?;
            let changed = EntitlementSettings {
                external_user_action: change
                    .external_user_action
                    .unwrap_or(stored.external_user_action),
                external_user_deleted_after: change
                    .external_user_deleted_after
                    .over(stored.external_user_deleted_after),
                ..stored.clone()
            };
            entitlement_settings::save(tx, &changed)?;
            let mut event = success(
                ACTIVITY,
                "EntitlementManagementSettings",
                "entitlementManagement",
                None,
            )
            .changing(Some(&stored), Some(&changed))
            .with("externalUserLifecycleAction", changed.external_user_action);
            if let Some(time) = changed.external_user_deleted_after {
                event = event.with("durationUntilExternalUserDeletedAfterBlocked", time);
            }
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

/// Changes a control configuration (AP-14): it is kept and served, and acts where something feeds it.
pub async fn configure_control(
    service: &Service,
    ctx: &Ctx,
    id: ControlConfigurationId,
    change: ControlChange,
) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageSettings)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = control_configuration::find(tx, id)?
                .ok_or_else(|| ServiceError::not_found("control configuration", id))?;
            let change = change.clone().for_kind(stored.kind).map_err(flawed)?;
            let changed = ControlConfiguration {
                is_enabled: change.is_enabled.unwrap_or(stored.is_enabled),
                is_approval_required: change.is_approval_required.or(stored.is_approval_required),
                minimum_risk_level: change
                    .minimum_risk_level
                    .or(stored.minimum_risk_level.clone()),
                related_people_insight_level: change
                    .related_people_insight_level
                    .or(stored.related_people_insight_level),
                show_approver_details_to_members: change
                    .show_approver_details_to_members
                    .or(stored.show_approver_details_to_members),
                created_by: stored.created_by.clone().or_else(|| caller_name(&ctx)),
                created_at: stored.created_at.or(Some(moment.now)),
                modified_by: caller_name(&ctx),
                modified_at: Some(moment.now),
                ..stored.clone()
            };
            control_configuration::save(tx, &changed)?;
            let event = success(ACTIVITY, "ControlConfiguration", id, None)
                .changing(Some(&stored), Some(&changed))
                .with("type", changed.kind)
                .with("isEnabled", changed.is_enabled);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

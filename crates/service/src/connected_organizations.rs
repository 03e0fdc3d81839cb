//! Connected organizations and their sponsors: create, change, delete, and propose on behalf of somebody outside.

use auth::roles::Action;
use domain::activity::Activity;
use domain::connected_organization::{
    ConnectedOrganizationChange, IdentitySource, NewConnectedOrganization, OrganizationState,
    SponsorKind, keys,
};
use domain::directory::ObjectKind;
use domain::id::{ConnectedOrganizationId, ObjectId};
use domain::policy::{Policy, Target, TargetKind, TargetScope};
use store::connected_organization::{self, ConnectedOrganization};
use store::directory::{object, user};
use store::{ReadTx, WriteTx};

use crate::audit::{self, success};
use crate::authorize;
use crate::content::{caller_name, flawed};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};

const TYPE: &str = "ConnectedOrganization";

/// Creates a connected organization.
pub async fn create(
    service: &Service,
    ctx: &Ctx,
    wanted: NewConnectedOrganization,
) -> Result<ConnectedOrganizationId, ServiceError> {
    authorize::in_tenant(ctx, Action::ManageConnectedOrganizations)?;
    wanted.check().map_err(flawed)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<ConnectedOrganizationId, ServiceError> {
            store_new(tx, &moment, &ctx, &wanted)
        })
        .await
}

/// Changes a connected organization (HT-1: what is not named stays).
pub async fn update(
    service: &Service,
    ctx: &Ctx,
    id: ConnectedOrganizationId,
    change: ConnectedOrganizationChange,
) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageConnectedOrganizations)?;
    change.check().map_err(flawed)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = get(tx, id)?;
            let sources = change.identity_sources.as_deref();
            if let Some(sources) = sources {
                check_holders(tx, sources, Some(id))?;
            }
            let change = change.clone();
            let changed = ConnectedOrganization {
                display_name: change
                    .display_name
                    .unwrap_or_else(|| stored.display_name.clone()),
                description: change.description.over(stored.description.clone()),
                state: change.state.unwrap_or(stored.state),
                identity_sources: sources.map_or_else(
                    || stored.identity_sources.clone(),
                    connected_organization::document,
                ),
                modified_by: caller_name(&ctx),
                modified_at: moment.now,
                ..stored.clone()
            };
            connected_organization::save(tx, &changed, sources.map(keys).as_ref())?;
            let event = event(Activity::UpdateOrganization, &changed)
                .changing(Some(&stored), Some(&changed));
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

/// Deletes a connected organization that no policy names, with its list of sponsors. Its people belong to none then.
pub async fn delete(
    service: &Service,
    ctx: &Ctx,
    id: ConnectedOrganizationId,
) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageConnectedOrganizations)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let gone = get(tx, id)?;
            if let Some(policy) = connected_organization::policy_naming(tx, id)? {
                let message = format!(
                    "the assignment policy `{policy}` names the connected organization; change it first"
                );
                return Err(ServiceError::refused(
                    Code::ConnectedOrganizationInUse,
                    message,
                ));
            }
            connected_organization::delete(tx, &gone)?;
            let event = event(Activity::DeleteOrganization, &gone);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

/// Makes a user or a group a sponsor. Doing it again changes nothing.
pub async fn add_sponsor(
    service: &Service,
    ctx: &Ctx,
    id: ConnectedOrganizationId,
    kind: SponsorKind,
    sponsor: ObjectId,
) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageConnectedOrganizations)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let organization = get(tx, id)?;
            match object::find(tx, sponsor)?.map(|found| found.kind) {
                Some(ObjectKind::User | ObjectKind::Group) => {}
                Some(ObjectKind::ServicePrincipal) => {
                    let message = "a sponsor is a user or a group";
                    return Err(ServiceError::invalid(
                        Code::InvalidModel,
                        "@odata.id",
                        message,
                    ));
                }
                None => return Err(ServiceError::not_found("user or group", sponsor)),
            }
            if !connected_organization::add_sponsor(tx, id, kind, sponsor)? {
                return Ok(());
            }
            let activity = match kind {
                SponsorKind::Internal => Activity::AssignInternalSponsor,
                SponsorKind::External => Activity::AssignExternalSponsor,
            };
            let event = event(activity, &organization).with("sponsor", sponsor);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

/// Takes a sponsor off the list.
pub async fn remove_sponsor(
    service: &Service,
    ctx: &Ctx,
    id: ConnectedOrganizationId,
    kind: SponsorKind,
    sponsor: ObjectId,
) -> Result<(), ServiceError> {
    authorize::in_tenant(ctx, Action::ManageConnectedOrganizations)?;
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let organization = get(tx, id)?;
            if !connected_organization::remove_sponsor(tx, id, kind, sponsor)? {
                return Err(ServiceError::not_found("sponsor", sponsor));
            }
            let activity = match kind {
                SponsorKind::Internal => Activity::RemoveInternalSponsor,
                SponsorKind::External => Activity::RemoveExternalSponsor,
            };
            let event = event(activity, &organization).with("sponsor", sponsor);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

/// Proposes the organization of a guest, or of somebody known by an address only, for whom may be asked because anybody
/// outside may, and who belongs to none (EX-2).
pub(crate) fn propose(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    policy: &Policy,
    target: &Target,
    address: Option<&str>,
) -> Result<(), ServiceError> {
    let is_stranger = policy.scope == TargetScope::AllExternalUsers
        && matches!(target.kind, TargetKind::Guest | TargetKind::External)
        && target.organization.is_none();
    if !is_stranger {
        return Ok(());
    }
    let mail = match target.object_id {
        Some(guest) => user::find_present(tx, guest)?.and_then(|guest| guest.mail),
        None => address.map(str::to_owned),
    };
    let proposed = mail
        .as_deref()
        .and_then(NewConnectedOrganization::proposed_for);
    match proposed {
        // Nobody asked for the organization: Reeve itself proposes it.
        Some(proposed) => {
            let system = Ctx::system(ctx.request_id);
            store_new(tx, moment, &system, &proposed).map(drop)
        }
        None => Ok(()),
    }
}

fn store_new(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    wanted: &NewConnectedOrganization,
) -> Result<ConnectedOrganizationId, ServiceError> {
    check_holders(tx, &wanted.identity_sources, None)?;
    let created = ConnectedOrganization {
        id: moment.id(ConnectedOrganizationId::new),
        display_name: wanted.display_name.clone(),
        description: wanted.description.clone(),
        state: wanted.state,
        identity_sources: connected_organization::document(&wanted.identity_sources),
        created_by: caller_name(ctx),
        created_at: moment.now,
        modified_by: caller_name(ctx),
        modified_at: moment.now,
        version: 1,
    };
    connected_organization::insert(tx, &created, &keys(&wanted.identity_sources))?;
    let event = event(Activity::CreateOrganization, &created).changing(None, Some(&created));
    audit::record(tx, moment, ctx, event)?;
    Ok(created.id)
}

fn get(
    tx: &mut ReadTx<'_>,
    id: ConnectedOrganizationId,
) -> Result<ConnectedOrganization, ServiceError> {
    connected_organization::find(tx, id)?
        .ok_or_else(|| ServiceError::not_found("connected organization", id))
}

/// Nothing by which people are known may be another organization's: they could not belong to both.
fn check_holders(
    tx: &mut ReadTx<'_>,
    sources: &[IdentitySource],
    own: Option<ConnectedOrganizationId>,
) -> Result<(), ServiceError> {
    for (position, source) in sources.iter().enumerate() {
        for (kind, value) in source.keys() {
            match connected_organization::source_holder(tx, kind, &value)? {
                Some(other) if Some(other) != own => {
                    return Err(ServiceError::invalid(
                        Code::InvalidModel,
                        format!("identitySources/{position}"),
                        format!(
                            "`{value}` is an identity source of the connected organization `{other}` already"
                        ),
                    ));
                }
                Some(_) | None => {}
            }
        }
    }
    Ok(())
}

fn event(activity: Activity, organization: &ConnectedOrganization) -> audit::Event {
    let is_configured = organization.state == OrganizationState::Configured;
    success(
        activity,
        TYPE,
        organization.id,
        Some(organization.display_name.clone()),
    )
    .with("isConfigured", is_configured)
}

//! Resources of catalogs: what the directory says about them, and who may bring them in.

use auth::principal::{DirectoryRole, Permission};
use auth::roles::Action;
use domain::activity::Activity;
use domain::directory::{GroupRole, ServicePrincipal};
use domain::id::{ObjectId, ResourceId, ResourceRoleId};
use domain::resource::{
    DriftAction, NotSupported, OfferedRole, OriginSystem, RightsOnResource, check_application,
    check_group, roles_of_application, roles_of_group,
};
use store::directory::{group, membership, service_principal};
use store::resource::{self, Resource, ResourceRole};
use store::{ReadTx, WriteTx};

use crate::audit::{self, success};
use crate::authorize;
use crate::content::authorize_in;
use crate::ctx::{Actor, Ctx, Moment, Service};
use crate::directory::privileged;
use crate::error::{Code, ServiceError};

pub(crate) const TYPE: &str = "AccessPackageResource";

/// A thing as its origin describes it now, with a view to being a resource.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The system that it is of.
    pub(crate) system: OriginSystem,
    /// Its id there.
    pub(crate) id: String,
    /// Its name.
    pub(crate) display_name: String,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// What kind of thing it is, for people.
    pub(crate) resource_type: &'static str,
    /// Every role that it offers (DL-6).
    pub(crate) roles: Vec<OfferedRole>,
    /// Why it cannot be brought into a catalog, if it cannot.
    pub(crate) refusal: Option<NotSupported>,
}

/// Reads a resource anew from its origin: its name, its description, its roles (DL-14). One that no directory describes
/// is as it was.
pub async fn refresh(service: &Service, ctx: &Ctx, id: ResourceId) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = resource_for(tx, &ctx, Action::ManageResources, id)?;
            if !stored.origin_system.is_directory() {
                return Ok(());
            }
            let Some(origin) = origin_of(tx, &stored)? else {
                let message = format!("`{}` is gone from its origin", stored.display_name);
                return Err(ServiceError::refused(Code::ResourceNotFound, message));
            };
            let changed = Resource {
                display_name: origin.display_name.clone(),
                description: origin.description.clone(),
                resource_type: Some(origin.resource_type.to_owned()),
                modified_at: moment.now,
                ..stored
            };
            resource::save(tx, &changed)?;
            take_up_roles(tx, &moment, &changed, &origin.roles)?;
            let name = Some(changed.display_name);
            let event = success(Activity::UpdateResource, TYPE, id, name);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

/// May the caller change resources anywhere? Asked before anything of a body is judged.
pub fn may_change(ctx: &Ctx) -> Result<(), ServiceError> {
    authorize::admitted(ctx, Action::ManageResources)
}

/// Says what happens when drift of a resource is found (L8).
pub async fn set_drift_action(
    service: &Service,
    ctx: &Ctx,
    id: ResourceId,
    action: DriftAction,
) -> Result<(), ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<(), ServiceError> {
            let stored = resource_for(tx, &ctx, Action::ManageResources, id)?;
            let changed = Resource {
                drift_action: action,
                modified_at: moment.now,
                ..stored
            };
            resource::save(tx, &changed)?;
            let name = Some(changed.display_name);
            let event =
                success(Activity::UpdateResource, TYPE, id, name).with("driftAction", action);
            Ok(audit::record(tx, &moment, &ctx, event)?)
        })
        .await
}

/// The resource, if the caller may do this to the resources of its catalog.
pub(crate) fn resource_for(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    action: Action,
    id: ResourceId,
) -> Result<Resource, ServiceError> {
    let not_found = || ServiceError::not_found("resource", id);
    authorize::admitted(ctx, action)?;
    let found = resource::find(tx, id)?.ok_or_else(not_found)?;
    authorize_in(ctx, action, found.catalog_id, not_found)?;
    Ok(found)
}

/// Takes up the roles that the origin of a resource has come to offer, if the origin is still there.
pub(crate) fn refresh_roles(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    resource: &Resource,
) -> Result<(), ServiceError> {
    match origin_of(tx, resource)? {
        Some(origin) => take_up_roles(tx, moment, resource, &origin.roles),
        None => Ok(()),
    }
}

/// Takes up the roles that an application offers now wherever it is a resource (DL-6).
pub(crate) fn application_changed(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    application: &ServicePrincipal,
) -> Result<(), ServiceError> {
    let offered = roles_of_application(&application.app_roles);
    let origin_id = application.id.to_string();
    for resource in resource::of_origin(tx, OriginSystem::AadApplication, &origin_id)? {
        take_up_roles(tx, moment, &resource, &offered)?;
    }
    Ok(())
}

/// Makes the stored roles of a resource those that are offered. A role that is no longer offered stays while a package
/// uses it: its delivery says what is wrong (AS-21).
pub(crate) fn take_up_roles(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    resource: &Resource,
    offered: &[OfferedRole],
) -> Result<(), ServiceError> {
    let stored = resource::roles(tx, resource.id)?;
    for role in offered {
        let known = stored.iter().find(|one| one.origin_id == role.origin_id);
        let current = ResourceRole {
            id: known.map_or_else(|| moment.id(ResourceRoleId::new), |known| known.id),
            resource_id: resource.id,
            origin_system: resource.origin_system,
            origin_id: role.origin_id.clone(),
            display_name: role.display_name.clone(),
            description: role.description.clone(),
        };
        match known {
            None => resource::insert_role(tx, &current)?,
            Some(known) if *known != current => resource::save_role(tx, &current)?,
            Some(_) => {}
        }
    }
    for role in stored {
        if !offered.iter().any(|one| one.origin_id == role.origin_id) {
            resource::delete_unused_role(tx, role.id)?;
        }
    }
    Ok(())
}

fn origin_of(tx: &mut ReadTx<'_>, resource: &Resource) -> Result<Option<Origin>, ServiceError> {
    match resource.origin_id.parse() {
        Ok(object) => find_origin(tx, resource.origin_system, object),
        Err(_) => Ok(None),
    }
}

/// The thing of a system, if the directory has it.
pub(crate) fn find_origin(
    tx: &mut ReadTx<'_>,
    system: OriginSystem,
    object: ObjectId,
) -> Result<Option<Origin>, ServiceError> {
    Ok(match system {
        OriginSystem::AadGroup => group::find(tx, object)?.map(|group| Origin {
            system,
            id: object.to_string(),
            refusal: check_group(&group).err(),
            resource_type: if group.mail_enabled {
                "O365 Group"
            } else {
                "Security Group"
            },
            roles: roles_of_group(object),
            display_name: group.display_name,
            description: group.description,
        }),
        OriginSystem::AadApplication => {
            service_principal::find(tx, object)?.map(|application| Origin {
                system,
                id: object.to_string(),
                refusal: check_application(&application).err(),
                resource_type: "Application",
                roles: roles_of_application(&application.app_roles),
                display_name: application.display_name,
                description: application.description,
            })
        }
        // What is said of it is here and nowhere else.
        OriginSystem::CustomDataProvidedResource => None,
    })
}

/// Refuses whoever may not decide about a thing that they want to bring into a catalog (DL-13).
pub(crate) fn check_rights(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    system: OriginSystem,
    object: ObjectId,
) -> Result<(), ServiceError> {
    let Actor::Caller(caller) = &ctx.actor else {
        return Ok(());
    };
    let principal = &caller.principal;
    let (roles, permissions): (&[DirectoryRole], &[Permission]) = match system {
        OriginSystem::AadGroup => (
            &[
                DirectoryRole::GlobalAdministrator,
                DirectoryRole::UserAdministrator,
            ],
            &[
                Permission::GroupReadWriteAll,
                Permission::DirectoryReadWriteAll,
            ],
        ),
        OriginSystem::AadApplication => (
            &[DirectoryRole::GlobalAdministrator],
            &[
                Permission::ApplicationReadWriteAll,
                Permission::AppRoleAssignmentReadWriteAll,
                Permission::DirectoryReadWriteAll,
            ],
        ),
        // Nobody but the catalog's owner has a say in it.
        OriginSystem::CustomDataProvidedResource => return Ok(()),
    };
    if system == OriginSystem::AadGroup
        && let Err(refusal) = privileged::check_group(tx, ctx, object)
    {
        return Err(match refusal {
            ServiceError::Refused { message, .. } => {
                let message = format!("the group gives roles to its members: {message}");
                ServiceError::refused(Code::CallerNotResourceOwner, message)
            }
            other => other,
        });
    }
    let own = principal.object();
    let is_owner = system == OriginSystem::AadGroup
        && membership::among(tx, object, GroupRole::Owner, &[own])?.contains(&own);
    let rights = RightsOnResource {
        is_application: principal.is_application(),
        is_owner,
        holds_directory_role: roles
            .iter()
            .any(|role| caller.directory_roles.contains(role)),
        holds_permission: principal.scopes().contains_any(permissions),
    };
    if rights.suffice() {
        return Ok(());
    }
    let message = match (system == OriginSystem::AadGroup, rights.is_application) {
        (true, true) => {
            "the application must own the group or have the permission `Group.ReadWrite.All`"
        }
        (true, false) => {
            "the caller must own the group or hold a directory role that may change its members"
        }
        (false, true) => "the application must have the permission `Application.ReadWrite.All`",
        (false, false) => {
            "the caller must hold a directory role that may change who is assigned to the application"
        }
    };
    Err(ServiceError::refused(Code::CallerNotResourceOwner, message))
}

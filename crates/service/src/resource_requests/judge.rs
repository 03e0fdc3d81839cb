//! What a request about a resource comes to, and what speaks against it (DL-11 to DL-13).

use auth::roles::Action;
use domain::change::Change;
use domain::flaw::check_name;
use domain::id::{CatalogId, ObjectId};
use domain::resource::{NewResourceRequest, OriginSystem, ResourceRequestType, check_origin_id};
use store::ReadTx;
use store::resource::{self, Resource};
use store::{environment, external_connector, resource_role_scope};

use crate::content::{catalog_for, flawed};
use crate::ctx::Ctx;
use crate::error::{Code, ServiceError};
use crate::resources::{Origin, check_rights, find_origin, resource_for};

/// What a request comes to, once nothing speaks against it.
pub(super) enum Deed {
    /// Something is brought into a catalog.
    Add {
        /// The catalog.
        catalog: CatalogId,
        /// What.
        origin: Origin,
    },
    /// A resource changes.
    Update(Resource),
    /// A resource is taken out.
    Remove(Resource),
}

pub(super) fn judge(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    wanted: &NewResourceRequest,
) -> Result<Deed, ServiceError> {
    match wanted.request_type {
        ResourceRequestType::AdminAdd => judge_addition(tx, ctx, wanted),
        ResourceRequestType::AdminUpdate => {
            let stored = find(tx, ctx, wanted)?;
            judge_update(wanted, &stored)?;
            Ok(Deed::Update(stored))
        }
        ResourceRequestType::AdminRemove => {
            let stored = find(tx, ctx, wanted)?;
            let uses = resource_role_scope::count_of_resource(tx, stored.id)?;
            if uses > 0 {
                let message =
                    format!("access packages of the catalog use the resource: {uses} times");
                return Err(ServiceError::refused(
                    Code::InvalidDeleteResourceHasEntitlements,
                    message,
                ));
            }
            Ok(Deed::Remove(stored))
        }
    }
}

/// An update says which attributes a resource has. One that no directory describes may get a new description instead.
fn judge_update(wanted: &NewResourceRequest, stored: &Resource) -> Result<(), ServiceError> {
    let describes = !stored.origin_system.is_directory() && !wanted.description.is_empty();
    if let Some(name) = wanted
        .description
        .display_name
        .as_deref()
        .filter(|_| describes)
    {
        check_name("resource/displayName", name).map_err(flawed)?;
    }
    if wanted.attributes_json.is_some() || wanted.connector != Change::Keep || describes {
        return Ok(());
    }
    Err(ServiceError::invalid(
        Code::InvalidModel,
        "resource/attributes",
        "an update says which attributes the resource has",
    ))
}

fn judge_addition(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    wanted: &NewResourceRequest,
) -> Result<Deed, ServiceError> {
    let catalog = catalog_for(tx, ctx, Action::ManageResources, named_catalog(wanted)?)?;
    let named = named_origin(wanted)?;
    check_environment(tx, wanted, named.system())?;
    let origin = match &named {
        NamedOrigin::Object(system, object) => {
            let origin = find_origin(tx, *system, *object)?.ok_or_else(|| {
                ServiceError::invalid(
                    Code::ResourceNotFound,
                    "resource/originId",
                    format!("the directory has no such object: `{object}`"),
                )
            })?;
            if let Some(refusal) = origin.refusal {
                return Err(ServiceError::refused(
                    Code::ResourceNotSupported,
                    refusal.to_string(),
                ));
            }
            check_rights(tx, ctx, *system, *object)?;
            origin
        }
        NamedOrigin::Custom(origin_id) => custom(wanted, origin_id)?,
    };
    if resource::find_by_origin(tx, catalog.id, origin.system, &origin.id)?.is_some() {
        let message = format!(
            "`{}` is already onboarded to the catalog",
            origin.display_name
        );
        return Err(ServiceError::refused(
            Code::ResourceAlreadyOnboarded,
            message,
        ));
    }
    Ok(Deed::Add {
        catalog: catalog.id,
        origin,
    })
}

/// A resource that no directory describes: whoever manages the catalog says what it is. It offers no roles, for nothing
/// can be delivered to it.
fn custom(wanted: &NewResourceRequest, origin_id: &str) -> Result<Origin, ServiceError> {
    let system = OriginSystem::CustomDataProvidedResource;
    let name = wanted
        .description
        .display_name
        .as_deref()
        .unwrap_or_default();
    check_name("resource/displayName", name).map_err(flawed)?;
    Ok(Origin {
        system,
        id: origin_id.to_owned(),
        display_name: name.to_owned(),
        description: wanted.description.description.clone().over(None),
        resource_type: system.as_str(),
        roles: Vec::new(),
        refusal: None,
    })
}

/// An environment that is named is one of the resource's system. A system has its own where none is named.
fn check_environment(
    tx: &mut ReadTx<'_>,
    wanted: &NewResourceRequest,
    system: OriginSystem,
) -> Result<(), ServiceError> {
    let Some(named) = &wanted.environment else {
        return Ok(());
    };
    let own = environment::of_system(tx, system)?;
    let fits = own.is_some_and(|own| {
        named.id.is_none_or(|id| id == own.id)
            && named
                .origin_id
                .as_ref()
                .is_none_or(|origin_id| origin_id.eq_ignore_ascii_case(&own.origin_id))
    });
    if fits {
        return Ok(());
    }
    Err(ServiceError::invalid(
        Code::InvalidModel,
        "resource/environment",
        format!("`resource/environment` is no environment of `{system}`"),
    ))
}

/// A connector that is named has to be there.
pub(super) fn check_connector(
    tx: &mut ReadTx<'_>,
    wanted: &NewResourceRequest,
) -> Result<(), ServiceError> {
    let Change::Set(id) = wanted.connector else {
        return Ok(());
    };
    if external_connector::find(tx, id)?.is_some() {
        return Ok(());
    }
    Err(ServiceError::invalid(
        Code::InvalidModel,
        "resource/externalOriginResourceConnector",
        format!("the external origin resource connector `{id}` does not exist"),
    ))
}

fn named_catalog(wanted: &NewResourceRequest) -> Result<CatalogId, ServiceError> {
    wanted.catalog_id.ok_or_else(|| {
        ServiceError::invalid(Code::InvalidModel, "catalog/id", "`catalog/id` is required")
    })
}

/// What a body means by the ids of an origin.
enum NamedOrigin {
    /// A thing of the directory.
    Object(OriginSystem, ObjectId),
    /// Something that no directory describes.
    Custom(String),
}

impl NamedOrigin {
    const fn system(&self) -> OriginSystem {
        match self {
            Self::Object(system, _) => *system,
            Self::Custom(_) => OriginSystem::CustomDataProvidedResource,
        }
    }

    fn origin_id(&self) -> String {
        match self {
            Self::Object(_, object) => object.to_string(),
            Self::Custom(origin_id) => origin_id.clone(),
        }
    }
}

fn named_origin(wanted: &NewResourceRequest) -> Result<NamedOrigin, ServiceError> {
    let missing = |name: &str| {
        ServiceError::invalid(
            Code::InvalidModel,
            format!("resource/{name}"),
            format!("`resource/{name}` is required"),
        )
    };
    let reference = &wanted.resource;
    let named = reference
        .origin_system
        .as_deref()
        .ok_or_else(|| missing("originSystem"))?;
    let origin_id = reference
        .origin_id
        .as_deref()
        .ok_or_else(|| missing("originId"))?;
    let system = OriginSystem::from_name(named).ok_or_else(|| {
        let known: Vec<_> = OriginSystem::ALL
            .iter()
            .map(|system| format!("`{system}`"))
            .collect();
        ServiceError::invalid(
            Code::ResourceNotSupported,
            "resource/originSystem",
            format!(
                "resources of `{named}` are not supported, only those of {}",
                known.join(", ")
            ),
        )
    })?;
    if !system.is_directory() {
        check_origin_id(origin_id).map_err(flawed)?;
        return Ok(NamedOrigin::Custom(origin_id.trim().to_owned()));
    }
    let object = origin_id.parse().map_err(|_| {
        ServiceError::invalid(
            Code::InvalidModel,
            "resource/originId",
            "`resource/originId` must be a GUID",
        )
    })?;
    Ok(NamedOrigin::Object(system, object))
}

/// The resource that a body means: by our id, or by its origin and catalog.
fn find(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    wanted: &NewResourceRequest,
) -> Result<Resource, ServiceError> {
    if let Some(id) = wanted.resource.id {
        let found = resource_for(tx, ctx, Action::ManageResources, id)?;
        return match wanted.catalog_id {
            Some(catalog) if catalog != found.catalog_id => {
                Err(ServiceError::not_found("resource", id))
            }
            Some(_) | None => Ok(found),
        };
    }
    let catalog = catalog_for(tx, ctx, Action::ManageResources, named_catalog(wanted)?)?;
    let named = named_origin(wanted)?;
    resource::find_by_origin(tx, catalog.id, named.system(), &named.origin_id())?
        .ok_or_else(|| ServiceError::not_found("resource", named.origin_id()))
}

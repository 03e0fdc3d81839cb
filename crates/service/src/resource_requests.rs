//! Requests to bring a resource into a catalog, change it, or take it out: carried out at once (DL-10).

use auth::roles::Action;
use domain::id::{CatalogId, ObjectId, ResourceId, ResourceRequestId, ResourceScopeId, SubjectId};
use domain::resource::{
    DriftAction, NewResourceRequest, OriginSystem, ROOT_SCOPE_DESCRIPTION, ROOT_SCOPE_NAME,
    ResourceAttribute, ResourceRequestType, check_attributes,
};
use domain::time::Timestamp;
use serde_json::Value as Json;
use store::resource::{self, Resource, ResourceScope};
use store::resource_request::{self, DELIVERED, ResourceRequest};
use store::{ReadTx, WriteTx, resource_role_scope, subject};

use crate::audit::{self, success};
use crate::authorize;
use crate::content::{caller_name, catalog_for, flawed};
use crate::ctx::{Ctx, Moment, Service};
use crate::error::{Code, ServiceError};
use crate::resources::{self, Origin, TYPE, find_origin, resource_for, take_up_roles};

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The request's id.
    pub id: ResourceRequestId,
    /// What was asked for.
    pub request_type: ResourceRequestType,
    /// In which catalog.
    pub catalog_id: CatalogId,
    /// With which resource; `None` for an addition that was only checked.
    pub resource_id: Option<ResourceId>,
    /// Its state: what was not refused is done.
    pub state: &'static str,
    /// The same for people.
    pub status: &'static str,
    /// When.
    pub created_at: Timestamp,
    /// Whether it was carried out and kept, or only checked.
    pub is_stored: bool,
}

/// What a request comes to, once nothing speaks against it.
enum Deed {
    Add {
        catalog: CatalogId,
        system: OriginSystem,
        origin: Origin,
    },
    Update(Resource),
    Remove(Resource),
}

/// Checks a request, carries it out and keeps it as a record; only checks it if it says so.
pub async fn submit(
    service: &Service,
    ctx: &Ctx,
    wanted: NewResourceRequest,
) -> Result<Receipt, ServiceError> {
    let (moment, ctx) = (service.moment(), ctx.clone());
    service
        .store
        .write(move |tx| -> Result<Receipt, ServiceError> {
            let deed = judge(tx, &ctx, &wanted)?;
            let attributes = attributes(&wanted)?;
            let (state, status) = DELIVERED;
            let (catalog_id, known) = match &deed {
                Deed::Add { catalog, .. } => (*catalog, None),
                Deed::Update(stored) | Deed::Remove(stored) => (stored.catalog_id, Some(stored.id)),
            };
            let mut receipt = Receipt {
                id: moment.id(ResourceRequestId::new),
                request_type: wanted.request_type,
                catalog_id,
                resource_id: known,
                state,
                status,
                created_at: moment.now,
                is_stored: false,
            };
            if wanted.is_validation_only {
                return Ok(receipt);
            }
            receipt.resource_id = Some(carry_out(tx, &moment, &ctx, deed, attributes)?);
            receipt.is_stored = true;
            keep(tx, &moment, &ctx, &wanted, &receipt)?;
            Ok(receipt)
        })
        .await
}

fn judge(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    wanted: &NewResourceRequest,
) -> Result<Deed, ServiceError> {
    match wanted.request_type {
        ResourceRequestType::AdminAdd => judge_addition(tx, ctx, wanted),
        ResourceRequestType::AdminUpdate => {
            let stored = find(tx, ctx, wanted)?;
            if wanted.attributes_json.is_none() {
                let message = "an update says which attributes the resource has";
                return Err(ServiceError::invalid(
                    Code::InvalidModel,
                    "resource/attributes",
                    message,
                ));
            }
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

fn judge_addition(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    wanted: &NewResourceRequest,
) -> Result<Deed, ServiceError> {
    let catalog = catalog_for(tx, ctx, Action::ManageResources, named_catalog(wanted)?)?;
    let (system, object) = named_origin(wanted)?;
    let origin = find_origin(tx, system, object)?.ok_or_else(|| {
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
    resources::check_rights(tx, ctx, system, object)?;
    let origin_id = object.to_string();
    if resource::find_by_origin(tx, catalog.id, system, &origin_id)?.is_some() {
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
        system,
        origin,
    })
}

fn named_catalog(wanted: &NewResourceRequest) -> Result<CatalogId, ServiceError> {
    wanted.catalog_id.ok_or_else(|| {
        ServiceError::invalid(Code::InvalidModel, "catalog/id", "`catalog/id` is required")
    })
}

/// The thing of the directory that a body means.
fn named_origin(wanted: &NewResourceRequest) -> Result<(OriginSystem, ObjectId), ServiceError> {
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
        ServiceError::invalid(
            Code::ResourceNotSupported,
            "resource/originSystem",
            format!(
                "resources of `{named}` are not supported, only `AadGroup` and `AadApplication`"
            ),
        )
    })?;
    let object = origin_id.parse().map_err(|_| {
        ServiceError::invalid(
            Code::InvalidModel,
            "resource/originId",
            "`resource/originId` must be a GUID",
        )
    })?;
    Ok((system, object))
}

/// The resource that a body means: by our id, or by its origin and catalog.
fn find(
    tx: &mut ReadTx<'_>,
    ctx: &Ctx,
    wanted: &NewResourceRequest,
) -> Result<Resource, ServiceError> {
    if let Some(id) = wanted.resource.id {
        let found = resource_for(tx, ctx, id)?;
        return match wanted.catalog_id {
            Some(catalog) if catalog != found.catalog_id => {
                Err(ServiceError::not_found("resource", id))
            }
            Some(_) | None => Ok(found),
        };
    }
    let catalog = catalog_for(tx, ctx, Action::ManageResources, named_catalog(wanted)?)?;
    let (system, object) = named_origin(wanted)?;
    let origin_id = object.to_string();
    resource::find_by_origin(tx, catalog.id, system, &origin_id)?
        .ok_or_else(|| ServiceError::not_found("resource", object))
}

/// The attributes of the body as a document, if it says anything about them.
fn attributes(wanted: &NewResourceRequest) -> Result<Option<String>, ServiceError> {
    let Some(document) = &wanted.attributes_json else {
        return Ok(None);
    };
    let malformed = || {
        ServiceError::invalid(
            Code::InvalidModel,
            "resource/attributes",
            "`resource/attributes` must be a list of attributes",
        )
    };
    let json: Json = serde_json::from_str(document).map_err(|_| malformed())?;
    let items = json
        .get("items")
        .and_then(Json::as_array)
        .ok_or_else(malformed)?;
    let named: Vec<ResourceAttribute> = items
        .iter()
        .map(|item| {
            let name = item.get("name").and_then(Json::as_str).unwrap_or_default();
            ResourceAttribute {
                name: name.to_owned(),
            }
        })
        .collect();
    check_attributes(&named).map_err(flawed)?;
    Ok(Some(document.clone()))
}

fn carry_out(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    deed: Deed,
    attributes: Option<String>,
) -> Result<ResourceId, ServiceError> {
    match deed {
        Deed::Add {
            catalog,
            system,
            origin,
        } => onboard(tx, moment, ctx, catalog, system, &origin, attributes),
        Deed::Update(stored) => {
            let id = stored.id;
            let attributes = attributes.unwrap_or_else(|| stored.attributes.clone());
            resource::save(
                tx,
                &Resource {
                    attributes,
                    modified_at: moment.now,
                    ..stored
                },
            )?;
            Ok(id)
        }
        Deed::Remove(stored) => {
            resource::delete(tx, &stored)?;
            Ok(stored.id)
        }
    }
}

/// Stores a thing of the directory as a resource, with its root scope (DL-1) and every role that it offers (DL-6).
fn onboard(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    catalog_id: CatalogId,
    origin_system: OriginSystem,
    origin: &Origin,
    attributes: Option<String>,
) -> Result<ResourceId, ServiceError> {
    let created = Resource {
        id: moment.id(ResourceId::new),
        catalog_id,
        origin_system,
        origin_id: origin.object.to_string(),
        display_name: origin.display_name.clone(),
        description: origin.description.clone(),
        resource_type: Some(origin.resource_type.to_owned()),
        url: None,
        attributes: attributes.unwrap_or_else(|| r#"{"v":1,"items":[]}"#.to_owned()),
        drift_action: DriftAction::Report,
        created_by: caller_name(ctx),
        created_at: moment.now,
        modified_at: moment.now,
        version: 1,
    };
    resource::insert(tx, &created)?;
    resource::insert_scope(
        tx,
        &ResourceScope {
            id: moment.id(ResourceScopeId::new),
            resource_id: created.id,
            origin_system,
            origin_id: created.origin_id.clone(),
            display_name: ROOT_SCOPE_NAME.to_owned(),
            description: Some(ROOT_SCOPE_DESCRIPTION.to_owned()),
            is_root_scope: true,
        },
    )?;
    take_up_roles(tx, moment, &created, &origin.roles)?;
    Ok(created.id)
}

/// Keeps the request as a record, and tells the audit.
fn keep(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    wanted: &NewResourceRequest,
    receipt: &Receipt,
) -> Result<(), ServiceError> {
    let requestor = match authorize::object_of(ctx) {
        Some(object) => subject::ensure(tx, object, moment.id(SubjectId::new), moment.now)?,
        None => None,
    };
    resource_request::insert(
        tx,
        &ResourceRequest {
            id: receipt.id,
            request_type: receipt.request_type,
            state: receipt.state,
            status: receipt.status,
            justification: wanted.justification.clone(),
            catalog_id: receipt.catalog_id,
            resource_id: receipt.resource_id,
            requestor_id: requestor.map(|requestor| requestor.id),
            created_at: receipt.created_at,
        },
    )?;
    let activity = match receipt.request_type {
        ResourceRequestType::AdminAdd => "Create resource request",
        ResourceRequestType::AdminUpdate => "Update access package catalog resource",
        ResourceRequestType::AdminRemove => "Create resource remove request",
    };
    let resource = receipt
        .resource_id
        .map(|id| id.to_string())
        .unwrap_or_default();
    let event = success(activity, TYPE, resource, None)
        .with("catalog", receipt.catalog_id)
        .with("request", receipt.id);
    Ok(audit::record(tx, moment, ctx, event)?)
}

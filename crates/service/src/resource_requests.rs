//! Requests to bring a resource into a catalog, change it, or take it out: carried out at once (DL-10).

mod attributes;
mod judge;

use domain::activity::Activity;
use domain::change::Change;
use domain::id::{CatalogId, ResourceId, ResourceRequestId, ResourceScopeId, SubjectId};
use domain::resource::{
    DriftAction, NewResourceRequest, ROOT_SCOPE_DESCRIPTION, ROOT_SCOPE_NAME, ResourceRequestType,
};
use domain::time::Timestamp;
use store::resource::{self, Resource, ResourceScope};
use store::resource_request::{self, DELIVERED, ResourceRequest};
use store::{WriteTx, external_connector, subject};

use self::judge::{Deed, check_connector, judge};
use crate::audit::{self, success};
use crate::authorize;
use crate::content::caller_name;
use crate::ctx::{Ctx, Moment, Service};
use crate::error::ServiceError;
use crate::resources::{Origin, TYPE, take_up_roles};

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
    /// Whether the caller did not want to wait, if the caller said so.
    pub execute_immediately: Option<bool>,
    /// When it ends, as the caller said.
    pub expires_at: Option<Timestamp>,
    /// Why.
    pub justification: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// Whether it was carried out and kept, or only checked.
    pub is_stored: bool,
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
            check_connector(tx, &wanted)?;
            let attributes = attributes::read(&wanted, &moment)?;
            let before = match &deed {
                Deed::Update(stored) => Some(stored.attributes.as_str()),
                Deed::Add { .. } | Deed::Remove(_) => None,
            };
            attributes::authorize(&ctx, before, attributes.as_deref())?;
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
                execute_immediately: wanted.execute_immediately,
                expires_at: wanted.expires_at,
                justification: wanted.justification.clone(),
                created_at: moment.now,
                is_stored: false,
            };
            if wanted.is_validation_only {
                return Ok(receipt);
            }
            receipt.resource_id = Some(carry_out(tx, &moment, &ctx, &wanted, deed, attributes)?);
            receipt.is_stored = true;
            keep(tx, &moment, &ctx, &wanted, &receipt)?;
            Ok(receipt)
        })
        .await
}

fn carry_out(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    ctx: &Ctx,
    wanted: &NewResourceRequest,
    deed: Deed,
    attributes: Option<String>,
) -> Result<ResourceId, ServiceError> {
    match deed {
        Deed::Add { catalog, origin } => {
            let endpoint = wanted.description.notification_endpoint_json.clone();
            let created = Resource {
                attributes: attributes.unwrap_or_else(attributes::none),
                notification_endpoint: endpoint
                    .over(None)
                    .filter(|_| !origin.system.is_directory()),
                ..resource_of(moment, ctx, catalog, &origin)
            };
            onboard(tx, moment, &created, &origin)?;
            connect(tx, wanted, created.id)?;
            Ok(created.id)
        }
        Deed::Update(stored) => {
            let changed = changed(wanted, stored, attributes, moment.now);
            resource::save(tx, &changed)?;
            connect(tx, wanted, changed.id)?;
            Ok(changed.id)
        }
        Deed::Remove(stored) => {
            resource::delete(tx, &stored)?;
            Ok(stored.id)
        }
    }
}

/// Lets a resource come through the connector that the request names, or through none.
fn connect(
    tx: &mut WriteTx<'_>,
    wanted: &NewResourceRequest,
    resource: ResourceId,
) -> Result<(), ServiceError> {
    let connector = match wanted.connector {
        Change::Keep => return Ok(()),
        Change::Clear => None,
        Change::Set(connector) => Some(connector),
    };
    Ok(external_connector::connect(tx, resource, connector)?)
}

/// A resource with the attributes that a request gives it; one that no directory describes gets its description, too.
fn changed(
    wanted: &NewResourceRequest,
    stored: Resource,
    attributes: Option<String>,
    now: Timestamp,
) -> Resource {
    let mut changed = Resource {
        attributes: attributes.unwrap_or_else(|| stored.attributes.clone()),
        modified_at: now,
        ..stored
    };
    if !changed.origin_system.is_directory() {
        let said = wanted.description.clone();
        changed.display_name = said.display_name.unwrap_or(changed.display_name);
        changed.description = said.description.over(changed.description);
        changed.notification_endpoint = said
            .notification_endpoint_json
            .over(changed.notification_endpoint);
    }
    changed
}

fn resource_of(moment: &Moment, ctx: &Ctx, catalog_id: CatalogId, origin: &Origin) -> Resource {
    Resource {
        id: moment.id(ResourceId::new),
        catalog_id,
        origin_system: origin.system,
        origin_id: origin.id.clone(),
        display_name: origin.display_name.clone(),
        description: origin.description.clone(),
        resource_type: Some(origin.resource_type.to_owned()),
        url: None,
        attributes: attributes::none(),
        drift_action: DriftAction::Report,
        notification_endpoint: None,
        created_by: caller_name(ctx),
        created_at: moment.now,
        modified_at: moment.now,
        version: 1,
    }
}

/// Stores a resource with its root scope (DL-1) and every role that its origin offers (DL-6).
fn onboard(
    tx: &mut WriteTx<'_>,
    moment: &Moment,
    created: &Resource,
    origin: &Origin,
) -> Result<(), ServiceError> {
    resource::insert(tx, created)?;
    resource::insert_scope(
        tx,
        &ResourceScope {
            id: moment.id(ResourceScopeId::new),
            resource_id: created.id,
            origin_system: created.origin_system,
            origin_id: created.origin_id.clone(),
            display_name: ROOT_SCOPE_NAME.to_owned(),
            description: Some(ROOT_SCOPE_DESCRIPTION.to_owned()),
            is_root_scope: true,
        },
    )?;
    take_up_roles(tx, moment, created, &origin.roles)
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
            execute_immediately: receipt.execute_immediately,
            expires_at: receipt.expires_at,
            created_at: receipt.created_at,
        },
    )?;
    let activity = match receipt.request_type {
        ResourceRequestType::AdminAdd => Activity::CreateResourceRequest,
        ResourceRequestType::AdminUpdate => Activity::UpdateResource,
        ResourceRequestType::AdminRemove => Activity::CreateResourceRemoveRequest,
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

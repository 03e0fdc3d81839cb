//! What the sample organisation offers: catalogs with resources, access packages and policies.

use std::str::FromStr;

use domain::access_package::{
    NewAccessPackage, NewResourceRoleScope, ResourceReference, RoleReference, ScopeReference,
};
use domain::catalog::NewCatalog;
use domain::id::{CatalogId, ObjectId, ResourceId};
use domain::model;
use domain::policy::{PolicyDraft, TargetScope};
use domain::query::{Entity, Predicate, Query, Value};
use domain::resource::{NewResourceRequest, OriginSystem, ResourceRequestType};
use serde_json::{Value as Json, json};

use super::SampleOrganisation;
use crate::access_packages::role_scopes;
use crate::ctx::{Ctx, Service};
use crate::error::ServiceError;
use crate::{access_packages, catalogs, policies, reads, resource_requests};

/// A role of a group or an application, by its name.
enum Role {
    MemberOf(&'static str),
    Of(&'static str, &'static str),
}

/// An access package, and who may have it.
struct Offer {
    name: &'static str,
    description: &'static str,
    roles: &'static [Role],
    /// Whoever approves; nobody has to where it is empty.
    approvers: &'static str,
    /// For how long.
    lasts_for: &'static str,
}

const CATALOGS: &[(&str, &[Offer])] = &[
    (
        "Finance",
        &[
            Offer {
                name: "Bookkeeping",
                description: "Keep the books: the finance group and the bookkeeper's role.",
                roles: &[
                    Role::MemberOf("Finance"),
                    Role::Of("Ledgerbook", "Bookkeeper"),
                ],
                approvers: "Management",
                lasts_for: "P180D",
            },
            Offer {
                name: "Audit",
                description: "Read the books without keeping them.",
                roles: &[Role::Of("Ledgerbook", "Auditor")],
                approvers: "Finance",
                lasts_for: "P30D",
            },
        ],
    ),
    (
        "Customer contact",
        &[Offer {
            name: "Order handling",
            description: "Speak with customers and handle their orders.",
            roles: &[
                Role::MemberOf("Customer Contact"),
                Role::Of("Orderdesk", "Agent"),
            ],
            approvers: "Sales",
            lasts_for: "P365D",
        }],
    ),
    (
        "Everybody",
        &[Offer {
            name: "Remote work",
            description: "Connect from outside; no approval needed.",
            roles: &[Role::MemberOf("VPN Users")],
            approvers: "",
            lasts_for: "P90D",
        }],
    ),
];

/// The groups that approve.
pub(super) fn approving() -> impl Iterator<Item = &'static str> {
    let offers = CATALOGS.iter().flat_map(|(_, offers)| offers.iter());
    offers
        .map(|offer| offer.approvers)
        .filter(|approvers| !approvers.is_empty())
}

/// Makes what the sample organisation offers, but for what an earlier try made.
pub(super) async fn offer(
    service: &Service,
    organisation: &SampleOrganisation,
) -> Result<(), ServiceError> {
    let ctx = service.system();
    for (name, offers) in CATALOGS {
        let known = named(service, &ctx, &model::CATALOG, name, None).await?;
        let catalog = match known {
            Some(catalog) => catalog,
            None => catalogs::create(service, &ctx, NewCatalog::named(*name)).await?,
        };
        for offer in *offers {
            add(service, &ctx, organisation, catalog, offer).await?;
        }
    }
    Ok(())
}

async fn add(
    service: &Service,
    ctx: &Ctx,
    organisation: &SampleOrganisation,
    catalog_id: CatalogId,
    offer: &Offer,
) -> Result<(), ServiceError> {
    let in_catalog = Some(("catalog_id", catalog_id.to_string()));
    let known = named(service, ctx, &model::ACCESS_PACKAGE, offer.name, in_catalog).await?;
    if let Some(package) = known {
        let policies = service
            .store
            .read(move |tx| store::assignment_policy::of_package(tx, package))
            .await?;
        if !policies.is_empty() {
            return Ok(());
        }
        // The policy is made last: what has none was broken off.
        access_packages::delete(service, ctx, package).await?;
    }
    let package = NewAccessPackage {
        catalog_id,
        display_name: offer.name.to_owned(),
        description: Some(offer.description.to_owned()),
        is_hidden: false,
        is_role_scopes_visible: true,
        unique_name: None,
    };
    let package = access_packages::create(service, ctx, package).await?;
    for role in offer.roles {
        let Some(wanted) = role_scope(service, ctx, organisation, catalog_id, role).await? else {
            continue;
        };
        role_scopes::create(service, ctx, package, wanted).await?;
    }
    let approvers = organisation.groups.get(offer.approvers).copied();
    let draft = PolicyDraft {
        access_package_id: Some(package),
        display_name: "All employees".to_owned(),
        description: Some("Everybody in the directory may ask.".to_owned()),
        allowed_target_scope: TargetScope::AllMemberUsers,
        can_extend: true,
        settings_json: settings(offer, approvers).to_string(),
    };
    policies::create(service, ctx, draft).await?;
    Ok(())
}

/// The one that is called so, and of which another field says this.
async fn named<I: FromStr>(
    service: &Service,
    ctx: &Ctx,
    entity: &'static Entity,
    name: &str,
    also: Option<(&str, String)>,
) -> Result<Option<I>, ServiceError> {
    let field = |name: &str| {
        let missing =
            || ServiceError::Internal(format!("`{}` has no `{name}`", entity.name).into());
        entity.field(name).ok_or_else(missing)
    };
    let mut filter = Predicate::equals(field("display_name")?, Value::Text(name.to_owned()));
    if let Some((other, value)) = also {
        filter = filter.and(Predicate::equals(field(other)?, Value::Text(value)));
    }
    let query = Query {
        fields: vec![field("id")?],
        filter,
        ..Query::of(entity)
    };
    let page = reads::list(service, ctx, query).await?;
    let id = page.rows.first().and_then(|row| row.values.first());
    Ok(id.and_then(|id| id.as_text()?.parse().ok()))
}

/// The role as a package holds it, its resource brought into the catalog; `None` if the organisation lacks it.
async fn role_scope(
    service: &Service,
    ctx: &Ctx,
    organisation: &SampleOrganisation,
    catalog: CatalogId,
    role: &Role,
) -> Result<Option<NewResourceRoleScope>, ServiceError> {
    let (system, name, role_name) = match role {
        Role::MemberOf(group) => (OriginSystem::AadGroup, *group, "Member"),
        Role::Of(application, role) => (OriginSystem::AadApplication, *application, *role),
    };
    let known = if system == OriginSystem::AadGroup {
        &organisation.groups
    } else {
        &organisation.applications
    };
    let Some(origin) = known.get(name).copied() else {
        return Ok(None);
    };
    let resource = onboard(service, ctx, catalog, system, origin).await?;
    let roles = service
        .store
        .read(move |tx| store::resource::roles(tx, resource))
        .await?;
    let Some(role) = roles
        .into_iter()
        .find(|role| role.display_name == role_name)
    else {
        return Ok(None);
    };
    Ok(Some(NewResourceRoleScope {
        role: RoleReference {
            id: Some(role.id),
            resource: ResourceReference {
                id: Some(resource),
                ..ResourceReference::default()
            },
            ..RoleReference::default()
        },
        scope: ScopeReference {
            is_root_scope: true,
            ..ScopeReference::default()
        },
    }))
}

/// Brings a group or application into the catalog; answers the resource, also if it was there before.
async fn onboard(
    service: &Service,
    ctx: &Ctx,
    catalog: CatalogId,
    system: OriginSystem,
    origin: ObjectId,
) -> Result<ResourceId, ServiceError> {
    let known = service
        .store
        .read(move |tx| store::resource::find_by_origin(tx, catalog, system, &origin.to_string()))
        .await?;
    if let Some(resource) = known {
        return Ok(resource.id);
    }
    let request = NewResourceRequest::about(
        ResourceRequestType::AdminAdd,
        Some(catalog),
        ResourceReference {
            id: None,
            origin_id: Some(origin.to_string()),
            origin_system: Some(system.to_string()),
        },
    );
    let receipt = resource_requests::submit(service, ctx, request).await?;
    receipt
        .resource_id
        .ok_or_else(|| ServiceError::not_found("resource", origin))
}

fn settings(offer: &Offer, approvers: Option<ObjectId>) -> Json {
    let stages: Vec<Json> = approvers
        .iter()
        .map(|group| {
            json!({
                "durationBeforeAutomaticDenial": "P14D",
                "isApproverJustificationRequired": false,
                "isEscalationEnabled": false,
                "primaryApprovers": [{
                    "@odata.type": "#microsoft.graph.groupMembers",
                    "groupId": group.to_string(),
                    "description": offer.approvers,
                }],
                "fallbackPrimaryApprovers": [],
                "escalationApprovers": [],
                "fallbackEscalationApprovers": [],
            })
        })
        .collect();
    json!({
        "v": 1,
        "specificAllowedTargets": [],
        "expiration": { "type": "afterDuration", "duration": offer.lasts_for },
        "requestorSettings": {
            "enableTargetsToSelfAddAccess": true,
            "enableTargetsToSelfUpdateAccess": true,
            "enableTargetsToSelfRemoveAccess": true,
            "allowCustomAssignmentSchedule": true,
        },
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": !stages.is_empty(),
            "isApprovalRequiredForUpdate": false,
            "isRequestorJustificationRequired": false,
            "stages": stages,
        },
    })
}

//! The tenant that every life begins with: made once by the use cases themselves, then taken back after each.

use std::collections::BTreeSet;

use anyhow::{Context as _, anyhow};
use domain::access_package::{
    NewAccessPackage, NewResourceRoleScope, ResourceReference, RoleReference, RoleScopeId,
    ScopeReference,
};
use domain::catalog::NewCatalog;
use domain::directory::{GroupChanges, UserChanges};
use domain::id::{AccessPackageId, CatalogId, ObjectId, PolicyId, ResourceId};
use domain::policy::{PolicyDraft, TargetScope};
use domain::resource::{DriftAction, NewResourceRequest, ResourceRequestType};
use domain::time::Timestamp;
use service::access_packages::role_scopes;
use service::clock::{Clock, Ids};
use service::directory::{bindings, groups, users};
use service::settings::Settings;
use service::{Ctx, Service, access_packages, catalogs, policies, resource_requests, resources};
use store::directory::target_binding::TargetBinding;
use store::{Location, Options, Store};

/// When every life begins.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);
/// The targets; a group without one lives in the directory itself.
pub(crate) const TARGETS: [&str; 2] = ["crm", "erp"];
const USERS: usize = 4;
/// Which target each group lives in.
const PLACES: [Option<usize>; 6] = [Some(0), Some(0), Some(1), Some(1), None, Some(0)];
/// The places whose drift is undone as soon as a sweep finds it.
const RESTORED: [usize; 2] = [1, 2];
/// The groups of each package, and how long it lasts.
const PACKAGES: [(&[usize], &str); 4] = [
    (&[0, 1, 2], r#"{"v":1}"#),
    (&[0, 3], r#"{"v":1}"#),
    (
        &[1, 4],
        r#"{"v":1,"expiration":{"type":"afterDuration","duration":"PT8H"}}"#,
    ),
    (&[2, 4], r#"{"v":1}"#),
];

/// A group whose member role packages can hold.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The role's id in its origin.
    pub(crate) role: String,
    /// Which of [`TARGETS`].
    pub(crate) target: Option<usize>,
    group: ObjectId,
    resource: ResourceId,
}

impl Place {
    /// The place as a package's role is asked for.
    pub(crate) fn wanted(&self) -> NewResourceRoleScope {
        NewResourceRoleScope {
            role: RoleReference {
                origin_id: Some(self.role.clone()),
                resource: ResourceReference {
                    id: Some(self.resource),
                    ..ResourceReference::default()
                },
                ..RoleReference::default()
            },
            scope: ScopeReference {
                origin_id: Some(self.group.to_string()),
                ..ScopeReference::default()
            },
        }
    }
}

/// A package, its one policy, and the places it holds.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) id: AccessPackageId,
    pub(crate) policy: PolicyId,
    pub(crate) holds: BTreeSet<usize>,
    pub(crate) roles: Vec<(usize, RoleScopeId)>,
}

/// Who and what there is at the beginning.
#[derive(Debug, Clone)]
pub(crate) struct Cast {
    pub(crate) users: Vec<ObjectId>,
    pub(crate) places: Vec<Place>,
    pub(crate) packages: Vec<Package>,
}

/// A finished tenant, in memory. It serves one life at a time.
#[derive(Debug)]
pub struct Template {
    store: Store,
    pub(crate) cast: Cast,
}

impl Template {
    /// Makes the tenant.
    pub fn make() -> anyhow::Result<Self> {
        let location = Location::Sqlite {
            path: ":memory:".into(),
        };
        let options = Options {
            deterministic: true,
            ..Options::default()
        };
        let store = Store::open(&location, &options)?;
        store.migrate(START)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        let cast = runtime.block_on(cast(&serve(&store, 1)))?;
        store.rewind()?;
        Ok(Self { store, cast })
    }

    /// The tenant as it was made, whatever lives did to it.
    pub(crate) fn anew(&mut self) -> anyhow::Result<Service> {
        self.store.rewind()?;
        Ok(serve(&self.store, 1_000_000))
    }
}

fn serve(store: &Store, first_id: u64) -> Service {
    Service::new(
        store.clone(),
        Clock::manual(START),
        Ids::counted(first_id),
        Settings::default(),
    )
}

async fn cast(service: &Service) -> anyhow::Result<Cast> {
    let ctx = service.system();
    let mut people = Vec::new();
    for number in 0..USERS {
        let changes = UserChanges {
            user_principal_name: Some(format!("user{number}@example.com")),
            display_name: Some(format!("User {number}")),
            ..UserChanges::default()
        };
        people.push(users::create(service, &ctx, changes).await?.id);
    }
    let catalog = catalogs::create(service, &ctx, NewCatalog::named("Everything")).await?;
    let mut places = Vec::new();
    for target in PLACES {
        let place = place(service, &ctx, catalog, places.len(), target).await?;
        if RESTORED.contains(&places.len()) {
            resources::set_drift_action(service, &ctx, place.resource, DriftAction::Restore)
                .await?;
        }
        places.push(place);
    }
    let mut packages = Vec::new();
    for (holds, settings) in PACKAGES {
        packages.push(package(service, &ctx, catalog, &places, holds, settings).await?);
    }
    Ok(Cast {
        users: people,
        places,
        packages,
    })
}

async fn place(
    service: &Service,
    ctx: &Ctx,
    catalog: CatalogId,
    number: usize,
    target: Option<usize>,
) -> anyhow::Result<Place> {
    let changes = GroupChanges {
        display_name: Some(format!("Group {number}")),
        ..GroupChanges::default()
    };
    let group = groups::create(service, ctx, changes).await?.id;
    if let Some(name) = target.and_then(|target| TARGETS.get(target)) {
        let binding = TargetBinding {
            object_id: group,
            target: (*name).to_owned(),
            address: None,
        };
        bindings::set(service, ctx, binding).await?;
    }
    let about = ResourceReference {
        id: None,
        origin_id: Some(group.to_string()),
        origin_system: Some("AadGroup".to_owned()),
    };
    let wanted = NewResourceRequest::about(ResourceRequestType::AdminAdd, Some(catalog), about);
    let receipt = resource_requests::submit(service, ctx, wanted).await?;
    Ok(Place {
        role: format!("Member_{group}"),
        target,
        group,
        resource: receipt
            .resource_id
            .ok_or_else(|| anyhow!("the group is no resource: {receipt:?}"))?,
    })
}

async fn package(
    service: &Service,
    ctx: &Ctx,
    catalog: CatalogId,
    places: &[Place],
    holds: &[usize],
    settings: &str,
) -> anyhow::Result<Package> {
    let wanted = NewAccessPackage {
        catalog_id: catalog,
        display_name: format!("Package of {holds:?}"),
        description: None,
        is_hidden: false,
        is_role_scopes_visible: true,
        unique_name: None,
    };
    let id = access_packages::create(service, ctx, wanted).await?;
    let mut roles = Vec::new();
    for number in holds {
        let place = places.get(*number).context("there is no such place")?;
        roles.push((
            *number,
            role_scopes::create(service, ctx, id, place.wanted()).await?,
        ));
    }
    let draft = PolicyDraft {
        access_package_id: Some(id),
        display_name: "By administrators".to_owned(),
        description: None,
        allowed_target_scope: TargetScope::NotSpecified,
        can_extend: false,
        settings_json: settings.to_owned(),
    };
    Ok(Package {
        id,
        policy: policies::create(service, ctx, draft).await?,
        holds: holds.iter().copied().collect(),
        roles,
    })
}

//! Resources of catalogs, and the requests that bring them in and out.

use auth::principal::{DirectoryRole, Permission};
use auth::roles::EmRole;
use domain::access_package::ResourceReference;
use domain::change::Change;
use domain::directory::GroupChanges;
use domain::id::{CatalogId, ObjectId, ResourceId};
use domain::resource::{NewResourceRequest, ResourceRequestType};
use service::resource_requests::{Receipt, submit};
use service::{Code, Ctx, ServiceError, catalogs, resources};
use store::directory::{group, service_principal};
use store::resource::{Resource, ResourceRole, ResourceScope};
use store::{resource, resource_request};

use crate::support::{World, app, app_roles, app_with, as_user, as_user_in, code, object, refusal};

/// A request about the thing `origin` of a system.
pub(crate) fn about(
    request_type: ResourceRequestType,
    catalog: CatalogId,
    system: &str,
    origin: ObjectId,
) -> NewResourceRequest {
    let resource = ResourceReference {
        id: None,
        origin_id: Some(origin.to_string().to_uppercase()),
        origin_system: Some(system.to_owned()),
    };
    NewResourceRequest {
        justification: Some("needed".to_owned()),
        ..NewResourceRequest::about(request_type, Some(catalog), resource)
    }
}

fn add(catalog: CatalogId, system: &str, origin: ObjectId) -> NewResourceRequest {
    about(ResourceRequestType::AdminAdd, catalog, system, origin)
}

fn by_id(request_type: ResourceRequestType, id: ResourceId) -> NewResourceRequest {
    let resource = ResourceReference {
        id: Some(id),
        ..ResourceReference::default()
    };
    NewResourceRequest::about(request_type, None, resource)
}

impl World {
    async fn ask(&self, ctx: &Ctx, wanted: NewResourceRequest) -> Result<Receipt, ServiceError> {
        submit(&self.service, ctx, wanted).await
    }

    /// Brings a thing into a catalog.
    pub(crate) async fn onboard(
        &self,
        catalog: CatalogId,
        system: &str,
        origin: ObjectId,
    ) -> ResourceId {
        let receipt = self
            .ask(&app(), add(catalog, system, origin))
            .await
            .unwrap();
        receipt.resource_id.unwrap()
    }

    fn resource(&self, id: ResourceId) -> Option<Resource> {
        self.service
            .store
            .read_blocking(move |tx| resource::find(tx, id))
            .unwrap()
    }

    pub(crate) fn roles(&self, id: ResourceId) -> Vec<ResourceRole> {
        self.service
            .store
            .read_blocking(move |tx| resource::roles(tx, id))
            .unwrap()
    }

    pub(crate) fn scopes(&self, id: ResourceId) -> Vec<ResourceScope> {
        self.service
            .store
            .read_blocking(move |tx| resource::scopes(tx, id))
            .unwrap()
    }
}

#[tokio::test]
async fn a_group_comes_with_its_root_scope_and_both_roles_dl_1() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let group = world.group(1, "Accountants", GroupChanges::default());

    let receipt = world
        .ask(&app(), add(catalog, "aadgroup", group))
        .await
        .unwrap();

    assert!(receipt.is_stored);
    assert_eq!(receipt.state, "delivered");
    let id = receipt.resource_id.unwrap();
    let stored = world.resource(id).unwrap();
    assert_eq!(stored.display_name, "Accountants");
    assert_eq!(stored.origin_id, group.to_string());
    assert_eq!(stored.resource_type.as_deref(), Some("Security Group"));
    let roles: Vec<_> = world
        .roles(id)
        .into_iter()
        .map(|role| (role.display_name, role.origin_id))
        .collect();
    assert_eq!(
        roles,
        [
            ("Member".to_owned(), format!("Member_{group}")),
            ("Owner".to_owned(), format!("Owner_{group}"))
        ]
    );
    let scopes = world.scopes(id);
    assert_eq!(scopes.len(), 1);
    assert!(scopes[0].is_root_scope);
    assert_eq!(scopes[0].display_name, "Root");
    assert_eq!(scopes[0].description.as_deref(), Some("Root Scope"));
    assert_eq!(scopes[0].origin_id, group.to_string());
}

#[tokio::test]
async fn the_request_is_kept_as_a_record_dl_10() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let alice = world.user(2, "alice");
    let group = world.group(1, "Accountants", GroupChanges::default());
    world.owns(alice, group);
    let owner = as_user_in(alice, EmRole::CatalogOwner, catalog);

    let receipt = world
        .ask(&owner, add(catalog, "AadGroup", group))
        .await
        .unwrap();

    let kept = world
        .service
        .store
        .read_blocking(move |tx| resource_request::find(tx, receipt.id))
        .unwrap()
        .unwrap();
    assert_eq!(kept.request_type, ResourceRequestType::AdminAdd);
    assert_eq!(kept.state, "delivered");
    assert_eq!(kept.resource_id, receipt.resource_id);
    assert_eq!(kept.justification.as_deref(), Some("needed"));
    assert!(kept.requestor_id.is_some());
}

#[tokio::test]
async fn a_check_alone_stores_nothing() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let group = world.group(1, "Accountants", GroupChanges::default());
    let mut wanted = add(catalog, "AadGroup", group);
    wanted.is_validation_only = true;

    let receipt = world.ask(&app(), wanted.clone()).await.unwrap();

    assert!(!receipt.is_stored);
    // Still not there: the same thing can be brought in.
    wanted.is_validation_only = false;
    assert!(world.ask(&app(), wanted.clone()).await.unwrap().is_stored);
    // And now the check says so.
    wanted.is_validation_only = true;
    assert_eq!(
        code(world.ask(&app(), wanted).await),
        Code::ResourceAlreadyOnboarded
    );
}

#[tokio::test]
async fn an_application_comes_with_its_app_roles_or_default_access() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let with = world.application(1, "Ledger", &["Reader", "Writer"]);
    let without = world.application(2, "Wiki", &[]);

    let with = world.onboard(catalog, "AadApplication", with).await;
    let without = world.onboard(catalog, "AadApplication", without).await;

    let names = |id| -> Vec<_> {
        let roles = world.roles(id);
        roles.into_iter().map(|role| role.display_name).collect()
    };
    assert_eq!(names(with), ["Reader", "Writer"]);
    assert_eq!(names(without), ["Default Access"]);
    assert_eq!(
        world.roles(without)[0].origin_id,
        "00000000-0000-0000-0000-000000000000"
    );
}

#[tokio::test]
async fn a_thing_is_onboarded_once_to_a_catalog_and_again_to_another_dl_11() {
    let world = World::new();
    let (finance, sales) = (world.catalog("Finance").await, world.catalog("Sales").await);
    let group = world.group(1, "Accountants", GroupChanges::default());
    world.onboard(finance, "AadGroup", group).await;

    let again = world.ask(&app(), add(finance, "AadGroup", group)).await;

    assert_eq!(code(again), Code::ResourceAlreadyOnboarded);
    world.onboard(sales, "AadGroup", group).await;
}

#[tokio::test]
async fn what_cannot_be_a_resource_is_refused_dl_12() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let dynamic = world.group(
        1,
        "Dynamic",
        GroupChanges {
            group_types: Some(vec!["DynamicMembership".to_owned()]),
            membership_rule: Change::Set("user.department -eq \"Sales\"".to_owned()),
            ..GroupChanges::default()
        },
    );
    let synchronised = world.group(
        2,
        "Synchronised",
        GroupChanges {
            on_premises_sync_enabled: Change::Set(true),
            ..GroupChanges::default()
        },
    );
    for (system, origin) in [
        ("AadGroup", dynamic),
        ("AadGroup", synchronised),
        ("SharePointOnline", dynamic),
    ] {
        let outcome = world.ask(&app(), add(catalog, system, origin)).await;
        assert_eq!(code(outcome), Code::ResourceNotSupported);
    }
}

#[tokio::test]
async fn additions_name_a_catalog_and_a_thing_that_exist() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let group = world.group(1, "Accountants", GroupChanges::default());
    let good = add(catalog, "AadGroup", group);
    let with = |change: fn(&mut NewResourceRequest)| {
        let mut wanted = good.clone();
        change(&mut wanted);
        wanted
    };
    for (wanted, expected, target) in [
        (
            with(|wanted| wanted.catalog_id = None),
            Code::InvalidModel,
            Some("catalog/id"),
        ),
        (
            with(|wanted| wanted.catalog_id = Some(CatalogId::new(object(99).uuid()))),
            Code::ResourceNotFound,
            None,
        ),
        (
            with(|wanted| wanted.resource.origin_id = None),
            Code::InvalidModel,
            Some("resource/originId"),
        ),
        (
            with(|wanted| wanted.resource.origin_id = Some("x".to_owned())),
            Code::InvalidModel,
            Some("resource/originId"),
        ),
        (
            with(|wanted| wanted.resource.origin_system = None),
            Code::InvalidModel,
            Some("resource/originSystem"),
        ),
        (
            with(|wanted| wanted.resource.origin_id = Some(object(98).to_string())),
            Code::ResourceNotFound,
            Some("resource/originId"),
        ),
    ] {
        let outcome = world.ask(&app(), wanted).await;
        assert_eq!(refusal(outcome), (expected, target.map(str::to_owned)));
    }
}

#[tokio::test]
async fn bringing_in_needs_rights_on_the_thing_dl_13() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let (alice, bob) = (world.user(1, "alice"), world.user(2, "bob"));
    let group = world.group(3, "Accountants", GroupChanges::default());
    let application = world.application(4, "Ledger", &[]);
    world.owns(alice, group);
    let owner_of_catalog = |user| as_user_in(user, EmRole::CatalogOwner, catalog);
    let bare = app_with(&[Permission::EntitlementManagementReadWriteAll]);
    let iga = DirectoryRole::IdentityGovernanceAdministrator;

    for ctx in [owner_of_catalog(bob), as_user(bob, &[iga]), bare.clone()] {
        let outcome = world.ask(&ctx, add(catalog, "AadGroup", group)).await;
        assert_eq!(code(outcome), Code::CallerNotResourceOwner);
    }
    for ctx in [owner_of_catalog(alice), bare] {
        let outcome = world
            .ask(&ctx, add(catalog, "AadApplication", application))
            .await;
        assert_eq!(code(outcome), Code::CallerNotResourceOwner);
    }
    world
        .ask(&owner_of_catalog(alice), add(catalog, "AadGroup", group))
        .await
        .unwrap();
    let global = as_user(bob, &[DirectoryRole::GlobalAdministrator]);
    world
        .ask(&global, add(catalog, "AadApplication", application))
        .await
        .unwrap();
}

#[tokio::test]
async fn only_owners_of_the_catalog_manage_its_resources() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let alice = world.user(1, "alice");
    let group = world.group(3, "Accountants", GroupChanges::default());
    world.owns(alice, group);
    let manager = as_user_in(alice, EmRole::AccessPackageManager, catalog);

    let outcome = world.ask(&manager, add(catalog, "AadGroup", group)).await;

    assert_eq!(code(outcome), Code::AccessDenied);
}

#[tokio::test]
async fn a_resource_is_removed_by_our_id_or_by_its_origin() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let group = world.group(1, "Accountants", GroupChanges::default());

    let id = world.onboard(catalog, "AadGroup", group).await;
    world
        .ask(&app(), by_id(ResourceRequestType::AdminRemove, id))
        .await
        .unwrap();
    assert_eq!(world.resource(id), None);

    let id = world.onboard(catalog, "AadGroup", group).await;
    let remove = about(ResourceRequestType::AdminRemove, catalog, "AadGroup", group);
    world.ask(&app(), remove.clone()).await.unwrap();
    assert_eq!(world.resource(id), None);
    assert!(world.roles(id).is_empty() && world.scopes(id).is_empty());

    assert_eq!(
        code(world.ask(&app(), remove).await),
        Code::ResourceNotFound
    );
}

#[tokio::test]
async fn a_resource_of_another_catalog_is_not_found() {
    let world = World::new();
    let (finance, sales) = (world.catalog("Finance").await, world.catalog("Sales").await);
    let group = world.group(1, "Accountants", GroupChanges::default());
    let id = world.onboard(finance, "AadGroup", group).await;
    let mut remove = by_id(ResourceRequestType::AdminRemove, id);
    remove.catalog_id = Some(sales);

    assert_eq!(
        code(world.ask(&app(), remove).await),
        Code::ResourceNotFound
    );
}

#[tokio::test]
async fn attributes_are_replaced_by_an_update() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let group = world.group(1, "Accountants", GroupChanges::default());
    let id = world.onboard(catalog, "AadGroup", group).await;
    let mut update = by_id(ResourceRequestType::AdminUpdate, id);

    assert_eq!(
        refusal(world.ask(&app(), update.clone()).await),
        (Code::InvalidModel, Some("resource/attributes".to_owned()))
    );

    let document = r#"{"v":1,"items":[{"name":"city","source":null,"destination":null,"id":"5b2b3f0e-0c6d-4b0a-9d0a-6f2f1c7a1e09"}]}"#;
    update.attributes_json = Some(document.to_owned());
    world.ask(&app(), update.clone()).await.unwrap();
    assert_eq!(world.resource(id).unwrap().attributes, document);

    update.attributes_json = Some(r#"{"v":1,"items":[{"name":"a"},{"name":"A"}]}"#.to_owned());
    assert_eq!(
        refusal(world.ask(&app(), update).await),
        (
            Code::InvalidModel,
            Some("resource/attributes/0/name".to_owned())
        )
    );
}

#[tokio::test]
async fn a_refresh_reads_names_and_roles_anew_dl_14() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let origin = world.application(1, "Ledger", &["Reader"]);
    let id = world.onboard(catalog, "AadApplication", origin).await;
    world
        .service
        .store
        .write_blocking(move |tx| {
            let mut changed = service_principal::find(tx, origin)?.unwrap();
            changed.display_name = "General ledger".to_owned();
            changed.app_roles = app_roles(&["Reader", "Writer"]);
            service_principal::update(tx, &changed)
        })
        .unwrap();
    let reader = world.roles(id)[0].id;

    resources::refresh(&world.service, &app(), id)
        .await
        .unwrap();

    assert_eq!(world.resource(id).unwrap().display_name, "General ledger");
    let roles = world.roles(id);
    assert_eq!(roles.len(), 2);
    assert!(
        roles.iter().any(|role| role.id == reader),
        "a role keeps its id"
    );
}

#[tokio::test]
async fn a_refresh_of_what_is_gone_is_refused() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let origin = world.group(1, "Accountants", GroupChanges::default());
    let id = world.onboard(catalog, "AadGroup", origin).await;
    world
        .service
        .store
        .write_blocking(move |tx| group::delete(tx, origin))
        .unwrap();

    let outcome = resources::refresh(&world.service, &app(), id).await;

    assert_eq!(code(outcome), Code::ResourceNotFound);
    let unknown = ResourceId::new(object(98).uuid());
    assert_eq!(
        code(resources::refresh(&world.service, &app(), unknown).await),
        Code::ResourceNotFound
    );
}

#[tokio::test]
async fn a_deleted_catalog_takes_its_resources_along() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let group = world.group(1, "Accountants", GroupChanges::default());
    let id = world.onboard(catalog, "AadGroup", group).await;

    catalogs::delete(&world.service, &app(), catalog)
        .await
        .unwrap();

    assert_eq!(world.resource(id), None);
    assert!(world.roles(id).is_empty());
}

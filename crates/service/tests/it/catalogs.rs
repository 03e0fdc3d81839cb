//! Catalogs.

use auth::principal::{DirectoryRole, Permission};
use auth::roles::EmRole;
use domain::catalog::{CatalogChange, CatalogState, CatalogType, NewCatalog};
use domain::change::Change;
use domain::id::CatalogId;
use service::{Code, catalogs, tenant};
use store::catalog::Catalog;
use store::{catalog, role_assignment};

use crate::support::{
    World, app, app_with, as_reading_user, as_user, as_user_in, as_user_with, code, object, refusal,
};

fn stored(world: &World, id: CatalogId) -> Option<Catalog> {
    world
        .service
        .store
        .read_blocking(move |tx| catalog::find(tx, id))
        .unwrap()
}

#[tokio::test]
async fn a_catalog_is_created_with_what_the_body_says() {
    let world = World::new();
    let wanted = NewCatalog {
        description: Some("Money".to_owned()),
        state: CatalogState::Unpublished,
        is_externally_visible: false,
        unique_name: Some("finance".to_owned()),
        ..NewCatalog::named("Finance")
    };

    let id = catalogs::create(&world.service, &app(), wanted)
        .await
        .unwrap();

    let created = stored(&world, id).unwrap();
    assert_eq!(created.display_name, "Finance");
    assert_eq!(created.catalog_type, CatalogType::UserManaged);
    assert_eq!(created.state, CatalogState::Unpublished);
    assert!(!created.is_externally_visible);
    assert_eq!(created.unique_name.as_deref(), Some("finance"));
    assert_eq!(created.version, 1);
}

#[tokio::test]
async fn a_delegated_creator_becomes_the_first_owner_az_10() {
    let world = World::new();
    let alice = world.user(1, "alice");
    let creator = as_user_with(alice, EmRole::CatalogCreator);

    let id = catalogs::create(&world.service, &creator, NewCatalog::named("Hers"))
        .await
        .unwrap();

    let roles = world
        .service
        .store
        .read_blocking(move |tx| role_assignment::held_by(tx, &[alice]))
        .unwrap();
    assert_eq!(roles.len(), 1);
    assert_eq!(roles[0].catalog_id, Some(id));
    assert_eq!(
        roles[0].role_definition_id,
        EmRole::CatalogOwner.definition_id()
    );
}

#[tokio::test]
async fn who_may_not_create_catalogs_is_refused() {
    let world = World::new();
    let alice = world.user(1, "alice");
    let finance = world.catalog("Finance").await;
    for ctx in [
        as_user(alice, &[]),
        as_user(alice, &[DirectoryRole::UserAdministrator]),
        as_user_in(alice, EmRole::CatalogOwner, finance),
        as_reading_user(alice, &[DirectoryRole::GlobalAdministrator]),
        app_with(&[Permission::EntitlementManagementReadAll]),
    ] {
        let outcome = catalogs::create(&world.service, &ctx, NewCatalog::named("x")).await;
        assert_eq!(code(outcome), Code::AccessDenied);
    }
}

#[tokio::test]
async fn flaws_and_taken_unique_names_are_refused() {
    let world = World::new();
    let named = |name: &str| NewCatalog {
        unique_name: Some(name.to_owned()),
        ..NewCatalog::named("Finance")
    };
    catalogs::create(&world.service, &app(), named("finance"))
        .await
        .unwrap();

    for (wanted, target) in [
        (NewCatalog::named(" "), "displayName"),
        (named("a/b"), "uniqueName"),
        (named("finance"), "uniqueName"),
    ] {
        let outcome = catalogs::create(&world.service, &app(), wanted).await;
        assert_eq!(
            refusal(outcome),
            (Code::InvalidModel, Some(target.to_owned()))
        );
    }
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name_ht_1() {
    let world = World::new();
    let id = world.catalog("Finance").await;
    let owner = as_user_in(world.user(1, "alice"), EmRole::CatalogOwner, id);
    let change = CatalogChange {
        description: Change::Set("Money".to_owned()),
        state: Some(CatalogState::Unpublished),
        unique_name: Change::Set("finance".to_owned()),
        ..CatalogChange::default()
    };

    catalogs::update(&world.service, &owner, id, change)
        .await
        .unwrap();

    let changed = stored(&world, id).unwrap();
    assert_eq!(changed.display_name, "Finance");
    assert_eq!(changed.description.as_deref(), Some("Money"));
    assert_eq!(changed.state, CatalogState::Unpublished);
    assert_eq!(changed.version, 2);
    assert_eq!(
        changed.modified_by.as_deref(),
        Some(object(1).to_string().as_str())
    );

    // The catalog's own unique name is not in its way.
    let cleared = CatalogChange {
        description: Change::Clear,
        ..CatalogChange::default()
    };
    catalogs::update(&world.service, &owner, id, cleared)
        .await
        .unwrap();
    assert_eq!(stored(&world, id).unwrap().description, None);
}

#[tokio::test]
async fn what_may_be_known_decides_between_not_found_and_refused() {
    let world = World::new();
    let id = world.catalog("Finance").await;
    let other = world.catalog("Sales").await;
    let alice = world.user(1, "alice");
    let unknown = CatalogId::new(object(99).uuid());
    for (ctx, id, expected) in [
        (
            as_user_in(alice, EmRole::CatalogReader, id),
            id,
            Code::AccessDenied,
        ),
        (
            as_user_in(alice, EmRole::CatalogOwner, other),
            id,
            Code::ResourceNotFound,
        ),
        (as_user(alice, &[]), id, Code::AccessDenied),
        (as_user(alice, &[]), unknown, Code::AccessDenied),
        (app(), unknown, Code::ResourceNotFound),
    ] {
        let outcome = catalogs::delete(&world.service, &ctx, id).await;
        assert_eq!(code(outcome), expected);
    }
    assert!(stored(&world, id).is_some());
}

#[tokio::test]
async fn a_catalog_without_packages_can_be_deleted_as_9() {
    let world = World::new();
    let id = world.catalog("Finance").await;
    let package = world.package(id, "Books").await;

    let full = catalogs::delete(&world.service, &app(), id).await;
    assert_eq!(code(full), Code::CatalogNotEmpty);

    service::access_packages::delete(&world.service, &app(), package)
        .await
        .unwrap();
    catalogs::delete(&world.service, &app(), id).await.unwrap();
    assert_eq!(stored(&world, id), None);
}

#[tokio::test]
async fn the_built_in_catalog_stays() {
    let world = World::new();
    let general = tenant::initialise(&world.service).await.unwrap();

    let outcome = catalogs::delete(&world.service, &app(), general).await;

    assert_eq!(code(outcome), Code::BadRequest);
    assert!(stored(&world, general).is_some());
}

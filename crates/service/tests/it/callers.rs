//! Who calls, with the roles that the directory gives them.

use std::sync::Arc;

use auth::principal::{DirectoryRole, NamedUser, Permission, PermissionSet, Principal, Verified};
use auth::roles::{EmRole, Scope};
use domain::directory::{
    GroupChanges, GroupRole, NewRoleAssignment, ServicePrincipalChanges, UserChanges,
};
use domain::id::ObjectId;
use domain::time::Duration;
use service::callers::{LoadedCaller, load, resolve};
use service::directory::{Operation, members, service_principals, users};
use service::{Code, ServiceError, role_assignments};
use store::directory::role_member;

use crate::support::{World, app, app_with, code, object};

fn token_of(user: ObjectId) -> Arc<Principal> {
    let scopes = PermissionSet::of(&[Permission::EntitlementManagementReadAll]);
    Arc::new(Principal::user(user, scopes))
}

async fn call(world: &World, user: ObjectId) -> Result<LoadedCaller, ServiceError> {
    load(&world.service, &token_of(user)).await
}

#[tokio::test]
async fn roles_count_through_nested_groups_az_12() {
    let world = World::new();
    let catalog = world.catalog("Finance").await;
    let alice = world.user(1, "alice");
    let (team, all) = (
        world.group(2, "Team", GroupChanges::default()),
        world.group(3, "All", GroupChanges::default()),
    );
    for (group, member) in [(team, alice), (all, team)] {
        members::apply(
            &world.service,
            group,
            GroupRole::Member,
            Operation::Add,
            &[member],
        )
        .await
        .unwrap();
    }
    let body = NewRoleAssignment {
        principal_id: all,
        role: "Catalog owner".to_owned(),
        app_scope_id: Scope::Catalog(catalog).to_string(),
    };
    role_assignments::create(&world.service, &app(), body)
        .await
        .unwrap();
    world
        .service
        .store
        .write_blocking(move |tx| {
            role_member::add(tx, DirectoryRole::GlobalReader.template_id(), all)
        })
        .unwrap();

    let loaded = call(&world, alice).await.unwrap();

    assert_eq!(
        loaded.caller.em_roles,
        [(EmRole::CatalogOwner, Scope::Catalog(catalog))]
    );
    assert_eq!(
        loaded.caller.directory_roles,
        [DirectoryRole::GlobalReader].into()
    );
    assert_eq!(*loaded.groups, [team, all]);
}

#[tokio::test]
async fn roles_of_the_token_come_on_top() {
    let world = World::new();
    let alice = world.user(1, "alice");
    let mut principal = (*token_of(alice)).clone();
    principal.token.directory_roles = vec![DirectoryRole::SecurityReader];

    let with = load(&world.service, &Arc::new(principal)).await.unwrap();
    let without = call(&world, alice).await.unwrap();

    assert_eq!(
        with.caller.directory_roles,
        [DirectoryRole::SecurityReader].into()
    );
    assert!(without.caller.directory_roles.is_empty());
}

#[tokio::test]
async fn a_change_of_roles_counts_at_once() {
    let world = World::new();
    let alice = world.user(1, "alice");
    assert!(
        call(&world, alice)
            .await
            .unwrap()
            .caller
            .em_roles
            .is_empty()
    );
    let body = NewRoleAssignment {
        principal_id: alice,
        role: "Catalog creator".to_owned(),
        app_scope_id: "/".to_owned(),
    };

    let granted = role_assignments::create(&world.service, &app(), body)
        .await
        .unwrap();
    assert_eq!(
        call(&world, alice).await.unwrap().caller.em_roles,
        [(EmRole::CatalogCreator, Scope::Tenant)]
    );

    role_assignments::delete(&world.service, &app(), granted.id)
        .await
        .unwrap();
    assert!(
        call(&world, alice)
            .await
            .unwrap()
            .caller
            .em_roles
            .is_empty()
    );
}

#[tokio::test]
async fn a_change_made_elsewhere_counts_within_a_minute() {
    let world = World::new();
    let alice = world.user(1, "alice");
    call(&world, alice).await.unwrap();
    let role = DirectoryRole::GlobalReader;
    world
        .service
        .store
        .write_blocking(move |tx| role_member::add(tx, role.template_id(), alice))
        .unwrap();

    world.advance(Duration::from_secs(59));
    let remembered = call(&world, alice).await.unwrap();
    world.advance(Duration::from_secs(1));
    let read = call(&world, alice).await.unwrap();

    assert!(remembered.caller.directory_roles.is_empty());
    assert_eq!(read.caller.directory_roles, [role].into());
}

#[tokio::test]
async fn the_unknown_the_disabled_and_the_deleted_do_not_get_in() {
    let world = World::new();
    let (alice, bob) = (world.user(1, "alice"), world.user(2, "bob"));
    let administrator = app_with(&[Permission::DirectoryReadWriteAll]);
    for user in [alice, bob] {
        call(&world, user).await.unwrap();
    }

    let off = UserChanges {
        account_enabled: Some(false),
        ..UserChanges::default()
    };
    users::update(&world.service, &administrator, alice, off)
        .await
        .unwrap();
    users::delete(&world.service, &administrator, bob)
        .await
        .unwrap();

    for user in [alice, bob, object(99)] {
        assert_eq!(
            code(call(&world, user).await),
            Code::InvalidAuthenticationToken
        );
    }
}

#[tokio::test]
async fn an_application_is_known_by_its_object_or_by_its_client_id() {
    let world = World::new();
    let payroll = world.application(5, "Payroll", &[]);
    let token = |object: ObjectId, client_id: &str| {
        Arc::new(Principal::application(
            object,
            client_id,
            PermissionSet::EMPTY,
        ))
    };

    let by_object = load(&world.service, &token(payroll, "anything"))
        .await
        .unwrap();
    let by_client = load(&world.service, &token(object(77), &object(5).to_string()))
        .await
        .unwrap();
    let stranger = load(&world.service, &token(object(77), "anything")).await;

    assert_eq!(by_object.caller.principal.object(), payroll);
    assert_eq!(by_client.caller.principal.object(), payroll);
    assert_eq!(code(stranger), Code::InvalidAuthenticationToken);
    let off = ServicePrincipalChanges {
        account_enabled: Some(false),
        ..ServicePrincipalChanges::default()
    };
    let administrator = app_with(&[Permission::DirectoryReadWriteAll]);
    service_principals::update(&world.service, &administrator, payroll, off)
        .await
        .unwrap();
    let disabled = load(&world.service, &token(payroll, "anything")).await;
    assert_eq!(code(disabled), Code::InvalidAuthenticationToken);
}

#[tokio::test]
async fn a_user_known_by_name_is_looked_up() {
    let world = World::new();
    let alice = world.user(1, "alice");
    let named = |name: &str| {
        let token = token_of(object(0)).token.clone();
        Verified::Named(Arc::new(NamedUser {
            name: name.to_owned(),
            client_id: None,
            token,
        }))
    };

    let found = resolve(&world.service, &named("ALICE@example.com"))
        .await
        .unwrap();
    let stranger = resolve(&world.service, &named("bob@example.com")).await;

    assert_eq!(found.as_user(), Some(alice));
    assert_eq!(code(stranger), Code::InvalidAuthenticationToken);
}

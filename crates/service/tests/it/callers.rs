//! Who calls, with the roles that the directory gives them.

use std::sync::Arc;

use auth::principal::{
    DirectoryRole, Lookup, Permission, PermissionSet, Principal, Unbound, UserAttribute, Verified,
};
use auth::roles::{EmRole, Scope};
use domain::change::Change;
use domain::directory::{
    GroupChanges, GroupRole, NewRoleAssignment, ServicePrincipalChanges, UserChanges,
};
use domain::id::ObjectId;
use domain::time::Duration;
use service::callers::{LoadedCaller, admit, load};
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
    let client_id = object(5).to_string();
    let token = |object: ObjectId, client_id: &str| {
        Arc::new(Principal::application(
            object,
            client_id,
            PermissionSet::EMPTY,
        ))
    };

    let by_object = load(&world.service, &token(payroll, &client_id))
        .await
        .unwrap();
    let by_client = load(&world.service, &token(object(77), &client_id))
        .await
        .unwrap();
    let again = load(&world.service, &token(object(77), &client_id))
        .await
        .unwrap();

    for found in [by_object, by_client, again] {
        assert_eq!(found.caller.principal.object(), payroll);
    }
    for (object, client) in [(object(77), "anything"), (payroll, "anything")] {
        let refused = load(&world.service, &token(object, client)).await;
        assert_eq!(code(refused), Code::InvalidAuthenticationToken);
    }
    let off = ServicePrincipalChanges {
        account_enabled: Some(false),
        ..ServicePrincipalChanges::default()
    };
    let administrator = app_with(&[Permission::DirectoryReadWriteAll]);
    service_principals::update(&world.service, &administrator, payroll, off)
        .await
        .unwrap();
    let disabled = load(&world.service, &token(payroll, &client_id)).await;
    assert_eq!(code(disabled), Code::InvalidAuthenticationToken);
}

#[tokio::test]
async fn what_is_remembered_of_a_user_is_not_an_applications() {
    let world = World::new();
    let alice = world.user(1, "alice");
    call(&world, alice).await.unwrap();

    let application = Principal::application(alice, "anything", PermissionSet::EMPTY);
    let refused = load(&world.service, &Arc::new(application)).await;

    assert_eq!(code(refused), Code::InvalidAuthenticationToken);
}

fn looked_up(lookup: Lookup) -> Verified {
    Verified::Unbound(Arc::new(Unbound {
        lookup,
        claim: "sub".to_owned(),
        client_id: None,
        token: token_of(object(0)).token.clone(),
    }))
}

fn by(by: UserAttribute, value: &str) -> Verified {
    looked_up(Lookup::User {
        by,
        value: value.to_owned(),
    })
}

#[tokio::test]
async fn a_user_is_found_by_the_attribute_that_the_issuer_tells() {
    let world = World::new();
    let alice = world.user(1, "alice");
    let administrator = app_with(&[Permission::DirectoryReadWriteAll]);
    let changes = UserChanges {
        mail: Change::Set("A.Lice@example.com".to_owned()),
        employee_id: Change::Set("E-7".to_owned()),
        ..UserChanges::default()
    };
    users::update(&world.service, &administrator, alice, changes)
        .await
        .unwrap();
    world
        .service
        .store
        .write_blocking(move |tx| store::provisioning::name_user(tx, alice, Some("hr-7"), None))
        .unwrap();

    for (attribute, value) in [
        (UserAttribute::UserPrincipalName, "ALICE@example.com"),
        (UserAttribute::Mail, "a.lice@EXAMPLE.com"),
        (UserAttribute::EmployeeId, "E-7"),
        (UserAttribute::ExternalId, "hr-7"),
    ] {
        for _ in 0..2 {
            let found = admit(&world.service, &by(attribute, value)).await.unwrap();
            assert_eq!(found.caller.principal.as_user(), Some(alice), "{value}");
        }
        let stranger = admit(&world.service, &by(attribute, "nobody")).await;
        let told = stranger.unwrap_err().to_string();
        let name = attribute.as_str();
        assert!(told.contains("`sub`") && told.contains(name), "{told}");
    }
}

#[tokio::test]
async fn a_caller_who_could_be_two_users_is_neither() {
    let world = World::new();
    let administrator = app_with(&[Permission::DirectoryReadWriteAll]);
    for user in [world.user(1, "alice"), world.user(2, "bob")] {
        let changes = UserChanges {
            employee_id: Change::Set("E-7".to_owned()),
            ..UserChanges::default()
        };
        users::update(&world.service, &administrator, user, changes)
            .await
            .unwrap();
    }

    let refused = admit(&world.service, &by(UserAttribute::EmployeeId, "E-7")).await;

    let told = refused.unwrap_err().to_string();
    assert!(told.contains("more than one user"), "{told}");
}

#[tokio::test]
async fn an_application_of_another_issuer_is_found_by_its_app_id() {
    let world = World::new();
    let payroll = world.application(5, "Payroll", &[]);
    let of = |id: &str| {
        looked_up(Lookup::Application {
            app_id: id.parse().unwrap(),
        })
    };

    let found = admit(&world.service, &of(&object(5).to_string()))
        .await
        .unwrap();
    let stranger = admit(&world.service, &of(&object(6).to_string())).await;

    assert!(found.caller.principal.is_application());
    assert_eq!(found.caller.principal.object(), payroll);
    assert_eq!(code(stranger), Code::InvalidAuthenticationToken);
}

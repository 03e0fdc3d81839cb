use auth::principal::Permission;
use domain::directory::{DEFAULT_ACCESS, NewAppRoleAssignment, ServicePrincipalChanges};
use domain::failure::FailureCode;
use domain::id::{AppRoleId, ObjectId};
use service::Code;
use service::directory::Outcome::{AlreadySo, Done, Refused};
use service::directory::app_roles::Side;
use service::directory::{Operation, Outcome, app_roles, service_principals, users};

use super::{administrator, reader};
use crate::support::{World, app_roles as roles_named, app_with, code, object, refusal};

async fn apply(
    world: &World,
    application: ObjectId,
    role: AppRoleId,
    operation: Operation,
    subjects: &[ObjectId],
) -> Vec<Outcome> {
    app_roles::apply(&world.service, application, role, operation, subjects)
        .await
        .unwrap()
}

fn wanted(
    principal_id: ObjectId,
    resource_id: ObjectId,
    app_role_id: AppRoleId,
) -> NewAppRoleAssignment {
    NewAppRoleAssignment {
        principal_id,
        resource_id,
        app_role_id,
    }
}

#[tokio::test]
async fn a_role_is_granted_once_and_revoked_from_either_side() {
    let world = World::new();
    let (alice, payroll) = (
        world.user(1, "alice"),
        world.application(2, "Payroll", &["read"]),
    );
    let (ctx, role) = (administrator(), roles_named(&["read"])[0].id);

    for side in [Side::Resource(payroll), Side::Principal(alice)] {
        let granted = app_roles::grant(&world.service, &ctx, wanted(alice, payroll, role))
            .await
            .unwrap();
        let again = app_roles::grant(&world.service, &ctx, wanted(alice, payroll, role)).await;
        let elsewhere =
            app_roles::revoke(&world.service, &ctx, Side::Resource(alice), granted.id).await;
        app_roles::revoke(&world.service, &ctx, side, granted.id)
            .await
            .unwrap();
        let gone = app_roles::revoke(&world.service, &ctx, side, granted.id).await;

        assert_eq!(
            (granted.principal_id, granted.resource_id),
            (alice, payroll)
        );
        assert_eq!(
            refusal(again),
            (Code::BadRequest, Some("appRoleId".to_owned()))
        );
        assert_eq!(code(elsewhere), Code::ResourceNotFound);
        assert_eq!(code(gone), Code::ResourceNotFound);
    }
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_granted() {
    let world = World::new();
    let (alice, payroll) = (
        world.user(1, "alice"),
        world.application(2, "Payroll", &["read"]),
    );
    let (ctx, role) = (administrator(), roles_named(&["read"])[0].id);
    let grant = async |wanted| code(app_roles::grant(&world.service, &ctx, wanted).await);

    assert_eq!(
        grant(wanted(object(99), payroll, role)).await,
        Code::ResourceNotFound
    );
    assert_eq!(
        grant(wanted(alice, object(99), role)).await,
        Code::ResourceNotFound
    );
    assert_eq!(
        grant(wanted(alice, payroll, DEFAULT_ACCESS)).await,
        Code::BadRequest
    );
}

#[tokio::test]
async fn granting_needs_its_own_permission() {
    let world = World::new();
    let (alice, wiki) = (world.user(1, "alice"), world.application(2, "Wiki", &[]));
    let plain = wanted(alice, wiki, DEFAULT_ACCESS);

    let by_reader = app_roles::grant(&world.service, &reader(), plain).await;
    let ctx = app_with(&[Permission::AppRoleAssignmentReadWriteAll]);
    let by_granter = app_roles::grant(&world.service, &ctx, plain).await;

    assert_eq!(code(by_reader), Code::AccessDenied);
    assert!(by_granter.is_ok());
}

#[tokio::test]
async fn many_subjects_are_changed_at_once_and_each_is_told_its_outcome() {
    let world = World::new();
    let (alice, bob, carol) = (
        world.user(1, "alice"),
        world.user(2, "bob"),
        world.user(3, "carol"),
    );
    let wiki = world.application(4, "Wiki", &[]);
    apply(&world, wiki, DEFAULT_ACCESS, Operation::Add, &[bob]).await;
    users::delete(&world.service, &administrator(), carol)
        .await
        .unwrap();
    let everybody = [alice, bob, carol, object(99), alice];

    let added = apply(&world, wiki, DEFAULT_ACCESS, Operation::Add, &everybody).await;
    let seen = app_roles::observe(&world.service, wiki, DEFAULT_ACCESS, &everybody)
        .await
        .unwrap();
    let removed = apply(&world, wiki, DEFAULT_ACCESS, Operation::Remove, &everybody).await;

    let (deleted, unknown) = (
        Refused(FailureCode::TargetDeleted),
        Refused(FailureCode::TargetNotFound),
    );
    assert_eq!(added, [Done, AlreadySo, deleted, unknown, AlreadySo]);
    assert_eq!(seen, [true, true, false, false, true]);
    assert_eq!(removed, [Done, Done, AlreadySo, AlreadySo, AlreadySo]);
}

#[tokio::test]
async fn roles_and_applications_that_are_gone_are_told_apart() {
    let world = World::new();
    let (alice, payroll) = (
        world.user(1, "alice"),
        world.application(2, "Payroll", &["read", "write"]),
    );
    let [read, write] = [0, 1].map(|index| roles_named(&["read", "write"])[index].id);
    apply(&world, payroll, write, Operation::Add, &[alice]).await;
    let only_read = ServicePrincipalChanges {
        app_roles: Some(roles_named(&["read"])),
        ..ServicePrincipalChanges::default()
    };
    service_principals::update(&world.service, &administrator(), payroll, only_read)
        .await
        .unwrap();

    let dropped = apply(&world, payroll, write, Operation::Add, &[alice]).await;
    let removed = apply(&world, payroll, write, Operation::Remove, &[alice]).await;
    service_principals::delete(&world.service, &administrator(), payroll)
        .await
        .unwrap();
    let gone = apply(&world, payroll, read, Operation::Add, &[alice]).await;

    assert_eq!(dropped, [Refused(FailureCode::RoleNotFound)]);
    assert_eq!(removed, [AlreadySo]);
    assert_eq!(gone, [Refused(FailureCode::ResourceNotFoundInOriginSystem)]);
}

#[tokio::test]
async fn client_ids_are_unique() {
    let world = World::new();
    world.application(2, "Payroll", &[]);
    let same = ServicePrincipalChanges {
        app_id: Some(domain::id::AppId::new(object(2).uuid())),
        display_name: Some("Other".to_owned()),
        ..ServicePrincipalChanges::default()
    };

    let refused = service_principals::create(&world.service, &administrator(), same.clone()).await;
    let denied = service_principals::create(&world.service, &reader(), same).await;

    assert_eq!(
        refusal(refused),
        (Code::BadRequest, Some("appId".to_owned()))
    );
    assert_eq!(code(denied), Code::AccessDenied);
}

use auth::principal::{DirectoryRole, Permission};
use domain::directory::{GroupChanges, ObjectKind};
use service::Code;
use service::directory::{bindings, objects};
use store::directory::target_binding::TargetBinding;

use super::{administrator, reader};
use crate::support::{World, app, app_with, as_reading_user, code, object, refusal};

#[tokio::test]
async fn an_object_of_any_kind_is_found_and_deleted() {
    let world = World::new();
    let ids = [
        (world.user(1, "alice"), ObjectKind::User),
        (
            world.group(2, "Sales", GroupChanges::default()),
            ObjectKind::Group,
        ),
        (
            world.application(3, "Payroll", &[]),
            ObjectKind::ServicePrincipal,
        ),
    ];
    for (id, kind) in ids {
        assert_eq!(
            objects::get(&world.service, &reader(), id)
                .await
                .unwrap()
                .kind,
            kind
        );

        assert_eq!(
            code(objects::delete(&world.service, &reader(), id).await),
            Code::AccessDenied
        );
        objects::delete(&world.service, &administrator(), id)
            .await
            .unwrap();

        assert_eq!(
            code(objects::get(&world.service, &reader(), id).await),
            Code::ResourceNotFound
        );
    }
}

#[tokio::test]
async fn a_look_up_leaves_out_what_is_unknown_unwanted_or_not_readable() {
    let world = World::new();
    let (alice, sales) = (
        world.user(1, "alice"),
        world.group(2, "Sales", GroupChanges::default()),
    );
    let ids = vec![sales, object(99), alice];
    let users_only = app_with(&[Permission::UserReadAll]);
    let found = async |ctx, kinds| {
        let found = objects::by_ids(&world.service, &ctx, ids.clone(), kinds)
            .await
            .unwrap();
        found
            .into_iter()
            .map(|object| object.id)
            .collect::<Vec<_>>()
    };

    assert_eq!(found(reader(), Some(vec![])).await, [sales, alice]);
    assert_eq!(found(reader(), Some(vec![ObjectKind::User])).await, [alice]);
    assert_eq!(found(reader(), None).await, []);
    assert_eq!(found(users_only, Some(vec![])).await, [alice]);
    let denied = objects::by_ids(&world.service, &app_with(&[]), ids.clone(), Some(vec![])).await;
    assert_eq!(code(denied), Code::AccessDenied);
}

#[tokio::test]
async fn a_group_is_bound_to_a_target_and_unbound() {
    let world = World::new();
    let sales = world.group(2, "Sales", GroupChanges::default());
    let binding = TargetBinding {
        object_id: sales,
        target: "openldap".to_owned(),
        address: None,
    };

    bindings::set(&world.service, &app(), binding.clone())
        .await
        .unwrap();

    assert_eq!(
        bindings::get(&world.service, &app(), sales).await.unwrap(),
        binding
    );
    assert_eq!(
        bindings::list(&world.service, &app()).await.unwrap(),
        [binding]
    );
    bindings::clear(&world.service, &app(), sales)
        .await
        .unwrap();
    assert_eq!(
        code(bindings::clear(&world.service, &app(), sales).await),
        Code::ResourceNotFound
    );
    assert_eq!(
        code(bindings::get(&world.service, &app(), sales).await),
        Code::ResourceNotFound
    );
}

#[tokio::test]
async fn users_are_not_bound_and_readers_do_not_bind() {
    let world = World::new();
    let alice = world.user(1, "alice");
    let binding = |target: &str| TargetBinding {
        object_id: alice,
        target: target.to_owned(),
        address: None,
    };
    let reading = as_reading_user(alice, &[DirectoryRole::GlobalReader]);

    let user = bindings::set(&world.service, &app(), binding("ldap")).await;
    let nameless = bindings::set(&world.service, &app(), binding(" ")).await;
    let denied = bindings::set(&world.service, &reading, binding("ldap")).await;

    assert_eq!(
        refusal(user),
        (Code::InvalidModel, Some("objectId".to_owned()))
    );
    assert_eq!(
        refusal(nameless),
        (Code::InvalidModel, Some("target".to_owned()))
    );
    assert_eq!(code(denied), Code::AccessDenied);
}

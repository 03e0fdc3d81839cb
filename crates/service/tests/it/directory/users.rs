use domain::change::Change;
use domain::directory::{DEFAULT_ACCESS, GroupRole, User, UserChanges};
use domain::id::ObjectId;
use service::Code;
use service::directory::{Operation, app_roles, members, users};
use service::tenant::verify_password;
use store::directory::user;

use super::{administrator, named_group, named_user, reader};
use crate::support::{World, app, code, object, refusal};

fn stored(world: &World, id: ObjectId) -> Option<User> {
    world
        .service
        .store
        .read_blocking(move |tx| user::find(tx, id))
        .unwrap()
}

#[tokio::test]
async fn a_user_is_created_and_changed() {
    let world = World::new();
    let wanted = UserChanges {
        department: Change::Set("Sales".to_owned()),
        ..named_user("alice")
    };
    let alice = users::create(&world.service, &administrator(), wanted)
        .await
        .unwrap();

    let changes = UserChanges {
        department: Change::Clear,
        job_title: Change::Set("Agent".to_owned()),
        account_enabled: Some(false),
        ..UserChanges::default()
    };
    let changed = users::update(&world.service, &administrator(), alice.id, changes)
        .await
        .unwrap();

    assert_eq!(stored(&world, alice.id), Some(changed.clone()));
    assert_eq!(
        (changed.department, changed.job_title.as_deref()),
        (None, Some("Agent"))
    );
    assert!(!changed.account_enabled);
    assert_eq!(changed.display_name, "alice");
}

#[tokio::test]
async fn sign_in_names_are_unique_without_regard_to_case() {
    let world = World::new();
    users::create(&world.service, &administrator(), named_user("alice"))
        .await
        .unwrap();
    let bob = users::create(&world.service, &administrator(), named_user("bob"))
        .await
        .unwrap();

    let again = users::create(&world.service, &administrator(), named_user("ALICE")).await;
    let renamed = users::update(
        &world.service,
        &administrator(),
        bob.id,
        named_user("Alice"),
    )
    .await;

    let taken = (Code::BadRequest, Some("userPrincipalName".to_owned()));
    assert_eq!(refusal(again), taken);
    assert_eq!(refusal(renamed), taken);
}

#[tokio::test]
async fn writing_users_needs_a_permission_of_the_directory() {
    let world = World::new();
    let alice = world.user(1, "alice");

    for ctx in [reader(), app()] {
        let created = users::create(&world.service, &ctx, named_user("bob")).await;
        assert_eq!(code(created), Code::AccessDenied);
        assert_eq!(
            code(users::delete(&world.service, &ctx, alice).await),
            Code::AccessDenied
        );
        assert_eq!(
            code(users::set_manager(&world.service, &ctx, alice, None).await),
            Code::AccessDenied
        );
    }
}

#[tokio::test]
async fn a_password_is_kept_as_a_hash_and_checked() {
    let world = World::new();
    let wanted = UserChanges {
        password: Some("open sesame".to_owned()),
        ..named_user("alice")
    };
    let alice = users::create(&world.service, &administrator(), wanted)
        .await
        .unwrap();

    let right = verify_password(&world.service, "Alice@reeve.example", "open sesame")
        .await
        .unwrap();
    let wrong = verify_password(&world.service, "alice@reeve.example", "open")
        .await
        .unwrap();
    let nobody = verify_password(&world.service, "bob@reeve.example", "open sesame")
        .await
        .unwrap();

    assert_eq!(right.map(|user| user.id), Some(alice.id));
    assert_eq!((wrong, nobody), (None, None));
    let hash = world
        .service
        .store
        .read_blocking(move |tx| user::password_hash(tx, alice.id))
        .unwrap();
    assert!(!hash.unwrap().contains("sesame"));
}

#[tokio::test]
async fn access_vanishes_with_a_deleted_user_who_can_be_restored_as_16() {
    let world = World::new();
    let (alice, payroll) = (world.user(1, "alice"), world.application(2, "Payroll", &[]));
    let sales = world.group(3, "Sales", named_group("Sales"));
    for role in [GroupRole::Member, GroupRole::Owner] {
        members::apply(&world.service, sales, role, Operation::Add, &[alice])
            .await
            .unwrap();
    }
    app_roles::apply(
        &world.service,
        payroll,
        DEFAULT_ACCESS,
        Operation::Add,
        &[alice],
    )
    .await
    .unwrap();

    users::delete(&world.service, &administrator(), alice)
        .await
        .unwrap();

    for role in [GroupRole::Member, GroupRole::Owner] {
        let seen = members::observe(&world.service, sales, role, &[alice])
            .await
            .unwrap();
        assert_eq!(seen, [false]);
    }
    let seen = app_roles::observe(&world.service, payroll, DEFAULT_ACCESS, &[alice])
        .await
        .unwrap();
    assert_eq!(seen, [false]);
    assert_eq!(
        code(users::delete(&world.service, &administrator(), alice).await),
        Code::ResourceNotFound
    );
    let restored = users::restore(&world.service, &administrator(), alice)
        .await
        .unwrap();
    assert_eq!(restored.deleted_at, None);
}

#[tokio::test]
async fn a_deleted_user_frees_its_name_and_cannot_come_back_to_it() {
    let world = World::new();
    let first = users::create(&world.service, &administrator(), named_user("alice"))
        .await
        .unwrap();
    users::delete(&world.service, &administrator(), first.id)
        .await
        .unwrap();

    users::create(&world.service, &administrator(), named_user("alice"))
        .await
        .unwrap();

    let back = users::restore(&world.service, &administrator(), first.id).await;
    assert_eq!(
        refusal(back),
        (Code::BadRequest, Some("userPrincipalName".to_owned()))
    );
}

#[tokio::test]
async fn only_a_deleted_user_is_removed_for_good() {
    let world = World::new();
    let alice = world.user(1, "alice");
    let early = users::hard_delete(&world.service, &administrator(), alice).await;
    users::delete(&world.service, &administrator(), alice)
        .await
        .unwrap();

    users::hard_delete(&world.service, &administrator(), alice)
        .await
        .unwrap();

    assert_eq!(code(early), Code::ResourceNotFound);
    assert_eq!(stored(&world, alice), None);
    assert_eq!(
        code(users::restore(&world.service, &administrator(), alice).await),
        Code::ResourceNotFound
    );
}

#[tokio::test]
async fn a_manager_is_set_and_cleared() {
    let world = World::new();
    let (alice, bob) = (world.user(1, "alice"), world.user(2, "bob"));
    let set =
        async |manager| users::set_manager(&world.service, &administrator(), alice, manager).await;

    set(Some(bob)).await.unwrap();
    assert_eq!(stored(&world, alice).unwrap().manager_id, Some(bob));

    set(None).await.unwrap();
    assert_eq!(stored(&world, alice).unwrap().manager_id, None);
    assert_eq!(code(set(None).await), Code::ResourceNotFound);
    assert_eq!(code(set(Some(object(99))).await), Code::ResourceNotFound);
    assert_eq!(code(set(Some(alice)).await), Code::BadRequest);
}

#[tokio::test]
async fn a_path_names_a_user_by_id_or_by_sign_in_name() {
    let world = World::new();
    let alice = world.user(1, "alice");

    assert_eq!(
        users::resolve(&world.service, &alice.to_string())
            .await
            .unwrap(),
        alice
    );
    assert_eq!(
        users::resolve(&world.service, "ALICE@example.com")
            .await
            .unwrap(),
        alice
    );
    assert_eq!(
        code(users::resolve(&world.service, "bob@example.com").await),
        Code::ResourceNotFound
    );
    assert_eq!(
        code(users::resolve(&world.service, "alice").await),
        Code::BadRequest
    );
}

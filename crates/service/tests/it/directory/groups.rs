use domain::change::Change;
use domain::directory::{GroupChanges, GroupRole};
use service::Code;
use service::directory::{groups, members};

use super::{administrator, named_group, reader, somebody, user_administrator};
use crate::support::{World, code, object, refusal};

#[tokio::test]
async fn a_group_is_created_with_members_and_owners() {
    let world = World::new();
    let (alice, bob) = (world.user(1, "alice"), world.user(2, "bob"));
    let wanted = GroupChanges {
        members: vec![alice, bob],
        owners: vec![bob],
        ..named_group("Sales")
    };

    let sales = groups::create(&world.service, &administrator(), wanted)
        .await
        .unwrap();

    let seen = members::observe(&world.service, sales.id, GroupRole::Member, &[alice, bob])
        .await
        .unwrap();
    assert_eq!(seen, [true, true]);
    let seen = members::observe(&world.service, sales.id, GroupRole::Owner, &[alice, bob])
        .await
        .unwrap();
    assert_eq!(seen, [false, true]);
}

#[tokio::test]
async fn a_reference_to_nobody_keeps_the_group_from_being_created() {
    let world = World::new();
    let wanted = GroupChanges {
        owners: vec![object(99)],
        ..named_group("Sales")
    };

    let created = groups::create(&world.service, &administrator(), wanted).await;

    assert_eq!(
        refusal(created),
        (Code::BadRequest, Some("owners".to_owned()))
    );
}

#[tokio::test]
async fn a_user_who_names_no_owner_becomes_it() {
    let world = World::new();
    let alice = world.user(1, "alice");

    let sales = groups::create(
        &world.service,
        &user_administrator(alice),
        named_group("Sales"),
    )
    .await
    .unwrap();

    let seen = members::observe(&world.service, sales.id, GroupRole::Owner, &[alice])
        .await
        .unwrap();
    assert_eq!(seen, [true]);
}

#[tokio::test]
async fn an_owner_changes_the_group_without_a_role() {
    let world = World::new();
    let (alice, bob) = (world.user(1, "alice"), world.user(2, "bob"));
    let sales = world.group(3, "Sales", GroupChanges::default());
    world.owns(alice, sales);
    let renamed = || GroupChanges {
        description: Change::Set("Sellers".to_owned()),
        ..GroupChanges::default()
    };

    let by_owner = groups::update(&world.service, &somebody(alice), sales, renamed())
        .await
        .unwrap();
    let by_other = groups::update(&world.service, &somebody(bob), sales, renamed()).await;

    assert_eq!(by_owner.description.as_deref(), Some("Sellers"));
    assert_eq!(code(by_other), Code::AccessDenied);
}

#[tokio::test]
async fn an_update_adds_at_most_twenty_members() {
    let world = World::new();
    let sales = world.group(300, "Sales", GroupChanges::default());
    let people: Vec<_> = (1..=21)
        .map(|number| world.user(number, &format!("user{number}")))
        .collect();
    let adding = |count: usize| GroupChanges {
        members: people[..count].to_vec(),
        ..GroupChanges::default()
    };

    let many = groups::update(&world.service, &administrator(), sales, adding(21)).await;
    groups::update(&world.service, &administrator(), sales, adding(20))
        .await
        .unwrap();
    let again = groups::update(&world.service, &administrator(), sales, adding(1)).await;

    assert_eq!(
        refusal(many),
        (Code::BadRequest, Some("members@odata.bind".to_owned()))
    );
    assert_eq!(
        refusal(again),
        (Code::BadRequest, Some("members".to_owned()))
    );
    let seen = members::observe(&world.service, sales, GroupRole::Member, &people)
        .await
        .unwrap();
    assert_eq!(seen.iter().filter(|present| **present).count(), 20);
}

#[tokio::test]
async fn a_deleted_group_is_gone_from_the_groups_it_was_in() {
    let world = World::new();
    let alice = world.user(1, "alice");
    let team = GroupChanges {
        members: vec![alice],
        ..named_group("Team")
    };
    let team = groups::create(&world.service, &administrator(), team)
        .await
        .unwrap();
    let all = GroupChanges {
        members: vec![team.id],
        ..named_group("All")
    };
    let all = groups::create(&world.service, &administrator(), all)
        .await
        .unwrap();

    assert_eq!(
        code(groups::delete(&world.service, &reader(), team.id).await),
        Code::AccessDenied
    );
    groups::delete(&world.service, &administrator(), team.id)
        .await
        .unwrap();

    let below = world
        .service
        .store
        .read_blocking(move |tx| members::transitive_members(tx, all.id))
        .unwrap();
    assert!(below.is_empty());
    assert_eq!(
        code(groups::delete(&world.service, &administrator(), team.id).await),
        Code::ResourceNotFound
    );
}

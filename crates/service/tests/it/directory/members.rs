use domain::change::Change;
use domain::directory::{GroupChanges, GroupRole};
use domain::failure::FailureCode;
use domain::id::ObjectId;
use service::Code;
use service::directory::Outcome::{AlreadySo, Done, Refused};
use service::directory::{Operation, Outcome, groups, members, users};

use super::{administrator, reader, somebody};
use crate::support::{World, code, object, refusal};

async fn apply(
    world: &World,
    group: ObjectId,
    operation: Operation,
    subjects: &[ObjectId],
) -> Vec<Outcome> {
    members::apply(
        &world.service,
        group,
        GroupRole::Member,
        operation,
        subjects,
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn a_reference_is_added_once_and_removed_once() {
    let world = World::new();
    let (alice, sales) = (
        world.user(1, "alice"),
        world.group(2, "Sales", GroupChanges::default()),
    );
    let ctx = administrator();
    for role in [GroupRole::Member, GroupRole::Owner] {
        members::add(&world.service, &ctx, sales, role, alice)
            .await
            .unwrap();

        let again = members::add(&world.service, &ctx, sales, role, alice).await;
        members::remove(&world.service, &ctx, sales, role, alice)
            .await
            .unwrap();
        let gone = members::remove(&world.service, &ctx, sales, role, alice).await;

        assert_eq!(
            refusal(again),
            (Code::BadRequest, Some(role.relation().to_owned()))
        );
        assert_eq!(code(gone), Code::ResourceNotFound);
    }
}

#[tokio::test]
async fn references_to_nothing_are_not_found() {
    let world = World::new();
    let (alice, sales) = (
        world.user(1, "alice"),
        world.group(2, "Sales", GroupChanges::default()),
    );
    let ctx = administrator();

    let nobody = members::add(&world.service, &ctx, sales, GroupRole::Member, object(99)).await;
    let nowhere = members::add(&world.service, &ctx, object(99), GroupRole::Member, alice).await;

    assert_eq!(code(nobody), Code::ResourceNotFound);
    assert_eq!(code(nowhere), Code::ResourceNotFound);
}

#[tokio::test]
async fn groups_nest_but_not_in_themselves_and_own_nothing() {
    let world = World::new();
    let (sales, team) = (
        world.group(1, "Sales", GroupChanges::default()),
        world.group(2, "Team", GroupChanges::default()),
    );
    let ctx = administrator();

    members::add(&world.service, &ctx, sales, GroupRole::Member, team)
        .await
        .unwrap();
    members::add(&world.service, &ctx, team, GroupRole::Member, sales)
        .await
        .unwrap();
    let itself = members::add(&world.service, &ctx, sales, GroupRole::Member, sales).await;
    let owner = members::add(&world.service, &ctx, sales, GroupRole::Owner, team).await;

    assert_eq!(code(itself), Code::BadRequest);
    assert_eq!(code(owner), Code::BadRequest);
}

#[tokio::test]
async fn only_owners_and_the_permitted_change_members() {
    let world = World::new();
    let (alice, bob) = (world.user(1, "alice"), world.user(2, "bob"));
    let sales = world.group(3, "Sales", GroupChanges::default());
    world.owns(alice, sales);

    members::add(
        &world.service,
        &somebody(alice),
        sales,
        GroupRole::Member,
        bob,
    )
    .await
    .unwrap();

    for ctx in [reader(), somebody(bob)] {
        let removed = members::remove(&world.service, &ctx, sales, GroupRole::Member, bob).await;
        assert_eq!(code(removed), Code::AccessDenied);
    }
}

#[tokio::test]
async fn many_subjects_are_changed_at_once_and_each_is_told_its_outcome() {
    let world = World::new();
    let (alice, bob, carol) = (
        world.user(1, "alice"),
        world.user(2, "bob"),
        world.user(3, "carol"),
    );
    let sales = world.group(4, "Sales", GroupChanges::default());
    apply(&world, sales, Operation::Add, &[bob]).await;
    users::delete(&world.service, &administrator(), carol)
        .await
        .unwrap();
    let everybody = [alice, bob, carol, object(99), alice];

    let added = apply(&world, sales, Operation::Add, &everybody).await;
    let seen = members::observe(&world.service, sales, GroupRole::Member, &everybody)
        .await
        .unwrap();
    let removed = apply(&world, sales, Operation::Remove, &everybody).await;

    let (deleted, unknown) = (
        Refused(FailureCode::TargetDeleted),
        Refused(FailureCode::TargetNotFound),
    );
    assert_eq!(added, [Done, AlreadySo, deleted, unknown, AlreadySo]);
    assert_eq!(seen, [true, true, false, false, true]);
    assert_eq!(removed, [Done, Done, AlreadySo, AlreadySo, AlreadySo]);
}

#[tokio::test]
async fn a_group_that_is_gone_refuses_additions_and_needs_no_removal() {
    let world = World::new();
    let alice = world.user(1, "alice");

    let added = apply(&world, object(99), Operation::Add, &[alice]).await;
    let removed = apply(&world, object(99), Operation::Remove, &[alice]).await;

    assert_eq!(
        added,
        [Refused(FailureCode::ResourceNotFoundInOriginSystem)]
    );
    assert_eq!(removed, [AlreadySo]);
    let seen = members::observe(&world.service, object(99), GroupRole::Member, &[alice])
        .await
        .unwrap();
    assert_eq!(seen, [false]);
}

#[tokio::test]
async fn groups_that_rules_or_other_masters_decide_are_not_modifiable() {
    let world = World::new();
    let alice = world.user(1, "alice");
    let dynamic = GroupChanges {
        group_types: Some(vec!["DynamicMembership".to_owned()]),
        membership_rule: Change::Set("user.department -eq \"Sales\"".to_owned()),
        ..GroupChanges::default()
    };
    let synced = GroupChanges {
        on_premises_sync_enabled: Change::Set(true),
        ..GroupChanges::default()
    };
    for group in [
        world.group(2, "Dynamic", dynamic),
        world.group(3, "Synced", synced),
    ] {
        let by_engine = apply(&world, group, Operation::Add, &[alice]).await;
        let by_client = members::add(
            &world.service,
            &administrator(),
            group,
            GroupRole::Member,
            alice,
        )
        .await;

        assert_eq!(by_engine, [Refused(FailureCode::GroupNotModifiable)]);
        assert_eq!(code(by_client), Code::BadRequest);
    }
}

#[tokio::test]
async fn membership_is_followed_through_nested_groups() {
    let world = World::new();
    let alice = world.user(1, "alice");
    let (team, all) = (
        world.group(2, "Team", GroupChanges::default()),
        world.group(3, "All", GroupChanges::default()),
    );
    apply(&world, team, Operation::Add, &[alice]).await;
    apply(&world, all, Operation::Add, &[team]).await;

    let (above, below) = world
        .service
        .store
        .read_blocking(move |tx| {
            Ok::<_, store::Error>((
                members::transitive_groups_of(tx, alice)?,
                members::transitive_members(tx, all)?,
            ))
        })
        .unwrap();

    assert_eq!(above, [team, all]);
    assert_eq!(below, [alice, team]);
    groups::delete(&world.service, &administrator(), team)
        .await
        .unwrap();
    let above = service::callers::groups_of(&world.service, alice)
        .await
        .unwrap();
    assert!(above.is_empty());
}

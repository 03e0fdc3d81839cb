//! What works: delivered, verified, coalesced, and never done twice.

use std::sync::Arc;

use connector_api::Operation;
use domain::assignment_request::{RequestType, State};
use domain::ledger::{Observed, Phase};

use crate::fake::{Fake, Trouble};
use crate::world::{TARGET, World};

#[tokio::test]
async fn a_delivered_request_has_every_grant_verified() {
    let mut world = World::new(3, 1);
    let (first, second) = (world.group(Some(TARGET)), world.group(Some(TARGET)));
    world.holds(0, first, true);
    world.holds(0, second, true);
    let fake = Arc::new(Fake::new());
    let requests: Vec<_> = (0..3).map(|user| world.assign(user, 0)).collect();

    let report = world.engine(&fake).settle().await.unwrap();

    assert!(report.is_quiet);
    assert_eq!(
        (
            report.planned,
            report.deliveries.seen,
            report.deliveries.changed
        ),
        (3, 6, 6),
        "R29"
    );
    for request in requests {
        assert_eq!(world.state_of(request), State::Delivered);
    }
    for entry in world.ledger() {
        assert_eq!(
            (entry.phase, entry.observed),
            (Phase::Settled, Observed::Present),
            "L2"
        );
        assert!(!entry.preexisting);
    }
    assert_eq!(fake.grants(), world.desired());
}

#[tokio::test]
async fn g_9_a_single_change_is_planned_and_claimed_in_one_transaction_and_recorded_in_another() {
    let mut world = World::new(2, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let fake = Arc::new(Fake::new());
    let engine = world.engine(&fake);
    // The lane is made at the first use of its target.
    world.assign(0, 0);
    engine.settle().await.unwrap();
    let request = world.assign(1, 0);
    let before = world.service.store.statistics().transactions;

    let report = engine.pass().await.unwrap();

    let after = world.service.store.statistics().transactions;
    assert_eq!((report.planned, report.deliveries.changed), (1, 1));
    assert_eq!(world.state_of(request), State::Delivered);
    // One more finds that nothing is left to plan.
    assert_eq!(after - before, 3);
}

#[tokio::test]
async fn changes_to_one_group_share_a_write_up_to_the_cap() {
    let mut world = World::new(100, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let fake = Arc::new(Fake::new());
    for user in 0..100 {
        world.assign(user, 0);
    }

    world.engine(&fake).settle().await.unwrap();

    assert_eq!(
        fake.writes(),
        [(Operation::Add, 64), (Operation::Add, 36)],
        "L6"
    );
    assert_eq!(fake.grants().len(), 100);
}

#[tokio::test]
async fn a_success_that_proves_nothing_is_read_back_once_for_all() {
    let mut world = World::new(20, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let fake = Arc::new(Fake::new().unverified());
    let request = world.assign(0, 0);
    for user in 1..20 {
        world.assign(user, 0);
    }

    world.engine(&fake).settle().await.unwrap();

    assert_eq!(world.state_of(request), State::Delivered, "L2");
    assert_eq!((fake.writes().len(), fake.reads()), (1, 1));
}

#[tokio::test]
async fn access_that_was_there_before_is_granted_and_remembered() {
    let mut world = World::new(2, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let fake = Arc::new(Fake::new());
    let early = world.users[0].0;
    fake.meddle(|grants| {
        grants.insert((place.role(), early));
    });
    let request = world.assign(0, 0);
    world.assign(1, 0);

    world.engine(&fake).settle().await.unwrap();

    assert_eq!(world.state_of(request), State::Delivered, "RP-36");
    let preexisting: Vec<bool> = world
        .ledger()
        .iter()
        .map(|entry| entry.preexisting)
        .collect();
    assert_eq!(preexisting, [true, false], "AS-3");
}

#[tokio::test]
async fn reprocess_writes_only_what_is_missing() {
    let mut world = World::new(3, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let fake = Arc::new(Fake::new());
    let engine = world.engine(&fake);
    for user in 0..3 {
        world.assign(user, 0);
    }
    engine.settle().await.unwrap();
    let gone = (place.role(), world.users[1].0);
    fake.meddle(|grants| {
        grants.remove(&gone);
    });

    let requests: Vec<_> = (0..3)
        .map(|user| world.ask(user, 0, RequestType::SystemUpdate).unwrap())
        .collect();
    engine.settle().await.unwrap();

    assert_eq!(
        fake.writes(),
        [(Operation::Add, 3), (Operation::Add, 1)],
        "RP-8, RP-21"
    );
    assert!(fake.grants().contains(&gone), "TR9");
    for request in requests {
        assert_eq!(world.state_of(request), State::Delivered);
    }
}

#[tokio::test]
async fn a_removal_takes_only_what_no_other_assignment_justifies() {
    let mut world = World::new(1, 2);
    let (shared, own) = (world.group(Some(TARGET)), world.group(Some(TARGET)));
    world.holds(0, shared, true);
    world.holds(0, own, true);
    world.holds(1, shared, true);
    let fake = Arc::new(Fake::new());
    let engine = world.engine(&fake);
    world.assign(0, 0);
    world.assign(0, 1);
    engine.settle().await.unwrap();

    let removal = world.ask(0, 0, RequestType::AdminRemove).unwrap();
    engine.settle().await.unwrap();

    assert_eq!(world.state_of(removal), State::Delivered);
    let user = world.users[0].0;
    assert_eq!(fake.grants(), [(shared.role(), user)].into(), "LG-1");
}

#[tokio::test]
async fn a_role_taken_out_of_a_package_is_taken_from_everybody() {
    let mut world = World::new(5, 1);
    let (kept, dropped) = (world.group(Some(TARGET)), world.group(Some(TARGET)));
    world.holds(0, kept, true);
    world.holds(0, dropped, true);
    let fake = Arc::new(Fake::new());
    let engine = world.engine(&fake);
    for user in 0..5 {
        world.assign(user, 0);
    }
    engine.settle().await.unwrap();

    world.holds(0, dropped, false);
    engine.settle().await.unwrap();

    assert!(
        fake.grants().iter().all(|(role, _)| *role == kept.role()),
        "AS-4"
    );
    assert_eq!(fake.grants().len(), 5);
}

#[tokio::test]
async fn a_role_that_leaves_the_package_is_no_longer_waited_for() {
    let mut world = World::new(1, 1);
    let (kept, dropped) = (world.group(Some(TARGET)), world.group(Some(TARGET)));
    world.holds(0, kept, true);
    world.holds(0, dropped, true);
    let fake = Arc::new(Fake::new().taking(1));
    let engine = world.engine(&fake);
    let request = world.assign(0, 0);
    fake.always(Some(Trouble::BeforeApply));
    engine.settle().await.unwrap();

    fake.always(None);
    world.holds(0, dropped, false);
    world.run_down(&engine).await;

    assert_eq!(world.state_of(request), State::Delivered, "AS-4, L9");
    assert_eq!(fake.grants(), [(kept.role(), world.users[0].0)].into());
}

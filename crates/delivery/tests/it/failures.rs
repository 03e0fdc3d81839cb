//! Every way a call can go wrong, once and for ever: nothing is lost, nothing is granted twice, everything ends.

use std::sync::Arc;

use domain::assignment_request::{RequestType, State};
use domain::ledger::{Observed, Phase};
use domain::time::Duration;

use crate::fake::{Fake, Trouble};
use crate::world::{TARGET, World};

const PASSING: [Trouble; 8] = [
    Trouble::BeforeApply,
    Trouble::AfterApply,
    Trouble::HalfApplied,
    Trouble::HalfAnswered,
    Trouble::Hang,
    Trouble::Panic,
    Trouble::Throttled(90),
    Trouble::Lie,
];

fn with_users(users: usize, fake: &Arc<Fake>) -> (World, delivery::Engine) {
    let mut world = World::new(users, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let engine = world.engine(fake);
    for user in 0..users {
        world.assign(user, 0);
    }
    (world, engine)
}

#[tokio::test]
async fn trouble_that_passes_delays_a_delivery_and_changes_nothing_else() {
    for trouble in PASSING {
        let fake = Arc::new(Fake::new());
        let (world, engine) = with_users(6, &fake);
        fake.will(&[trouble]);

        world.run_down(&engine).await;

        assert_eq!(fake.grants(), world.desired(), "{trouble:?}");
        assert_eq!(
            fake.changes(),
            [1; 6],
            "granted once each: {trouble:?}, RP-42"
        );
        for entry in world.ledger() {
            assert_eq!(
                (entry.phase, entry.observed),
                (Phase::Settled, Observed::Present),
                "{trouble:?}"
            );
            assert_eq!(entry.error, None, "{trouble:?}");
            assert!(
                !entry.preexisting,
                "what an attempt left behind was not there before: {trouble:?}"
            );
        }
    }
}

#[tokio::test]
async fn trouble_that_stays_ends_by_the_retry_schedule() {
    for trouble in PASSING {
        let fake = Arc::new(Fake::new());
        let mut world = World::new(1, 1);
        let place = world.group(Some(TARGET));
        world.holds(0, place, true);
        let engine = world.engine(&fake);
        let request = world.assign(0, 0);
        fake.always(Some(trouble));

        world.run_down(&engine).await;

        let [entry] = world.ledger().try_into().unwrap();
        assert_eq!(
            world.state_of(request),
            State::DeliveryFailed,
            "{trouble:?}, RP-31"
        );
        assert_eq!(
            (entry.phase, entry.attempts),
            (Phase::NeedsAttention, 8),
            "{trouble:?}, RP-33"
        );
        assert!(entry.error.is_some(), "{trouble:?}, RP-37");
    }
}

#[tokio::test]
async fn each_trouble_is_recorded_under_its_code() {
    for (trouble, code) in [
        (Trouble::BeforeApply, "OriginUnavailable"),
        (Trouble::Hang, "OriginUnavailable"),
        (Trouble::Throttled(1), "OriginThrottled"),
        (Trouble::Panic, "ConnectorError"),
        (Trouble::Lie, "ConnectorError"),
        (Trouble::HalfAnswered, "ConnectorError"),
        (Trouble::Credentials, "OriginAccessDenied"),
        (Trouble::Refused, "GroupNotModifiable"),
    ] {
        let fake = Arc::new(Fake::new());
        let (world, engine) = with_users(1, &fake);
        fake.will(&[trouble]);

        engine.pass().await.unwrap();

        let [entry] = world.ledger().try_into().unwrap();
        assert_eq!(entry.error.unwrap().0, code, "{trouble:?}");
    }
}

#[tokio::test]
async fn what_is_permanent_ends_at_once() {
    for trouble in [Trouble::Credentials, Trouble::Refused] {
        let fake = Arc::new(Fake::new());
        let mut world = World::new(1, 1);
        let place = world.group(Some(TARGET));
        world.holds(0, place, true);
        let engine = world.engine(&fake);
        let request = world.assign(0, 0);
        fake.always(Some(trouble));

        engine.settle().await.unwrap();

        assert_eq!(
            world.state_of(request),
            State::DeliveryFailed,
            "{trouble:?}, RP-34"
        );
        assert_eq!(fake.writes().len(), 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_target_that_comes_back_in_time_needs_no_human() {
    let fake = Arc::new(Fake::new());
    let mut world = World::new(1, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let engine = world.engine(&fake);
    let request = world.assign(0, 0);
    fake.always(Some(Trouble::BeforeApply));
    for _ in 0..4 {
        engine.settle().await.unwrap();
        world.skip_ahead().await;
    }

    fake.always(None);
    world.run_down(&engine).await;

    assert_eq!(world.state_of(request), State::Delivered, "RP-32, TR13");
}

#[tokio::test]
async fn a_write_that_fails_as_a_whole_is_halved_until_the_bad_subject_stands_alone() {
    let fake = Arc::new(Fake::new().all_or_nothing());
    let mut world = World::new(64, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let engine = world.engine(&fake);
    let requests: Vec<_> = (0..64).map(|user| world.assign(user, 0)).collect();
    fake.refuses(&[world.users[41].0]);

    engine.settle().await.unwrap();

    assert!(
        fake.writes().len() <= 1 + 2 * 6,
        "log n, not n: {:?}",
        fake.writes()
    );
    assert_eq!(fake.changes(), [1; 63]);
    for (user, request) in requests.into_iter().enumerate() {
        let expected = if user == 41 {
            State::DeliveryFailed
        } else {
            State::Delivered
        };
        assert_eq!(world.state_of(request), expected, "L6, user {user}");
    }
}

#[tokio::test]
async fn an_outage_is_not_halved() {
    let fake = Arc::new(Fake::new().all_or_nothing());
    let (_world, engine) = with_users(64, &fake);
    fake.always(Some(Trouble::BeforeApply));

    engine.pass().await.unwrap();

    assert_eq!(fake.writes().len(), 1);
}

#[tokio::test]
async fn one_bad_role_of_two_is_partial_and_the_good_one_is_not_granted_again() {
    let fake = Arc::new(Fake::new());
    let mut world = World::new(1, 1);
    let good = world.group(Some(TARGET));
    let bad = world.group(Some("nowhere"));
    world.holds(0, good, true);
    world.holds(0, bad, true);
    let engine = world.engine(&fake);
    let request = world.assign(0, 0);
    engine.settle().await.unwrap();
    // As long as attempts may last, the bad one is left to servers that know where it is.
    world.service.clock.advance(Duration::from_minutes(480));

    world.run_down(&engine).await;

    assert_eq!(
        world.state_of(request),
        State::PartiallyDelivered,
        "RP-31, TR2"
    );
    assert_eq!(fake.changes(), [1]);
}

#[tokio::test]
async fn nothing_is_granted_to_a_deleted_subject_but_access_is_taken_from_one() {
    let fake = Arc::new(Fake::new());
    let (mut world, engine) = with_users(2, &fake);
    let ctx = world.service.system();
    engine.settle().await.unwrap();
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    fake.will(&[Trouble::BeforeApply]);
    engine.settle().await.unwrap();

    service::directory::users::delete(&world.service, &ctx, world.users[0].0)
        .await
        .unwrap();
    // Longer than attempts last, and not so long that the user is gone for good.
    for _ in 0..12 {
        engine.settle().await.unwrap();
        world.service.clock.advance(Duration::from_minutes(90));
    }
    let given_up: Vec<_> = world
        .ledger()
        .into_iter()
        .filter(|entry| entry.phase == Phase::NeedsAttention)
        .collect();
    assert_eq!(given_up.len(), 1);
    assert_eq!(
        given_up[0].error.as_ref().unwrap().0,
        "TargetDeleted",
        "AS-16"
    );
    let removal = world.ask(0, 0, RequestType::AdminRemove).unwrap();
    engine.settle().await.unwrap();

    assert_eq!(world.state_of(removal), State::Delivered);
    assert!(
        fake.grants()
            .iter()
            .all(|(_, user)| *user == world.users[1].0)
    );
    assert_eq!(fake.grants().len(), 2);
}

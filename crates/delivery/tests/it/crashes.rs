//! An engine that dies in the middle, and several on one store: leases bring work back, and nothing is done twice.

use std::sync::Arc;
use std::time::Duration as RealTime;

use delivery::TargetOptions;
use domain::assignment_request::State;
use domain::ledger::Phase;
use domain::time::Duration;
use tokio::sync::Notify;

use crate::fake::{Fake, Trouble};
use crate::world::{TARGET, World, options};

/// A deadline that no test waits for.
fn patient() -> TargetOptions {
    TargetOptions {
        call_deadline: RealTime::from_mins(1),
        ..options()
    }
}

#[tokio::test]
async fn a_crash_before_or_after_the_write_is_repaired_when_the_lease_ends() {
    for after in [false, true] {
        let gate = Arc::new(Notify::new());
        let dying = if after {
            Fake::new()
        } else {
            Fake::new().gated(gate)
        };
        let fake = Arc::new(dying);
        let mut world = World::new(5, 1);
        let place = world.group(Some(TARGET));
        world.holds(0, place, true);
        let request = world.assign(0, 0);
        for user in 1..5 {
            world.assign(user, 0);
        }
        fake.always(after.then_some(Trouble::Hang));
        let engine = world.engine_with(&fake, patient());
        let pass = tokio::spawn(async move { engine.pass().await });
        fake.entered.notified().await;
        while after && fake.grants().len() < 5 {
            tokio::task::yield_now().await;
        }
        pass.abort();
        assert!(pass.await.unwrap_err().is_cancelled());
        assert!(
            world
                .ledger()
                .iter()
                .all(|entry| entry.phase == Phase::Leased)
        );

        let survivor = Arc::new(Fake::new());
        survivor.meddle(|grants| grants.extend(fake.grants()));
        let engine = world.engine(&survivor);
        engine.settle().await.unwrap();
        assert!(survivor.writes().is_empty(), "the lease holds");
        world.service.clock.advance(Duration::from_minutes(5));
        engine.settle().await.unwrap();

        assert_eq!(
            world.state_of(request),
            State::Delivered,
            "RP-42, after: {after}"
        );
        assert_eq!(survivor.grants(), world.desired());
        let granted = fake.changes().len() + survivor.changes().len();
        assert_eq!(granted, 5, "no grant is made twice, after: {after}");
        assert!(
            world.ledger().iter().all(|entry| !entry.preexisting),
            "AS-3"
        );
    }
}

#[tokio::test]
async fn engines_on_one_store_share_the_work_without_doing_any_twice() {
    let fake = Arc::new(Fake::new().taking(1));
    let mut world = World::new(80, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    for user in 0..80 {
        world.assign(user, 0);
    }
    let small = TargetOptions {
        batch: 10,
        ..options()
    };
    let (one, other) = (
        world.engine_with(&fake, small.clone()),
        world.engine_with(&fake, small),
    );

    let (first, second) = tokio::join!(one.settle(), other.settle());

    let (first, second) = (first.unwrap().deliveries, second.unwrap().deliveries);
    assert_eq!(first.changed + second.changed, 80);
    assert_eq!((fake.collisions(), fake.writes().len()), (0, 80), "R28");
    assert!(
        world
            .ledger()
            .iter()
            .all(|entry| entry.phase == Phase::Settled)
    );
}

#[tokio::test]
async fn an_answer_that_comes_after_the_lease_is_not_recorded_over_another_workers() {
    let gate = Arc::new(Notify::new());
    let slow = Arc::new(Fake::new().gated(gate.clone()));
    let mut world = World::new(1, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let request = world.assign(0, 0);
    slow.will(&[Trouble::Refused]);
    let late = world.engine_with(&slow, patient());
    let pass = tokio::spawn(async move { late.pass().await });
    slow.entered.notified().await;

    world.service.clock.advance(Duration::from_minutes(5));
    let quick = Arc::new(Fake::new());
    world.engine(&quick).settle().await.unwrap();
    gate.notify_one();
    pass.await.unwrap().unwrap();

    let [entry] = world.ledger().try_into().unwrap();
    assert_eq!((entry.phase, entry.error), (Phase::Settled, None), "R28");
    assert_eq!(world.state_of(request), State::Delivered);
}

#[tokio::test]
async fn work_that_was_claimed_before_the_clock_jumped_back_is_left_to_others_r28() {
    let gate = Arc::new(Notify::new());
    let slow = Arc::new(Fake::new().taking(1).gated(gate.clone()));
    let mut world = World::new(3, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    for user in 0..3 {
        world.assign(user, 0);
    }
    let one_by_one = TargetOptions {
        max_in_flight: 1,
        ..patient()
    };
    let late = world.engine_with(&slow, one_by_one);
    let pass = tokio::spawn(async move { late.pass().await });
    slow.entered.notified().await;

    world.service.clock.advance(Duration::from_minutes(-120));
    let quick = Arc::new(Fake::new());
    world.engine(&quick).settle().await.unwrap();
    while !pass.is_finished() {
        gate.notify_one();
        tokio::task::yield_now().await;
    }
    pass.await.unwrap().unwrap();

    assert_eq!(slow.writes().len(), 1, "only what was in hand is ended");
    assert_eq!(quick.grants().len(), 3);
    let ledger = world.ledger();
    assert!(ledger.iter().all(|entry| entry.phase == Phase::Settled));
}

#[tokio::test]
async fn a_stopped_engine_ends_its_calls_and_gives_the_rest_back() {
    let gate = Arc::new(Notify::new());
    let fake = Arc::new(Fake::new().taking(1).gated(gate.clone()));
    let mut world = World::new(30, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    for user in 0..30 {
        world.assign(user, 0);
    }
    let engine = world.engine_with(
        &fake,
        TargetOptions {
            max_in_flight: 1,
            ..patient()
        },
    );
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(engine.run(stopped));
    fake.entered.notified().await;

    stop.send(true).unwrap();
    // The engine is told before the call under way ends.
    while !running.is_finished() {
        gate.notify_one();
        tokio::task::yield_now().await;
    }
    running.await.unwrap();

    let ledger = world.ledger();
    let done = ledger
        .iter()
        .filter(|entry| entry.phase == Phase::Settled)
        .count();
    let untried = ledger
        .iter()
        .filter(|entry| entry.phase == Phase::Pending && entry.attempts == 0)
        .count();
    assert_eq!(
        (done, done + untried),
        (fake.grants().len(), 30),
        "no lease is left behind"
    );
    assert!(untried > 0);
}

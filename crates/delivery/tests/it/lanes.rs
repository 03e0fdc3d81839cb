//! Targets do not get in each other's way, and a dead one is not hammered (L7).

use std::sync::Arc;

use delivery::{
    Engine, EngineOptions, Fault, FaultPlan, Registry, RegistryError, TargetOptions, stuck,
};
use domain::assignment_request::{RequestType, State};
use domain::fault::Stale;
use domain::ledger::Phase;
use domain::time::Duration;
use service::targets::LaneState;
use service::{faults, targets};
use store::ledger::stuck::Kind;

use crate::fake::{Fake, Trouble};
use crate::world::{TARGET, World, options};

#[tokio::test]
async fn a_target_that_hangs_does_not_delay_another() {
    let mut world = World::new(1, 2);
    let (slow, quick) = (world.group(Some(TARGET)), world.group(Some("hr")));
    world.holds(0, slow, true);
    world.holds(1, quick, true);
    let hanging = Arc::new(Fake::new());
    let working = Arc::new(Fake::new());
    hanging.always(Some(Trouble::Hang));
    let patient = TargetOptions {
        call_deadline: std::time::Duration::from_mins(1),
        ..options()
    };
    let registry = Registry::new(&world.service)
        .with(TARGET, hanging.clone(), patient)
        .and_then(|registry| registry.with("hr", working.clone(), options()))
        .unwrap();
    let engine = Engine::new(world.service.clone(), registry, EngineOptions::default());
    let stuck = world.assign(0, 0);
    let fine = world.assign(0, 1);

    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(engine.run(stopped));
    hanging.entered.notified().await;
    while world.state_of(fine) != State::Delivered {
        tokio::task::yield_now().await;
    }

    assert_eq!(world.state_of(stuck), State::Delivering);
    running.abort();
    drop(stop);
}

#[tokio::test]
async fn a_dead_target_ends_every_request_at_a_call_a_probe() {
    let fake = Arc::new(Fake::new().taking(1));
    let mut world = World::new(60, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let engine = world.engine(&fake);
    let requests: Vec<_> = (0..60).map(|user| world.assign(user, 0)).collect();
    fake.always(Some(Trouble::BeforeApply));

    world.run_down(&engine).await;

    for request in requests {
        assert_eq!(world.state_of(request), State::DeliveryFailed, "RP-33");
    }
    assert!(world.ledger().iter().all(|entry| entry.attempts == 8));
    // 60 deliveries with 8 attempts each would be 480 calls; jitter spreads the later ones over many probes.
    assert!(fake.writes().len() < 240, "{}", fake.writes().len());
}

#[tokio::test]
async fn work_is_held_while_the_breaker_is_open_and_flows_when_a_probe_is_answered() {
    let fake = Arc::new(Fake::new().taking(1));
    let mut world = World::new(40, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let engine = world.engine(&fake);
    for user in 0..40 {
        world.assign(user, 0);
    }
    fake.always(Some(Trouble::BeforeApply));
    engine.settle().await.unwrap();
    let tried = fake.writes().len();
    assert!(tried < 40, "the rest was given back untried: {tried}");
    let held = world
        .ledger()
        .iter()
        .filter(|entry| entry.phase == Phase::Pending && entry.attempts == 0)
        .count();
    assert_eq!(held, 40 - tried);

    fake.always(None);
    engine.settle().await.unwrap();
    assert_eq!(fake.writes().len(), tried, "still open");
    world.service.clock.advance(Duration::from_secs(15));
    engine.settle().await.unwrap();

    assert_eq!(
        fake.grants().len(),
        40 - tried,
        "what was held is delivered before any retry is due"
    );
}

#[tokio::test]
async fn retry_after_holds_the_whole_lane() {
    let fake = Arc::new(Fake::new().taking(1));
    let mut world = World::new(2, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let engine = world.engine(&fake);
    world.assign(0, 0);
    fake.will(&[Trouble::Throttled(90)]);
    engine.settle().await.unwrap();

    world.assign(1, 0);
    engine.settle().await.unwrap();
    world.service.clock.advance(Duration::from_secs(89));
    engine.settle().await.unwrap();
    assert_eq!(fake.writes().len(), 1);
    world.service.clock.advance(Duration::from_secs(1));
    engine.settle().await.unwrap();

    assert_eq!(
        fake.grants().len(),
        2,
        "RP-33: the target's own wish counts"
    );
}

#[tokio::test]
async fn faults_come_and_go_with_the_plan() {
    for (fault, code) in [
        (Fault::Down, "OriginUnavailable"),
        (Fault::DropAfterApply, "OriginUnavailable"),
        (Fault::Hang, "OriginUnavailable"),
        (Fault::Throttle(5), "OriginThrottled"),
        (Fault::HalfReply, "ConnectorError"),
        (Fault::Delay(Duration::from_secs(1)), "OriginUnavailable"),
        (
            Fault::Status {
                status: 503,
                retry_after: Some(5),
            },
            "OriginUnavailable",
        ),
        (Fault::Stale(Stale::Reads(1)), "ConnectorError"),
    ] {
        let mut world = World::new(1, 1);
        let place = world.group(Some(TARGET));
        world.holds(0, place, true);
        let fake = Arc::new(Fake::new());
        let plan = FaultPlan::default();
        let registry = Registry::new(&world.service)
            .with(TARGET, fake.clone(), options())
            .unwrap();
        let engine = Engine::new(
            world.service.clone(),
            registry.with_faults(plan.clone()),
            EngineOptions::default(),
        );
        let request = world.assign(0, 0);
        plan.set(TARGET, Some(fault.clone()));
        engine.settle().await.unwrap();
        let [entry] = world.ledger().try_into().unwrap();
        assert_eq!(entry.error.unwrap().0, code, "{fault}");

        plan.set(TARGET, None);
        world.run_down(&engine).await;

        assert_eq!(world.state_of(request), State::Delivered, "{fault}");
        assert_eq!(fake.changes(), [1], "{fault}");
    }
}

#[tokio::test]
async fn a_fault_for_one_subject_leaves_the_others_alone() {
    let mut world = World::new(3, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let fake = Arc::new(Fake::new());
    let plan = FaultPlan::default();
    let registry = Registry::new(&world.service)
        .with(TARGET, fake.clone(), options())
        .unwrap();
    let engine = Engine::new(
        world.service.clone(),
        registry.with_faults(plan.clone()),
        EngineOptions::default(),
    );
    let requests: Vec<_> = (0..3).map(|user| world.assign(user, 0)).collect();
    plan.set(TARGET, Some(Fault::FailFor("USER1@example.com".to_owned())));

    engine.settle().await.unwrap();

    let states: Vec<State> = requests
        .into_iter()
        .map(|request| world.state_of(request))
        .collect();
    assert_eq!(
        states,
        [State::Delivered, State::DeliveryFailed, State::Delivered]
    );
}

#[tokio::test]
async fn a_target_that_could_not_work_is_not_registered() {
    let world = World::new(1, 0);
    let registry = || Registry::new(&world.service);
    let add = |name: &str, options| {
        registry()
            .with(name, Arc::new(Fake::new()), options)
            .map(drop)
    };

    assert_eq!(
        add("directory", options()),
        Err(RegistryError::Taken("directory".to_owned()))
    );
    for broken in [
        TargetOptions {
            max_in_flight: 0,
            ..options()
        },
        TargetOptions {
            batch: 0,
            ..options()
        },
        TargetOptions {
            rate: Some(0.0),
            ..options()
        },
        TargetOptions {
            lease: Duration::from_micros(1),
            ..options()
        },
    ] {
        assert!(matches!(
            add("x", broken),
            Err(RegistryError::Unusable { .. })
        ));
    }
}

#[tokio::test]
async fn a_paused_target_keeps_its_work_and_uses_up_no_attempts() {
    let fake = Arc::new(Fake::new());
    let mut world = World::new(1, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let engine = world.engine(&fake);
    let request = world.assign(0, 0);
    let (service, ctx) = (&world.service, world.service.system());
    targets::pause(service, &ctx, TARGET, true, Some("maintenance".to_owned()))
        .await
        .unwrap();

    engine.settle().await.unwrap();
    world.service.clock.advance(Duration::from_days(1));
    engine.settle().await.unwrap();
    assert!(fake.writes().is_empty());
    assert_eq!(world.ledger()[0].attempts, 0);
    targets::pause(service, &ctx, TARGET, false, None)
        .await
        .unwrap();
    engine.settle().await.unwrap();

    assert_eq!(world.state_of(request), State::Delivered);
}

#[tokio::test]
async fn a_fault_that_is_stored_is_met() {
    let fake = Arc::new(Fake::new());
    let mut world = World::new(1, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let registry = Registry::new(&world.service)
        .with(TARGET, fake.clone(), options())
        .unwrap();
    let registry = registry.with_faults(FaultPlan::default());
    let engine = Engine::new(world.service.clone(), registry, EngineOptions::default());
    let request = world.assign(0, 0);
    let (service, ctx) = (&world.service, world.service.system());
    let fault = Some(Fault::RefuseCredentials);
    faults::set_of_target(service, &ctx, TARGET, fault)
        .await
        .unwrap();

    engine.settle().await.unwrap();
    assert_eq!(world.state_of(request), State::DeliveryFailed);
    assert!(fake.writes().is_empty());
    faults::set_of_target(service, &ctx, TARGET, None)
        .await
        .unwrap();
    world.retry_given_up();
    let again = world.ask(0, 0, RequestType::SystemUpdate).unwrap();
    engine.settle().await.unwrap();

    assert_eq!(world.state_of(again), State::Delivered);
}

#[tokio::test]
async fn reads_that_lag_behind_prove_neither_a_grant_nor_its_end() {
    let mut world = World::new(1, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let fake = Arc::new(Fake::new());
    let plan = FaultPlan::default();
    let registry = Registry::new(&world.service)
        .with(TARGET, fake.clone(), options())
        .unwrap();
    let engine = Engine::new(
        world.service.clone(),
        registry.with_faults(plan.clone()),
        EngineOptions::default(),
    );
    plan.set(TARGET, Some(Fault::Stale(Stale::Reads(1))));

    let request = world.assign(0, 0);
    engine.settle().await.unwrap();
    assert_eq!(
        world.state_of(request),
        State::Delivering,
        "L2: nothing shows it yet"
    );
    assert_eq!(fake.grants().len(), 1);
    world.run_down(&engine).await;
    assert_eq!(world.state_of(request), State::Delivered);

    let removal = world.ask(0, 0, RequestType::AdminRemove).unwrap();
    engine.settle().await.unwrap();
    assert_ne!(
        world.state_of(removal),
        State::Delivered,
        "L2: it still shows"
    );
    world.run_down(&engine).await;

    assert_eq!(world.state_of(removal), State::Delivered);
    assert_eq!(fake.changes(), [2]);
}

#[tokio::test]
async fn of_a_hundred_targets_a_dead_one_costs_the_others_nothing() {
    const TARGETS: usize = 100;
    const PEOPLE: usize = 3;
    let mut commits = Vec::new();
    for is_one_dead in [false, true] {
        let mut world = World::new(PEOPLE, TARGETS);
        let fakes: Vec<_> = (0..TARGETS).map(|_| Arc::new(Fake::new())).collect();
        let mut registry = Registry::new(&world.service);
        for (number, fake) in fakes.iter().enumerate() {
            let name = format!("target{number}");
            let place = world.group(Some(&name));
            world.holds(number, place, true);
            let patient = TargetOptions {
                call_deadline: std::time::Duration::from_mins(1),
                ..options()
            };
            registry = registry.with(&name, fake.clone(), patient).unwrap();
        }
        if is_one_dead {
            fakes[0].always(Some(Trouble::Hang));
        }
        let mut requests = Vec::new();
        for package in 0..TARGETS {
            for user in 0..PEOPLE {
                requests.push((package, world.assign(user, package)));
            }
        }
        let engine = Engine::new(world.service.clone(), registry, EngineOptions::default());
        let before = world.service.store.statistics().transactions;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let running = tokio::spawn(engine.clone().run(stopped));

        let others = || requests.iter().filter(|(package, _)| *package > 0);
        while others().any(|(_, request)| world.state_of(*request) != State::Delivered) {
            tokio::task::yield_now().await;
        }

        commits.push(world.service.store.statistics().transactions - before);
        if is_one_dead {
            let lanes = engine.lanes();
            let dead = lanes.iter().find(|lane| lane.target == "target0").unwrap();
            assert_eq!(dead.in_flight, 1, "the dead one has its own slot");
            assert!(fakes[0].grants().len() <= PEOPLE);
        }
        assert!(fakes[1..].iter().all(|fake| fake.writes().len() == 1), "L6");
        running.abort();
        drop(stop);
    }
    let [well, ill] = commits[..] else { panic!() };
    assert!(
        ill <= well + well / 20 + 20,
        "{ill} transactions beside a dead target, {well} without"
    );
}

#[tokio::test]
async fn a_target_that_is_overrun_is_asked_less_at_once_and_more_again_when_it_answers() {
    let fake = Arc::new(Fake::new().taking(1));
    let mut world = World::new(200, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let engine = world.engine(&fake);
    let lane = || {
        engine
            .lanes()
            .into_iter()
            .find(|lane| lane.target == TARGET)
            .unwrap()
    };
    for user in 0..4 {
        world.assign(user, 0);
    }
    fake.always(Some(Trouble::Throttled(1)));
    engine.settle().await.unwrap();
    let strained = lane();
    assert!(strained.in_flight_limit < strained.max_in_flight, "L7");
    assert_eq!(strained.in_flight, 0);

    fake.always(None);
    for user in 4..200 {
        world.assign(user, 0);
    }
    world.run_down(&engine).await;

    let lane = lane();
    assert_eq!(lane.in_flight_limit, lane.max_in_flight);
    assert_eq!(fake.grants().len(), 200);
}

#[tokio::test]
async fn work_for_a_target_that_this_server_does_not_know_is_left_to_others_untried() {
    let fake = Arc::new(Fake::new());
    let mut world = World::new(1, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let registry = Registry::new(&world.service);
    let unknowing = Engine::new(world.service.clone(), registry, EngineOptions::default());
    let request = world.assign(0, 0);

    let report = unknowing.settle().await.unwrap();
    world.service.clock.advance(Duration::from_minutes(2));
    unknowing.settle().await.unwrap();

    assert!(report.is_quiet);
    let entry = &world.ledger()[0];
    assert_eq!((entry.phase, entry.attempts), (Phase::Pending, 0));
    let stuck = stuck(&world.service).await.unwrap();
    let kinds: Vec<Kind> = stuck.objects.iter().map(|object| object.kind).collect();
    assert_eq!(kinds, [Kind::Delivery], "L9");

    world.engine(&fake).settle().await.unwrap();

    assert_eq!(world.state_of(request), State::Delivered);
}

#[tokio::test]
async fn a_target_that_answers_again_is_found_out_although_nothing_is_due() {
    let fake = Arc::new(Fake::new().taking(1));
    // As many as it takes for the breaker to open, so that none is given back untried.
    let mut world = World::new(5, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let engine = world.engine(&fake);
    for user in 0..5 {
        world.assign(user, 0);
    }
    fake.always(Some(Trouble::BeforeApply));
    engine.settle().await.unwrap();
    let state = || {
        let lanes = engine.lanes();
        let lane = lanes.iter().find(|lane| lane.target == TARGET);
        lane.map(|lane| lane.state)
    };
    assert_eq!(state(), Some(LaneState::Broken));
    let tried = fake.writes().len();
    fake.always(None);

    // The time of the probe has come, that of the next attempts has not.
    world.service.clock.advance(Duration::from_secs(16));
    assert_eq!(state(), Some(LaneState::Probing));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(engine.clone().run(stopped));
    let answered = async {
        while state() != Some(LaneState::Open) {
            tokio::task::yield_now().await;
        }
    };
    let found_out = tokio::time::timeout(std::time::Duration::from_secs(20), answered).await;

    stop.send(true).unwrap();
    running.await.unwrap();
    assert_eq!(found_out, Ok(()));
    assert_eq!(fake.writes().len(), tried, "nothing was written for it");
}

//! Sweeps: they find exactly what differs, conclude nothing from what they could not read, and survive whoever makes them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration as RealTime;

use delivery::{DIRECTORY, Engine, EngineOptions, Registry, TargetOptions};
use domain::assignment_request::{RequestType, State as RequestState};
use domain::directory::GroupRole;
use domain::id::{ObjectId, SweepId};
use domain::ledger::{Observed, Phase};
use domain::sweep::{Cause, State};
use domain::time::Duration;
use proptest::prelude::*;
use store::sweep::extra::{self, Extra, Wanted};
use store::sweep::{Sweep, found};
use tokio::sync::Notify;

use crate::fake::{Fake, Trouble};
use crate::world::{Place, START, TARGET, World, options};

impl World {
    /// An operator asks for a sweep.
    fn ask_for_sweep(&self, target: &'static str) -> SweepId {
        let moment = self.service.moment();
        let id = moment.id(SweepId::new);
        self.write(move |tx| {
            let now = moment.now;
            Ok(store::sweep::request(
                tx,
                id,
                target,
                Cause::Request,
                None,
                now,
                50,
            )?)
        });
        id
    }

    async fn sweep(&self, engine: &Engine, target: &'static str) -> Sweep {
        let id = self.ask_for_sweep(target);
        engine.settle().await.unwrap();
        self.swept(id)
    }

    fn swept(&self, id: SweepId) -> Sweep {
        let found = self
            .service
            .store
            .read_blocking(move |tx| store::sweep::find(tx, id));
        found.unwrap().unwrap()
    }

    fn extras(&self) -> Vec<Extra> {
        self.service
            .store
            .read_blocking(|tx| extra::page(tx, &Wanted::default(), None, 1000))
            .unwrap()
    }

    /// Whom the ledger takes to be missing.
    fn missing(&self) -> BTreeSet<(String, ObjectId)> {
        self.drift(true)
    }

    /// Who is there though nothing justifies it any more.
    fn unwanted(&self) -> BTreeSet<(String, ObjectId)> {
        self.drift(false)
    }

    fn drift(&self, desired: bool) -> BTreeSet<(String, ObjectId)> {
        let object = |subject| {
            let user = self.users.iter().find(|(_, own)| *own == subject);
            user.unwrap().0
        };
        self.ledger()
            .into_iter()
            .filter(|entry| entry.phase == Phase::Settled && entry.desired == desired)
            .filter(|entry| (entry.observed == Observed::Present) != desired)
            .map(|entry| (entry.role_origin_id, object(entry.subject_id)))
            .collect()
    }

    fn restores(&self, place: Place) {
        self.write(move |tx| {
            let mut resource = store::resource::find(tx, place.resource)?.unwrap();
            resource.drift_action = domain::resource::DriftAction::Restore;
            Ok(store::resource::save(tx, &resource)?)
        });
    }

    fn is_authoritative(&self, place: Place) {
        self.write(move |tx| Ok(found::set_authoritative(tx, place.resource, true, START)?));
    }

    /// Somebody writes to the directory's tables past the directory.
    fn meddle_in_directory(&self, place: Place, add: Vec<ObjectId>, remove: Vec<ObjectId>) {
        self.write(move |tx| {
            let role = GroupRole::Member;
            store::directory::membership::remove(tx, place.group, role, &remove)?;
            Ok(store::directory::membership::add(
                tx,
                place.group,
                role,
                &add,
            )?)
        });
    }
}

fn directory_engine(world: &World) -> Engine {
    Engine::new(
        world.service.clone(),
        Registry::new(&world.service),
        EngineOptions::default(),
    )
}

/// Users of whom so many have the package, delivered.
async fn delivered(
    users: usize,
    target: Option<&str>,
    holders: usize,
) -> (World, Place, Arc<Fake>, Engine) {
    let mut world = World::new(users, 1);
    let place = world.group(target);
    world.holds(0, place, true);
    for user in 0..holders {
        world.assign(user, 0);
    }
    let fake = Arc::new(Fake::new().taking(5));
    let engine = match target {
        Some(_) => world.engine(&fake),
        None => directory_engine(&world),
    };
    engine.settle().await.unwrap();
    (world, place, fake, engine)
}

fn without(fake: &Fake, place: Place, user: ObjectId) {
    fake.meddle(|grants| {
        grants.remove(&(place.role(), user));
    });
}

fn with(fake: &Fake, place: Place, user: ObjectId) {
    fake.meddle(|grants| {
        grants.insert((place.role(), user));
    });
}

#[tokio::test]
async fn a_sweep_finds_who_is_missing_and_whom_nobody_granted_access() {
    let (world, place, fake, engine) = delivered(20, Some(TARGET), 12).await;
    let (gone, guest) = (world.users[3].0, world.users[15].0);
    without(&fake, place, gone);
    with(&fake, place, guest);
    fake.stranger(&place.role(), "printer");

    let sweep = world.sweep(&engine, TARGET).await;

    assert_eq!(sweep.state, State::Completed);
    assert_eq!((sweep.missing, sweep.extras, sweep.members), (1, 2, 13));
    assert_eq!((sweep.objects, sweep.objects_read), (1, 1));
    assert_eq!(
        world.missing(),
        BTreeSet::from([(place.role(), gone)]),
        "L8"
    );
    let extras: BTreeSet<(String, Option<ObjectId>)> = world
        .extras()
        .into_iter()
        .map(|extra| (extra.label, extra.object_id))
        .collect();
    assert_eq!(
        extras,
        BTreeSet::from([
            (format!("account-{guest}"), Some(guest)),
            ("printer".to_owned(), None)
        ])
    );
}

#[tokio::test]
async fn a_sweep_of_what_is_as_it_should_be_changes_no_grant() {
    let (world, _, fake, engine) = delivered(12, Some(TARGET), 12).await;
    let before = world.ledger();

    let sweep = world.sweep(&engine, TARGET).await;

    assert_eq!(sweep.state, State::Completed);
    assert_eq!((sweep.missing, sweep.returned, sweep.extras), (0, 0, 0));
    assert_eq!(world.ledger(), before);
    assert_eq!(fake.changes(), vec![1; 12]);
}

#[tokio::test]
async fn who_comes_back_is_no_drift_any_more() {
    let (world, place, fake, engine) = delivered(3, Some(TARGET), 2).await;
    let (gone, guest) = (world.users[0].0, world.users[2].0);
    without(&fake, place, gone);
    with(&fake, place, guest);
    world.sweep(&engine, TARGET).await;
    assert_eq!((world.missing().len(), world.extras().len()), (1, 1));
    with(&fake, place, gone);
    without(&fake, place, guest);

    let sweep = world.sweep(&engine, TARGET).await;

    assert_eq!((sweep.returned, sweep.extras), (1, 0));
    assert_eq!((world.missing().len(), world.extras().len()), (0, 0));
}

#[tokio::test]
async fn a_target_that_is_down_is_skipped_and_nothing_is_taken_to_be_missing() {
    let troubles = [
        (Trouble::BeforeApply, "OriginUnavailable"),
        (Trouble::Credentials, "OriginAccessDenied"),
        (Trouble::Panic, "ConnectorError"),
    ];
    for (trouble, code) in troubles {
        let (world, place, fake, engine) = delivered(4, Some(TARGET), 4).await;
        without(&fake, place, world.users[0].0);
        fake.always(Some(trouble));

        let sweep = world.sweep(&engine, TARGET).await;

        assert_eq!(sweep.state, State::Skipped, "{trouble:?}");
        assert_eq!(sweep.failure.unwrap().0, code, "{trouble:?}");
        assert!(world.missing().is_empty(), "{trouble:?}");
    }
}

#[tokio::test]
async fn after_an_outage_the_sweep_itself_is_the_probe_of_a_target_without_work_l7() {
    let (world, place, fake, engine) = delivered(4, Some(TARGET), 4).await;
    without(&fake, place, world.users[0].0);
    fake.always(Some(Trouble::BeforeApply));
    let threshold = options().breaker_threshold;
    for _ in 0..threshold {
        world.sweep(&engine, TARGET).await;
    }
    fake.always(None);
    let held = world.sweep(&engine, TARGET).await;
    assert_eq!(
        held.state,
        State::Skipped,
        "nobody is asked while it is open"
    );
    assert_eq!(held.failure.unwrap().0, "OriginUnavailable");

    fake.always(Some(Trouble::BeforeApply));
    world.service.clock.advance(Duration::from_secs(15));
    let unanswered = world.sweep(&engine, TARGET).await;
    fake.always(None);
    let after = world.sweep(&engine, TARGET).await;
    assert_eq!(unanswered.state, State::Skipped);
    assert_eq!(after.state, State::Skipped, "the probe opened it anew");
    assert!(world.missing().is_empty());

    world.service.clock.advance(Duration::from_secs(15));
    let sweep = world.sweep(&engine, TARGET).await;

    assert_eq!((sweep.state, sweep.missing), (State::Completed, 1));
}

#[tokio::test]
async fn a_listing_that_breaks_off_concludes_nothing() {
    let (world, _, fake, engine) = delivered(20, Some(TARGET), 20).await;
    fake.meddle(BTreeSet::clear);
    for number in 0..20 {
        fake.stranger(&world.ledger()[0].role_origin_id, &format!("s{number:02}"));
    }
    let id = world.ask_for_sweep(TARGET);
    let gate = Arc::new(Notify::new());
    let slow = Arc::new(Fake::new().listing_gated(Arc::clone(&gate)));
    for number in 0..20 {
        slow.stranger(&world.ledger()[0].role_origin_id, &format!("s{number:02}"));
    }
    let slow_engine = world.engine_with(
        &slow,
        TargetOptions {
            call_deadline: RealTime::from_mins(1),
            ..options()
        },
    );
    drop(engine);
    let pass = tokio::spawn(async move { slow_engine.settle().await });
    slow.listing.notified().await;
    slow.always(Some(Trouble::BeforeApply));
    gate.notify_one();
    slow.listing.notified().await;
    gate.notify_one();
    pass.await.unwrap().unwrap();

    let sweep = world.swept(id);
    assert!(slow.listed() >= 2, "the first page came");
    assert_eq!(sweep.missing, 0);
    assert!(sweep.state.is_over() && sweep.state != State::Completed);
    assert!(world.missing().is_empty() && world.extras().is_empty());
}

#[tokio::test]
async fn a_group_that_is_gone_is_noted_and_the_others_are_read() {
    let mut world = World::new(3, 2);
    let places = [world.group(None), world.group(None)];
    for (package, place) in places.into_iter().enumerate() {
        world.holds(package, place, true);
        world.assign(0, package);
    }
    let engine = directory_engine(&world);
    engine.settle().await.unwrap();
    let [gone, kept] = places;
    let group = gone.group;
    world.write(move |tx| Ok(store::directory::group::delete(tx, group)?));
    world.meddle_in_directory(kept, vec![world.users[2].0], vec![world.users[0].0]);

    let sweep = world.sweep(&engine, DIRECTORY).await;

    assert_eq!(sweep.state, State::Completed);
    assert_eq!((sweep.objects_read, sweep.objects_failed), (1, 1));
    assert_eq!(
        world.missing(),
        BTreeSet::from([(kept.role(), world.users[0].0)]),
        "nobody is missing from a group that could not be read"
    );
    assert_eq!(world.extras().len(), 1);
}

#[tokio::test]
async fn a_paused_target_is_skipped_with_the_reason() {
    let (world, _, fake, engine) = delivered(2, Some(TARGET), 2).await;
    world.write(|tx| Ok(store::target_switch::pause(tx, TARGET, true, None, START)?));

    let sweep = world.sweep(&engine, TARGET).await;

    assert_eq!(sweep.state, State::Skipped);
    assert!(sweep.failure.unwrap().1.contains("paused"));
    assert_eq!(fake.listed(), 0);
}

#[tokio::test]
async fn a_target_that_asks_for_patience_gets_it() {
    let (world, place, fake, engine) = delivered(3, Some(TARGET), 3).await;
    without(&fake, place, world.users[1].0);
    fake.will(&[Trouble::Throttled(600)]);

    let held = world.sweep(&engine, TARGET).await;
    assert_eq!(held.state, State::Running);
    world.service.clock.advance(Duration::from_minutes(11));
    engine.settle().await.unwrap();

    let sweep = world.swept(held.id);
    assert_eq!((sweep.state, sweep.missing), (State::Completed, 1));
}

#[tokio::test]
async fn a_delivery_during_the_listing_is_not_taken_for_drift() {
    let gate = Arc::new(Notify::new());
    let fake = Arc::new(Fake::new().listing_gated(Arc::clone(&gate)));
    let mut world = World::new(6, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    for user in 0..4 {
        world.assign(user, 0);
    }
    let patient = TargetOptions {
        call_deadline: RealTime::from_mins(1),
        ..options()
    };
    let sweeping = world.engine_with(&fake, patient.clone());
    let delivering = world.engine_with(&fake, patient);
    delivering.settle().await.unwrap();
    let id = world.ask_for_sweep(TARGET);
    let pass = tokio::spawn(async move { sweeping.pass().await });
    fake.listing.notified().await;

    // The listing was read; now one is granted, one is taken, and the clock stands still.
    world.assign(4, 0);
    world.ask(1, 0, RequestType::AdminRemove).unwrap();
    delivering.settle().await.unwrap();
    gate.notify_one();
    pass.await.unwrap().unwrap();

    let sweep = world.swept(id);
    assert_eq!(sweep.state, State::Completed);
    assert_eq!((sweep.missing, sweep.returned), (0, 0), "L8");
    assert!(world.missing().is_empty() && world.unwanted().is_empty());
    assert_eq!(world.extras(), Vec::new());
}

#[tokio::test]
async fn a_sweep_whose_worker_died_is_carried_on_by_another_and_the_dead_one_writes_nothing() {
    let gate = Arc::new(Notify::new());
    let dying = Arc::new(Fake::new().listing_gated(gate));
    let (world, place, fake, engine) = delivered(9, Some(TARGET), 9).await;
    without(&fake, place, world.users[0].0);
    let patient = TargetOptions {
        call_deadline: RealTime::from_mins(1),
        ..options()
    };
    let first = world.engine_with(&dying, patient);
    let id = world.ask_for_sweep(TARGET);
    let pass = tokio::spawn(async move { first.pass().await });
    dying.listing.notified().await;
    pass.abort();
    assert!(pass.await.unwrap_err().is_cancelled());

    engine.settle().await.unwrap();
    assert_eq!(world.swept(id).state, State::Running, "the lease holds");
    let before = world.swept(id);
    world.service.clock.advance(Duration::from_minutes(6));
    engine.settle().await.unwrap();

    let sweep = world.swept(id);
    assert_eq!((sweep.state, sweep.missing), (State::Completed, 1));
    assert!(sweep.fence > before.fence);
    let held = world
        .service
        .store
        .read_blocking(move |tx| store::sweep::is_held(tx, id, before.fence));
    assert!(!held.unwrap(), "an older fence writes nothing");
}

#[tokio::test]
async fn a_sweep_that_is_called_off_stops() {
    let gate = Arc::new(Notify::new());
    let (world, _, _, _) = delivered(3, Some(TARGET), 3).await;
    let fake = Arc::new(Fake::new().listing_gated(Arc::clone(&gate)));
    let patient = TargetOptions {
        call_deadline: RealTime::from_mins(1),
        ..options()
    };
    let engine = world.engine_with(&fake, patient);
    let id = world.ask_for_sweep(TARGET);
    let pass = tokio::spawn(async move { engine.pass().await });
    fake.listing.notified().await;
    world.write(move |tx| Ok(store::sweep::cancel(tx, id, START)?));
    gate.notify_one();
    pass.await.unwrap().unwrap();

    assert_eq!(world.swept(id).state, State::Cancelled);
    assert!(world.missing().is_empty(), "all are missing in this target");
}

#[tokio::test]
async fn drift_is_restored_where_the_resource_says_so_by_a_request_of_its_own() {
    let (world, place, fake, engine) = delivered(5, Some(TARGET), 5).await;
    world.restores(place);
    without(&fake, place, world.users[2].0);

    let sweep = world.sweep(&engine, TARGET).await;

    assert_eq!((sweep.missing, sweep.restored), (1, 1), "L8");
    assert_eq!(fake.grants(), world.desired());
    assert!(world.missing().is_empty());
}

#[tokio::test]
async fn drift_that_was_only_shown_is_restored_once_the_resource_says_so() {
    let (world, place, fake, engine) = delivered(5, Some(TARGET), 5).await;
    without(&fake, place, world.users[2].0);
    world.sweep(&engine, TARGET).await;
    assert_eq!(world.missing().len(), 1);
    world.restores(place);

    let sweep = world.sweep(&engine, TARGET).await;

    assert_eq!((sweep.missing, sweep.restored), (0, 1));
    assert_eq!(fake.grants(), world.desired());
}

#[tokio::test]
async fn whom_nobody_granted_access_is_removed_from_an_authoritative_resource_alone() {
    for authoritative in [false, true] {
        let (world, place, fake, engine) = delivered(8, Some(TARGET), 3).await;
        if authoritative {
            world.is_authoritative(place);
        }
        with(&fake, place, world.users[6].0);
        fake.stranger(&place.role(), "printer");

        let sweep = world.sweep(&engine, TARGET).await;

        assert_eq!(sweep.removed, i64::from(authoritative));
        let stays = fake.grants().contains(&(place.role(), world.users[6].0));
        assert_eq!(stays, !authoritative);
        let left = if authoritative { 1 } else { 2 };
        assert_eq!(world.extras().len(), left, "who is nobody's user stays");
    }
}

#[tokio::test]
async fn more_of_them_than_the_threshold_are_all_left_alone() {
    let (world, place, fake, engine) = delivered(30, Some(TARGET), 2).await;
    world.is_authoritative(place);
    for user in 2..23 {
        with(&fake, place, world.users[user].0);
    }
    assert_eq!(world.service.settings.sweeps.max_removals, 20);

    let sweep = world.sweep(&engine, TARGET).await;
    assert_eq!((sweep.extras, sweep.removed), (21, 0));
    assert_eq!(fake.grants().len(), 23);
    without(&fake, place, world.users[22].0);
    let sweep = world.sweep(&engine, TARGET).await;

    assert_eq!((sweep.extras, sweep.removed), (20, 20));
    assert_eq!(fake.grants().len(), 2);
}

#[tokio::test]
async fn sweeps_are_made_by_the_clock_and_a_year_in_one_jump_makes_one() {
    let (world, _, fake, _) = delivered(2, Some(TARGET), 2).await;
    let daily = TargetOptions {
        sweep: Some(Duration::from_days(1)),
        ..options()
    };
    let engine = world.engine_with(&fake, daily);
    let made = || {
        let list = |tx: &mut store::ReadTx<'_>| store::sweep::list(tx, Some(TARGET), None, 1000);
        world.service.store.read_blocking(list).unwrap().len()
    };
    engine.settle().await.unwrap();
    engine.settle().await.unwrap();
    assert_eq!(made(), 1);
    world.service.clock.advance(Duration::from_days(1));
    engine.settle().await.unwrap();
    assert_eq!(made(), 2);
    world.service.clock.advance(Duration::from_days(365));
    engine.settle().await.unwrap();

    assert_eq!(made(), 3);
}

#[tokio::test]
async fn an_assignment_that_a_sweep_saw_drift_from_stays_delivered() {
    let mut world = World::new(1, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let request = world.assign(0, 0);
    let fake = Arc::new(Fake::new());
    let engine = world.engine(&fake);
    engine.settle().await.unwrap();
    without(&fake, place, world.users[0].0);

    world.sweep(&engine, TARGET).await;

    assert_eq!(world.state_of(request), RequestState::Delivered, "RP-26");
    assert!(world.is_assigned(0, 0));
    assert_eq!(world.missing().len(), 1);
}

/// What a model says of any mixture of members and grants.
async fn finds_exactly_the_differences(in_directory: bool, there: &[bool], granted: &[bool]) {
    let users = there.len();
    let mut world = World::new(users, 1);
    let place = world.group((!in_directory).then_some(TARGET));
    world.holds(0, place, true);
    for (user, _) in granted.iter().enumerate().filter(|(_, granted)| **granted) {
        world.assign(user, 0);
    }
    let fake = Arc::new(Fake::new().taking(3));
    let (engine, target) = if in_directory {
        (directory_engine(&world), DIRECTORY)
    } else {
        (world.engine(&fake), TARGET)
    };
    engine.settle().await.unwrap();
    let all: Vec<ObjectId> = world.users.iter().map(|(object, _)| *object).collect();
    let pick = |wanted: &dyn Fn(usize) -> bool| -> BTreeSet<ObjectId> {
        let picked = all.iter().enumerate().filter(|(user, _)| wanted(*user));
        picked.map(|(_, object)| *object).collect()
    };
    let present = pick(&|user| there[user]);
    if in_directory {
        let add = pick(&|user| there[user] && !granted[user]);
        let remove = pick(&|user| !there[user] && granted[user]);
        world.meddle_in_directory(
            place,
            add.into_iter().collect(),
            remove.into_iter().collect(),
        );
    } else {
        fake.meddle(|grants| {
            *grants = present.iter().map(|id| (place.role(), *id)).collect();
        });
    }

    for _ in 0..2 {
        let sweep = world.sweep(&engine, target).await;

        assert_eq!(sweep.state, State::Completed);
        let missing = pick(&|user| granted[user] && !there[user]);
        let found: BTreeSet<ObjectId> = world.missing().into_iter().map(|(_, id)| id).collect();
        assert_eq!(found, missing);
        let extras = pick(&|user| !granted[user] && there[user]);
        let found: BTreeSet<ObjectId> = world
            .extras()
            .into_iter()
            .filter_map(|extra| extra.object_id)
            .collect();
        assert_eq!(found, extras);
        assert_eq!(usize::try_from(sweep.members).unwrap(), present.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_sweep_finds_exactly_the_differences(
        in_directory in any::<bool>(),
        users in proptest::collection::vec((any::<bool>(), any::<bool>()), 1..24),
    ) {
        let (there, granted): (Vec<bool>, Vec<bool>) = users.into_iter().unzip();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(finds_exactly_the_differences(in_directory, &there, &granted));
    }
}

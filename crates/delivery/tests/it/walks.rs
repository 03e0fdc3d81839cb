//! Random walks of wishes, faults and crashes: when the faults end, what is desired is what the target has.

use std::sync::Arc;

use delivery::Engine;
use domain::assignment_request::RequestType;
use domain::ledger::Phase;
use domain::time::Duration;
use proptest::prelude::*;

use crate::fake::{Fake, Trouble};
use crate::world::{TARGET, World};

const USERS: usize = 4;
const PACKAGES: usize = 2;
const PLACES: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    Assign(usize, usize),
    Remove(usize, usize),
    Enforce(usize, usize),
    Hold(usize, usize, bool),
    Trouble(Trouble),
    Standing(Option<Trouble>),
    Meddle(usize, usize),
    Work,
    Crash(usize),
    Wait(i64),
}

fn a_trouble() -> impl Strategy<Value = Trouble> {
    prop::sample::select(vec![
        Trouble::BeforeApply,
        Trouble::AfterApply,
        Trouble::HalfApplied,
        Trouble::HalfAnswered,
        Trouble::Hang,
        Trouble::Throttled(45),
        Trouble::Credentials,
        Trouble::Refused,
        Trouble::Lie,
    ])
}

fn a_step() -> impl Strategy<Value = Step> {
    let (user, package, place) = (0..USERS, 0..PACKAGES, 0..PLACES);
    prop_oneof![
        4 => (user.clone(), package.clone()).prop_map(|(u, p)| Step::Assign(u, p)),
        2 => (user.clone(), package.clone()).prop_map(|(u, p)| Step::Remove(u, p)),
        2 => (user.clone(), package.clone()).prop_map(|(u, p)| Step::Enforce(u, p)),
        2 => (package, place.clone(), any::<bool>()).prop_map(|(p, r, held)| Step::Hold(p, r, held)),
        2 => a_trouble().prop_map(Step::Trouble),
        1 => prop::option::of(a_trouble()).prop_map(Step::Standing),
        1 => (user, place).prop_map(|(u, r)| Step::Meddle(u, r)),
        4 => Just(Step::Work),
        2 => (0..40_usize).prop_map(Step::Crash),
        2 => (1..400_i64).prop_map(Step::Wait),
    ]
}

/// Drops a pass after it was polled so often: its tasks end wherever they are.
async fn crash(engine: &Engine, polls: usize) {
    let mut pass = std::pin::pin!(engine.pass());
    for _ in 0..polls {
        if futures_util::poll!(pass.as_mut()).is_ready() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn walk(steps: Vec<Step>, whole: bool, proof: bool) {
    let mut world = World::new(USERS, PACKAGES);
    let places: Vec<_> = (0..PLACES).map(|_| world.group(Some(TARGET))).collect();
    world.holds(0, places[0], true);
    world.holds(0, places[1], true);
    world.holds(1, places[1], true);
    let mut fake = Fake::new().taking(3);
    if whole {
        fake = fake.all_or_nothing();
    }
    if !proof {
        fake = fake.unverified();
    }
    let fake = Arc::new(fake);
    let mut engine = world.engine(&fake);
    for step in steps {
        match step {
            Step::Assign(user, package) => {
                if !world.is_assigned(user, package) {
                    world.assign(user, package);
                }
            }
            Step::Remove(user, package) => {
                _ = world.ask(user, package, RequestType::AdminRemove);
            }
            Step::Enforce(user, package) => {
                _ = world.ask(user, package, RequestType::SystemUpdate);
            }
            Step::Hold(package, place, held) => world.holds(package, places[place], held),
            Step::Trouble(trouble) => fake.will(&[trouble]),
            Step::Standing(trouble) => fake.always(trouble),
            Step::Meddle(user, place) => {
                let grant = (places[place].role(), world.users[user].0);
                fake.meddle(|grants| {
                    grants.remove(&grant);
                });
            }
            Step::Work => drop(engine.settle().await.unwrap()),
            Step::Crash(polls) => {
                crash(&engine, polls).await;
                engine = world.engine(&fake);
            }
            Step::Wait(seconds) => world.service.clock.advance(Duration::from_secs(seconds)),
        }
    }

    fake.always(None);
    world.run_down(&engine).await;
    // What the faults ended for good, and what was meddled with, is enforced once more (RP-20).
    for user in 0..USERS {
        for package in 0..PACKAGES {
            world.ask(user, package, RequestType::SystemUpdate);
        }
    }
    world.retry_given_up();
    world.run_down(&engine).await;

    assert_eq!(fake.grants(), world.desired());
    assert!(
        world
            .ledger()
            .iter()
            .all(|entry| entry.phase == Phase::Settled),
        "{:?}",
        world.ledger()
    );
    let stuck = delivery::stuck(&world.service).await.unwrap();
    assert_eq!(stuck.objects, [], "L9");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_walk_converges_once_the_faults_end(
        steps in prop::collection::vec(a_step(), 1..40),
        whole in any::<bool>(),
        proof in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(walk(steps, whole, proof));
    }
}

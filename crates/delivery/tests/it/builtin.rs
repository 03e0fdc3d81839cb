//! The built-in directory as a target.

use delivery::{Engine, EngineOptions, Registry};
use domain::assignment_request::{RequestType, State};
use domain::directory::GroupRole;
use service::directory::members;

use crate::world::{Place, World};

fn engine(world: &World) -> Engine {
    Engine::new(
        world.service.clone(),
        Registry::new(&world.service),
        EngineOptions::default(),
    )
}

async fn is_member(world: &World, place: Place, user: usize) -> bool {
    let users = [world.users[user].0];
    members::observe(&world.service, place.group, GroupRole::Member, &users)
        .await
        .unwrap()[0]
}

#[tokio::test]
async fn a_member_role_is_granted_and_taken_in_the_directory() {
    let mut world = World::new(2, 1);
    let place = world.group(None);
    world.holds(0, place, true);
    let engine = engine(&world);
    let request = world.assign(0, 0);

    engine.settle().await.unwrap();
    assert_eq!(world.state_of(request), State::Delivered);
    assert!(is_member(&world, place, 0).await);
    assert!(!is_member(&world, place, 1).await);
    let removal = world.ask(0, 0, RequestType::AdminRemove).unwrap();
    engine.settle().await.unwrap();

    assert_eq!(world.state_of(removal), State::Delivered);
    assert!(!is_member(&world, place, 0).await);
}

#[tokio::test]
async fn access_to_a_group_that_is_gone_fails_at_once() {
    let mut world = World::new(1, 1);
    let place = world.group(None);
    world.holds(0, place, true);
    let request = world.assign(0, 0);
    let group = place.group;
    world.write(move |tx| Ok(store::directory::group::delete(tx, group)?));

    engine(&world).settle().await.unwrap();

    let [entry] = world.ledger().try_into().unwrap();
    assert_eq!(
        entry.error.unwrap().0,
        "ResourceNotFoundInOriginSystem",
        "AS-21"
    );
    assert_eq!(world.state_of(request), State::DeliveryFailed);
}

//! The background loop, the watchdog and the metrics.

use std::sync::Arc;

use delivery::{Engine, EngineOptions, Registry, stuck};
use domain::assignment_request::State;
use domain::time::Duration;
use store::ledger::stuck::Kind;

use crate::fake::{Fake, Trouble};
use crate::world::{TARGET, World, options};

#[tokio::test]
async fn the_loop_delivers_what_it_is_woken_for() {
    let fake = Arc::new(Fake::new());
    let mut world = World::new(2, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(world.engine(&fake).run(stopped));

    for user in 0..2 {
        let request = world.assign(user, 0);
        world.service.wake();
        while world.state_of(request) != State::Delivered {
            tokio::task::yield_now().await;
        }
    }

    stop.send(true).unwrap();
    running.await.unwrap();
    assert_eq!(fake.grants(), world.desired());
}

#[tokio::test]
async fn a_healthy_server_has_nothing_stuck_and_a_dead_engine_is_noticed() {
    let fake = Arc::new(Fake::new());
    let mut world = World::new(2, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let engine = world.engine(&fake);
    world.assign(0, 0);
    engine.settle().await.unwrap();
    assert!(stuck(&world.service).await.unwrap().is_clear(), "L9");

    world.assign(1, 0);
    fake.will(&[Trouble::BeforeApply]);
    world.service.clock.advance(Duration::from_minutes(2));
    let kinds = |report: delivery::StuckReport| -> Vec<Kind> {
        report
            .objects
            .into_iter()
            .map(|object| object.kind)
            .collect()
    };
    assert_eq!(kinds(stuck(&world.service).await.unwrap()), [Kind::Plan]);
    engine.pass().await.unwrap();
    assert!(
        stuck(&world.service).await.unwrap().is_clear(),
        "a retry that waits has its deadline"
    );
    world.service.clock.advance(Duration::from_minutes(3));

    assert_eq!(
        kinds(stuck(&world.service).await.unwrap()),
        [Kind::Delivery]
    );
}

#[tokio::test]
async fn metrics_count_attempts_by_what_they_came_to() {
    let fake = Arc::new(Fake::new());
    let mut world = World::new(3, 1);
    let place = world.group(Some(TARGET));
    world.holds(0, place, true);
    let registry = Registry::new(&world.service)
        .with(TARGET, fake.clone(), options())
        .unwrap();
    let engine = Engine::new(world.service.clone(), registry, EngineOptions::default());
    let mut metrics = prometheus_client::registry::Registry::default();
    engine.metrics().register(&mut metrics);
    for user in 0..3 {
        world.assign(user, 0);
    }
    fake.will(&[Trouble::BeforeApply]);

    world.run_down(&engine).await;

    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &metrics).unwrap();
    for line in [
        r#"reeve_delivery_attempts_total{target="crm",outcome="retry"} 3"#,
        r#"reeve_delivery_attempts_total{target="crm",outcome="done"} 3"#,
        r#"reeve_delivery_calls_in_flight{target="crm"} 0"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

//! Subscriptions: how many there may be, and what keeping one takes.

use auth::principal::{DirectoryRole, Permission};
use domain::subscription::{ChangeType, Followed, NewSubscription, Resource, SubscriptionChange};
use domain::time::Duration;
use service::{Code, Ctx, subscriptions};

use crate::support::{World, app, app_with, as_user, code, object, start};

fn wanted() -> NewSubscription {
    NewSubscription {
        resource: Resource {
            text: "assignments".to_owned(),
            collection: "assignments".to_owned(),
            of: Followed::Assignment,
            object: None,
        },
        api_version: "v1.0",
        change_types: vec![ChangeType::Updated],
        notification_url: "https://receiver.example".to_owned(),
        lifecycle_url: None,
        notification_url_app_id: None,
        client_state: None,
        tls_version: "v1_2".to_owned(),
        expires_at: start().plus(Duration::from_minutes(60)),
    }
}

/// Subscribes until it is refused; answers how often it was not.
async fn subscribe_all(world: &World, ctx: &Ctx) -> usize {
    for number in 0..1_000 {
        let made = subscriptions::create(&world.service, ctx, wanted()).await;
        if made.is_err() {
            assert_eq!(code(made), Code::SubscriptionLimitReached);
            return number;
        }
    }
    panic!("there is no limit");
}

#[tokio::test]
async fn those_who_read_everything_have_more_subscriptions_and_the_last_places() {
    let world = World::new();
    let reader = as_user(object(1), &[DirectoryRole::GlobalReader]);
    assert_eq!(subscribe_all(&world, &reader).await, 100);

    for number in 0..35 {
        assert_eq!(
            subscribe_all(&world, &as_user(object(100 + number), &[])).await,
            20
        );
    }

    assert_eq!(
        subscribe_all(&world, &as_user(object(2), &[])).await,
        0,
        "800 are taken"
    );
    assert_eq!(subscribe_all(&world, &app()).await, 100);
}

#[tokio::test]
async fn keeping_a_subscription_takes_the_permission_that_making_it_takes() {
    let world = World::new();
    let reads = app_with(&[Permission::EntitlementManagementReadAll]);
    let weaker = app_with(&[Permission::GroupReadWriteAll]);
    let id = subscriptions::create(&world.service, &reads, wanted())
        .await
        .unwrap();
    let later = SubscriptionChange {
        expires_at: Some(start().plus(Duration::from_minutes(90))),
        notification_url: None,
    };

    let again = subscriptions::reauthorize(&world.service, &weaker, id).await;
    assert_eq!(code(again), Code::AccessDenied);
    let renewed = subscriptions::check_change(&world.service, &weaker, id, &later).await;
    assert_eq!(code(renewed), Code::AccessDenied);

    subscriptions::reauthorize(&world.service, &reads, id)
        .await
        .unwrap();
    subscriptions::check_change(&world.service, &reads, id, &later)
        .await
        .unwrap();
    // Whoever made it can always be rid of it.
    subscriptions::delete(&world.service, &weaker, id)
        .await
        .unwrap();
}

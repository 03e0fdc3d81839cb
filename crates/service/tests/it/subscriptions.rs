//! Subscriptions: how many there may be, and what keeping one takes.

use auth::principal::{DirectoryRole, Permission};
use domain::id::SubscriptionId;
use domain::subscription::{
    ChangeType, Followed, LifecycleEvent, NewSubscription, Resource, SubscriptionChange,
};
use domain::time::Duration;
use service::subscriptions::{Outcome, Parcel};
use service::{Code, Ctx, subscriptions};
use store::change_feed;

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

#[tokio::test]
async fn a_receiver_that_is_too_far_behind_is_told_that_it_missed_notifications() {
    let world = World::new();
    let ctx = app_with(&[Permission::EntitlementManagementReadAll]);
    let watched = NewSubscription {
        lifecycle_url: Some("https://receiver.example/lifecycle".to_owned()),
        ..wanted()
    };
    let id = subscriptions::create(&world.service, &ctx, watched)
        .await
        .unwrap();

    fill(&world, id, subscriptions::BACKLOG + 1).await;
    let parcel = claim(&world, "one").await;
    assert_eq!(parcel.url(), "https://receiver.example");
    let failed = Outcome::Failed {
        reason: "it does not answer".to_owned(),
    };
    subscriptions::record(&world.service, "one", &parcel, failed)
        .await
        .unwrap();

    assert_eq!(waiting(&world).await, 1, "the word about what was missed");
    let parcel = claim(&world, "two").await;
    assert_eq!(parcel.url(), "https://receiver.example/lifecycle");
    assert_eq!(parcel.notifications[0]["lifecycleEvent"], "missed");
}

#[tokio::test]
async fn what_waits_for_a_receiver_that_is_not_too_far_behind_is_kept() {
    let world = World::new();
    let ctx = app_with(&[Permission::EntitlementManagementReadAll]);
    let id = subscriptions::create(&world.service, &ctx, wanted())
        .await
        .unwrap();

    fill(&world, id, subscriptions::BACKLOG).await;
    let parcel = claim(&world, "one").await;
    let failed = Outcome::Failed {
        reason: "it does not answer".to_owned(),
    };
    subscriptions::record(&world.service, "one", &parcel, failed)
        .await
        .unwrap();

    assert_eq!(waiting(&world).await, subscriptions::BACKLOG);
}

/// So much waits for the receiver of a subscription.
async fn fill(world: &World, subscription: SubscriptionId, number: i64) {
    let done: Result<(), store::Error> = world
        .service
        .store
        .write(move |tx| {
            let feeds = change_feed::of(tx, subscription)?;
            let feed = feeds.iter().find(|feed| !feed.is_lifecycle).unwrap().id;
            for _ in 0..number {
                change_feed::append_event(tx, feed, LifecycleEvent::Missed, "{}")?;
            }
            Ok(())
        })
        .await;
    done.unwrap();
}

async fn claim(world: &World, owner: &str) -> Parcel {
    let claimed = subscriptions::claim(&world.service, owner, 1).await;
    claimed.unwrap().pop().unwrap()
}

async fn waiting(world: &World) -> i64 {
    let counted = world.service.store.read(change_feed::count).await;
    counted.unwrap()
}

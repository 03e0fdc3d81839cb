//! Receivers that fail, receivers that are gone, and processes that die.

use domain::time::Duration;
use service::subscriptions;
use testkit::{Plan, Receiver, TestApp};

use super::{ASSIGNMENTS, SUBSCRIPTIONS, open, settle, subscribe, wanted, watched};

#[tokio::test]
async fn what_a_receiver_does_not_take_is_posted_again_until_it_does() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let operator = app.as_operator();
        let body = wanted(app, &receiver, ASSIGNMENTS);
        subscribe(&operator, body).await.assert_status(201);
        let package = app.package(Plan::new("CRM").member_here("Sales")).await;
        // A redirect is followed nowhere, least of all inside.
        receiver.will_answer(&[500, 404, 302, 429]);

        let request = app.assign(&package, "alice").await;
        settle(app).await;
        assert!(receiver.posts().is_empty());
        for _ in 0..4 {
            app.advance(Duration::from_minutes(5));
            settle(app).await;
        }

        let assignment = app.assignment_of(&request).await;
        let changes = receiver.changes();
        assert_eq!(changes[0], ("created".to_owned(), assignment.clone()));
        let told = changes.len();
        assert!(
            changes[1..]
                .iter()
                .all(|one| *one == ("updated".to_owned(), assignment.clone()))
        );
        app.advance(Duration::from_minutes(5));
        settle(app).await;
        assert!(
            told > 0 && receiver.posts().is_empty(),
            "nothing is told twice"
        );
    })
    .await;
}

#[tokio::test]
async fn after_four_hours_what_was_missed_is_said_and_new_changes_are_told() {
    TestApp::on_both_with(open(), async |app| {
        let (receiver, lifecycle) = (Receiver::new().await, Receiver::new().await);
        let operator = app.as_operator();
        let body = watched(app, &receiver, &lifecycle, ASSIGNMENTS);
        let made = subscribe(&operator, body).await.assert_status(201).json();
        let package = app.package(Plan::new("CRM").member_here("Sales")).await;
        receiver.will_answer(&[503; 2]);
        app.assign(&package, "alice").await;
        settle(app).await;
        assert!(lifecycle.posts().is_empty());

        app.advance(Duration::from_minutes(240));
        settle(app).await;

        let told = lifecycle.notifications();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["lifecycleEvent"], "missed");
        assert_eq!(told[0]["subscriptionId"], made["id"]);
        assert!(receiver.posts().is_empty());
        let request = app.assign(&package, "bob").await;
        settle(app).await;
        let assignment = app.assignment_of(&request).await;
        assert!(receiver.changes().iter().all(|(_, id)| *id == assignment));
    })
    .await;
}

#[tokio::test]
async fn a_receiver_that_says_that_it_is_gone_ends_the_subscription() {
    TestApp::on_both_with(open(), async |app| {
        let (receiver, lifecycle) = (Receiver::new().await, Receiver::new().await);
        let operator = app.as_operator();
        let body = watched(app, &receiver, &lifecycle, ASSIGNMENTS);
        let made = subscribe(&operator, body).await.assert_status(201).json();
        let package = app.package(Plan::new("CRM").member_here("Sales")).await;
        receiver.will_answer(&[410]);
        // The last word about it is kept until somebody takes it.
        lifecycle.will_answer(&[500]);

        app.assign(&package, "alice").await;
        settle(app).await;
        assert!(
            operator
                .get(SUBSCRIPTIONS)
                .await
                .assert_status(200)
                .rows()
                .is_empty()
        );
        assert!(lifecycle.posts().is_empty());
        app.advance(Duration::from_minutes(1));
        settle(app).await;

        let told = lifecycle.notifications();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["lifecycleEvent"], "subscriptionRemoved");
        assert_eq!(told[0]["subscriptionId"], made["id"]);
        assert!(receiver.posts().is_empty());
        let feeds = app.tamper("DELETE FROM change_feed");
        assert_eq!(feeds, 0, "nothing is left of it");
    })
    .await;
}

#[tokio::test]
async fn what_a_process_had_in_hand_when_it_died_is_posted_by_another() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let operator = app.as_operator();
        let body = wanted(app, &receiver, ASSIGNMENTS);
        subscribe(&operator, body).await.assert_status(201);
        let package = app.package(Plan::new("CRM").member_here("Sales")).await;
        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        let claimed = subscriptions::claim(app.service(), "dead", 16)
            .await
            .unwrap();
        assert_eq!(claimed.len(), 1);

        // The order holds: nobody posts past what is in hand.
        assert_eq!(app.post_changes().await, 0);
        app.advance(subscriptions::LEASE);
        settle(app).await;

        let assignment = app.assignment_of(&request).await;
        assert_eq!(receiver.changes()[0], ("created".to_owned(), assignment));
        // Whoever was thought dead changes nothing any more.
        for parcel in &claimed {
            let outcome = subscriptions::Outcome::Gone;
            subscriptions::record(app.service(), "dead", parcel, outcome)
                .await
                .unwrap();
        }
        assert_eq!(
            operator
                .get(SUBSCRIPTIONS)
                .await
                .assert_status(200)
                .rows()
                .len(),
            1
        );
    })
    .await;
}

#[tokio::test]
async fn many_changes_are_posted_by_the_hundred_and_a_slow_subscriber_holds_up_nobody() {
    TestApp::on_both_with(open(), async |app| {
        let (slow, quick) = (Receiver::new().await, Receiver::new().await);
        let operator = app.as_operator();
        for receiver in [&slow, &quick] {
            let body = wanted(app, receiver, ASSIGNMENTS);
            subscribe(&operator, body).await.assert_status(201);
        }
        slow.will_answer(&[503]);
        let package = app.package(Plan::new("CRM").member_here("Sales")).await;
        let number = 60;
        for index in 0..number {
            let name = format!("user{index}");
            app.add_user(&name).await;
            app.assign(&package, &name).await;
        }
        settle(app).await;

        let posts = quick.posts();
        assert!(
            posts
                .iter()
                .all(|post| post["value"].as_array().unwrap().len() <= 100)
        );
        let told: usize = posts
            .iter()
            .map(|post| post["value"].as_array().unwrap().len())
            .sum();
        assert!(told >= 2 * number, "{told}");
        assert!(slow.posts().is_empty());
        app.advance(Duration::from_minutes(1));
        settle(app).await;
        assert_eq!(slow.changes().len(), told);
    })
    .await;
}

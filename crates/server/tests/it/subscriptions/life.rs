//! The life of a subscription: made, renewed, seen by its creator alone, ended.

use domain::time::Duration;
use serde_json::{Value, json};
use testkit::{Manners, Plan, Receiver, TestApp};

use super::{ASSIGNMENTS, REQUESTS, SUBSCRIPTIONS, open, settle, subscribe, wanted, watched};

#[tokio::test]
async fn a_subscriber_hears_of_each_change_of_an_object_in_its_order() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let operator = app.as_operator();
        let made = subscribe(&operator, wanted(app, &receiver, REQUESTS)).await;
        let made = made.assert_status(201).json();
        assert_eq!(receiver.asked(), 1);
        let package = app
            .package(Plan::new("CRM").member_here("Sales").approval_by(&["bob"]))
            .await;

        let request = app.ask(&package, "alice").await;
        settle(app).await;
        app.decide(&request, "bob", "Approve")
            .await
            .assert_status(204);
        settle(app).await;
        app.remove(&app.assignment_of(&request).await).await;
        let posts = {
            settle(app).await;
            receiver.posts()
        };

        let all: Vec<_> = posts
            .iter()
            .flat_map(|post| post["value"].as_array().unwrap())
            .collect();
        let of: Vec<_> = all
            .iter()
            .filter(|one| one["resourceData"]["id"] == request)
            .collect();
        assert_eq!(of[0]["changeType"], "created");
        assert!(
            of.len() > 1 && of[1..].iter().all(|one| one["changeType"] == "updated"),
            "{of:?}"
        );
        assert_eq!(of[0]["clientState"], "a secret of two");
        assert_eq!(of[0]["subscriptionId"], made["id"]);
        assert_eq!(of[0]["resource"], format!("{REQUESTS}/{request}"));
        assert_eq!(
            of[0]["resourceData"]["@odata.type"],
            "#microsoft.graph.accessPackageAssignmentRequest"
        );
        let tokens = posts[0]["validationTokens"].as_array().unwrap();
        assert_eq!(tokens.len(), 1);
        assert_eq!(tokens[0].as_str().unwrap().split('.').count(), 3);
    })
    .await;
}

#[tokio::test]
async fn only_what_was_asked_for_is_told() {
    TestApp::on_both_with(open(), async |app| {
        let (created, one) = (Receiver::new().await, Receiver::new().await);
        let package = app.package(Plan::new("CRM").member_here("Sales")).await;
        let first = app.assign(&package, "alice").await;
        settle(app).await;
        let first = app.assignment_of(&first).await;
        let mut of_new = wanted(app, &created, ASSIGNMENTS);
        of_new["changeType"] = json!("created");
        let operator = app.as_operator();
        subscribe(&operator, of_new).await.assert_status(201);
        let of_one = wanted(app, &one, &format!("{ASSIGNMENTS}/{first}"));
        subscribe(&operator, of_one).await.assert_status(201);

        let second = app.assign(&package, "bob").await;
        settle(app).await;
        let second = app.assignment_of(&second).await;
        app.remove(&first).await;
        settle(app).await;

        assert_eq!(created.changes(), [("created".to_owned(), second)]);
        let changes = one.changes();
        assert!(!changes.is_empty());
        assert!(
            changes
                .iter()
                .all(|one| *one == ("updated".to_owned(), first.clone())),
            "{changes:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_subscription_is_its_creators_alone() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let alice = app.as_user("alice");
        let made = subscribe(&alice, wanted(app, &receiver, REQUESTS)).await;
        let id = made.assert_status(201).text("id");
        let path = format!("{SUBSCRIPTIONS}/{id}");
        let renewal = || json!({"expirationDateTime": app.now().plus(Duration::from_minutes(90)).to_string()});

        for other in [app.as_user("bob"), app.as_operator()] {
            assert!(other.get(SUBSCRIPTIONS).await.assert_status(200).rows().is_empty());
            other.get(&path).await.assert_error(404, "ResourceNotFound");
            other.patch(&path, renewal()).await.assert_error(404, "ResourceNotFound");
            other.delete(&path).await.assert_error(404, "ResourceNotFound");
            let again = format!("{path}/reauthorize");
            other.post_empty(&again).await.assert_error(404, "ResourceNotFound");
        }

        let rows = alice.get(SUBSCRIPTIONS).await.assert_status(200).rows();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["creatorId"], app.id_of("alice").to_string());
        assert_eq!(rows[0]["latestSupportedTlsVersion"], "v1_2");
        assert_eq!(rows[0]["includeResourceData"], false);
        alice.patch(&path, renewal()).await.assert_status(200);
        alice.post_empty(&format!("{path}/reauthorize")).await.assert_status(204);
        alice.delete(&path).await.assert_status(204);
        alice.get(&path).await.assert_error(404, "ResourceNotFound");
    })
    .await;
}

#[tokio::test]
async fn both_versions_subscribe_in_their_own_names() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let receiver = Receiver::new().await;
    let operator = app.as_operator();
    let beta = "identityGovernance/entitlementManagement/accessPackageAssignments";
    let made = operator
        .post("/beta/subscriptions", wanted(&app, &receiver, beta))
        .await;
    made.assert_status(201);
    subscribe(&operator, wanted(&app, &receiver, beta))
        .await
        .assert_error(400, "InvalidModel");
    let package = app.package(Plan::new("CRM").member_here("Sales")).await;

    let request = app.assign(&package, "alice").await;
    settle(&app).await;

    let assignment = app.assignment_of(&request).await;
    let notifications = receiver.notifications();
    assert_eq!(notifications[0]["resource"], format!("{beta}/{assignment}"));
    assert!(notifications[0]["sequenceNumber"].is_i64());
}

#[tokio::test]
async fn a_subscription_ends_unless_it_is_renewed() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let operator = app.as_operator();
        let made = subscribe(&operator, wanted(app, &receiver, REQUESTS)).await;
        let path = format!("{SUBSCRIPTIONS}/{}", made.assert_status(201).text("id"));
        let end = app.now().plus(Duration::from_minutes(90));
        let renewal = json!({"expirationDateTime": end.to_string()});
        operator.patch(&path, renewal).await.assert_status(200);

        let next = service::timers::next(app.service()).await.unwrap();
        assert_eq!(next, Some(end), "a clock that is moved stops there");
        app.advance(Duration::from_minutes(89));
        settle(app).await;
        operator.get(&path).await.assert_status(200);
        app.advance(Duration::from_minutes(1));
        settle(app).await;
        operator
            .get(&path)
            .await
            .assert_error(404, "ResourceNotFound");

        let package = app.package(Plan::new("CRM").member_here("Sales")).await;
        app.assign(&package, "alice").await;
        settle(app).await;
        assert!(receiver.posts().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_subscription_that_cannot_be_kept_is_refused_by_the_member_at_fault() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let receiver = Receiver::new().await;
    let operator = app.as_operator();
    let far = app.now().plus(Duration::from_days(4)).to_string();
    for (member, value) in [
        ("changeType", json!("moved")),
        ("resource", json!("users")),
        ("notificationUrl", json!("https://elsewhere.example/in")),
        ("notificationUrl", json!("ftp://127.0.0.1/in")),
        ("lifecycleNotificationUrl", json!("http://10.0.0.1/in")),
        ("clientState", json!("x".repeat(129))),
        ("expirationDateTime", json!(far)),
        ("expirationDateTime", json!("2020-01-01T00:00:00Z")),
        ("includeResourceData", json!(true)),
        ("latestSupportedTlsVersion", json!("v1_0")),
    ] {
        let mut body = wanted(&app, &receiver, REQUESTS);
        body[member] = value;
        let reply = subscribe(&operator, body)
            .await
            .assert_error(400, "InvalidModel");
        assert_eq!(reply.json()["error"]["target"], member);
    }
    let nowhere = format!("{REQUESTS}/00000000-0000-4000-8000-000000000000");
    let reply = subscribe(&operator, wanted(&app, &receiver, &nowhere)).await;
    reply.assert_error(404, "ResourceNotFound");
    assert_eq!(receiver.asked(), 0, "nobody is asked for what is refused");
}

#[tokio::test]
async fn a_receiver_that_does_not_send_the_token_back_is_not_subscribed() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let (receiver, lifecycle) = (Receiver::new().await, Receiver::new().await);
    let operator = app.as_operator();
    for manners in [
        Manners::WrongToken,
        Manners::WrongType,
        Manners::Status(202),
        Manners::Status(404),
        Manners::Redirect("http://169.254.169.254/latest"),
        Manners::Endless,
    ] {
        receiver.behaves(manners);
        let reply = subscribe(&operator, wanted(&app, &receiver, REQUESTS)).await;
        let reply = reply.assert_error(400, "SubscriptionValidationFailed");
        assert_eq!(
            reply.json()["error"]["target"],
            "notificationUrl",
            "{manners:?}"
        );
    }
    receiver.behaves(Manners::Good);
    lifecycle.behaves(Manners::WrongToken);
    let reply = subscribe(&operator, watched(&app, &receiver, &lifecycle, REQUESTS)).await;
    let reply = reply.assert_error(400, "SubscriptionValidationFailed");
    assert_eq!(reply.json()["error"]["target"], "lifecycleNotificationUrl");
    assert!(operator.get(SUBSCRIPTIONS).await.rows().is_empty());

    let made = subscribe(&operator, wanted(&app, &receiver, REQUESTS)).await;
    let path = format!("{SUBSCRIPTIONS}/{}", made.assert_status(201).text("id"));
    let elsewhere: Value = json!({"notificationUrl": lifecycle.url()});
    let reply = operator.patch(&path, elsewhere.clone()).await;
    reply.assert_error(400, "SubscriptionValidationFailed");
    lifecycle.behaves(Manners::Good);
    operator.patch(&path, elsewhere).await.assert_status(200);
    let package = app.package(Plan::new("CRM").member_here("Sales")).await;
    app.assign(&package, "alice").await;
    settle(&app).await;
    assert!(receiver.posts().is_empty());
    assert!(!lifecycle.posts().is_empty());
}

#[tokio::test]
async fn who_does_not_read_everything_subscribes_twenty_times_and_no_more() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let receiver = Receiver::new().await;
    let alice = app.as_user("alice");
    for _ in 0..20 {
        let made = subscribe(&alice, wanted(&app, &receiver, REQUESTS)).await;
        made.assert_status(201);
    }
    let reply = subscribe(&alice, wanted(&app, &receiver, REQUESTS)).await;
    reply.assert_error(403, "SubscriptionLimitReached");
    let reply = subscribe(&app.as_user("bob"), wanted(&app, &receiver, REQUESTS)).await;
    reply.assert_status(201);
}

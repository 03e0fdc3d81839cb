//! Who hears of what: nobody of what they may not read when it is told.

use auth::principal::Permission;
use auth::roles::EmRole;
use serde_json::json;
use testkit::{Plan, Receiver, TestApp, V1};

use super::{ASSIGNMENTS, REQUESTS, open, settle, subscribe, wanted, watched};

#[tokio::test]
async fn a_person_without_a_role_hears_of_their_own_alone() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let reply = subscribe(&app.as_user("alice"), wanted(app, &receiver, REQUESTS)).await;
        reply.assert_status(201);
        let package = app.package(Plan::new("CRM").member_here("Sales")).await;

        let hers = app.ask(&package, "alice").await;
        let his = app.ask(&package, "bob").await;
        settle(app).await;

        let changes = receiver.changes();
        assert!(changes.iter().any(|(_, id)| *id == hers));
        assert!(changes.iter().all(|(_, id)| *id != his), "{changes:?}");
        assert_eq!(
            app.post_changes().await,
            0,
            "what is withheld does not wait"
        );
    })
    .await;
}

#[tokio::test]
async fn a_role_counts_when_it_is_told_and_not_when_it_was_subscribed() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let shown = app
            .package(Plan::new("A").in_catalog("Shown").member_here("Sales"))
            .await;
        let hidden = app
            .package(Plan::new("B").in_catalog("Hidden").member_here("Staff"))
            .await;
        app.give_role("carol", EmRole::CatalogReader, &shown).await;
        let carol = app.as_user("carol");
        subscribe(&carol, wanted(app, &receiver, REQUESTS))
            .await
            .assert_status(201);

        let seen = app.ask(&shown, "alice").await;
        app.ask(&hidden, "alice").await;
        settle(app).await;
        let changes = receiver.changes();
        assert!(
            !changes.is_empty() && changes.iter().all(|(_, id)| *id == seen),
            "{changes:?}"
        );

        // What was noted while she could read it is not told once she cannot.
        app.ask(&shown, "bob").await;
        take_roles(app, "carol").await;
        settle(app).await;
        assert!(receiver.posts().is_empty());
    })
    .await;
}

async fn take_roles(app: &TestApp, name: &str) {
    let roles = "/v1.0/roleManagement/entitlementManagement/roleAssignments";
    let operator = app.as_operator();
    let mine = app.id_of(name).to_string();
    for row in operator.get(roles).await.assert_status(200).rows() {
        if row["principalId"] == mine {
            let path = format!("{roles}/{}", row["id"].as_str().unwrap());
            operator.delete(&path).await.assert_status(204);
        }
    }
}

#[tokio::test]
async fn a_deletion_is_told_to_those_who_read_everything_and_to_nobody_else() {
    TestApp::on_both_with(open(), async |app| {
        let (all, own) = (Receiver::new().await, Receiver::new().await);
        let operator = app.as_operator();
        subscribe(&operator, wanted(app, &all, REQUESTS))
            .await
            .assert_status(201);
        let alice = app.as_user("alice");
        subscribe(&alice, wanted(app, &own, REQUESTS))
            .await
            .assert_status(201);
        let package = app.package(Plan::new("CRM").approval_by(&["bob"])).await;
        let request = app.ask(&package, "alice").await;
        app.decide(&request, "bob", "Deny").await.assert_status(204);
        settle(app).await;
        drop((all.posts(), own.posts()));

        let path = format!("{V1}/assignmentRequests/{request}");
        operator.delete(&path).await.assert_status(204);
        settle(app).await;

        assert_eq!(all.changes(), [("deleted".to_owned(), request)]);
        assert!(own.posts().is_empty());
    })
    .await;
}

#[tokio::test]
async fn who_may_read_nothing_of_the_kind_may_not_subscribe() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let receiver = Receiver::new().await;
    let body = || wanted(&app, &receiver, REQUESTS);
    let stranger = app.as_user_with("alice", &[Permission::UserRead]);
    subscribe(&stranger, body())
        .await
        .assert_error(403, "AccessDenied");
    subscribe(&app.as_nobody(), body())
        .await
        .assert_error(401, "InvalidAuthenticationToken");
    app.add_application("Mailer").await;
    let application = app.as_application("Mailer", &[Permission::UserReadAll]);
    subscribe(&application, body())
        .await
        .assert_error(403, "AccessDenied");

    let package = app.package(Plan::new("CRM").member_here("Sales")).await;
    let request = app.ask(&package, "bob").await;
    settle(&app).await;
    let foreign = wanted(&app, &receiver, &format!("{REQUESTS}/{request}"));
    subscribe(&app.as_user("alice"), foreign.clone())
        .await
        .assert_error(404, "ResourceNotFound");
    subscribe(&app.as_user("bob"), foreign)
        .await
        .assert_status(201);
    assert_eq!(receiver.asked(), 1);
}

#[tokio::test]
async fn who_does_not_get_in_any_more_is_told_to_authorize_again() {
    TestApp::on_both_with(open(), async |app| {
        let (receiver, lifecycle) = (Receiver::new().await, Receiver::new().await);
        let alice = app.as_user("alice");
        let body = watched(app, &receiver, &lifecycle, ASSIGNMENTS);
        let made = subscribe(&alice, body).await.assert_status(201).json();
        let package = app.package(Plan::new("CRM").member_here("Sales")).await;
        let operator = app.as_operator();
        let account = format!("/v1.0/users/{}", app.id_of("alice"));
        let enable = async |on: bool| {
            let body = json!({"accountEnabled": on});
            operator.patch(&account, body).await.assert_status(204);
        };
        enable(false).await;

        app.assign(&package, "alice").await;
        settle(app).await;
        assert!(receiver.posts().is_empty());
        let told = lifecycle.notifications();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["lifecycleEvent"], "reauthorizationRequired");
        assert_eq!(told[0]["subscriptionId"], made["id"]);
        assert_eq!(told[0]["clientState"], "a secret of two");

        enable(true).await;
        let path = format!(
            "/v1.0/subscriptions/{}/reauthorize",
            made["id"].as_str().unwrap()
        );
        alice.post_empty(&path).await.assert_status(204);
        let package = app.package(Plan::new("ERP").member_here("Staff")).await;
        app.assign(&package, "alice").await;
        settle(app).await;
        assert!(!receiver.posts().is_empty());
        assert!(lifecycle.posts().is_empty());
    })
    .await;
}

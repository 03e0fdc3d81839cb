//! What is there counts, whatever the last delivery came to, and no state is a dead end (RP-20, RP-24, OM-3, SD-1).

use domain::time::Duration;
use testkit::{ERP, Package, Plan, TestApp, V1};

/// A package with one role, which lives in a target.
async fn books(app: &TestApp) -> Package {
    app.package(Plan::new("Books").member_of("Books", ERP))
        .await
}

/// Somebody who has the package.
async fn holder(app: &TestApp, package: &Package, name: &str) -> String {
    let request = app.assign(package, name).await;
    app.deliver().await;
    app.assignment_of(&request).await
}

async fn reprocess(app: &TestApp, kind: &str, id: &str) -> testkit::Reply {
    let path = format!("{V1}/{kind}/{id}/reprocess");
    app.as_operator().post_empty(&path).await
}

/// The request that tracks the enforcement of the only assignment of the package.
async fn tracking(app: &TestApp, package: &Package) -> String {
    let requests = app.requests_of(package).await;
    let tracking = requests
        .iter()
        .rfind(|one| one["requestType"] == "systemUpdate");
    tracking.unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_there_is_held_although_nobody_could_look_again_sd_1_om_3() {
    TestApp::on_both(async |app| {
        let package = books(app).await;
        let other = app.package(Plan::new("Other").not_with(&package)).await;
        let assignment = holder(app, &package, "alice").await;
        app.target(ERP).goes_down();

        reprocess(app, "assignments", &assignment)
            .await
            .assert_status(202);
        app.wait_out_retries().await;

        assert_eq!(
            app.assignment_state(&assignment).await,
            "partiallyDelivered",
            "RP-24"
        );
        assert_eq!(
            app.state(&tracking(app, &package).await).await,
            "partiallyDelivered"
        );
        let twice = app.try_assign(&package, "alice").await;
        twice.assert_error(400, "ExistingAssignment");
        let against = app.try_assign(&other, "alice").await;
        against.assert_error(400, "IncompatibleAccess");
        app.recover(&[ERP]);
        let request = tracking(app, &package).await;
        reprocess(app, "assignmentRequests", &request)
            .await
            .assert_status(202);
        app.deliver().await;
        assert_eq!(app.assignment_state(&assignment).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn a_first_delivery_of_which_nothing_is_there_fails_and_is_not_held_rp_31() {
    TestApp::on_both(async |app| {
        let package = books(app).await;
        let other = app.package(Plan::new("Other").not_with(&package)).await;
        app.target(ERP).goes_down();
        let assignment = {
            let request = app.assign(&package, "alice").await;
            app.wait_out_retries().await;
            assert_eq!(app.state(&request).await, "deliveryFailed");
            app.assignment_of(&request).await
        };

        assert_eq!(app.assignment_state(&assignment).await, "deliveryFailed");
        app.try_assign(&other, "alice").await.assert_status(201);
        app.deliver().await;
    })
    .await;
}

#[tokio::test]
async fn canceling_a_failed_enforcement_leaves_what_is_known_to_be_there_rp_20() {
    TestApp::on_both(async |app| {
        let package = books(app).await;
        let assignment = holder(app, &package, "alice").await;
        app.target(ERP).goes_down();
        reprocess(app, "assignments", &assignment)
            .await
            .assert_status(202);
        app.wait_out_retries().await;
        let again = reprocess(app, "assignments", &assignment).await;
        again.assert_error(400, "InvalidAssignmentState");

        let request = tracking(app, &package).await;
        app.cancel(&request).await.assert_status(204);

        assert_eq!(app.assignment_state(&assignment).await, "delivered");
        app.recover(&[ERP]);
        reprocess(app, "assignments", &assignment)
            .await
            .assert_status(202);
        app.deliver().await;
        assert_eq!(app.assignment_state(&assignment).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn an_assignment_that_is_not_whole_can_be_reprocessed_once_no_request_of_it_can_rp_20() {
    TestApp::on_both(async |app| {
        let package = books(app).await;
        let assignment = holder(app, &package, "alice").await;
        let role = &package.roles[0];
        app.loses(role, "alice").await;
        app.target(ERP).refuses(app.id_of("alice"));
        reprocess(app, "assignments", &assignment)
            .await
            .assert_status(202);
        app.wait_out_retries().await;
        let failed = app.assignment_state(&assignment).await;
        let request = tracking(app, &package).await;
        app.cancel(&request).await.assert_status(204);
        assert_eq!(app.assignment_state(&assignment).await, failed);
        app.target(ERP).refuses_nobody();

        reprocess(app, "assignments", &assignment)
            .await
            .assert_status(202);
        app.deliver().await;

        assert!(app.has(role, "alice").await);
        assert_eq!(app.assignment_state(&assignment).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn an_assignment_whose_failed_request_is_too_old_can_be_reprocessed_itself_rp_20() {
    TestApp::on_both(async |app| {
        let package = books(app).await;
        app.target(ERP).refuses(app.id_of("alice"));
        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        let assignment = app.assignment_of(&request).await;
        app.target(ERP).refuses_nobody();
        let early = reprocess(app, "assignments", &assignment).await;
        early.assert_error(400, "InvalidAssignmentState");
        app.advance(Duration::from_minutes(15 * 24 * 60));

        let late = reprocess(app, "assignmentRequests", &request).await;
        late.assert_error(400, "ReprocessWindowExpired");
        reprocess(app, "assignments", &assignment)
            .await
            .assert_status(202);
        app.deliver().await;

        assert_eq!(app.assignment_state(&assignment).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn what_does_not_go_together_is_looked_at_when_a_failed_assignment_is_enforced_sd_1() {
    TestApp::on_both(async |app| {
        let other = app.package(Plan::new("Other")).await;
        let plan = Plan::new("Books").member_of("Books", ERP);
        let package = app.package(plan.not_with(&other)).await;
        app.target(ERP).refuses(app.id_of("alice"));
        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        let assignment = app.assignment_of(&request).await;
        app.assign(&other, "alice").await;
        app.deliver().await;
        app.advance(Duration::from_minutes(15 * 24 * 60));

        let reply = reprocess(app, "assignments", &assignment).await;

        reply.assert_error(400, "IncompatibleAccess");
    })
    .await;
}

/// A failed assignment of alice's, its request, and a newer one that is delivered.
async fn failed_and_newer(app: &TestApp, package: &Package) -> (String, String, String) {
    app.target(ERP).refuses(app.id_of("alice"));
    let request = app.assign(package, "alice").await;
    app.deliver().await;
    let failed = app.assignment_of(&request).await;
    app.target(ERP).refuses_nobody();
    let newer = app.assign(package, "alice").await;
    app.deliver().await;
    let newer = app.assignment_of(&newer).await;
    assert_eq!(app.assignment_state(&failed).await, "deliveryFailed");
    assert_eq!(app.assignment_state(&newer).await, "delivered");
    (request, failed, newer)
}

#[tokio::test]
async fn a_failed_assignment_beside_a_newer_one_ends_with_its_request_om_3() {
    TestApp::on_both(async |app| {
        let package = books(app).await;
        let (request, failed, newer) = failed_and_newer(app, &package).await;
        let again = reprocess(app, "assignmentRequests", &request).await;
        again.assert_error(400, "ExistingAssignment");

        app.cancel(&request).await.assert_status(204);
        assert_eq!(
            app.assignment_state(&failed).await,
            "deliveryFailed",
            "there is never more than one live"
        );
        app.deliver().await;

        assert_eq!(app.assignment_state(&failed).await, "expired");
        assert_eq!(app.assignment_state(&newer).await, "delivered");
        assert!(app.has(&package.roles[0], "alice").await, "LG-1");
    })
    .await;
}

#[tokio::test]
async fn a_failed_assignment_beside_a_newer_one_can_be_removed_om_3() {
    TestApp::on_both(async |app| {
        let package = books(app).await;
        let (_, failed, newer) = failed_and_newer(app, &package).await;
        let itself = reprocess(app, "assignments", &failed).await;
        itself.assert_error(400, "InvalidAssignmentState");

        let removal = app.remove(&failed).await;
        app.deliver().await;

        assert_eq!(app.state(&removal).await, "delivered");
        assert_eq!(app.assignment_state(&failed).await, "expired");
        assert_eq!(app.assignment_state(&newer).await, "delivered");
        assert!(app.has(&package.roles[0], "alice").await, "LG-1");
    })
    .await;
}

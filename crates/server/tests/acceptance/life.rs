//! The life of requests and assignments around reprocess: role changes, ends, separation of duties, duplicates, cancel
//! and delete (A5, A8, SD-1, SD-2, RQ-8, RQ-20, RQ-24).

use domain::directory::GroupRole;
use domain::time::Duration;
use serde_json::Value;
use testkit::{CRM, ERP, Package, Plan, TestApp, V1};

/// The newest request about the package.
async fn newest(app: &TestApp, package: &Package) -> Value {
    app.requests_of(package).await.pop().unwrap()
}

async fn delete(app: &TestApp, request: &str) -> testkit::Reply {
    let path = format!("{V1}/assignmentRequests/{request}");
    app.as_operator().delete(&path).await
}

#[tokio::test]
async fn as_4_a_role_that_a_package_gains_or_loses_reaches_its_holders() {
    TestApp::on_both(async |app| {
        let case = app.assignment_in("delivered").await;

        let gained = app
            .add_role(&case.package, "Gained", GroupRole::Member, Some(CRM))
            .await;
        app.deliver().await;
        assert!(app.has(&gained, &case.who).await);
        app.drop_role(&case.package, &gained).await;
        app.deliver().await;

        assert!(!app.has(&gained, &case.who).await);
        assert_eq!(app.assignment_state(&case.assignment).await, "delivered");
        assert_eq!(
            app.requests_of(&case.package).await.len(),
            1,
            "no request is made"
        );
    })
    .await;
}

#[tokio::test]
async fn a5_a_role_change_that_fails_makes_the_assignment_partial_and_leaves_a_request() {
    TestApp::on_both(async |app| {
        let case = app.assignment_in("delivered").await;
        app.target(CRM).goes_down();
        let gained = app
            .add_role(&case.package, "Gained", GroupRole::Member, Some(CRM))
            .await;
        app.deliver().await;
        assert_eq!(
            app.assignment_state(&case.assignment).await,
            "delivered",
            "A5: unchanged"
        );

        app.wait_out_retries().await;

        assert_eq!(
            app.assignment_state(&case.assignment).await,
            "partiallyDelivered"
        );
        let tracking = newest(app, &case.package).await;
        assert_eq!(tracking["requestType"], "systemUpdate");
        assert_eq!(tracking["state"], "partiallyDelivered");
        app.recover(&[CRM]);
        let id = tracking["id"].as_str().unwrap();
        let path = format!("{V1}/assignmentRequests/{id}/reprocess");
        app.as_operator().post_empty(&path).await.assert_status(202);
        app.deliver().await;
        assert!(app.has(&gained, &case.who).await);
        assert_eq!(app.assignment_state(&case.assignment).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn a8_an_assignment_ends_with_its_time() {
    TestApp::on_both(async |app| {
        let package = app
            .package(
                Plan::new("Short")
                    .member_of("Visitors", ERP)
                    .lasting("P30D"),
            )
            .await;
        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        let assignment = app.assignment_of(&request).await;
        app.advance(Duration::from_secs(30 * 86_400 - 60));
        app.deliver().await;
        assert_eq!(app.assignment_state(&assignment).await, "delivered");

        app.advance(Duration::from_secs(60));
        app.deliver().await;

        let ended = app.assignment(&assignment).await;
        assert_eq!(ended["state"], "expired");
        assert_ne!(ended["expiredDateTime"], Value::Null, "OM-4");
        assert!(!app.has(package.role(), "alice").await);
        let removal = newest(app, &package).await;
        assert_eq!(removal["requestType"], "systemRemove", "RQ-2");
        assert_eq!(removal["state"], "delivered");
        let again = app.assign(&package, "alice").await;
        app.deliver().await;
        assert_eq!(app.state(&again).await, "delivered", "AS-8");
    })
    .await;
}

#[tokio::test]
async fn a8_an_end_that_cannot_be_carried_out_is_a_failed_removal_that_can_be_reprocessed() {
    TestApp::on_both(async |app| {
        let package = app
            .package(
                Plan::new("Short")
                    .member_of("Visitors", ERP)
                    .lasting("P30D"),
            )
            .await;
        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        let assignment = app.assignment_of(&request).await;
        app.target(ERP).goes_down();
        app.advance(Duration::from_days(30));
        app.wait_out_retries().await;
        assert_eq!(
            app.assignment_state(&assignment).await,
            "delivering",
            "AS-2"
        );
        let removal = newest(app, &package).await;
        assert_eq!(removal["state"], "deliveryFailed");

        app.recover(&[ERP]);
        let path = format!(
            "{V1}/assignmentRequests/{}/reprocess",
            removal["id"].as_str().unwrap()
        );
        app.as_operator().post_empty(&path).await.assert_status(202);
        app.deliver().await;

        assert_eq!(app.assignment_state(&assignment).await, "expired");
        assert!(!app.has(package.role(), "alice").await);
    })
    .await;
}

#[tokio::test]
async fn rp_43_the_end_wins_over_a_reprocess_under_way() {
    TestApp::on_both(async |app| {
        let package = app
            .package(
                Plan::new("Short")
                    .member_of("Visitors", ERP)
                    .lasting("P30D"),
            )
            .await;
        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        let assignment = app.assignment_of(&request).await;
        app.advance(Duration::from_secs(30 * 86_400 - 600));
        app.loses(package.role(), "alice").await;
        app.target(ERP).goes_down();
        let path = format!("{V1}/assignments/{assignment}/reprocess");
        app.as_operator().post_empty(&path).await.assert_status(202);
        app.deliver().await;

        app.advance(Duration::from_secs(600));
        app.deliver().await;
        app.recover(&[ERP]);
        app.wait_out_retries().await;

        assert_eq!(app.assignment_state(&assignment).await, "expired");
        assert!(!app.has(package.role(), "alice").await);
    })
    .await;
}

#[tokio::test]
async fn t11_a_scheduled_request_starts_on_its_day() {
    TestApp::on_both(async |app| {
        let case = app.request_in("scheduled").await;
        assert!(case.assignment.is_empty(), "RQ-16");

        app.advance(Duration::from_days(30));
        app.deliver().await;

        assert_eq!(app.state(&case.request).await, "delivered");
        assert_eq!(
            app.assignment_state(&app.assignment_of(&case.request).await)
                .await,
            "delivered"
        );
    })
    .await;
}

#[tokio::test]
async fn sd_1_holders_of_an_incompatible_package_can_neither_ask_nor_be_assigned() {
    TestApp::on_both(async |app| {
        let held = app
            .package(Plan::new("Held").member_of("Buyers", ERP))
            .await;
        let wanted = app
            .package(Plan::new("Wanted").member_of("Payers", ERP).not_with(&held))
            .await;
        let request = app.assign(&held, "alice").await;
        app.deliver().await;

        app.try_ask(&wanted, "alice")
            .await
            .assert_error(400, "IncompatibleAccess");
        app.try_assign(&wanted, "alice")
            .await
            .assert_error(400, "IncompatibleAccess");

        assert!(
            app.requests_of(&wanted).await.is_empty(),
            "RQ-6: nothing is kept"
        );
        app.remove(&app.assignment_of(&request).await).await;
        app.deliver().await;
        app.try_ask(&wanted, "alice").await.assert_status(201);
        app.deliver().await;
    })
    .await;
}

#[tokio::test]
async fn sd_2_it_holds_in_one_direction() {
    TestApp::on_both(async |app| {
        let other = app
            .package(Plan::new("Other").member_of("Buyers", ERP))
            .await;
        let lists = app
            .package(Plan::new("Lists").member_of("Payers", ERP).not_with(&other))
            .await;
        app.assign(&lists, "alice").await;
        app.deliver().await;

        let request = app.ask(&other, "alice").await;
        app.deliver().await;

        assert_eq!(app.state(&request).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn sd_4_rq_15_it_is_checked_again_before_delivery() {
    TestApp::on_both(async |app| {
        let held = app
            .package(Plan::new("Held").member_of("Buyers", ERP))
            .await;
        let plan = Plan::new("Wanted").member_of("Payers", ERP).not_with(&held);
        let wanted = app.package(plan.approval_by(&["bob"])).await;
        let request = app.ask(&wanted, "alice").await;
        app.assign(&held, "alice").await;
        app.deliver().await;

        app.decide(&request, "bob", "Approve")
            .await
            .assert_status(204);
        app.deliver().await;

        assert_eq!(app.state(&request).await, "deliveryFailed", "not denied");
        assert!(!app.has(wanted.role(), "alice").await);
        let path = format!("{V1}/assignmentRequests/{request}/reprocess");
        let retry = app.as_operator().post_empty(&path).await;
        if retry.status == 202 {
            app.deliver().await;
            assert_eq!(app.state(&request).await, "deliveryFailed", "RP-7");
        }
        assert!(!app.has(wanted.role(), "alice").await);
    })
    .await;
}

#[tokio::test]
async fn rq_8_a_second_request_for_the_same_is_refused() {
    TestApp::on_both(async |app| {
        let pending = app.request_in("pendingApproval").await;
        app.try_ask(&pending.package, "alice")
            .await
            .assert_error(400, "ExistingOpenRequest");
        app.try_assign(&pending.package, "alice")
            .await
            .assert_error(400, "ExistingOpenRequest");

        let delivered = app.assignment_in("delivered").await;
        app.try_ask(&delivered.package, "alice")
            .await
            .assert_error(400, "ExistingAssignment");
        app.try_assign(&delivered.package, "alice")
            .await
            .assert_error(400, "ExistingAssignment");

        app.target(ERP).goes_down();
        app.remove(&delivered.assignment).await;
        app.deliver().await;
        app.try_remove(&delivered.assignment)
            .await
            .assert_error(400, "ExistingOpenRequest");
        app.try_assign(&delivered.package, "alice")
            .await
            .assert_error(400, "ExistingAssignment");
        app.recover(&[ERP]);
        app.wait_out_retries().await;
        app.try_remove(&delivered.assignment)
            .await
            .assert_error(400, "InvalidAssignmentState");

        let partial = app.assignment_in("partiallyDelivered").await;
        app.try_assign(&partial.package, "alice")
            .await
            .assert_error(400, "ExistingAssignment");
        let failed = app.assignment_in("deliveryFailed").await;
        app.try_assign(&failed.package, "alice")
            .await
            .assert_status(201);
        app.deliver().await;
    })
    .await;
}

#[tokio::test]
async fn rq_20_requests_that_are_not_over_well_can_be_canceled() {
    TestApp::on_both(async |app| {
        for state in [
            "pendingApproval",
            "scheduled",
            "deliveryFailed",
            "partiallyDelivered",
        ] {
            let case = app.request_in(state).await;

            app.cancel(&case.request)
                .await
                .assert_status(204)
                .assert_empty();

            assert_eq!(app.state(&case.request).await, "canceled", "{state}");
            app.deliver().await;
            for role in &case.package.roles {
                assert!(
                    !app.has(role, &case.who).await,
                    "{state}: what was granted goes"
                );
            }
            if !case.assignment.is_empty() {
                assert_eq!(
                    app.assignment_state(&case.assignment).await,
                    "expired",
                    "{state}"
                );
            }
            let again = app.assign_with(
                &case.package,
                "alice",
                serde_json::json!({
                    "parameters": {"bypassApproval": true}
                }),
            );
            again.await.assert_status(201);
            app.deliver().await;
        }
    })
    .await;
}

#[tokio::test]
async fn rq_20_canceling_leaves_what_another_assignment_needs() {
    TestApp::on_both(async |app| {
        let keeper = app
            .package(Plan::new("Keeper").member_of("Shared", ERP))
            .await;
        app.assign(&keeper, "alice").await;
        app.deliver().await;
        let both = Plan::new("Both")
            .member_of("Shared", ERP)
            .member_of("Broken", CRM);
        let both = app.package(both).await;
        app.target(CRM).goes_down();
        let request = app.assign(&both, "alice").await;
        app.wait_out_retries().await;
        app.recover(&[CRM]);
        assert_eq!(app.state(&request).await, "partiallyDelivered");

        app.cancel(&request).await.assert_status(204);
        app.deliver().await;

        assert!(app.has(keeper.role(), "alice").await);
    })
    .await;
}

#[tokio::test]
async fn rq_20_requests_in_other_states_cannot_be_canceled() {
    TestApp::on_both(async |app| {
        for state in ["delivering", "delivered", "denied", "canceled"] {
            let case = app.request_in(state).await;

            app.cancel(&case.request)
                .await
                .assert_error(400, "InvalidRequestState");

            assert_eq!(app.state(&case.request).await, state);
            app.wait_out_retries().await;
        }
    })
    .await;
}

#[tokio::test]
async fn rq_22_a_requestor_cancels_their_own_request_and_no_other() {
    TestApp::on_both(async |app| {
        let case = app.request_in("pendingApproval").await;
        let path = format!("{V1}/assignmentRequests/{}/cancel", case.request);

        let stranger = app.as_user("mallory").post_empty(&path).await;
        assert!([403, 404].contains(&stranger.status.as_u16()), "{stranger}");
        assert_eq!(app.state(&case.request).await, "pendingApproval");

        app.as_user("alice")
            .post_empty(&path)
            .await
            .assert_status(204);
        assert_eq!(app.state(&case.request).await, "canceled");
    })
    .await;
}

#[tokio::test]
async fn rq_24_requests_that_are_over_and_left_nothing_are_deleted() {
    TestApp::on_both(async |app| {
        for state in ["denied", "canceled"] {
            let case = app.request_in(state).await;
            delete(app, &case.request)
                .await
                .assert_status(204)
                .assert_empty();
            let path = format!("{V1}/assignmentRequests/{}", case.request);
            app.as_operator()
                .get(&path)
                .await
                .assert_error(404, "ResourceNotFound");
        }
        let ended = app.assignment_in("expired").await;
        for request in app.requests_of(&ended.package).await {
            delete(app, request["id"].as_str().unwrap())
                .await
                .assert_status(204);
        }
        assert!(app.requests_of(&ended.package).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn rq_24_requests_under_way_or_with_an_assignment_are_not_deleted() {
    TestApp::on_both(async |app| {
        for state in ["pendingApproval", "scheduled", "delivering"] {
            let case = app.request_in(state).await;
            delete(app, &case.request)
                .await
                .assert_error(400, "InvalidRequestState");
            app.wait_out_retries().await;
        }
        for state in ["delivered", "partiallyDelivered", "deliveryFailed"] {
            let case = app.request_in(state).await;
            delete(app, &case.request)
                .await
                .assert_error(400, "RequestHasAssignment");
            assert_eq!(app.state(&case.request).await, state);
        }
    })
    .await;
}

#[tokio::test]
async fn rp_31_a_package_without_roles_is_delivered_at_once() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Empty")).await;

        let request = app.assign(&package, "alice").await;
        app.deliver().await;

        assert_eq!(app.state(&request).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn rp_42_a_crash_between_the_grant_and_its_record_is_repaired() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Crash").member_of("Readers", ERP))
            .await;
        let request = app.assign(&package, "alice").await;
        app.target(ERP).sticks_after(0);
        let engine = app.engine();
        tokio::select! {
            _ = engine.settle() => panic!("the grant is stuck"),
            () = app.target(ERP).stuck() => {}
        }
        app.target(ERP).sticks_no_more();
        app.crash();
        app.deliver().await;
        assert_eq!(
            app.state(&request).await,
            "delivering",
            "the lease still holds"
        );

        app.advance(Duration::from_minutes(5));
        app.deliver().await;

        assert_eq!(app.state(&request).await, "delivered");
        let subject = app.id_of("alice");
        assert_eq!(
            app.target(ERP).changes(&package.role().origin_id, subject),
            1
        );
    })
    .await;
}

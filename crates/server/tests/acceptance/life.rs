//! The life of assignments around reprocess: role changes, ends, starts, separation of duties, crashes (AS-4, A5, A8, T11,
//! SD-1, SD-2, SD-4, RP-42, RP-43).

use domain::directory::GroupRole;
use domain::time::Duration;
use serde_json::Value;
use testkit::{CRM, ERP, Package, Plan, TestApp, V1};

/// The newest request about the package.
async fn newest(app: &TestApp, package: &Package) -> Value {
    app.requests_of(package).await.pop().unwrap()
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
async fn as_2_what_could_not_be_revoked_from_a_package_goes_with_the_assignment() {
    TestApp::on_both(async |app| {
        let case = app.assignment_in("delivered").await;
        let [gone, _] = case.package.roles.as_slice() else {
            panic!("two roles")
        };
        app.target(ERP).goes_down();
        app.drop_role(&case.package, gone).await;
        app.wait_out_retries().await;
        assert!(
            app.has(gone, &case.who).await,
            "the revocation was given up"
        );
        app.recover(&[ERP]);

        app.remove(&case.assignment).await;
        app.deliver().await;

        assert!(!app.has(gone, &case.who).await, "no access is left behind");
        assert_eq!(app.assignment_state(&case.assignment).await, "expired");
    })
    .await;
}

#[tokio::test]
async fn as_2_an_assignment_is_not_over_while_a_role_of_its_package_is_still_to_be_revoked() {
    TestApp::on_both(async |app| {
        let case = app.assignment_in("delivered").await;
        let [gone, _] = case.package.roles.as_slice() else {
            panic!("two roles")
        };
        app.target(ERP).goes_down();
        app.drop_role(&case.package, gone).await;
        app.deliver().await;

        let removal = app.remove(&case.assignment).await;
        app.wait_out_retries().await;

        assert_eq!(app.state(&removal).await, "partiallyDelivered");
        assert_eq!(app.assignment_state(&case.assignment).await, "delivering");
        app.recover(&[ERP]);
        let retry = format!("{V1}/assignmentRequests/{removal}/reprocess");
        app.as_operator()
            .post_empty(&retry)
            .await
            .assert_status(202);
        app.deliver().await;
        assert!(!app.has(gone, &case.who).await);
        assert_eq!(app.assignment_state(&case.assignment).await, "expired");
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

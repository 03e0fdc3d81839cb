//! Requests that are in the way of each other, taken back or deleted (RQ-8, RQ-20, RQ-22, RQ-24).

use serde_json::json;
use testkit::{CRM, ERP, Plan, Reply, TestApp, V1};

use crate::paths;

async fn delete(app: &TestApp, request: &str) -> Reply {
    let path = format!("{V1}/assignmentRequests/{request}");
    app.as_operator().delete(&path).await
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
                json!({
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
async fn rp_9_a_removal_is_not_retried_once_another_one_did_its_work() {
    TestApp::on_both(async |app| {
        let case = app.failed_removals(1).await.remove(0);
        app.target(ERP).goes_down();
        let second = app.remove(&case.assignment).await;
        app.deliver().await;
        for path in paths::to_requests() {
            let reply = app.as_operator().post_empty(&path.to(&case)).await;
            reply.assert_error(400, "ExistingOpenRequest");
        }
        app.recover(&[ERP]);
        app.wait_out_retries().await;
        assert_eq!(app.state(&second).await, "delivered");

        for path in paths::to_requests() {
            let reply = app.as_operator().post_empty(&path.to(&case)).await;
            reply.assert_error(400, "InvalidAssignmentState");
        }

        assert_eq!(app.state(&case.request).await, "deliveryFailed");
        assert_eq!(app.assignment_state(&case.assignment).await, "expired");
    })
    .await;
}

#[tokio::test]
async fn rq_20_a_failed_request_is_not_canceled_into_a_removal_under_way() {
    TestApp::on_both(async |app| {
        let added = app.request_in("partiallyDelivered").await;
        app.target(ERP).goes_down();
        let removal = app.remove(&added.assignment).await;
        app.deliver().await;

        app.cancel(&added.request)
            .await
            .assert_error(400, "ExistingOpenRequest");
        app.recover(&[ERP]);
        app.wait_out_retries().await;

        assert_eq!(app.state(&removal).await, "delivered");
        assert_eq!(app.assignment_state(&added.assignment).await, "expired");
        app.cancel(&added.request).await.assert_status(204);
        app.deliver().await;
        let requests = app.requests_of(&added.package).await;
        assert_eq!(requests.len(), 2, "nothing is left to undo: {requests:?}");
    })
    .await;
}

#[tokio::test]
async fn rq_20_a_failed_request_is_canceled_without_touching_the_assignment_that_came_after_it() {
    TestApp::on_both(async |app| {
        let failed = app.request_in("deliveryFailed").await;
        let second = app.assign(&failed.package, &failed.who).await;
        app.deliver().await;
        let live = app.assignment_of(&second).await;

        app.cancel(&failed.request).await.assert_status(204);
        app.deliver().await;

        assert_eq!(app.state(&failed.request).await, "canceled");
        assert_eq!(app.assignment_state(&live).await, "delivered");
        for role in &failed.package.roles {
            assert!(app.has(role, &failed.who).await, "{role:?}");
        }
    })
    .await;
}

/// Two removals fail, the second is canceled, and the assignment is enforced again, in part: what is left of the first
/// one must neither be in the way of the assignment nor of the engine.
#[tokio::test]
async fn rp_9_a_removal_that_was_overtaken_can_still_be_canceled_or_retried() {
    for ends_in in ["cancel", "reprocess"] {
        TestApp::on_both(async |app| {
            let first = app.failed_removals(1).await.remove(0);
            app.target(ERP).goes_down();
            let second = app.remove(&first.assignment).await;
            app.wait_out_retries().await;
            app.cancel(&second).await.assert_status(204);
            app.wait_out_retries().await;
            assert_eq!(
                app.assignment_state(&first.assignment).await,
                "partiallyDelivered"
            );
            app.recover(&[ERP]);

            let path = format!("{V1}/assignmentRequests/{}/{ends_in}", first.request);
            let reply = app.as_operator().post_empty(&path).await;
            app.deliver().await;

            let state = app.assignment_state(&first.assignment).await;
            if ends_in == "cancel" {
                reply.assert_status(204);
                assert_eq!(state, "partiallyDelivered", "nothing is left to undo");
            } else {
                reply.assert_status(202);
                assert_eq!(state, "expired");
                assert!(app.held().is_empty(), "{:?}", app.held());
            }
        })
        .await;
    }
}

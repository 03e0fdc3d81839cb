//! Reprocess of requests, once more: within the window, under the same id, or when the world has moved on (RP-11, RP-12,
//! RP-41, RP-50).

use domain::time::Duration;
use serde_json::Value;
use testkit::{CRM, Case, ERP, Plan, Reply, TestApp, V1};

use crate::paths::{self, Path};

async fn reprocess(app: &TestApp, path: &Path, case: &Case) -> Reply {
    app.as_operator().post_empty(&path.to(case)).await
}

#[tokio::test]
async fn rp_12_a_request_may_be_reprocessed_again_and_again_within_the_window() {
    TestApp::on_both(async |app| {
        let case = app.request_in("partiallyDelivered").await;
        let path = format!("{V1}/assignmentRequests/{}/reprocess", case.request);

        for _ in 0..3 {
            app.target(CRM).goes_down();
            app.as_operator().post_empty(&path).await.assert_status(202);
            app.wait_out_retries().await;
            assert_eq!(app.state(&case.request).await, "partiallyDelivered");
        }
        app.recover(&[CRM]);
        app.as_operator().post_empty(&path).await.assert_status(202);
        app.deliver().await;

        assert_eq!(app.state(&case.request).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn rp_11_a_request_whose_end_has_passed_is_not_retried() {
    TestApp::on_both(async |app| {
        app.target(ERP).goes_down();
        let package = app
            .package(Plan::new("Short").member_of("Visitors", ERP).lasting("P2D"))
            .await;
        let request = app.assign(&package, "alice").await;
        app.wait_out_retries().await;
        assert_eq!(app.state(&request).await, "deliveryFailed");
        app.advance(Duration::from_days(3));

        let path = format!("{V1}/assignmentRequests/{request}/reprocess");
        let reply = app.as_operator().post_empty(&path).await;

        reply.assert_error(400, "InvalidSchedule");
        app.recover(&[ERP]);
    })
    .await;
}

#[tokio::test]
async fn rp_11_a_request_is_not_retried_once_its_target_got_the_package_otherwise() {
    TestApp::on_both(async |app| {
        let case = app.request_in("deliveryFailed").await;
        app.assign(&case.package, &case.who).await;
        app.deliver().await;

        for path in paths::to_requests() {
            let reply = reprocess(app, &path, &case).await;
            reply.assert_error(400, "ExistingAssignment");
        }
    })
    .await;
}

#[tokio::test]
async fn rp_41_the_same_call_sent_again_gets_the_first_answer_and_starts_nothing() {
    TestApp::on_both(async |app| {
        let paths = paths::to_requests();
        let failed = app.requests_in("deliveryFailed", paths.len()).await;
        for (path, case) in paths.into_iter().zip(failed) {
            let operator = app
                .as_operator()
                .with_header("client-request-id", path.name);
            let url = path.to(&case);
            operator.post_empty(&url).await.assert_status(202);
            let version = app.request(&case.request).await;

            operator
                .post_empty(&url)
                .await
                .assert_status(202)
                .assert_empty();

            assert_eq!(app.request(&case.request).await, version, "{}", path.name);
            let other = app
                .as_operator()
                .with_header("client-request-id", "another");
            other
                .post_empty(&url)
                .await
                .assert_error(400, "InvalidRequestState");
            let somebody = app
                .as_user("admin")
                .with_header("client-request-id", path.name);
            somebody
                .post_empty(&url)
                .await
                .assert_error(400, "InvalidRequestState");
        }
        app.deliver().await;
    })
    .await;
}

#[tokio::test]
async fn rp_41_after_ten_minutes_the_same_id_is_a_new_call() {
    TestApp::on_both(async |app| {
        let case = app.request_in("deliveryFailed").await;
        let operator = app.as_operator().with_header("client-request-id", "mine");
        let url = format!("{V1}/assignmentRequests/{}/reprocess", case.request);
        operator.post_empty(&url).await.assert_status(202);
        app.deliver().await;

        app.advance(Duration::from_secs(9 * 60 + 59));
        operator.post_empty(&url).await.assert_status(202);
        app.advance(Duration::from_secs(2));

        operator
            .post_empty(&url)
            .await
            .assert_error(400, "InvalidRequestState");
    })
    .await;
}

#[tokio::test]
async fn rp_50_an_accepted_call_is_audited() {
    TestApp::on_both(async |app| {
        let case = app.request_in("deliveryFailed").await;
        let url = format!("{V1}/assignmentRequests/{}/reprocess", case.request);

        app.as_operator().post_empty(&url).await.assert_status(202);

        let audits = "/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq \
                      'Update access package assignment request'";
        let events = app
            .as_operator()
            .get(audits)
            .await
            .assert_status(200)
            .rows();
        let text = Value::Array(events).to_string();
        assert!(text.contains(&case.request), "{text}");
        assert!(text.contains("reprocess"), "{text}");
    })
    .await;
}

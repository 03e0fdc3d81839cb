//! Reprocess of requests: a delivery that ended badly is retried (TR1 to TR5, TR12 to TR15, RP-8, RP-10).

use domain::time::{Duration, Timestamp};
use serde_json::Value;
use testkit::{CRM, Case, ERP, Reply, TestApp, V1};

use crate::paths::{self, Path};

/// One case for each path.
async fn cases(app: &TestApp, state: &str) -> Vec<(Path, Case)> {
    let paths = paths::to_requests();
    let cases = app.requests_in(state, paths.len()).await;
    paths.into_iter().zip(cases).collect()
}

async fn reprocess(app: &TestApp, path: &Path, case: &Case) -> Reply {
    app.as_operator().post_empty(&path.to(case)).await
}

fn instant(json: &Value, member: &str) -> Timestamp {
    let text = json[member].as_str().unwrap();
    Timestamp::parse(text).unwrap()
}

/// Moves the clock to `to`, which is not before now.
fn go_to(app: &TestApp, to: Timestamp) {
    app.advance(Duration::from_micros(to.micros() - app.now().micros()));
    assert_eq!(app.now(), to);
}

#[tokio::test]
async fn tr1_a_failed_request_is_delivered_once_its_cause_is_fixed() {
    TestApp::on_both(async |app| {
        let cases = cases(app, "deliveryFailed").await;
        app.advance(Duration::from_days(1));

        for (path, case) in &cases {
            let reply = reprocess(app, path, case).await;

            reply.assert_status(202).assert_empty();
            let seen = app.request(&case.request).await;
            assert_eq!(seen["state"], "delivering", "{}", path.name);
            assert_eq!(
                seen["completedDateTime"],
                Value::Null,
                "{}: RP-10",
                path.name
            );
            assert_eq!(
                app.assignment_state(&case.assignment).await,
                "delivering",
                "A3"
            );
        }
        app.deliver().await;

        for (path, case) in &cases {
            assert_eq!(app.state(&case.request).await, "delivered", "{}", path.name);
            assert_eq!(app.assignment_state(&case.assignment).await, "delivered");
            for role in &case.package.roles {
                assert!(app.has(role, &case.who).await, "{}: {role:?}", path.name);
            }
        }
        let requests = app.requests_of(&cases[0].1.package).await;
        assert_eq!(requests.len(), cases.len(), "RP-6: no new request is made");
    })
    .await;
}

#[tokio::test]
async fn tr2_a_partial_request_does_not_grant_twice_and_ends_partial_again() {
    TestApp::on_both(async |app| {
        let cases = cases(app, "partiallyDelivered").await;
        app.target(CRM).goes_down();

        for (path, case) in &cases {
            reprocess(app, path, case).await.assert_status(202);
        }
        app.deliver().await;

        for (_, case) in &cases {
            assert_eq!(app.state(&case.request).await, "delivering", "RP-32");
        }
        app.wait_out_retries().await;
        for (path, case) in &cases {
            let state = app.state(&case.request).await;
            assert_eq!(state, "partiallyDelivered", "{}", path.name);
            assert_eq!(
                app.assignment_state(&case.assignment).await,
                "partiallyDelivered"
            );
            let good = &case.package.roles[0];
            let subject = app.id_of(&case.who);
            assert_eq!(app.target(ERP).changes(&good.origin_id, subject), 1, "RP-8");
        }
    })
    .await;
}

#[tokio::test]
async fn rp_8_a_retry_repairs_what_was_lost_in_the_meantime() {
    TestApp::on_both(async |app| {
        let case = app.request_in("partiallyDelivered").await;
        let [good, bad] = case.package.roles.as_slice() else {
            panic!("two roles")
        };
        app.loses(good, &case.who).await;

        let path = format!("{V1}/assignmentRequests/{}/reprocess", case.request);
        app.as_operator().post_empty(&path).await.assert_status(202);
        app.deliver().await;

        assert!(
            app.has(good, &case.who).await,
            "read again and found missing"
        );
        assert!(app.has(bad, &case.who).await);
        assert_eq!(app.state(&case.request).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn tr3_requests_in_other_states_are_refused_and_stay_as_they_are() {
    const OTHERS: &[&str] = &[
        "delivered",
        "denied",
        "canceled",
        "pendingApproval",
        "scheduled",
        "delivering",
    ];
    TestApp::on_both(async |app| {
        for state in OTHERS {
            let case = app.request_in(state).await;
            let before = app.request(&case.request).await;

            for path in paths::to_requests() {
                if path.is_nested() && case.assignment.is_empty() {
                    continue;
                }
                let reply = reprocess(app, &path, &case).await;

                reply.assert_error(400, "InvalidRequestState");
            }

            assert_eq!(app.request(&case.request).await, before, "{state}");
            app.wait_out_retries().await;
        }
    })
    .await;
}

/// A request is routed in the transaction that stores it, so that none can be found as `submitted`, the one state that
/// TR3 names and the test above does not.
#[tokio::test]
async fn tr3_no_request_is_ever_found_as_submitted() {
    TestApp::on_both(async |app| {
        let package = app.two_role_package().await;

        let accepted = app.try_assign(&package, "alice").await.assert_status(201);

        assert_eq!(accepted.text("state"), "submitted", "RQ-5");
        assert_eq!(accepted.text("status"), "Accepted", "RQ-5");
        assert_eq!(app.state(&accepted.text("id")).await, "delivering");
    })
    .await;
}

#[tokio::test]
async fn tr4_the_window_is_closed_after_fourteen_days_from_completion() {
    TestApp::on_both(async |app| {
        let mut early = cases(app, "deliveryFailed").await;
        let late = early.split_off(early.len() / 2);
        let second = Duration::from_secs(1);
        let mut turns = Vec::new();
        for (in_time, paths) in [(true, early), (false, late)] {
            for (path, case) in paths {
                let completed = instant(&app.request(&case.request).await, "completedDateTime");
                let end = completed.plus(Duration::from_days(14));
                turns.push(if in_time {
                    (end.minus(second), in_time, path, case)
                } else {
                    (end.plus(second), in_time, path, case)
                });
            }
        }
        turns.sort_by_key(|(at, ..)| *at);

        for (at, in_time, path, case) in turns {
            go_to(app, at);
            let reply = reprocess(app, &path, &case).await;
            if in_time {
                reply.assert_status(202);
            } else {
                reply.assert_error(400, "ReprocessWindowExpired");
                assert_eq!(app.state(&case.request).await, "deliveryFailed");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn tr5_the_window_counts_from_the_first_completion() {
    TestApp::on_both(async |app| {
        let cases = cases(app, "deliveryFailed").await;
        let first = instant(&app.request(&cases[0].1.request).await, "completedDateTime");
        go_to(app, first.plus(Duration::from_days(13)));
        app.target(ERP).goes_down();
        app.target(CRM).goes_down();
        for (path, case) in &cases {
            reprocess(app, path, case).await.assert_status(202);
        }
        app.wait_out_retries().await;
        let again = app.request(&cases[0].1.request).await;
        assert!(instant(&again, "completedDateTime") > first);

        go_to(app, first.plus(Duration::from_days(15)));

        for (path, case) in &cases {
            assert_eq!(app.state(&case.request).await, "deliveryFailed");
            let reply = reprocess(app, path, case).await;
            reply.assert_error(400, "ReprocessWindowExpired");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tr12_of_twenty_parallel_calls_one_is_accepted() {
    TestApp::on_both(async |app| {
        for (path, case) in cases(app, "deliveryFailed").await {
            let operator = app.as_operator();
            let calls = (0..20).map(|_| {
                let (operator, url) = (operator.clone(), path.to(&case));
                tokio::spawn(async move { operator.post_empty(&url).await })
            });
            let calls: Vec<_> = calls.collect();

            let mut accepted = 0;
            for call in calls {
                let reply = call.await.unwrap();
                if reply.status == 202 {
                    accepted += 1;
                } else {
                    reply.assert_error(400, "InvalidRequestState");
                }
            }

            assert_eq!(accepted, 1, "{}", path.name);
        }
    })
    .await;
}

#[tokio::test]
async fn tr13_a_target_that_is_down_for_two_hours_needs_no_further_call() {
    TestApp::on_both(async |app| {
        let cases = cases(app, "deliveryFailed").await;
        app.target(ERP).goes_down();
        app.target(CRM).goes_down();
        for (path, case) in &cases {
            reprocess(app, path, case).await.assert_status(202);
        }

        // 0, 1, 5, 15, 30, 60, 120 and 240 minutes after it began (RP-33).
        for minutes in [0, 1, 4, 10, 15, 30, 59] {
            app.advance(Duration::from_minutes(minutes));
            app.deliver().await;
            for (path, case) in &cases {
                assert_eq!(app.state(&case.request).await, "delivering");
                let impatient = reprocess(app, path, case).await;
                impatient.assert_error(400, "InvalidRequestState");
            }
        }
        app.recover(&[ERP, CRM]);
        app.wait_out_retries().await;

        for (path, case) in &cases {
            assert_eq!(app.state(&case.request).await, "delivered", "{}", path.name);
            assert_eq!(app.assignment_state(&case.assignment).await, "delivered");
        }
    })
    .await;
}

#[tokio::test]
async fn tr14_a_failed_removal_is_retried_until_the_roles_are_gone() {
    TestApp::on_both(async |app| {
        let paths = paths::to_requests();
        let cases = app.failed_removals(paths.len()).await;

        for (path, case) in paths.iter().zip(&cases) {
            assert_eq!(
                app.assignment_state(&case.assignment).await,
                "delivering",
                "AS-2"
            );
            reprocess(app, path, case)
                .await
                .assert_status(202)
                .assert_empty();
        }
        app.deliver().await;

        for (path, case) in paths.iter().zip(&cases) {
            assert_eq!(app.state(&case.request).await, "delivered", "{}", path.name);
            assert_eq!(app.assignment_state(&case.assignment).await, "expired");
            for role in &case.package.roles {
                assert!(!app.has(role, &case.who).await, "{}: {role:?}", path.name);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn tr15_a_target_who_is_gone_cannot_be_reprocessed() {
    TestApp::on_both(async |app| {
        let cases = cases(app, "deliveryFailed").await;
        for (path, case) in &cases {
            let user = format!("/v1.0/users/{}", app.id_of(&case.who));
            app.as_operator().delete(&user).await.assert_status(204);

            let reply = reprocess(app, path, case).await;

            reply.assert_error(400, "TargetNotFound");
            assert_eq!(
                app.state(&case.request).await,
                "deliveryFailed",
                "{}",
                path.name
            );
        }
    })
    .await;
}

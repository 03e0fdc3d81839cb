//! Reprocess of assignments: what was delivered and has drifted is enforced again (TR9 to TR11, RP-20 to RP-26, RP-43).

use domain::directory::GroupRole;
use serde_json::Value;
use testkit::{BETA, CRM, Case, ERP, Plan, Reply, Start, TestApp, V1};

use crate::paths::{self, Path};

/// One case for each path.
async fn cases(app: &TestApp, state: &str) -> Vec<(Path, Case)> {
    let paths = paths::to_assignments();
    let cases = app.assignments_in(state, paths.len()).await;
    paths.into_iter().zip(cases).collect()
}

async fn reprocess(app: &TestApp, path: &Path, case: &Case) -> Reply {
    app.as_operator().post_empty(&path.to(case)).await
}

async fn reprocess_assignment(app: &TestApp, id: &str) -> Reply {
    let url = format!("{V1}/assignments/{id}/reprocess");
    app.as_operator().post_empty(&url).await
}

/// The requests about the case's assignment of this type.
async fn of_type(app: &TestApp, case: &Case, request_type: &str) -> Vec<Value> {
    let mut requests = app.requests_of(&case.package).await;
    requests.retain(|request| {
        request["requestType"] == request_type
            && request["assignment"]["id"] == case.assignment.as_str()
    });
    requests
}

// A4
#[tokio::test]
async fn tr9_a_membership_that_was_taken_away_comes_back() {
    TestApp::on_both(async |app| {
        let cases = cases(app, "delivered").await;
        let role = &cases[0].1.package.roles[0];
        for (path, case) in &cases {
            let before = app.assignment(&case.assignment).await;
            app.loses(role, &case.who).await;
            app.deliver().await;
            assert!(
                !app.has(role, &case.who).await,
                "RP-26: nothing notices by itself"
            );
            assert_eq!(app.assignment(&case.assignment).await, before, "RP-26");

            reprocess(app, path, case)
                .await
                .assert_status(202)
                .assert_empty();

            assert_eq!(
                app.assignment_state(&case.assignment).await,
                "delivering",
                "RP-23"
            );
            app.deliver().await;
            assert!(app.has(role, &case.who).await, "{}", path.name);
            let after = app.assignment(&case.assignment).await;
            for member in ["state", "schedule", "expiredDateTime"] {
                assert_eq!(
                    after[member], before[member],
                    "{}: RP-22 {member}",
                    path.name
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn tr9_holds_for_members_and_owners_of_the_built_in_directory_too() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Here").member_here("Readers")).await;
        let request = app.assign(&package, "alice").await;
        app.deliver().await;
        assert!(app.has(package.role(), "alice").await);
        app.loses(package.role(), "alice").await;

        let assignment = app.assignment_of(&request).await;
        reprocess_assignment(app, &assignment)
            .await
            .assert_status(202);
        app.deliver().await;

        let members = format!("/v1.0/groups/{}/members", package.role().group);
        let members = app
            .as_operator()
            .get(&members)
            .await
            .assert_status(200)
            .rows();
        assert_eq!(members.len(), 1);
        assert_eq!(members[0]["id"], app.id_of("alice").to_string());
    })
    .await;
}

#[tokio::test]
async fn tr10_assignments_in_other_states_are_refused_and_stay_as_they_are() {
    TestApp::on_both(async |app| {
        for state in [
            "delivering",
            "expired",
            "partiallyDelivered",
            "deliveryFailed",
        ] {
            let case = app.assignment_in(state).await;
            let before = app.assignment(&case.assignment).await;

            for path in paths::to_assignments() {
                let reply = reprocess(app, &path, &case).await;
                reply.assert_error(400, "InvalidAssignmentState");
            }

            assert_eq!(app.assignment(&case.assignment).await, before, "{state}");
            app.wait_out_retries().await;
        }
    })
    .await;
}

#[tokio::test]
async fn tr10_an_assignment_that_is_being_reprocessed_is_delivering() {
    TestApp::on_both(async |app| {
        for (path, case) in cases(app, "delivered").await {
            reprocess(app, &path, &case).await.assert_status(202);

            let again = reprocess(app, &path, &case).await;

            again.assert_error(400, "InvalidAssignmentState");
        }
        app.deliver().await;
    })
    .await;
}

#[tokio::test]
async fn tr11_a_role_that_the_package_lost_is_revoked_unless_another_assignment_grants_it() {
    TestApp::on_both(async |app| {
        let keeper = app
            .package(Plan::new("Keeper").member_of("Shared", ERP))
            .await;
        for (number, path) in paths::to_assignments().iter().enumerate() {
            let plan = Plan::new(&format!("Loser {number}"))
                .member_of("Shared", ERP)
                .member_of(&format!("Own {number}"), CRM)
                .member_of(&format!("Kept {number}"), CRM);
            let loser = app.package(plan).await;
            let who = ["alice", "bob", "carol", "dave", "erin", "frank"][number];
            let [shared, own, kept] = loser.roles.as_slice() else {
                panic!("three roles")
            };
            app.assign(&keeper, who).await;
            let request = app.assign(&loser, who).await;
            app.deliver().await;
            let assignment = app.assignment_of(&request).await;
            app.drop_role(&loser, shared).await;
            app.drop_role(&loser, own).await;

            let url = path.with(&request, &assignment);
            app.as_operator().post_empty(&url).await.assert_status(202);
            app.deliver().await;

            assert!(app.has(shared, who).await, "{}: LG-1", path.name);
            assert!(!app.has(own, who).await, "{}", path.name);
            assert!(app.has(kept, who).await, "{}", path.name);
            assert_eq!(app.assignment_state(&assignment).await, "delivered");
        }
    })
    .await;
}

// RP-21, A5: a role that left the package while its target was down is not forgotten.
#[tokio::test]
async fn tr11_a_revocation_that_failed_is_made_up_for() {
    TestApp::on_both(async |app| {
        let case = app.assignment_in("delivered").await;
        let [gone, _] = case.package.roles.as_slice() else {
            panic!("two roles")
        };
        app.target(ERP).goes_down();
        app.drop_role(&case.package, gone).await;
        app.wait_out_retries().await;
        assert!(app.has(gone, &case.who).await);
        app.recover(&[ERP]);

        reprocess_either(app, &case).await;
        app.deliver().await;

        assert!(!app.has(gone, &case.who).await);
        assert_eq!(app.assignment_state(&case.assignment).await, "delivered");
    })
    .await;
}

/// Reprocesses the assignment, or the request that failed to enforce it.
async fn reprocess_either(app: &TestApp, case: &Case) {
    let tracking = of_type(app, case, "systemUpdate").await;
    let Some(request) = tracking.last() else {
        let reply = reprocess_assignment(app, &case.assignment).await;
        reply.assert_status(202);
        return;
    };
    let url = format!(
        "{V1}/assignmentRequests/{}/reprocess",
        request["id"].as_str().unwrap()
    );
    app.as_operator().post_empty(&url).await.assert_status(202);
}

#[tokio::test]
async fn rp_24_a_tracking_request_is_listed_and_can_be_reprocessed_after_it_failed() {
    TestApp::on_both(async |app| {
        for (path, case) in cases(app, "delivered").await {
            let role = &case.package.roles[0];
            app.loses(role, &case.who).await;
            app.target(ERP).goes_down();
            reprocess(app, &path, &case).await.assert_status(202);
            app.wait_out_retries().await;
            assert_eq!(
                app.assignment_state(&case.assignment).await,
                "partiallyDelivered"
            );
            let tracking = of_type(app, &case, "systemUpdate").await;
            let tracking = tracking.last().unwrap();
            assert_eq!(tracking["state"], "partiallyDelivered");
            let beta = format!(
                "{BETA}/assignmentRequests/{}",
                tracking["id"].as_str().unwrap()
            );
            let beta = app.as_operator().get(&beta).await.assert_status(200).json();
            assert_eq!(beta["requestType"], "SystemUpdate", "Q-31");
            reprocess(app, &path, &case)
                .await
                .assert_error(400, "InvalidAssignmentState");

            app.recover(&[ERP]);
            reprocess_either(app, &case).await;
            app.deliver().await;

            assert!(app.has(role, &case.who).await, "{}", path.name);
            assert_eq!(app.assignment_state(&case.assignment).await, "delivered");
        }
    })
    .await;
}

#[tokio::test]
async fn rp_24_tracking_requests_can_be_hidden() {
    let mut start = Start::default();
    start.settings.reprocess_tracking_requests = false;
    TestApp::on_both_with(start, async |app| {
        let case = app.assignment_in("delivered").await;

        reprocess_assignment(app, &case.assignment)
            .await
            .assert_status(202);
        app.deliver().await;

        assert_eq!(app.requests_of(&case.package).await.len(), 1);
        assert_eq!(app.assignment_state(&case.assignment).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn rp_41_an_assignment_call_sent_again_gets_the_first_answer() {
    TestApp::on_both(async |app| {
        let cases = cases(app, "delivered").await;
        for (path, case) in &cases {
            let operator = app.as_operator().with_header("client-request-id", "mine");
            let url = path.to(case);

            operator.post_empty(&url).await.assert_status(202);
            operator
                .post_empty(&url)
                .await
                .assert_status(202)
                .assert_empty();
        }
        app.deliver().await;

        for (path, case) in &cases {
            let tracking = of_type(app, case, "systemUpdate").await;
            assert_eq!(tracking.len(), 1, "{}", path.name);
        }
    })
    .await;
}

#[tokio::test]
async fn rp_43_a_removal_ends_a_reprocess_under_way() {
    TestApp::on_both(async |app| {
        for (path, case) in cases(app, "delivered").await {
            app.target(ERP).goes_down();
            let role = &case.package.roles[0];
            app.loses(role, &case.who).await;
            reprocess(app, &path, &case).await.assert_status(202);
            app.deliver().await;

            let removal = app.remove(&case.assignment).await;

            let tracking = of_type(app, &case, "systemUpdate").await;
            assert_eq!(
                tracking.last().unwrap()["state"],
                "canceled",
                "{}",
                path.name
            );
            app.recover(&[ERP]);
            app.wait_out_retries().await;
            assert_eq!(app.state(&removal).await, "delivered");
            assert_eq!(app.assignment_state(&case.assignment).await, "expired");
            for role in &case.package.roles {
                assert!(!app.has(role, &case.who).await, "{}: {role:?}", path.name);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn rp_20_a_role_that_the_package_gained_is_granted() {
    TestApp::on_both(async |app| {
        let case = app.assignment_in("delivered").await;
        let gained = app
            .add_role(&case.package, "Gained", GroupRole::Member, Some(CRM))
            .await;

        reprocess_assignment(app, &case.assignment)
            .await
            .assert_status(202);
        app.deliver().await;

        assert!(app.has(&gained, &case.who).await);
        assert_eq!(app.assignment_state(&case.assignment).await, "delivered");
    })
    .await;
}

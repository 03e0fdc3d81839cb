//! Approval through the wire: stages in v1.0, steps in beta (AP-3, AP-4, AP-5, AP-7, AP-9 to AP-11, AP-13).

use domain::time::Duration;
use serde_json::{Value, json};
use testkit::{BETA, ERP, Plan, Reply, TestApp, V1};

/// The two ways to an approval's decisions: root, and how it calls them.
const WAYS: [(&str, &str); 2] = [(V1, "stages"), (BETA, "steps")];

/// Package, request and everything that the tests of approval need.
async fn asked(app: &TestApp, plan: Plan) -> String {
    let package = app.package(plan).await;
    let request = app.ask(&package, "alice").await;
    assert_eq!(app.state(&request).await, "pendingApproval");
    request
}

async fn stages(app: &TestApp, name: &str, way: (&str, &str), request: &str) -> Vec<Value> {
    let (root, children) = way;
    let path = format!("{root}/accessPackageAssignmentApprovals/{request}/{children}");
    let reply = app.as_user(name).get(&path).await;
    reply.assert_status(200).rows()
}

async fn decide(
    app: &TestApp,
    name: &str,
    way: (&str, &str),
    (request, stage): (&str, &Value),
    result: &str,
) -> Reply {
    let (root, children) = way;
    let stage = stage["id"].as_str().unwrap();
    let path = format!("{root}/accessPackageAssignmentApprovals/{request}/{children}/{stage}");
    let body = json!({"reviewResult": result, "justification": "seen"});
    app.as_user(name).patch(&path, body).await
}

#[tokio::test]
async fn ap_3_one_decision_closes_a_stage_and_the_others_come_too_late() {
    TestApp::on_both(async |app| {
        for (number, way) in WAYS.into_iter().enumerate() {
            let plan = Plan::new(&format!("Approved {number}"))
                .member_of("Approved", ERP)
                .approval_by(&["bob", "carol"]);
            let plan = if number == 0 {
                plan
            } else {
                plan.approval_by(&["dave"])
            };
            let request = asked(app, plan).await;
            let open = stages(app, "bob", way, &request).await;
            assert_eq!(open[0]["status"], "InProgress", "AP-11");
            assert_eq!(open[0]["reviewResult"], "NotReviewed", "AP-11");
            assert_eq!(open[0]["assignedToMe"], true, "AP-11");

            let done = decide(app, "bob", way, (&request, &open[0]), "Approve").await;

            done.assert_status(204).assert_empty();
            let late = decide(app, "carol", way, (&request, &open[0]), "Deny").await;
            late.assert_error(409, "Conflict");
            if number == 0 {
                app.deliver().await;
                assert_eq!(app.state(&request).await, "delivered");
            } else {
                assert_eq!(app.state(&request).await, "pendingApproval", "T6");
                let next = stages(app, "dave", way, &request).await;
                assert_eq!(next[0]["reviewResult"], "Approved");
                assert_eq!(next[1]["status"], "InProgress");
                let denied = decide(app, "dave", way, (&request, &next[1]), "Denied").await;
                denied.assert_status(204);
                assert_eq!(app.state(&request).await, "denied", "AP-4");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn ap_9_nobody_decides_about_a_request_of_their_own() {
    TestApp::on_both(async |app| {
        for (number, way) in WAYS.into_iter().enumerate() {
            let plan = Plan::new(&format!("Own {number}")).approval_by(&["alice", "bob"]);
            let request = asked(app, plan).await;
            let open = stages(app, "bob", way, &request).await;

            let own = decide(app, "alice", way, (&request, &open[0]), "Approve").await;

            own.assert_error(403, "AccessDenied");
            assert_eq!(app.state(&request).await, "pendingApproval");
            let root = way.0;
            let waiting = format!(
                "{root}/accessPackageAssignmentApprovals/filterByCurrentUser(on='approver')"
            );
            let mine = app.as_user("alice").get(&waiting).await.assert_status(200);
            assert!(mine.rows().is_empty(), "AP-9");
            let bobs = app
                .as_user("bob")
                .get(&waiting)
                .await
                .assert_status(200)
                .rows();
            assert!(
                bobs.iter().any(|row| row["id"] == request.as_str()),
                "AP-13"
            );
            decide(app, "bob", way, (&request, &open[0]), "Deny")
                .await
                .assert_status(204);
        }
    })
    .await;
}

#[tokio::test]
async fn ap_10_strangers_unknown_approvals_and_bad_words_are_refused() {
    TestApp::on_both(async |app| {
        for (number, way) in WAYS.into_iter().enumerate() {
            let plan = Plan::new(&format!("Strict {number}")).approval_by(&["bob"]);
            let request = asked(app, plan).await;
            let open = stages(app, "bob", way, &request).await;

            let stranger = decide(app, "mallory", way, (&request, &open[0]), "Approve").await;
            let nothing = "0f9e7a52-3c46-4d11-8f0a-5a1b2c3d4e5f";
            let unknown = decide(app, "bob", way, (nothing, &open[0]), "Approve").await;
            let word = decide(app, "bob", way, (&request, &open[0]), "Perhaps").await;

            assert!([403, 404].contains(&stranger.status.as_u16()), "{stranger}");
            unknown.assert_error(404, "ResourceNotFound");
            word.assert_error(400, "InvalidModel");
            assert_eq!(app.state(&request).await, "pendingApproval");
            app.cancel(&request).await.assert_status(204);
        }
    })
    .await;
}

#[tokio::test]
async fn ap_10_an_approver_who_is_not_asked_in_this_stage_is_403() {
    TestApp::on_both(async |app| {
        let plan = Plan::new("Serial")
            .approval_by(&["bob"])
            .approval_by(&["carol"]);
        let request = asked(app, plan).await;
        let open = stages(app, "bob", WAYS[0], &request).await;

        let early = decide(app, "carol", WAYS[0], (&request, &open[1]), "Approve").await;
        let wrong = decide(app, "carol", WAYS[0], (&request, &open[0]), "Approve").await;

        early.assert_error(409, "Conflict");
        wrong.assert_error(403, "AccessDenied");
        assert_eq!(app.state(&request).await, "pendingApproval");
    })
    .await;
}

#[tokio::test]
async fn ap_7_the_fallback_is_asked_only_if_the_first_ones_stand_for_nobody() {
    TestApp::on_both(async |app| {
        app.add_user("leaver").await;
        let plan = |name: &str| Plan::new(name).approval_by_or(&["leaver"], &["bob"]);
        let first = asked(app, plan("While there")).await;
        let open = stages(app, "leaver", WAYS[0], &first).await;
        let early = decide(app, "bob", WAYS[0], (&first, &open[0]), "Approve").await;
        early.assert_error(403, "AccessDenied");
        let leaver = format!("/v1.0/users/{}", app.id_of("leaver"));
        app.as_operator().delete(&leaver).await.assert_status(204);

        let decided = decide(app, "bob", WAYS[0], (&first, &open[0]), "Approve").await;

        decided.assert_status(204);
        app.deliver().await;
        assert_eq!(app.state(&first).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn ap_5_a_stage_that_nobody_decides_ends_the_request() {
    TestApp::on_both(async |app| {
        let request = asked(app, Plan::new("Slow").approval_by(&["bob"])).await;
        app.advance(Duration::from_days(14).minus_a_second());
        app.deliver().await;
        assert_eq!(app.state(&request).await, "pendingApproval");

        app.advance(Duration::from_secs(1));
        app.deliver().await;

        assert_eq!(app.state(&request).await, "denied", "T9");
        let open = stages(app, "bob", WAYS[0], &request).await;
        let late = decide(app, "bob", WAYS[0], (&request, &open[0]), "Approve").await;
        late.assert_error(409, "Conflict");
    })
    .await;
}

trait Shorter {
    fn minus_a_second(self) -> Self;
}

impl Shorter for Duration {
    fn minus_a_second(self) -> Self {
        Self::from_micros(self.micros() - 1_000_000)
    }
}

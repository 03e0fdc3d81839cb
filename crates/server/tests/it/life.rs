//! Details of the life of a request: who decides when nobody is there, how long what is over is kept, how many mails one
//! person may cause (AP-8, AP-16, RQ-26).

use domain::time::Duration;
use serde_json::{Value, json};
use service::settings::Settings;
use testkit::{Backend, Package, Plan, Start, TestApp, V1};

/// A package whose policy asks these sets, in one stage.
async fn asking(app: &TestApp, name: &str, stage: Value) -> Package {
    let mut package = app.package(Plan::new(name).member_here(name)).await;
    let made = app
        .as_operator()
        .post(&format!("{V1}/assignmentPolicies"), policy(&package, stage))
        .await;
    let old = format!("{V1}/assignmentPolicies/{}", package.policy);
    app.as_operator().delete(&old).await.assert_status(204);
    package.policy = made.assert_status(201).text("id");
    package
}

fn policy(package: &Package, stage: Value) -> Value {
    json!({
        "displayName": "By stages", "description": "",
        "allowedTargetScope": "allMemberUsers", "specificAllowedTargets": [],
        "expiration": {"type": "noExpiration"},
        "requestorSettings": {"enableTargetsToSelfAddAccess": true},
        "requestApprovalSettings": {"isApprovalRequiredForAdd": true, "stages": [stage]},
        "accessPackage": {"id": package.id}
    })
}

fn set(kind: &str) -> Value {
    json!({"@odata.type": format!("#microsoft.graph.{kind}")})
}

fn manager(level: i64) -> Value {
    json!({"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": level})
}

async fn gets_manager(app: &TestApp, name: &str, manager: &str) {
    let path = format!("/v1.0/users/{}/manager/$ref", app.id_of(name));
    let body = json!({
        "@odata.id": format!("https://graph.microsoft.com/v1.0/users/{}", app.id_of(manager))
    });
    app.as_operator().put(&path, body).await.assert_status(204);
}

/// The requests that wait for somebody's decision.
async fn waiting_for(app: &TestApp, name: &str) -> Vec<Value> {
    let path = format!("{V1}/assignmentRequests/filterByCurrentUser(on='approver')");
    app.as_user(name).get(&path).await.assert_status(200).rows()
}

/// How often the log warns that nobody can decide.
async fn warnings(app: &TestApp, request: &str) -> usize {
    let path = format!(
        "/v1.0/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id eq '{request}')"
    );
    let events = app.as_operator().get(&path).await.assert_status(200).rows();
    let warn = |event: &&Value| {
        event["additionalDetails"]
            .to_string()
            .contains("nobody can decide")
    };
    events.iter().filter(warn).count()
}

#[tokio::test]
async fn ap_8_who_becomes_an_approver_later_finds_the_request_in_their_list_and_decides() {
    TestApp::on_both(async |app| {
        let stage =
            json!({"durationBeforeAutomaticDenial": "P14D", "primaryApprovers": [manager(1)]});
        let package = asking(app, "Books", stage).await;
        let request = app.ask(&package, "alice").await;
        assert_eq!(app.state(&request).await, "pendingApproval");
        assert_eq!(warnings(app, &request).await, 1);
        assert_eq!(waiting_for(app, "bob").await.len(), 0);

        gets_manager(app, "alice", "bob").await;
        let shown = waiting_for(app, "bob").await;
        assert_eq!(shown.len(), 1);
        assert_eq!(waiting_for(app, "carol").await.len(), 0);
        app.decide(&request, "bob", "Approve")
            .await
            .assert_status(204);
        app.deliver().await;

        assert_eq!(app.state(&request).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn ap_8_at_escalation_approvers_are_looked_for_again_and_the_log_warns_if_there_is_nobody() {
    let app = TestApp::new().await;
    let dave = json!({"@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of("dave").to_string()});
    let stage = json!({
        "durationBeforeAutomaticDenial": "P14D", "isEscalationEnabled": true,
        "durationBeforeEscalation": "P2D", "primaryApprovers": [manager(2)],
        "escalationApprovers": [dave]
    });
    let package = asking(&app, "Books", stage).await;
    let (lonely, lucky) = (
        app.ask(&package, "alice").await,
        app.ask(&package, "erin").await,
    );
    gets_manager(&app, "erin", "carol").await;
    gets_manager(&app, "carol", "bob").await;

    app.advance(Duration::from_days(2));
    app.deliver().await;

    assert_eq!(
        (warnings(&app, &lonely).await, warnings(&app, &lucky).await),
        (2, 1)
    );
    let stages = format!("{V1}/accessPackageAssignmentApprovals/{lucky}/stages");
    let seen = app
        .as_user("bob")
        .get(&stages)
        .await
        .assert_status(200)
        .rows();
    assert_eq!(seen[0]["assignedToMe"], true, "the manager's manager");
    app.decide(&lonely, "dave", "Approve")
        .await
        .assert_status(204);
    app.deliver().await;
}

#[tokio::test]
async fn ap_16_sets_that_the_directory_cannot_tell_are_refused_by_name() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Books")).await;
        let path = format!("{V1}/assignmentPolicies");
        for (list, kind) in [
            ("primaryApprovers", "targetUserSponsors"),
            ("fallbackPrimaryApprovers", "targetApplicationOwners"),
            ("primaryApprovers", "targetAgentIdentitySponsorsOrOwners"),
        ] {
            let mut stage = json!({
                "durationBeforeAutomaticDenial": "P14D", "primaryApprovers": [manager(1)]
            });
            stage[list] = json!([set(kind)]);

            let reply = app.as_operator().post(&path, policy(&package, stage)).await;

            let error = reply.assert_error(400, "InvalidModel").json()["error"].clone();
            let target = format!("requestApprovalSettings/stages/0/{list}/0");
            assert_eq!(error["target"], *target, "{kind}");
            assert!(error["message"].as_str().unwrap().contains(kind));
        }
        for kind in ["internalSponsors", "externalSponsors"] {
            let stage = json!({"primaryApprovers": [set(kind)]});
            let reply = app.as_operator().post(&path, policy(&package, stage)).await;
            reply.assert_status(201);
        }
    })
    .await;
}

fn keeping(requests: Option<i64>, assignments: Option<i64>) -> Start {
    Start {
        settings: Settings {
            retention_requests: requests.map(Duration::from_days),
            retention_assignments: assignments.map(Duration::from_days),
            ..Settings::default()
        },
    }
}

async fn is_there(app: &TestApp, set: &str, id: &str) -> bool {
    let path = format!("{V1}/{set}/{id}");
    app.as_operator().get(&path).await.status == 200
}

#[tokio::test]
async fn rq_26_what_is_over_goes_after_its_time_and_what_is_not_stays() {
    TestApp::on_both_with(keeping(Some(30), Some(40)), async |app| {
        let package = app.package(Plan::new("Books").member_here("Books")).await;
        let live = app.assign(&package, "alice").await;
        let over = app.assign(&package, "bob").await;
        app.deliver().await;
        let (held, ended) = (
            app.assignment_of(&live).await,
            app.assignment_of(&over).await,
        );
        let removal = app.remove(&ended).await;
        app.deliver().await;

        app.advance(Duration::from_days(29));
        app.deliver().await;
        for request in [&live, &over, &removal] {
            assert!(is_there(app, "assignmentRequests", request).await);
        }

        app.advance(Duration::from_days(2));
        app.deliver().await;
        assert!(
            is_there(app, "assignmentRequests", &live).await,
            "a live assignment hangs on it"
        );
        for request in [&over, &removal] {
            assert!(!is_there(app, "assignmentRequests", request).await);
        }
        assert!(
            is_there(app, "assignments", &ended).await,
            "it has ten days more"
        );

        app.advance(Duration::from_days(10));
        app.deliver().await;
        assert!(!is_there(app, "assignments", &ended).await);
        assert!(is_there(app, "assignments", &held).await);
        let path = format!(
            "/v1.0/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id eq '{over}')"
        );
        let events = app.as_operator().get(&path).await.assert_status(200).rows();
        assert!(events.len() > 2, "the log stays: {events:?}");
    })
    .await;
}

#[tokio::test]
async fn rq_26_what_can_be_reprocessed_and_what_waits_is_not_purged() {
    let app = TestApp::on(Backend::Sqlite, keeping(Some(1), Some(1)))
        .await
        .unwrap();
    let package = app.package(Plan::new("Books").approval_by(&["bob"])).await;
    let waiting = app.ask(&package, "alice").await;
    let failed = app.request_in("deliveryFailed").await.request;
    let denied = app.ask(&package, "carol").await;
    app.decide(&denied, "bob", "Deny").await.assert_status(204);

    app.advance(Duration::from_days(3));
    app.deliver().await;

    assert!(is_there(&app, "assignmentRequests", &waiting).await);
    assert!(is_there(&app, "assignmentRequests", &failed).await);
    assert!(!is_there(&app, "assignmentRequests", &denied).await);
}

#[tokio::test]
async fn rq_26_everything_is_kept_unless_somebody_says_otherwise() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books").approval_by(&["bob"])).await;
    let denied = app.ask(&package, "carol").await;
    app.decide(&denied, "bob", "Deny").await.assert_status(204);

    app.advance(Duration::from_days(4000));
    app.deliver().await;

    assert!(is_there(&app, "assignmentRequests", &denied).await);
}

#[tokio::test]
async fn rq_26_more_than_one_batch_goes_in_one_round() {
    let app = TestApp::on(Backend::Sqlite, keeping(Some(1), None))
        .await
        .unwrap();
    let package = app.package(Plan::new("Books").approval_by(&["bob"])).await;
    let mut denied = Vec::new();
    for _ in 0..230 {
        let request = app.ask(&package, "carol").await;
        app.decide(&request, "bob", "Deny").await.assert_status(204);
        denied.push(request);
    }

    app.advance(Duration::from_days(2));
    app.deliver().await;

    let path = format!("{V1}/assignmentRequests/$count");
    let left = app.as_operator().get(&path).await.assert_status(200);
    assert_eq!(left.body, b"0");
}

#[tokio::test]
async fn no_3_the_requests_of_one_person_cause_a_bounded_number_of_mails_a_day() {
    let mut start = Start::default();
    start.settings.notices.per_requestor_per_day = 5;
    TestApp::on_both_with(start, async |app| {
        let package = app.package(Plan::new("Books").approval_by(&["bob"])).await;
        let withheld = async || {
            let path = "/reeve/v1/notices?state=withheld";
            let reply = app.as_operator().get(path).await.assert_status(200);
            reply.json()["value"].as_array().unwrap().len()
        };
        // Each asks bob and reminds him.
        for _ in 0..2 {
            let request = app.ask(&package, "alice").await;
            app.cancel(&request).await.assert_status(204);
        }
        assert_eq!(withheld().await, 0);

        let request = app.ask(&package, "alice").await;
        assert_eq!(withheld().await, 1, "the sixth mail");
        app.cancel(&request).await.assert_status(204);
        app.ask(&package, "carol").await;
        assert_eq!(withheld().await, 1, "others have a count of their own");

        app.advance(Duration::from_days(1));
        app.ask(&package, "alice").await;
        assert_eq!(withheld().await, 1, "the next day");
    })
    .await;
}

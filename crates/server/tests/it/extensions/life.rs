//! A request on its way past the stages: it waits, is resumed, and goes on or ends, in both versions alike.

use domain::time::Duration;
use serde_json::{Value, json};
use testkit::{BETA, Plan, TestApp, V1};

use super::receiver::Receiver;
use super::{
    add_extension, answer, ask, call_at, calling, callouts, extension, open, resume_paths, standing,
};

fn both(state: &str, status: &str) -> (String, String) {
    (state.to_owned(), status.to_owned())
}

#[tokio::test]
async fn a_request_waits_at_each_stage_and_goes_on_when_it_is_resumed() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let package = app.package(
            Plan::new("CRM")
                .member_here("Sellers")
                .approval_by(&["bob"]),
        );
        let package = package.await;
        let id = add_extension(app, &package, extension(&receiver.url(), Some("PT1H"))).await;
        for stage in [
            "assignmentRequestCreated",
            "assignmentRequestApproved",
            "assignmentRequestGranted",
        ] {
            call_at(app, &package, stage, &id).await;
        }
        let operator = app.as_operator();
        let request = ask(&app.as_user("alice"), &package).await;
        let paths = resume_paths(&request);
        let resume = async |path: &str| {
            let got = receiver.only();
            let body = answer(&got.body, None);
            operator
                .post(path, body)
                .await
                .assert_status(204)
                .assert_empty();
            app.deliver().await;
        };

        // Created.
        app.deliver().await;
        assert_eq!(
            standing(app, &request).await,
            both("submitted", "WaitingForCallback")
        );
        resume(&paths[0]).await;
        // Approved.
        assert_eq!(
            standing(app, &request).await,
            both("pendingApproval", "PendingApproval")
        );
        let bob = app.as_user("bob");
        let waiting = format!("{V1}/assignmentRequests/filterByCurrentUser(on='approver')");
        let shown = bob.get(&waiting).await.assert_status(200).rows();
        let said = &shown[0]["customExtensionCalloutInstances"][0]["detail"];
        assert_eq!(said, "Ticket 17", "RS-4");
        let approval = format!("{V1}/accessPackageAssignmentApprovals/{request}");
        let stages = bob.get(&format!("{approval}/stages")).await.rows();
        let stage = format!("{approval}/stages/{}", stages[0]["id"].as_str().unwrap());
        bob.patch(
            &stage,
            json!({"reviewResult": "Approve", "justification": "x"}),
        )
        .await
        .assert_status(204);
        app.deliver().await;
        assert_eq!(
            standing(app, &request).await,
            both("pendingApproval", "WaitingForCallback")
        );
        resume(&paths[1]).await;
        // Granted: the access is there already.
        assert_eq!(
            standing(app, &request).await,
            both("delivering", "WaitingForCallback")
        );
        let assignments = format!(
            "{V1}/assignments?$filter=accessPackage/id eq '{}'",
            package.id
        );
        let held = operator.get(&assignments).await.rows();
        assert_eq!(held[0]["state"], "delivered");
        resume(&paths[2]).await;
        assert_eq!(
            standing(app, &request).await,
            both("delivered", "Delivered")
        );

        for root in [V1, BETA] {
            let instances = callouts(app, root, &request).await;
            assert_eq!(instances.len(), 3);
            for instance in instances {
                assert_eq!(instance["status"], "callbackReceived");
                assert_eq!(instance["customExtensionId"], id.as_str());
                assert_eq!(instance["detail"], "Ticket 17");
                assert!(
                    instance["externalCorrelationId"]
                        .as_str()
                        .unwrap()
                        .starts_with("run-")
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_removal_waits_when_the_access_is_gone() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let plan = Plan::new("CRM").member_here("Sellers");
        let package =
            calling(app, plan, &receiver, "assignmentRequestRemoved", Some("PT1H")).await;
        let operator = app.as_operator();
        ask(&app.as_user("alice"), &package).await;
        app.deliver().await;
        let assignments = format!("{V1}/assignments?$filter=accessPackage/id eq '{}'", package.id);
        let held = operator.get(&assignments).await.rows();
        let assignment = held[0]["id"].as_str().unwrap();
        let body = json!({"requestType": "adminRemove", "assignment": {"id": assignment}});
        let made = operator.post(&format!("{V1}/assignmentRequests"), body).await;
        let request = made.assert_status(201).text("id");

        app.deliver().await;

        assert_eq!(standing(app, &request).await, both("delivering", "WaitingForCallback"));
        let gone = operator.get(&format!("{V1}/assignments/{assignment}")).await;
        assert_eq!(gone.text("state"), "expired");
        let nested = format!(
            "{BETA}/accessPackageAssignments/{assignment}/accessPackageAssignmentRequests/{request}/resume"
        );
        let body = answer(&receiver.only().body, None);
        operator.post(&nested, body).await.assert_status(204);
        assert_eq!(standing(app, &request).await, both("delivered", "Delivered"));
    })
    .await;
}

#[tokio::test]
async fn cx_10_nothing_waits_for_an_extension_without_callback() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let plan = Plan::new("CRM").member_here("Sellers");
        let package = calling(app, plan, &receiver, "assignmentRequestCreated", None).await;
        let request = ask(&app.as_user("alice"), &package).await;

        app.deliver().await;

        assert_eq!(
            standing(app, &request).await,
            both("delivered", "Delivered")
        );
        receiver.only();
        let instances = callouts(app, V1, &request).await;
        assert_eq!(instances[0]["status"], "calloutSent");
    })
    .await;
}

// T2
#[tokio::test]
async fn rs_3_an_answer_ends_a_request_at_the_early_stages_and_nowhere_else() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let operator = app.as_operator();
        for (number, (stage, said, outcome)) in [
            ("assignmentRequestCreated", "Denied", Some("denied")),
            ("assignmentRequestCreated", "Canceled", Some("canceled")),
            ("assignmentRequestApproved", "denied", Some("denied")),
            ("assignmentRequestGranted", "Denied", None),
        ]
        .into_iter()
        .enumerate()
        {
            let plan = Plan::new(&format!("Package {number}"));
            let package = calling(app, plan, &receiver, stage, Some("PT1H")).await;
            let request = ask(&app.as_user("alice"), &package).await;
            app.deliver().await;
            let got = receiver.only().body;

            let reply = operator
                .post(&resume_paths(&request)[0], answer(&got, Some(said)))
                .await;

            if let Some(outcome) = outcome {
                reply.assert_status(204);
                assert_eq!(standing(app, &request).await.0, outcome);
                let path = &resume_paths(&request)[0];
                let again = operator.post(path, answer(&got, None)).await;
                again.assert_error(400, "InvalidRequestState");
            } else {
                reply.assert_error(400, "InvalidModel");
                let path = &resume_paths(&request)[1];
                operator
                    .post(path, answer(&got, None))
                    .await
                    .assert_status(204);
            }
        }
    })
    .await;
}

// RS-6: an operator may, a requestor or a stranger may not.
#[tokio::test]
async fn rs_2_stage_and_instance_have_to_be_those_that_are_waited_for() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let receiver = Receiver::new().await;
    let stage = "assignmentRequestCreated";
    let package = calling(&app, Plan::new("CRM"), &receiver, stage, Some("PT1H")).await;
    let request = ask(&app.as_user("alice"), &package).await;
    app.deliver().await;
    let good = answer(&receiver.only().body, None);
    let operator = app.as_operator();
    let change = |pointer: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let nobody = "ae79f266-94d4-4dab-b730-feca7e132178";

    for path in resume_paths(&request) {
        for (body, code) in [
            (
                change("/data/stage", json!("assignmentRequestApproved")),
                "CallbackMismatch",
            ),
            (
                change(
                    "/type",
                    json!(
                        "microsoft.graph.accessPackageCustomExtensionStage.assignmentRequestGranted"
                    ),
                ),
                "CallbackMismatch",
            ),
            (
                change("/data/customExtensionStageInstanceId", json!(nobody)),
                "CallbackMismatch",
            ),
            (
                change("/data/customExtensionStageInstanceId", json!("x")),
                "InvalidModel",
            ),
            (change("/data", json!(null)), "InvalidModel"),
            (change("/data/state", json!("Approved")), "InvalidModel"),
        ] {
            operator.post(&path, body).await.assert_error(400, code);
        }
        let other = path.replace(&request, nobody);
        operator
            .post(&other, good.clone())
            .await
            .assert_error(404, "ResourceNotFound");
        let stranger = app.as_user("carol").post(&path, good.clone()).await;
        stranger.assert_error(403, "AccessDenied");
        let own = app.as_user("alice").post(&path, good.clone()).await;
        own.assert_error(403, "AccessDenied");
    }
    assert_eq!(standing(&app, &request).await.1, "WaitingForCallback");
    let mut shouted = good.clone();
    shouted["data"]["stage"] = json!("ASSIGNMENTREQUESTCREATED");
    operator
        .post(&resume_paths(&request)[0], shouted)
        .await
        .assert_status(204);
    app.deliver().await;
    assert_eq!(standing(&app, &request).await.0, "delivered");
}

#[tokio::test]
async fn rs_5_a_repeated_answer_is_heard_once() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let receiver = Receiver::new().await;
    let stage = "assignmentRequestCreated";
    let package = calling(&app, Plan::new("CRM"), &receiver, stage, Some("PT1H")).await;
    let request = ask(&app.as_user("alice"), &package).await;
    app.deliver().await;
    let body = answer(&receiver.only().body, None);
    let path = &resume_paths(&request)[0];
    let patient = app.as_operator().with_header("client-request-id", "again");

    patient.post(path, body.clone()).await.assert_status(204);

    patient.post(path, body.clone()).await.assert_status(204);
    let other = app.as_operator().post(path, body).await;
    other.assert_error(400, "InvalidRequestState");
    app.deliver().await;
    assert_eq!(standing(&app, &request).await.0, "delivered");
}

#[tokio::test]
async fn rq_23_a_waiting_request_can_be_canceled_and_resumed_no_more() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let stage = "assignmentRequestApproved";
        let package = calling(app, Plan::new("CRM"), &receiver, stage, Some("PT1H")).await;
        let request = ask(&app.as_user("alice"), &package).await;
        app.deliver().await;
        let body = answer(&receiver.only().body, None);

        let cancel = format!("{V1}/assignmentRequests/{request}/cancel");
        app.as_user("alice")
            .post_empty(&cancel)
            .await
            .assert_status(204);

        let resumed = app
            .as_operator()
            .post(&resume_paths(&request)[0], body)
            .await;
        resumed.assert_error(400, "InvalidRequestState");
        app.advance(Duration::from_days(1));
        app.deliver().await;
        assert_eq!(standing(app, &request).await.0, "canceled");
        assert_eq!(
            callouts(app, V1, &request).await[0]["status"],
            "callbackTimedOut"
        );
    })
    .await;
}

#[tokio::test]
async fn cx_12_silence_denies_an_early_request_and_lets_a_late_one_go_on() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        for (stage, ending) in [
            ("assignmentRequestCreated", both("denied", "Expired")),
            ("assignmentRequestApproved", both("denied", "Expired")),
            ("assignmentRequestGranted", both("delivered", "Delivered")),
        ] {
            let plan = Plan::new(stage).member_here("Sellers");
            let package = calling(app, plan, &receiver, stage, Some("PT1H")).await;
            let request = ask(&app.as_user("alice"), &package).await;
            app.deliver().await;
            receiver.only();

            app.advance(Duration::from_minutes(59));
            app.deliver().await;
            let before = standing(app, &request).await;
            app.advance(Duration::from_minutes(1));
            app.deliver().await;

            assert_eq!(before.1, "WaitingForCallback", "{stage}");
            assert_eq!(standing(app, &request).await, ending, "{stage}");
            let instance = &callouts(app, BETA, &request).await[0];
            assert_eq!(instance["status"], "callbackTimedOut", "{stage}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_waits_for_every_extension_of_a_stage() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let (one, other) = (Receiver::new().await, Receiver::new().await);
    let stage = "assignmentRequestCreated";
    let package = calling(&app, Plan::new("CRM"), &one, stage, Some("PT1H")).await;
    let second = add_extension(&app, &package, extension(&other.url(), Some("PT1H"))).await;
    call_at(&app, &package, stage, &second).await;
    let request = ask(&app.as_user("alice"), &package).await;
    app.deliver().await;
    let path = &resume_paths(&request)[0];
    let operator = app.as_operator();

    let first = answer(&one.only().body, None);
    operator.post(path, first).await.assert_status(204);
    app.deliver().await;
    let between = standing(&app, &request).await;
    let last = answer(&other.only().body, None);
    operator.post(path, last).await.assert_status(204);
    app.deliver().await;

    assert_eq!(between, both("submitted", "WaitingForCallback"));
    assert_eq!(standing(&app, &request).await.0, "delivered");
}

#[tokio::test]
async fn a_removal_does_not_wait_for_an_answer_about_access_that_is_there() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let plan = Plan::new("CRM").member_here("Sellers").lasting("PT30M");
        let stage = "assignmentRequestGranted";
        let package = calling(app, plan, &receiver, stage, Some("P14D")).await;
        let request = ask(&app.as_user("alice"), &package).await;
        app.deliver().await;
        receiver.only();

        app.advance(Duration::from_minutes(30));
        app.deliver().await;

        assert_eq!(
            standing(app, &request).await,
            both("delivered", "Delivered")
        );
        let assignments = format!(
            "{V1}/assignments?$filter=accessPackage/id eq '{}'",
            package.id
        );
        let held = app.as_operator().get(&assignments).await.rows();
        assert_eq!(
            held[0]["state"], "expired",
            "access does not outlive its end"
        );
    })
    .await;
}

#[tokio::test]
async fn a6_and_a7_the_end_of_an_assignment_is_announced_once() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let package = app.package(Plan::new("CRM").lasting("P30D")).await;
        let mut body = extension(&receiver.url(), None);
        body["@odata.type"] = json!("#microsoft.graph.accessPackageAssignmentWorkflowExtension");
        let id = add_extension(app, &package, body).await;
        for stage in [
            "assignmentFourteenDaysBeforeExpiration",
            "assignmentOneDayBeforeExpiration",
        ] {
            call_at(app, &package, stage, &id).await;
        }
        ask(&app.as_user("alice"), &package).await;
        app.deliver().await;

        for (days, stage) in [
            (15, None),
            (1, Some("assignmentFourteenDaysBeforeExpiration")),
            (12, None),
            (1, Some("assignmentOneDayBeforeExpiration")),
            (1, None),
        ] {
            app.advance(Duration::from_days(days));
            app.deliver().await;
            app.advance(Duration::from_minutes(2));
            app.deliver().await;
            match stage {
                Some(stage) => assert_eq!(receiver.only().body["Stage"], stage),
                None => assert!(receiver.got().is_empty(), "{days}"),
            }
        }
        let assignments = format!(
            "{V1}/assignments?$filter=accessPackage/id eq '{}'",
            package.id
        );
        let held = app.as_operator().get(&assignments).await.rows();
        let instances = held[0]["customExtensionCalloutInstances"]
            .as_array()
            .unwrap();
        assert_eq!(instances.len(), 2);
        assert!(instances.iter().all(|one| one["status"] == "calloutSent"));
    })
    .await;
}

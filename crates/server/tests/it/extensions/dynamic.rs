//! Stages of approval whose approvers an extension names (AP-15): from the policy over the callout to the decision.

use domain::time::Duration;
use serde_json::{Value, json};
use testkit::{BETA, Package, Plan, TestApp, V1};

use super::receiver::Receiver;
use super::{
    add_extension, answer, ask, call_at, callouts, extension, open, policies, resume_paths,
    standing,
};

const STAGE: &str = "assignmentRequestDeterminingApprovalRequirements";
const DYNAMIC: &str = "#microsoft.graph.accessPackageDynamicApprovalStage";

/// A stage as beta writes it.
fn stage(extension: &str) -> Value {
    json!({
        "@odata.type": DYNAMIC,
        "approvalStageTimeOutInDays": 14,
        "customExtension": {"id": extension},
    })
}

fn beta_policy(package: &Package) -> String {
    format!("{}/{}", policies(BETA), package.policy)
}

/// The policy as beta shows it, with these stages.
async fn with_stages(app: &TestApp, package: &Package, stages: Value) -> Value {
    let mut body = app
        .as_operator()
        .get(&beta_policy(package))
        .await
        .assert_status(200)
        .json();
    let approval = &mut body["requestApprovalSettings"];
    approval["isApprovalRequired"] = json!(true);
    approval["approvalMode"] = json!("Serial");
    approval["approvalStages"] = stages;
    body
}

/// A package that asks the receiver for approvers: the static stage of bob stands before (`Some(true)`), after or nowhere.
async fn asking(app: &TestApp, receiver: &Receiver, bob_first: Option<bool>) -> (Package, String) {
    let plan = Plan::new("CRM")
        .member_here("Sellers")
        .approval_by(&["bob"]);
    let package = app.package(plan).await;
    let id = add_extension(app, &package, extension(&receiver.url(), Some("PT1H"))).await;
    let shown = app.as_operator().get(&beta_policy(&package)).await.json();
    let bob = shown["requestApprovalSettings"]["approvalStages"][0].clone();
    let stages = match bob_first {
        None => json!([stage(&id)]),
        Some(true) => json!([bob, stage(&id)]),
        Some(false) => json!([stage(&id), bob]),
    };
    let body = with_stages(app, &package, stages).await;
    let put = app.as_operator().put(&beta_policy(&package), body).await;
    assert!(put.status.is_success(), "{put:?}");
    (package, id)
}

/// The answer that names these users.
fn naming(app: &TestApp, got: &Value, names: &[&str]) -> Value {
    let mut body = answer(got, None);
    let approvers: Vec<Value> = names
        .iter()
        .map(|name| {
            json!({"@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of(name).to_string()})
        })
        .collect();
    body["data"]["@odata.type"] =
        json!("microsoft.graph.assignmentRequestApprovalStageCallbackData");
    body["data"]["approvalStage"] = json!({
        "durationBeforeAutomaticDenial": "P2D",
        "isApproverJustificationRequired": true,
        "primaryApprovers": approvers,
        "fallbackPrimaryApprovers": [], "escalationApprovers": [], "fallbackEscalationApprovers": [],
    });
    body
}

async fn stages_of(app: &TestApp, root: &str, request: &str) -> Vec<Value> {
    let path = if root == V1 {
        format!("{V1}/accessPackageAssignmentApprovals/{request}/stages")
    } else {
        format!("{BETA}/accessPackageAssignmentApprovals/{request}/steps")
    };
    app.as_operator().get(&path).await.assert_status(200).rows()
}

async fn statuses(app: &TestApp, root: &str, request: &str) -> Vec<String> {
    let stages = stages_of(app, root, request).await;
    let status = |stage: &Value| stage["status"].as_str().unwrap().to_owned();
    stages.iter().map(status).collect()
}

async fn waits(app: &TestApp, request: &str) {
    let (state, status) = standing(app, request).await;
    assert_eq!(
        (state.as_str(), status.as_str()),
        ("pendingApproval", "WaitingForCallback")
    );
}

#[tokio::test]
async fn ap_15_an_extension_names_the_approvers_when_its_stage_begins() {
    TestApp::on_both_with(open(), async |app| {
        for position in 0..3 {
            let receiver = Receiver::new().await;
            let (package, id) = asking(app, &receiver, None).await;
            let request = ask(&app.as_user("alice"), &package).await;
            app.deliver().await;

            waits(app, &request).await;
            let got = receiver.only().body;
            assert_eq!(got["Stage"], STAGE);
            assert_eq!(got["State"], "pendingApproval");
            for root in [V1, BETA] {
                assert_eq!(statuses(app, root, &request).await, ["Initializing"]);
            }
            let explain = format!("/reeve/v1/explain/approval?request={request}");
            let told = app
                .as_operator()
                .get(&explain)
                .await
                .assert_status(200)
                .json();
            let told = &told["approvals"][0]["stages"][0];
            assert_eq!(told["namedByExtensionId"], id.as_str());
            assert_eq!(told["asksSomebody"], false);
            assert!(
                told["tiers"][0]["reason"]
                    .as_str()
                    .unwrap()
                    .contains("AP-15")
            );

            let path = &resume_paths(&request)[position];
            let body = naming(app, &got, &["carol"]);
            app.as_operator()
                .post(path, body.clone())
                .await
                .assert_status(204);
            app.deliver().await;

            let (state, status) = standing(app, &request).await;
            assert_eq!(
                (state.as_str(), status.as_str()),
                ("pendingApproval", "PendingApproval")
            );
            for root in [V1, BETA] {
                assert_eq!(statuses(app, root, &request).await, ["InProgress"]);
            }
            let second = app.as_operator().post(path, body).await;
            second.assert_error(400, "InvalidRequestState");
            let waiting = format!("{V1}/assignmentRequests/filterByCurrentUser(on='approver')");
            let waiting = app
                .as_user("carol")
                .get(&waiting)
                .await
                .assert_status(200)
                .rows();
            assert_eq!(waiting.len(), 1, "AP-13");
            // Whoever the policy used to ask is not asked.
            let stage = stages_of(app, V1, &request).await[0]["id"]
                .as_str()
                .unwrap()
                .to_owned();
            let decision =
                format!("{V1}/accessPackageAssignmentApprovals/{request}/stages/{stage}");
            let carol = app.as_user("carol");
            let mute = carol
                .patch(&decision, json!({"reviewResult": "Approve"}))
                .await;
            mute.assert_error(400, "InvalidModel");
            let bob = app.as_user("bob");
            let refused = bob.patch(
                &decision,
                json!({"reviewResult": "Approve", "justification": "x"}),
            );
            assert!([403, 404].contains(&refused.await.status.as_u16()));
            app.decide(&request, "carol", "Approve")
                .await
                .assert_status(204);
            app.deliver().await;

            assert_eq!(standing(app, &request).await.0, "delivered");
            let assignments = format!(
                "{V1}/assignments?$filter=accessPackage/id eq '{}'",
                package.id
            );
            let held = app.as_operator().get(&assignments).await.rows();
            let held = held[0]["id"].as_str().unwrap();
            let again = app
                .as_operator()
                .post(&format!("{V1}/assignments/{held}/reprocess"), json!({}))
                .await;
            assert!(again.status.is_success(), "{again:?}");
            app.deliver().await;
            assert!(receiver.got().is_empty(), "RP-7");
        }
    })
    .await;
}

#[tokio::test]
async fn ap_15_static_and_dynamic_stages_follow_one_another_in_either_order() {
    TestApp::on_both_with(open(), async |app| {
        for bob_first in [true, false] {
            let receiver = Receiver::new().await;
            let (package, _) = asking(app, &receiver, Some(bob_first)).await;
            let request = ask(&app.as_user("alice"), &package).await;
            app.deliver().await;
            if bob_first {
                assert!(receiver.got().is_empty(), "its turn has not come");
                app.decide(&request, "bob", "Approve")
                    .await
                    .assert_status(204);
                app.deliver().await;
            }
            waits(app, &request).await;
            let body = naming(app, &receiver.only().body, &["carol"]);
            let path = &resume_paths(&request)[0];
            app.as_operator().post(path, body).await.assert_status(204);
            app.decide(&request, "carol", "Approve")
                .await
                .assert_status(204);
            if !bob_first {
                let (state, status) = standing(app, &request).await;
                assert_eq!(
                    (state.as_str(), status.as_str()),
                    ("pendingApproval", "PendingApproval")
                );
                app.decide(&request, "bob", "Approve")
                    .await
                    .assert_status(204);
            }
            app.deliver().await;

            assert_eq!(standing(app, &request).await.0, "delivered");
            assert_eq!(
                statuses(app, BETA, &request).await,
                ["Completed", "Completed"]
            );
        }
    })
    .await;
}

#[tokio::test]
async fn cx_12_a_stage_that_nobody_names_approvers_for_in_time_ends_the_request() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let (package, _) = asking(app, &receiver, None).await;
        let request = ask(&app.as_user("alice"), &package).await;
        app.deliver().await;
        let got = receiver.only().body;

        app.advance(Duration::from_minutes(61));
        app.deliver().await;

        let (state, status) = standing(app, &request).await;
        assert_eq!((state.as_str(), status.as_str()), ("denied", "Expired"));
        assert_eq!(
            callouts(app, V1, &request).await[0]["status"],
            "callbackTimedOut"
        );
        let late = naming(app, &got, &["carol"]);
        let late = app
            .as_operator()
            .post(&resume_paths(&request)[0], late)
            .await;
        late.assert_error(400, "InvalidRequestState");
    })
    .await;
}

#[tokio::test]
async fn rs_3_an_extension_may_deny_or_cancel_instead_of_naming_approvers() {
    TestApp::on_both_with(open(), async |app| {
        for (word, state) in [("Denied", "denied"), ("Canceled", "canceled")] {
            let receiver = Receiver::new().await;
            let (package, _) = asking(app, &receiver, None).await;
            let request = ask(&app.as_user("alice"), &package).await;
            app.deliver().await;
            let body = answer(&receiver.only().body, Some(word));
            let path = &resume_paths(&request)[1];
            app.as_operator().post(path, body).await.assert_status(204);

            assert_eq!(standing(app, &request).await.0, state);
            assert_eq!(statuses(app, V1, &request).await, ["Completed"]);
        }
    })
    .await;
}

#[tokio::test]
async fn ap_15_an_answer_that_names_no_stage_to_open_is_refused_and_the_request_waits_on() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let receiver = Receiver::new().await;
    let (package, id) = asking(&app, &receiver, None).await;
    let request = ask(&app.as_user("alice"), &package).await;
    app.deliver().await;
    let good = naming(&app, &receiver.only().body, &["carol"]);
    let at = |pointer: &str, value: Value| {
        let mut body = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        body
    };
    let stranger = json!([{"@odata.type": "#microsoft.graph.singleUser", "userId": "5f3b1c9e-0a0b-4c58-9a36-0a1f0f8f0b11"}]);
    let long = json!({"@odata.type": DYNAMIC, "customExtension": {"id": id}});
    let mut escalating = good["data"]["approvalStage"].clone();
    escalating["isEscalationEnabled"] = json!(true);
    escalating["durationBeforeEscalation"] = json!("P1D");
    let place = "data/approvalStage";
    for (body, target) in [
        (at("/data/approvalStage", Value::Null), place.to_owned()),
        (at("/data/approvalStage", json!("x")), place.to_owned()),
        (
            at("/data/approvalStage", json!({})),
            format!("{place}/primaryApprovers"),
        ),
        (
            at("/data/approvalStage/primaryApprovers", json!([])),
            format!("{place}/primaryApprovers"),
        ),
        (
            at("/data/approvalStage/primaryApprovers", stranger),
            format!("{place}/primaryApprovers/0"),
        ),
        (
            at(
                "/data/approvalStage/durationBeforeAutomaticDenial",
                json!("PT0S"),
            ),
            format!("{place}/durationBeforeAutomaticDenial"),
        ),
        (
            at("/data/approvalStage", escalating),
            format!("{place}/durationBeforeAutomaticDenial"),
        ),
        (
            at("/data/approvalStage", long),
            format!("{place}/customExtension"),
        ),
        (
            at("/data/state", json!("Approved")),
            "data/state".to_owned(),
        ),
    ] {
        for path in resume_paths(&request) {
            let reply = app.as_operator().post(&path, body.clone()).await;
            let json = reply.assert_error(400, "InvalidModel").json();
            assert_eq!(json["error"]["target"], target.as_str(), "{body}");
        }
    }
    for (pointer, value, target) in [
        (
            "/data/stage",
            json!("assignmentRequestCreated"),
            "data/stage",
        ),
        (
            "/type",
            json!("microsoft.graph.accessPackageCustomExtensionStage.assignmentRequestApproved"),
            "type",
        ),
    ] {
        let reply = app
            .as_operator()
            .post(&resume_paths(&request)[0], at(pointer, value))
            .await;
        let json = reply.assert_error(400, "CallbackMismatch").json();
        assert_eq!(json["error"]["target"], target);
    }
    waits(&app, &request).await;
    let path = &resume_paths(&request)[0];
    app.as_operator().post(path, good).await.assert_status(204);
    assert_eq!(statuses(&app, V1, &request).await, ["InProgress"]);
}

#[tokio::test]
async fn a_stage_of_approval_is_named_only_where_one_is_asked_for() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let receiver = Receiver::new().await;
    let plan = Plan::new("CRM").member_here("Sellers");
    let stage = "assignmentRequestCreated";
    let package = super::calling(&app, plan, &receiver, stage, Some("PT1H")).await;
    let request = ask(&app.as_user("alice"), &package).await;
    app.deliver().await;
    let body = naming(&app, &receiver.only().body, &["carol"]);

    let refused = app
        .as_operator()
        .post(&resume_paths(&request)[0], body)
        .await;

    let json = refused.assert_error(400, "InvalidModel").json();
    assert_eq!(json["error"]["target"], "data/approvalStage");
}

#[tokio::test]
async fn rs_6_the_secret_of_a_callout_names_approvers_once() {
    let mut start = open();
    start.settings.extensions.callback_tokens = true;
    let app = TestApp::on(testkit::Backend::Sqlite, start).await.unwrap();
    let receiver = Receiver::new().await;
    let (package, _) = asking(&app, &receiver, None).await;
    let request = ask(&app.as_user("alice"), &package).await;
    app.deliver().await;
    let got = receiver.only().body;
    let bearer = format!("Bearer {}", got["CallbackToken"].as_str().unwrap());
    let showing = app.as_nobody().with_header("authorization", &bearer);
    let path = &resume_paths(&request)[0];
    let body = naming(&app, &got, &["carol"]);

    let wrong = showing.post(path, answer(&got, None)).await;
    wrong.assert_error(400, "InvalidModel");
    showing.post(path, body.clone()).await.assert_status(204);
    let second = showing.post(path, body).await;

    assert_eq!(statuses(&app, V1, &request).await, ["InProgress"]);
    assert!(second.status.is_client_error(), "{second:?}");
}

#[tokio::test]
async fn rq_23_a_request_whose_approvers_are_not_named_yet_can_be_canceled() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let (package, _) = asking(app, &receiver, None).await;
        let alice = app.as_user("alice");
        let request = ask(&alice, &package).await;
        app.deliver().await;
        let got = receiver.only().body;

        let cancel = format!("{V1}/assignmentRequests/{request}/cancel");
        let canceled = alice.post(&cancel, json!({})).await;
        assert!(canceled.status.is_success(), "{canceled:?}");

        assert_eq!(standing(app, &request).await.0, "canceled");
        let late = naming(app, &got, &["carol"]);
        let late = app
            .as_operator()
            .post(&resume_paths(&request)[0], late)
            .await;
        late.assert_error(400, "InvalidRequestState");
    })
    .await;
}

#[tokio::test]
async fn a_dead_process_and_a_changed_policy_take_no_stage_away_from_a_request() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let (package, id) = asking(app, &receiver, Some(true)).await;
        let operator = app.as_operator();
        let request = ask(&app.as_user("alice"), &package).await;
        // The policy has no such stage any more; the request still does.
        let shown = operator.get(&beta_policy(&package)).await.json();
        let bob = shown["requestApprovalSettings"]["approvalStages"][0].clone();
        let body = with_stages(app, &package, json!([bob])).await;
        let put = operator.put(&beta_policy(&package), body).await;
        assert!(put.status.is_success(), "{put:?}");
        let path = format!("{}/{id}", super::collection(V1, &package.catalog));
        operator
            .delete(&path)
            .await
            .assert_error(400, "ExtensionInUse");
        app.decide(&request, "bob", "Approve")
            .await
            .assert_status(204);

        // Somebody claims the call and is never heard of again.
        let claimed = service::callouts::claim(app.service(), "dead", 10)
            .await
            .unwrap();
        app.advance(Duration::from_secs(31));
        app.deliver().await;

        assert_eq!(claimed.len(), 1);
        let body = naming(app, &receiver.only().body, &["carol"]);
        operator
            .post(&resume_paths(&request)[0], body)
            .await
            .assert_status(204);
        app.decide(&request, "carol", "Approve")
            .await
            .assert_status(204);
        app.deliver().await;
        assert_eq!(standing(app, &request).await.0, "delivered");
        operator.delete(&path).await.assert_status(204);
    })
    .await;
}

#[tokio::test]
async fn om_2_both_versions_write_back_a_dynamic_stage_as_they_read_it() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let (package, id) = asking(app, &receiver, Some(false)).await;
        let operator = app.as_operator();
        let v1 = format!("{}/{}", policies(V1), package.policy);
        let beta = beta_policy(&package);
        let stages = async || {
            let shown = operator.get(&beta).await.assert_status(200).json();
            shown["requestApprovalSettings"]["approvalStages"].clone()
        };
        let before = stages().await;
        assert_eq!(before[0]["@odata.type"], DYNAMIC);
        assert_eq!(before[0]["customExtension"]["id"], id.as_str());
        assert!(before[1].get("customExtension").is_none());

        for path in [&v1, &beta] {
            let shown = operator.get(path).await.assert_status(200).json();
            let put = operator.put(path, shown).await;
            assert!(put.status.is_success(), "{put:?}");
            assert_eq!(stages().await, before);
        }
        // Beta does not have to repeat the extension.
        let mut bare = with_stages(app, &package, before.clone()).await;
        bare["requestApprovalSettings"]["approvalStages"][0]
            .as_object_mut()
            .unwrap()
            .shift_remove("customExtension");
        let put = operator.put(&beta, bare).await;
        assert!(put.status.is_success(), "{put:?}");
        assert_eq!(stages().await, before);

        let shown = operator.get(&v1).await.json();
        let list = shown["requestApprovalSettings"]["stages"].clone();
        assert_eq!(list[0]["@odata.type"], DYNAMIC);
        assert!(list[0].get("customExtension").is_none());
        let mut moved = shown.clone();
        moved["requestApprovalSettings"]["stages"] = json!([list[1], list[0]]);
        let refused = operator
            .put(&v1, moved)
            .await
            .assert_error(400, "InvalidModel");
        assert_eq!(
            refused.json()["error"]["target"],
            "requestApprovalSettings/stages/1/@odata.type"
        );
        // Without what says so it is a plain stage, and that asks somebody.
        let mut plain = shown.clone();
        plain["requestApprovalSettings"]["stages"][0]
            .as_object_mut()
            .unwrap()
            .shift_remove("@odata.type");
        operator
            .put(&v1, plain)
            .await
            .assert_error(400, "InvalidModel");
        let mut named = shown;
        named["requestApprovalSettings"]["stages"][0]["customExtension"] = json!({"id": id});
        operator
            .put(&v1, named)
            .await
            .assert_error(400, "InvalidModel");
        assert_eq!(stages().await, before);
    })
    .await;
}

#[tokio::test]
async fn po_30_po_31_only_an_extension_of_the_catalog_that_can_answer_names_approvers() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let (package, id) = asking(app, &receiver, None).await;
        let other = app.package(Plan::new("ERP").in_catalog("Other")).await;
        let operator = app.as_operator();
        let foreign = add_extension(app, &other, extension(&receiver.url(), Some("PT1H"))).await;
        let mute = add_extension(app, &package, extension(&receiver.url(), None)).await;
        let mut timed = extension(&receiver.url(), None);
        timed["@odata.type"] = json!("#microsoft.graph.accessPackageAssignmentWorkflowExtension");
        let timed = add_extension(app, &package, timed).await;
        let nobody = "5f3b1c9e-0a0b-4c58-9a36-0a1f0f8f0b11".to_owned();
        for wrong in [foreign, mute, timed, nobody, "x".to_owned()] {
            let body = with_stages(app, &package, json!([stage(&wrong)])).await;
            let refused = operator.put(&beta_policy(&package), body).await;
            let refused = refused.assert_error(400, "InvalidModel").json();
            let at = "requestApprovalSettings/stages/0/customExtension/id";
            assert_eq!(refused["error"]["target"], at);
        }
        let mut linked = stage(&id);
        linked
            .as_object_mut()
            .unwrap()
            .shift_remove("customExtension");
        linked["customExtension@odata.bind"] =
            json!(format!("https://reeve.test/x/customExtensions('{id}')"));
        let linked = with_stages(app, &package, json!([linked])).await;
        let put = operator.put(&beta_policy(&package), linked).await;
        assert!(put.status.is_success(), "{put:?}");
        let mut parallel = with_stages(app, &package, json!([stage(&id), stage(&id)])).await;
        parallel["requestApprovalSettings"]["approvalMode"] = json!("Parallel");
        let refused = operator.put(&beta_policy(&package), parallel).await;
        let refused = refused.assert_error(400, "InvalidModel").json();
        assert_eq!(
            refused["error"]["target"],
            "requestApprovalSettings/approvalMode"
        );
        let mut typed = stage(&id);
        typed["@odata.type"] = json!("#microsoft.graph.approvalStage");
        let typed = with_stages(app, &package, json!([typed])).await;
        let refused = operator.put(&beta_policy(&package), typed).await;
        refused.assert_error(400, "InvalidModel");

        let path = format!("{}/{id}", super::collection(V1, &package.catalog));
        operator
            .delete(&path)
            .await
            .assert_error(400, "ExtensionInUse");
        let silent = operator
            .patch(&path, json!({"callbackConfiguration": null}))
            .await;
        let silent = silent.assert_error(400, "InvalidModel").json();
        assert_eq!(silent["error"]["target"], "callbackConfiguration");
        // It is called by the stage of approval, not by the list of settings.
        let list = format!(
            "{V1}/assignmentPolicies/{}/customExtensionStageSettings",
            package.policy
        );
        let body = json!({"stage": STAGE, "customExtension": {"id": id}});
        operator
            .post(&list, body)
            .await
            .assert_error(400, "InvalidModel");
        call_at(app, &package, "assignmentRequestApproved", &id).await;
    })
    .await;
}

#[tokio::test]
async fn ap_8_managers_are_looked_for_again_as_the_extension_named_them() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let (package, _) = asking(app, &receiver, None).await;
        let request = ask(&app.as_user("alice"), &package).await;
        app.deliver().await;
        let mut body = naming(app, &receiver.only().body, &[]);
        body["data"]["approvalStage"]["primaryApprovers"] =
            json!([{"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}]);
        let path = &resume_paths(&request)[0];
        app.as_operator().post(path, body).await.assert_status(204);
        let waiting = format!("{V1}/assignmentRequests/filterByCurrentUser(on='approver')");
        let waiting_for = async |name: &str| {
            let shown = app.as_user(name).get(&waiting).await;
            shown.assert_status(200).rows().len()
        };
        assert_eq!(waiting_for("dave").await, 0);

        let id = |name: &str| app.id_of(name).to_string();
        let manager = json!({"@odata.id": format!("https://reeve.test/v1.0/users/{}", id("dave"))});
        let path = format!("/v1.0/users/{}/manager/$ref", id("alice"));
        app.as_operator()
            .put(&path, manager)
            .await
            .assert_status(204);

        assert_eq!(waiting_for("bob").await, 0, "the policy named bob before");
        assert_eq!(waiting_for("dave").await, 1);
        app.decide(&request, "dave", "Approve")
            .await
            .assert_status(204);
        app.deliver().await;
        assert_eq!(standing(app, &request).await.0, "delivered");
    })
    .await;
}

//! Asking for others where a policy says so, and taking back what one approved (semantics 2.1, 2.2, 6.1, 7.3).

use serde_json::{Value, json};
use testkit::{Package, Plan, Reply, TestApp};

use crate::support::{BETA, NOWHERE, V1};

/// A package whose only policy lets these people ask for others, and nobody for themselves.
async fn package(app: &TestApp, name: &str, requestors: Value, stages: Value) -> Package {
    let mut package = app
        .package(Plan::new(name).member_here(&format!("{name} people")))
        .await;
    let operator = app.as_operator();
    let old = format!("{V1}/assignmentPolicies/{}", package.policy);
    operator.delete(&old).await.assert_status(204);
    let body = json!({
        "displayName": "For others", "description": "", "allowedTargetScope": "allMemberUsers",
        "expiration": {"type": "afterDuration", "duration": "P30D"},
        "requestorSettings": {
            "enableTargetsToSelfAddAccess": false, "enableTargetsToSelfUpdateAccess": false,
            "enableTargetsToSelfRemoveAccess": false, "allowCustomAssignmentSchedule": true,
            "enableOnBehalfRequestorsToAddAccess": true, "enableOnBehalfRequestorsToUpdateAccess": true,
            "enableOnBehalfRequestorsToRemoveAccess": true, "onBehalfRequestors": requestors,
        },
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": stages != json!([]), "stages": stages,
        },
        "accessPackage": {"id": package.id},
    });
    let made = operator
        .post(&format!("{V1}/assignmentPolicies"), body)
        .await;
    package.policy = made.assert_status(201).text("id");
    package
}

async fn set_manager(app: &TestApp, report: &str, manager: &str) {
    let path = format!("/v1.0/users/{}/manager/$ref", app.id_of(report));
    let link = format!("https://h/v1.0/users/{}", app.id_of(manager));
    let put = app
        .as_operator()
        .put(&path, json!({"@odata.id": link}))
        .await;
    put.assert_status(204);
}

fn manager(level: u8) -> Value {
    json!([{"@odata.type": "#microsoft.graph.targetManager", "managerLevel": level}])
}

async fn ask_for(app: &TestApp, root: &str, package: &Package, who: &str, target: &str) -> Reply {
    let target = if app.knows(target) {
        app.id_of(target).to_string()
    } else {
        target.to_owned()
    };
    let (request_type, member) = if root == BETA {
        ("UserAdd", "accessPackageAssignment")
    } else {
        ("userAdd", "assignment")
    };
    let body = json!({
        "requestType": request_type,
        member: {"targetId": target, "accessPackageId": package.id},
    });
    let path = format!("{root}/assignmentRequests");
    app.as_user(who).post(&path, body).await
}

async fn change(app: &TestApp, who: &str, request_type: &str, assignment: &str) -> Reply {
    let body = json!({
        "requestType": request_type, "assignment": {"id": assignment}, "justification": "for a test",
        "schedule": {"expiration": {"type": "afterDuration", "duration": "P20D"}},
    });
    let path = format!("{V1}/assignmentRequests");
    app.as_user(who).post(&path, body).await
}

#[tokio::test]
async fn a_manager_asks_for_a_report_where_the_policy_says_so() {
    TestApp::on_both(async |app| {
        set_manager(app, "alice", "bob").await;
        set_manager(app, "bob", "carol").await;
        for root in [V1, BETA] {
            let name = format!("For reports {}", &root[1..5]);
            let package = package(app, &name, manager(1), json!([])).await;
            let above = self::package(app, &format!("{name}, above"), manager(2), json!([])).await;

            let made = ask_for(app, root, &package, "bob", "alice").await;
            let id = made.assert_status(201).text("id");
            app.deliver().await;

            assert_eq!(app.state(&id).await, "delivered");
            let path = format!(
                "{V1}/assignmentRequests/{id}?$expand=requestor,assignment($expand=target)"
            );
            let read = app
                .as_user("bob")
                .get(&path)
                .await
                .assert_status(200)
                .json();
            assert_eq!(read["requestor"]["objectId"], app.id_of("bob").to_string());
            let target = &read["assignment"]["target"]["objectId"];
            assert_eq!(*target, app.id_of("alice").to_string());
            // The target knows it, too; a third person does not.
            let path = format!("{V1}/assignmentRequests/{id}");
            app.as_user("alice").get(&path).await.assert_status(200);
            app.as_user("dave").get(&path).await.assert_status(404);
            let others = format!("{V1}/assignmentRequests/filterByCurrentUser(on='createdBy')");
            let rows = app
                .as_user("bob")
                .get(&others)
                .await
                .assert_status(200)
                .rows();
            assert!(rows.iter().any(|row| row["id"] == id.as_str()));

            let second = ask_for(app, root, &above, "carol", "alice").await;
            second.assert_status(201);
            for (who, target, package) in [
                ("carol", "alice", &package),
                ("bob", "alice", &above),
                ("alice", "bob", &package),
                ("bob", "dave", &package),
                ("mallory", "alice", &package),
            ] {
                let refused = ask_for(app, root, package, who, target).await;
                let refused = refused.assert_error(400, "PolicyRequirementsNotMet").json();
                assert_eq!(
                    refused["error"]["target"], "assignment/targetId",
                    "{who} {target}"
                );
            }
            // The policy is for others: nobody asks for themselves.
            let own = ask_for(app, root, &package, "dave", "dave").await;
            own.assert_error(400, "PolicyNotApplicable");
            // Whether there is somebody is told to those alone who may ask for them: here, to nobody.
            let nobody = ask_for(app, root, &package, "bob", NOWHERE).await;
            assert_eq!(nobody.code(), "PolicyRequirementsNotMet");
            app.deliver().await;
        }
    })
    .await;
}

#[tokio::test]
async fn rq_11_who_may_not_ask_for_others_does_not_learn_who_is_there() {
    TestApp::on_both(async |app| {
        let bob = json!([
            {"@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of("bob").to_string()},
        ]);
        let package = package(app, "By bob", bob, json!([])).await;
        let path = format!("/v1.0/users/{}", app.id_of("erin"));
        let mail = json!({"mail": "erin@corp.example"});
        let changed = app.as_operator().patch(&path, mail).await;
        changed.assert_status(204);
        let gone = app.add_user("gone").await;
        let path = format!("/v1.0/users/{gone}");
        app.as_operator().delete(&path).await.assert_status(204);
        let ask = async |who: &str, target: &Value, policy: &Value| {
            let body = json!({"requestType": "userAdd", "assignment": {
                "target": target, "accessPackageId": package.id, "assignmentPolicyId": policy}});
            let path = format!("{V1}/assignmentRequests");
            app.as_user(who).post(&path, body).await
        };

        let mut answers = std::collections::BTreeSet::new();
        for policy in [json!(package.policy), json!(NOWHERE), Value::Null] {
            for target in [
                json!({"email": "erin@corp.example"}),
                json!({"email": "nobody@corp.example"}),
                json!({"objectId": app.id_of("erin").to_string()}),
                json!({"objectId": gone.to_string()}),
                json!({"objectId": NOWHERE}),
            ] {
                let refused = ask("mallory", &target, &policy).await;
                let refused = refused.assert_error(400, "PolicyRequirementsNotMet").json();
                let error = &refused["error"];
                answers.insert(format!("{} {}", error["target"], error["message"]));
            }
        }
        assert_eq!(answers.len(), 1, "{answers:?}");

        let (policy, unknown) = (
            json!(package.policy),
            json!({"email": "nobody@corp.example"}),
        );
        let told = ask("bob", &unknown, &policy).await;
        told.assert_error(400, "ExternalAccessDisabled");
        let erin = json!({"email": "erin@corp.example"});
        ask("bob", &erin, &policy).await.assert_status(201);
        app.deliver().await;
    })
    .await;
}

#[tokio::test]
async fn users_groups_and_rules_of_a_policy_name_who_asks_for_others() {
    TestApp::on_both(async |app| {
        let group = app.group("Assistants", None).await;
        let links = format!("/v1.0/groups/{group}/members/$ref");
        let carol = format!("https://h/v1.0/directoryObjects/{}", app.id_of("carol"));
        let linked = app
            .as_operator()
            .post(&links, json!({"@odata.id": carol}))
            .await;
        linked.assert_status(204);
        let sets = json!([
            {"@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of("bob").to_string()},
            {"@odata.type": "#microsoft.graph.groupMembers", "groupId": group.to_string()},
        ]);
        let package = package(app, "By assistants", sets, json!([])).await;

        ask_for(app, V1, &package, "bob", "alice")
            .await
            .assert_status(201);
        ask_for(app, V1, &package, "carol", "erin")
            .await
            .assert_status(201);
        let refused = ask_for(app, V1, &package, "dave", "frank").await;
        refused.assert_error(400, "PolicyRequirementsNotMet");
        app.deliver().await;
    })
    .await;
}

#[tokio::test]
async fn ap_9_nobody_approves_what_they_asked_for_somebody_else() {
    TestApp::on_both(async |app| {
        set_manager(app, "alice", "bob").await;
        let stages = json!([{
            "durationBeforeAutomaticDenial": "P14D",
            "primaryApprovers": [
                {"@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of("bob").to_string()},
                {"@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of("carol").to_string()},
            ],
        }]);
        let package = package(app, "Approved", manager(1), stages).await;
        let made = ask_for(app, V1, &package, "bob", "alice").await;
        let id = made.assert_status(201).text("id");
        app.deliver().await;

        app.decide(&id, "bob", "Approve").await.assert_status(403);
        app.decide(&id, "carol", "Approve").await.assert_status(204);
        app.deliver().await;
        assert_eq!(app.state(&id).await, "delivered");
    })
    .await;
}

#[tokio::test]
async fn who_may_ask_for_others_changes_and_ends_it_for_them_where_the_policy_says_so() {
    TestApp::on_both(async |app| {
        set_manager(app, "alice", "bob").await;
        let package = package(app, "For reports", manager(1), json!([])).await;
        let made = ask_for(app, V1, &package, "bob", "alice").await;
        let id = made.assert_status(201).text("id");
        app.deliver().await;
        let assignment = app.assignment_of(&id).await;
        let before = app.assignment(&assignment).await["schedule"].clone();

        change(app, "dave", "userUpdate", &assignment)
            .await
            .assert_error(404, "ResourceNotFound");
        let changed = change(app, "bob", "userUpdate", &assignment).await;
        changed.assert_status(201);
        app.deliver().await;
        assert_ne!(app.assignment(&assignment).await["schedule"], before);
        change(app, "dave", "userRemove", &assignment)
            .await
            .assert_error(404, "ResourceNotFound");
        let own = change(app, "alice", "userRemove", &assignment).await;
        own.assert_error(400, "PolicyRequirementsNotMet");
        change(app, "bob", "userRemove", &assignment)
            .await
            .assert_status(201);
        app.deliver().await;
        assert_eq!(app.assignment_state(&assignment).await, "expired");
    })
    .await;
}

#[tokio::test]
async fn whoever_approved_takes_it_back_with_a_reason() {
    TestApp::on_both(async |app| {
        for (root, request_type) in [(V1, "approverRemove"), (BETA, "ApproverRemove")] {
            let plan = Plan::new(&format!("Approved {}", &root[1..5]))
                .member_here(&format!("Approved people {}", &root[1..5]))
                .approval_by(&["bob", "carol"]);
            let package = app.package(plan).await;
            let id = app.ask(&package, "alice").await;
            app.deliver().await;
            app.decide(&id, "bob", "Approve").await.assert_status(204);
            app.deliver().await;
            let assignment = app.assignment_of(&id).await;
            let body = |why: Value| {
                let member = if root == BETA { "accessPackageAssignment" } else { "assignment" };
                json!({"requestType": request_type, member: {"id": assignment}, "justification": why})
            };
            let path = format!("{root}/assignmentRequests");

            for (who, status, code) in [
                ("carol", 403, "AccessDenied"),
                ("alice", 403, "AccessDenied"),
                ("mallory", 404, "ResourceNotFound"),
            ] {
                let refused = app.as_user(who).post(&path, body("why".into())).await;
                refused.assert_error(status, code);
            }
            app.as_operator().post(&path, body("why".into())).await.assert_error(403, "AccessDenied");
            for blank in [Value::Null, " ".into()] {
                let refused = app.as_user("bob").post(&path, body(blank)).await;
                let refused = refused.assert_error(400, "JustificationRequired").json();
                assert_eq!(refused["error"]["target"], "justification");
            }
            let mut later = body("left the project".into());
            later["schedule"] = json!({"startDateTime": "2096-01-01T00:00:00Z"});
            let refused = app.as_user("bob").post(&path, later).await;
            let refused = refused.assert_error(400, "InvalidModel").json();
            assert_eq!(refused["error"]["target"], "schedule");
            let made = app.as_user("bob").post(&path, body("left the project".into())).await;
            let made = made.assert_status(201);
            let removal = made.text("id");
            app.deliver().await;

            assert_eq!(app.state(&removal).await, "delivered");
            assert_eq!(app.assignment_state(&assignment).await, "expired");
            let object = format!("{V1}/assignmentRequests/{removal}");
            let bob = app.as_user("bob");
            let shown = bob.get(&object).await.assert_status(200).json();
            assert_eq!(shown["requestType"], "unknownFutureValue");
            assert_eq!(shown["justification"], "left the project");
            let prefer = "include-unknown-enum-members";
            let shown = app.as_user("bob").with_header("prefer", prefer).get(&object).await;
            assert_eq!(shown.assert_status(200).json()["requestType"], "approverRemove");
            let again = app.as_user("bob").post(&path, body("again".into())).await;
            again.assert_error(400, "InvalidAssignmentState");
        }
    })
    .await;
}

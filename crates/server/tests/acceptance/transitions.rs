//! How requests and assignments go from state to state (sections 2.5, 3.2), and what stays as it was: dates that were
//! promised, events of what is gone, people whom a change of a package does not concern.

use domain::directory::GroupRole;
use domain::time::Duration;
use serde_json::{Value, json};
use testkit::{BETA, CRM, ERP, Package, Plan, TestApp, V1};

/// What the log tells of a request, in its order.
async fn log(app: &TestApp, request: &str) -> Vec<String> {
    let path = format!(
        "/v1.0/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id eq '{request}')\
         &$orderby=activityDateTime&$top=999"
    );
    let events = app.as_operator().get(&path).await.assert_status(200).rows();
    let name = |event: &Value| event["activityDisplayName"].as_str().unwrap().to_owned();
    events.iter().map(name).collect()
}

fn has(log: &[String], activity: &str) -> bool {
    log.iter().any(|one| one == activity)
}

// T4, T5, RQ-16
#[tokio::test]
async fn what_needs_no_approval_is_delivered_at_once_or_on_its_day() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Open").member_of("Readers", ERP))
            .await;
        let start = app.now().plus(Duration::from_days(3));
        let later = json!({"schedule": {
            "startDateTime": start.to_string(), "expiration": {"type": "noExpiration"}
        }});

        let now = app.ask(&package, "alice").await;
        let on_its_day = app.assign_with(&package, "carol", later).await;
        let on_its_day = on_its_day.assert_status(201).text("id");

        assert_eq!(app.state(&now).await, "delivering", "T4");
        assert_ne!(app.assignment_of(&now).await, "", "A1");
        assert!(has(
            &log(app, &now).await,
            "Auto approve access package assignment request"
        ));
        assert!(has(
            &log(app, &now).await,
            "Ready to fulfill access package assignment request"
        ));
        assert_eq!(app.state(&on_its_day).await, "scheduled", "T5");
        let told = log(app, &on_its_day).await;
        assert!(
            has(&told, "Schedule a future access package assignment"),
            "{told:?}"
        );
        assert!(
            !has(&told, "Ready to fulfill access package assignment request"),
            "{told:?}"
        );
        app.advance(Duration::from_days(3));
        app.deliver().await;
        assert_eq!(app.state(&on_its_day).await, "delivered", "T11");
    })
    .await;
}

// T13, T14, T15, A2
#[tokio::test]
async fn a_delivery_ends_well_in_part_or_not_and_the_assignment_follows() {
    TestApp::on_both(async |app| {
        for (state, activity) in [
            ("delivered", "Fulfill access package assignment request"),
            (
                "partiallyDelivered",
                "Partially fulfill access package assignment request",
            ),
            ("deliveryFailed", "Failed access package assignment request"),
        ] {
            let case = app.request_in(state).await;

            let request = app.request(&case.request).await;
            assert_ne!(request["completedDateTime"], Value::Null, "{state}");
            assert_eq!(app.assignment_state(&case.assignment).await, state);
            let told = log(app, &case.request).await;
            assert!(has(&told, activity), "{state}: {told:?}");
        }
    })
    .await;
}

// T8
#[tokio::test]
async fn a_denial_ends_the_request_and_leaves_nothing() {
    TestApp::on_both(async |app| {
        let plan = Plan::new("Asked").member_of("Readers", ERP);
        let package = app
            .package(plan.approval_by(&["bob"]).approval_by(&["carol"]))
            .await;
        let request = app.ask(&package, "alice").await;
        app.decide(&request, "bob", "Approve")
            .await
            .assert_status(204);

        app.decide(&request, "carol", "Deny")
            .await
            .assert_status(204);

        app.deliver().await;
        assert_eq!(app.state(&request).await, "denied");
        assert_eq!(
            app.assignment_of(&request).await,
            "",
            "no assignment was made"
        );
        assert!(!app.has(package.role(), "alice").await);
        let told = log(app, &request).await;
        assert!(
            has(&told, "Deny access package assignment request"),
            "{told:?}"
        );
        app.try_ask(&package, "alice").await.assert_status(201);
    })
    .await;
}

// T10, AP-6
#[tokio::test]
async fn alternates_decide_once_it_is_their_turn_and_the_first_approvers_still_may() {
    TestApp::on_both(async |app| {
        for who in ["erin", "bob"] {
            let plan = Plan::new(&format!("Escalated to {who}"))
                .member_of("Readers", ERP)
                .approval_by(&["bob"])
                .escalating_to(&["erin"], "P2D");
            let package = app.package(plan).await;
            let request = app.ask(&package, "alice").await;
            let waiting = "/accessPackageAssignmentApprovals/filterByCurrentUser(on='approver')";
            let path = format!("{V1}{waiting}");
            let seen = async || {
                app.as_user("erin")
                    .get(&path)
                    .await
                    .assert_status(200)
                    .rows()
                    .len()
            };
            assert_eq!(seen().await, 0, "not yet");

            app.advance(Duration::from_days(2));
            app.deliver().await;

            assert_eq!(seen().await, 1, "T10");
            let status = app.request(&request).await["status"].clone();
            assert_eq!(status, "PendingApprovalEscalated");
            app.decide(&request, who, "Approve")
                .await
                .assert_status(204);
            app.deliver().await;
            assert_eq!(app.state(&request).await, "delivered");
            app.remove(&app.assignment_of(&request).await).await;
            app.deliver().await;
        }
    })
    .await;
}

// AP-8
#[tokio::test]
async fn where_nobody_can_decide_the_request_waits_and_the_log_warns() {
    TestApp::on_both(async |app| {
        app.add_user("leaver").await;
        let package = app.package(Plan::new("Orphan").approval_by(&["leaver"])).await;
        let leaver = format!("/v1.0/users/{}", app.id_of("leaver"));
        app.as_operator().delete(&leaver).await.assert_status(204);

        let request = app.ask(&package, "alice").await;

        assert_eq!(app.state(&request).await, "pendingApproval");
        let path = format!(
            "/v1.0/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id eq '{request}')&$top=999"
        );
        let events = app.as_operator().get(&path).await.assert_status(200).rows();
        let text = Value::Array(events).to_string();
        assert!(text.contains("nobody can decide about this stage"), "{text}");
        app.advance(Duration::from_days(14));
        app.deliver().await;
        assert_eq!(app.state(&request).await, "denied", "AP-5");
    })
    .await;
}

// RQ-17
#[tokio::test]
async fn a_policy_that_is_changed_later_does_not_shorten_what_was_asked_for_before() {
    TestApp::on_both(async |app| {
        let plan = Plan::new("Month").member_of("Readers", ERP);
        let package = app
            .package(plan.approval_by(&["bob"]).lasting("P30D"))
            .await;
        let request = app.ask(&package, "alice").await;
        let path = format!("{V1}/assignmentPolicies/{}", package.policy);
        let read = format!("{path}?$expand=accessPackage");
        let mut policy = app.as_operator().get(&read).await.assert_status(200).json();
        policy["expiration"]["duration"] = "P10D".into();
        app.as_operator()
            .put(&path, policy)
            .await
            .assert_status(200);

        app.decide(&request, "bob", "Approve")
            .await
            .assert_status(204);
        app.deliver().await;

        let held = app.assignment(&app.assignment_of(&request).await).await;
        let end = app.now().plus(Duration::from_days(30)).to_string();
        assert_eq!(held["schedule"]["expiration"]["endDateTime"], end, "{held}");
    })
    .await;
}

// RQ-18, A11, AS-7
#[tokio::test]
async fn an_extension_waits_for_approval_and_moves_the_end_and_nothing_else() {
    TestApp::on_both(async |app| {
        let plan = Plan::new("Season")
            .member_of("Readers", ERP)
            .lasting("P30D");
        let package = app
            .package(plan.approval_by(&["bob"]).approving_updates())
            .await;
        let request = app.ask(&package, "alice").await;
        app.decide(&request, "bob", "Approve")
            .await
            .assert_status(204);
        app.deliver().await;
        let held = app.assignment_of(&request).await;
        let began = app.now();
        app.advance(Duration::from_days(20));
        let too_late = began.plus(Duration::from_days(51));
        let refused = app.try_extend(&held, "alice", too_late).await;
        refused.assert_error(400, "InvalidSchedule");

        let until = began.plus(Duration::from_days(45));
        let extension = app
            .try_extend(&held, "alice", until)
            .await
            .assert_status(201)
            .text("id");

        assert_eq!(app.state(&extension).await, "pendingApproval");
        app.decide(&extension, "bob", "Approve")
            .await
            .assert_status(204);
        app.deliver().await;
        assert_eq!(app.state(&extension).await, "delivered");
        let path = format!("{BETA}/accessPackageAssignments/{held}");
        let extended = app.as_operator().get(&path).await.assert_status(200).json();
        assert_eq!(extended["isExtended"], true, "A11: {extended}");
        assert_eq!(extended["assignmentState"], "Delivered");
        assert_eq!(
            extended["schedule"]["expiration"]["endDateTime"],
            until.to_string()
        );
        let role = &package.role().origin_id;
        let writes = app.target(ERP).changes(role, app.id_of("alice"));
        assert_eq!(writes, 1, "RQ-18: nothing is granted again");
    })
    .await;
}

// AS-7
#[tokio::test]
async fn nobody_extends_what_the_policy_does_not_let_them_extend() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Fixed").member_of("Readers", ERP).lasting("P30D"))
            .await;
        let request = app.ask(&package, "alice").await;
        app.deliver().await;
        let held = app.assignment_of(&request).await;
        let path = format!("{V1}/assignmentPolicies/{}", package.policy);
        let read = format!("{path}?$expand=accessPackage");
        let mut policy = app.as_operator().get(&read).await.assert_status(200).json();
        policy["requestorSettings"]["enableTargetsToSelfUpdateAccess"] = false.into();
        app.as_operator()
            .put(&path, policy)
            .await
            .assert_status(200);

        let until = app.now().plus(Duration::from_days(29));
        let refused = app.try_extend(&held, "alice", until).await;

        refused.assert_error(400, "PolicyRequirementsNotMet");
        assert_eq!(
            app.requests_of(&package).await.len(),
            1,
            "RQ-6: nothing is kept"
        );
    })
    .await;
}

// SC-1
#[tokio::test]
async fn a_schedule_that_says_two_ends_is_refused() {
    let app = TestApp::new().await;
    let package = app
        .package(Plan::new("Open").member_of("Readers", ERP))
        .await;
    let end = app.now().plus(Duration::from_days(3)).to_string();
    let of = |expiration: Value| json!({"schedule": {"expiration": expiration}});

    for wrong in [
        json!({"type": "afterDateTime", "endDateTime": end, "duration": "P3D"}),
        json!({"type": "afterDuration", "endDateTime": end, "duration": "P3D"}),
        json!({"type": "afterDateTime"}),
        json!({"type": "sometime"}),
    ] {
        let reply = app.assign_with(&package, "alice", of(wrong)).await;
        assert_eq!(reply.status, 400, "{reply}");
    }
    let right = json!({"type": "afterDateTime", "endDateTime": end});
    app.assign_with(&package, "alice", of(right))
        .await
        .assert_status(201);
    app.deliver().await;
}

// RQ-7
#[tokio::test]
async fn what_the_rules_forbid_is_400_with_a_code_and_what_nobody_may_is_403() {
    TestApp::on_both(async |app| {
        let held = app.assignment_in("delivered").await;
        app.try_ask(&held.package, &held.who)
            .await
            .assert_error(400, "ExistingAssignment");
        let asked = app.request_in("pendingApproval").await;
        app.try_ask(&asked.package, &asked.who)
            .await
            .assert_error(400, "ExistingOpenRequest");
        let past = json!({"schedule": {"expiration": {
            "type": "afterDateTime", "endDateTime": "2020-01-01T00:00:00Z"}}});
        let package = app
            .package(Plan::new("Open").member_of("Readers", ERP))
            .await;
        app.assign_with(&package, "dave", past)
            .await
            .assert_error(400, "InvalidSchedule");

        let body = json!({"requestType": "adminAdd", "assignment": {
            "targetId": app.id_of("dave").to_string(), "assignmentPolicyId": package.policy,
            "accessPackageId": package.id}});
        let by_a_user = app
            .as_user("dave")
            .post(&format!("{V1}/assignmentRequests"), body)
            .await;
        assert_eq!(by_a_user.status, 403, "{by_a_user}");
    })
    .await;
}

// RQ-14
#[tokio::test]
async fn of_two_who_come_at_once_one_is_too_late() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Race").approval_by(&["bob", "carol"]))
            .await;
        let request = app.ask(&package, "alice").await;

        let (one, other) = tokio::join!(
            app.decide(&request, "bob", "Approve"),
            app.decide(&request, "carol", "Deny"),
        );

        let mut answers = [one.status.as_u16(), other.status.as_u16()];
        answers.sort_unstable();
        assert_eq!(answers, [204, 409], "{one}\n{other}");
        app.deliver().await;
        let second = app.request_in("scheduled").await;
        let (one, other) = tokio::join!(app.cancel(&second.request), app.cancel(&second.request));
        let mut answers = [one.status.as_u16(), other.status.as_u16()];
        answers.sort_unstable();
        assert_eq!(answers, [204, 400], "{one}\n{other}");
    })
    .await;
}

// RQ-21, RQ-25
#[tokio::test]
async fn a_request_that_is_canceled_and_deleted_is_gone_and_its_story_stays() {
    TestApp::on_both(async |app| {
        for root in [V1, BETA] {
            let case = app.request_in("pendingApproval").await;
            let path = format!("{root}/assignmentRequests/{}", case.request);

            let canceled = app
                .as_operator()
                .post_empty(&format!("{path}/cancel"))
                .await;
            canceled.assert_status(204).assert_empty();
            app.as_operator().delete(&path).await.assert_status(204);

            app.as_operator()
                .get(&path)
                .await
                .assert_error(404, "ResourceNotFound");
            assert!(app.requests_of(&case.package).await.is_empty());
            let told = log(app, &case.request).await;
            for activity in [
                "User requests access package assignment",
                "Cancel access package assignment request",
                "Delete access package assignment request",
            ] {
                assert!(has(&told, activity), "{activity}: {told:?}");
            }
        }
    })
    .await;
}

// AS-5
#[tokio::test]
async fn who_holds_a_role_already_gets_no_assignment_when_a_package_gains_it() {
    TestApp::on_both(async |app| {
        let package: Package = app
            .package(Plan::new("Later").member_of("Readers", ERP))
            .await;
        let group = app.group("Insiders", None).await;
        let path = format!("/v1.0/groups/{group}/members/$ref");
        let alice = format!(
            "https://graph.test/v1.0/directoryObjects/{}",
            app.id_of("alice")
        );
        let joined = app
            .as_operator()
            .post(&path, json!({"@odata.id": alice}))
            .await;
        joined.assert_status(204);

        app.add_role(&package, "Insiders", GroupRole::Member, None)
            .await;
        app.deliver().await;

        let path = format!(
            "{V1}/assignments?$filter=accessPackage/id eq '{}'",
            package.id
        );
        let rows = app.as_operator().get(&path).await.assert_status(200).rows();
        assert!(rows.is_empty(), "{rows:?}");
    })
    .await;
}

// AS-10
#[tokio::test]
async fn assignments_are_changed_by_requests_alone() {
    TestApp::on_both(async |app| {
        let held = app.assignment_in("delivered").await;
        let operator = app.as_operator();
        for (root, set) in [(V1, "assignments"), (BETA, "accessPackageAssignments")] {
            let path = format!("{root}/{set}/{}", held.assignment);

            let deleted = operator.delete(&path).await;
            let changed = operator.patch(&path, json!({"state": "expired"})).await;
            let made = operator.post(&format!("{root}/{set}"), json!({})).await;

            for refused in [deleted, changed, made] {
                assert_eq!(refused.status, 405, "{refused}");
                assert!(refused.headers.contains_key("allow"), "{refused}");
            }
        }
        assert_eq!(app.assignment_state(&held.assignment).await, "delivered");
    })
    .await;
}

// PO-13
#[tokio::test]
async fn a_policy_of_a_lower_rank_is_no_way_in() {
    TestApp::on_both(async |app| {
        let package = app.package(Plan::new("Ranked").member_of("Readers", CRM)).await;
        let better = json!({
            "displayName": "For alice", "description": "Alone.",
            "allowedTargetScope": "specificDirectoryUsers",
            "specificAllowedTargets": [{
                "@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of("alice").to_string()
            }],
            "expiration": {"type": "noExpiration"},
            "requestorSettings": {"enableTargetsToSelfAddAccess": true},
            "requestApprovalSettings": {"isApprovalRequiredForAdd": false, "stages": []},
            "accessPackage": {"id": package.id}
        });
        let path = format!("{V1}/assignmentPolicies");
        app.as_operator().post(&path, better).await.assert_status(201);

        let refused = app.try_ask(&package, "alice").await;

        refused.assert_error(400, "PolicyNotApplicable");
        app.try_ask(&package, "carol").await.assert_status(201);
        app.deliver().await;
    })
    .await;
}

// PO-2
#[tokio::test]
async fn a_policy_is_for_people_inside_or_for_people_outside() {
    let app = TestApp::new().await;
    let package = app
        .package(Plan::new("Mixed").member_of("Readers", ERP))
        .await;
    let inside = json!({
        "@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of("alice").to_string()
    });
    let outside = json!({
        "@odata.type": "#microsoft.graph.connectedOrganizationMembers",
        "connectedOrganizationId": app.id_of("alice").to_string()
    });

    for (scope, target) in [
        ("specificDirectoryUsers", &outside),
        ("specificConnectedOrganizationUsers", &inside),
    ] {
        let body = json!({
            "displayName": "Both", "description": "Both.", "allowedTargetScope": scope,
            "specificAllowedTargets": [target], "expiration": {"type": "noExpiration"},
            "requestorSettings": {"enableTargetsToSelfAddAccess": true},
            "requestApprovalSettings": {"isApprovalRequiredForAdd": false, "stages": []},
            "accessPackage": {"id": package.id}
        });
        let refused = app
            .as_operator()
            .post(&format!("{V1}/assignmentPolicies"), body)
            .await;
        refused.assert_error(400, "InvalidModel");
    }
}

// AU-8
#[tokio::test]
async fn a_rule_makes_no_group() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Ruled").member_of("Sellers", CRM))
            .await;
        let groups = async || {
            let reply = app.as_operator().get("/v1.0/groups?$top=999").await;
            reply.assert_status(200).rows().len()
        };
        let before = groups().await;
        let body = json!({
            "displayName": "By rule", "description": "By rule.",
            "allowedTargetScope": "specificDirectoryUsers",
            "specificAllowedTargets": [{
                "@odata.type": "#microsoft.graph.attributeRuleMembers", "description": "All",
                "membershipRule": "user.displayName -eq \"alice\""
            }],
            "automaticRequestSettings": {"requestAccessForAllowedTargets": true},
            "accessPackage": {"id": package.id}
        });
        let path = format!("{V1}/assignmentPolicies");
        app.as_operator().post(&path, body).await.assert_status(201);
        app.deliver().await;

        assert!(app.has(package.role(), "alice").await);
        assert_eq!(groups().await, before);
    })
    .await;
}

// AP-15
#[tokio::test]
async fn a_stage_of_an_extension_that_is_not_there_is_refused_and_not_taken_for_another() {
    let app = TestApp::new().await;
    let package = app
        .package(Plan::new("Dynamic").member_of("Readers", ERP))
        .await;
    let body = json!({
        "displayName": "Dynamic", "description": "Dynamic.", "accessPackageId": package.id,
        "canExtend": false, "durationInDays": 0,
        "requestorSettings": {"scopeType": "AllExistingDirectoryMemberUsers", "acceptRequests": true, "allowedRequestors": []},
        "requestApprovalSettings": {
            "isApprovalRequired": true, "approvalMode": "SingleStage",
            "approvalStages": [{
                "@odata.type": "#microsoft.graph.accessPackageDynamicApprovalStage",
                "approvalStageTimeOutInDays": 14, "primaryApprovers": [{
                    "@odata.type": "#microsoft.graph.singleUser", "id": app.id_of("bob").to_string(), "isBackup": false
                }],
                "customExtension": {"id": package.id}
            }]
        }
    });
    let path = format!("{BETA}/accessPackageAssignmentPolicies");
    let refused = app.as_operator().post(&path, body).await;
    refused.assert_error(400, "InvalidModel");
}

// T3, T6, T7
#[tokio::test]
async fn what_needs_approval_waits_for_every_stage_and_then_for_its_day() {
    TestApp::on_both(async |app| {
        let plan = Plan::new("Asked").member_of("Readers", ERP);
        let package = app
            .package(plan.approval_by(&["bob"]).approval_by(&["carol"]))
            .await;
        let start = app.now().plus(Duration::from_days(3));
        let later = json!({"schedule": {
            "startDateTime": start.to_string(), "expiration": {"type": "noExpiration"}
        }});
        let now = app.ask(&package, "alice").await;
        let on_its_day = app.assign_with(&package, "dave", later).await;
        let on_its_day = on_its_day.assert_status(201).text("id");

        for (request, ends) in [(&now, "delivering"), (&on_its_day, "scheduled")] {
            assert_eq!(app.state(request).await, "pendingApproval", "T3");
            let first = app.decide(request, "bob", "Approve").await;
            first.assert_status(204);
            assert_eq!(app.state(request).await, "pendingApproval", "T6");
            assert_eq!(app.assignment_of(request).await, "", "RQ-16");
            let last = app.decide(request, "carol", "Approve").await;
            last.assert_status(204);

            assert_eq!(app.state(request).await, ends, "T7");
            let told = log(app, request).await;
            for activity in [
                "Approval stage completed for access package assignment request",
                "Approve access package assignment request",
            ] {
                assert!(has(&told, activity), "{activity}: {told:?}");
            }
        }
        app.advance(Duration::from_days(3));
        app.deliver().await;
        assert_eq!(app.state(&on_its_day).await, "delivered", "T11");
    })
    .await;
}

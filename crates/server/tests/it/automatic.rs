//! Assignment by rule over HTTP (section 6.8): written, read in both versions, delivered to targets, previewed.

use auth::principal::Permission;
use auth::roles::EmRole;
use serde_json::{Value, json};
use testkit::{BETA, ERP, Package, Plan, Reply, TestApp, V1};

const SALES: &str = "user.department -eq \"Sales\"";

fn body(package: &str, rule: &str) -> Value {
    json!({
        "displayName": "Everybody in Sales",
        "description": "By rule.",
        "allowedTargetScope": "specificDirectoryUsers",
        "specificAllowedTargets": [{
            "@odata.type": "#microsoft.graph.attributeRuleMembers",
            "description": "Sales",
            "membershipRule": rule
        }],
        "automaticRequestSettings": {
            "requestAccessForAllowedTargets": true,
            "gracePeriodBeforeAccessRemoval": "P7D"
        },
        "accessPackage": {"id": package}
    })
}

async fn write(app: &TestApp, package: &Package, rule: &str) -> Reply {
    let path = format!("{V1}/assignmentPolicies");
    app.as_operator().post(&path, body(&package.id, rule)).await
}

async fn transfer(app: &TestApp, name: &str, department: &str) {
    let path = format!("/v1.0/users/{}", app.id_of(name));
    let change = json!({"department": department});
    app.as_operator()
        .patch(&path, change)
        .await
        .assert_status(204);
}

async fn package(app: &TestApp) -> Package {
    app.package(Plan::new("Leads").member_of("Lead readers", ERP))
        .await
}

// AU-5, A10
#[tokio::test]
async fn a_rule_grants_and_revokes_in_the_target_au_5() {
    TestApp::on_both(async |app| {
        let package = package(app).await;
        transfer(app, "alice", "sales").await;
        write(app, &package, SALES).await.assert_status(201);
        app.deliver().await;

        for (root, set, name, state) in [
            (V1, "assignmentRequests", "systemAdd", "delivered"),
            (
                BETA,
                "accessPackageAssignmentRequests",
                "SystemAdd",
                "Delivered",
            ),
        ] {
            let found = app
                .as_operator()
                .get(&format!("{root}/{set}"))
                .await
                .assert_status(200)
                .rows();
            let [request] = found.as_slice() else {
                panic!("one request is expected: {found:?}");
            };
            assert_eq!(request["requestType"], name);
            let shown = request.get("state").or_else(|| request.get("requestState"));
            assert_eq!(shown, Some(&json!(state)));
        }
        assert_eq!(holders(app, &package).await, ["Delivered"]);

        transfer(app, "alice", "Finance").await;
        app.deliver().await;
        assert_eq!(
            holders(app, &package).await,
            ["AutoAssignmentInGracePeriod"]
        );
        app.advance(domain::time::Duration::from_days(7));
        app.deliver().await;
        assert!(holders(app, &package).await.is_empty());
    })
    .await;
}

/// The texts beside the states of the assignments that live.
async fn holders(app: &TestApp, package: &Package) -> Vec<String> {
    let path = format!(
        "{V1}/assignments?$filter=accessPackage/id eq '{}' and state ne 'expired'",
        package.id
    );
    let found = app.as_operator().get(&path).await.assert_status(200).rows();
    found
        .iter()
        .map(|one| one["status"].as_str().unwrap().to_owned())
        .collect()
}

// AU-4, OM-1, OM-2
#[tokio::test]
async fn both_versions_show_the_rule_and_beta_keeps_what_it_cannot_say_om_2() {
    let app = TestApp::new().await;
    let package = package(&app).await;
    let made = write(&app, &package, SALES).await;
    let id = made.assert_status(201).text("id");
    let operator = app.as_operator();
    let v1 = format!("{V1}/assignmentPolicies/{id}");
    let beta = format!("{BETA}/accessPackageAssignmentPolicies/{id}");
    let settings = json!({
        "requestAccessForAllowedTargets": true,
        "removeAccessWhenTargetLeavesAllowedTargets": true,
        "gracePeriodBeforeAccessRemoval": "P7D"
    });

    let shown = operator.get(&beta).await.assert_status(200).json();
    let rule = &shown["requestorSettings"]["allowedRequestors"][0];
    assert_eq!(rule["membershipRule"], SALES);
    operator.put(&beta, shown).await.assert_status(200);
    let kept = operator.get(&v1).await.assert_status(200).json();
    assert_eq!(kept["automaticRequestSettings"], settings);
    assert_eq!(kept["specificAllowedTargets"][0]["membershipRule"], SALES);

    let mut plain = body(&package.id, SALES);
    plain["automaticRequestSettings"] = Value::Null;
    operator.put(&v1, plain).await.assert_status(200);
    let gone = operator.get(&v1).await.assert_status(200).json();
    assert_eq!(gone["automaticRequestSettings"], Value::Null);
    app.deliver().await;
}

// AU-1, AU-7
#[tokio::test]
async fn a_rule_that_cannot_be_read_is_400_and_says_where_au_7() {
    let app = TestApp::new().await;
    let package = package(&app).await;

    let refused = write(&app, &package, "user.department -eq Sales")
        .await
        .assert_status(400);
    let error = &refused.json()["error"];
    assert_eq!(error["code"], "InvalidMembershipRule");
    assert_eq!(error["target"], "specificAllowedTargets/0/membershipRule");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("line 1, column 21"), "{message}");

    let mut everybody = body(&package.id, SALES);
    everybody["allowedTargetScope"] = json!("allMemberUsers");
    everybody["specificAllowedTargets"] = json!([]);
    let path = format!("{V1}/assignmentPolicies");
    let refused = app.as_operator().post(&path, everybody).await;
    assert_eq!(
        refused.assert_status(400).json()["error"]["target"],
        "allowedTargetScope"
    );
}

#[tokio::test]
async fn a_rule_is_previewed_before_it_is_saved_and_its_progress_is_told() {
    let app = TestApp::new().await;
    let package = package(&app).await;
    for name in ["alice", "bob"] {
        transfer(&app, name, "Sales").await;
    }
    let made = write(&app, &package, "user.department -eq \"Nowhere\"").await;
    let id = made.assert_status(201).text("id");
    app.deliver().await;
    let operator = app.as_operator();
    let preview = format!("/reeve/v1/policies/{id}/preview");

    let stored = operator.get(&preview).await.assert_status(200).json();
    assert_eq!(stored["counts"]["gains"], 0);
    let path = format!("{preview}?top=1");
    let draft = json!({"membershipRule": SALES});
    let drafted = operator.post(&path, draft).await.assert_status(200).json();
    assert_eq!(drafted["counts"]["gains"], 2);
    assert_eq!(drafted["value"][0]["outcome"], "gains");
    assert!(drafted["nextLink"].as_str().unwrap().contains("after="));
    assert!(holders(&app, &package).await.is_empty());

    let automatic = format!("/reeve/v1/policies/{id}/automatic");
    let status = operator.get(&automatic).await.assert_status(200).json();
    assert_eq!(status["status"], "idle");
    assert_eq!(
        status["counts"],
        json!({"skipped": 0, "suppressed": 0, "grace": 0})
    );
    for (draft, target) in [
        (json!({"membershipRule": 5}), "membershipRule"),
        (json!({"rule": SALES}), "rule"),
        (
            json!({"automaticRequestSettings": {"gracePeriodBeforeAccessRemoval": "soon"}}),
            "automaticRequestSettings/gracePeriodBeforeAccessRemoval",
        ),
    ] {
        let refused = operator.post(&preview, draft).await;
        assert_eq!(refused.assert_status(400).json()["error"]["target"], target);
    }
    let odd = operator.get(&format!("{preview}?outcome=wins")).await;
    assert_eq!(odd.assert_status(400).json()["error"]["target"], "outcome");
    app.as_user("alice").get(&preview).await.assert_status(403);
}

#[tokio::test]
async fn au_7_a_user_writes_rules_only_about_people_whom_they_may_read() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Books").member_here("Readers")).await;
    app.give_role("carol", EmRole::AccessPackageManager, &package)
        .await;
    let body = json!({
        "displayName": "Sales", "description": "",
        "accessPackage": {"id": package.id},
        "allowedTargetScope": "specificDirectoryUsers",
        "specificAllowedTargets": [{
            "@odata.type": "#microsoft.graph.attributeRuleMembers",
            "description": "Sales", "membershipRule": "user.department -eq \"Sales\""
        }],
        "requestorSettings": {"enableTargetsToSelfAddAccess": true},
        "requestApprovalSettings": {}
    });
    let path = "/v1.0/identityGovernance/entitlementManagement/assignmentPolicies";
    let write = Permission::EntitlementManagementReadWriteAll;

    let blind = app.as_user_with("carol", &[write]);
    let told = blind.post(path, body.clone()).await;
    assert_eq!(told.assert_status(403).code(), "AccessDenied");

    let seeing = app.as_user_with("carol", &[write, Permission::UserReadAll]);
    seeing.post(path, body).await.assert_status(201);
}

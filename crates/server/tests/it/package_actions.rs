//! What can be called on an access package, and the ways to make and name one, through both versions.

use auth::principal::Permission;
use auth::roles::EmRole;
use http::Method;
use serde_json::{Value, json};
use testkit::{Package, Plan, TestApp};

use crate::support::{BETA, NOWHERE, V1};

async fn named(app: &TestApp, package: &Package, name: &str) {
    let path = format!("{BETA}/accessPackages/{}", package.id);
    let change = json!({"uniqueName": name});
    app.as_operator()
        .patch(&path, change)
        .await
        .assert_status(204);
}

#[tokio::test]
async fn dl_15_a_package_moves_with_its_roles_and_nobody_loses_access() {
    TestApp::on_both(async |app| {
        let books = app.package(Plan::new("Books").member_here("Readers").member_here("Writers")).await;
        let there = app.package(Plan::new("Elsewhere").in_catalog("Archive").member_here("Readers")).await;
        app.assign(&books, "alice").await;
        app.deliver().await;
        let admin = app.as_operator();
        let go = format!("{BETA}/accessPackages/{}/moveToCatalog", books.id);
        let to = json!({"catalogId": there.catalog});

        let refused = admin.post(&go, to.clone()).await.assert_error(400, "InvalidModel");
        assert_eq!(refused.json()["error"]["target"], "catalogId");
        assert!(refused.to_string().contains("Writers"), "{refused}");
        app.package(Plan::new("Other").in_catalog("Archive").member_here("Writers")).await;
        admin.post(&go, to.clone()).await.assert_status(200).assert_empty();
        admin.post(&go, to).await.assert_status(200).assert_empty();

        let path = format!("{BETA}/accessPackages/{}?$expand=accessPackageResourceRoleScopes($expand=accessPackageResourceRole($expand=accessPackageResource))", books.id);
        let read = admin.get(&path).await.assert_status(200).json();
        assert_eq!(read["catalogId"], there.catalog);
        let scopes = read["accessPackageResourceRoleScopes"].as_array().unwrap();
        assert_eq!(scopes.len(), 2);
        let here = admin.get(&format!("{BETA}/accessPackageCatalogs/{}/accessPackageResources", there.catalog)).await.rows();
        for scope in scopes {
            let resource = &scope["accessPackageResourceRole"]["accessPackageResource"]["id"];
            assert!(here.iter().any(|one| &one["id"] == resource), "{scope}");
        }
        let roles = format!("{BETA}/accessPackageAssignmentResourceRoles?$expand=accessPackageResourceRole($expand=accessPackageResource)");
        for role in admin.get(&roles).await.assert_status(200).rows() {
            let resource = &role["accessPackageResourceRole"]["accessPackageResource"]["id"];
            assert!(here.iter().any(|one| &one["id"] == resource), "{role}");
        }
        app.deliver().await;
        for role in &books.roles {
            assert!(app.has(role, "alice").await, "nobody loses access");
        }
        let audit = "/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Update access package'";
        let events = admin.get(audit).await.assert_status(200).rows();
        let moved = |event: &&Value| event["additionalDetails"].to_string().contains("movedToCatalog");
        assert_eq!(events.iter().filter(moved).count(), 1, "staying is no event");
    })
    .await;
}

#[tokio::test]
async fn dl_15_whoever_moves_a_package_manages_both_catalogs() {
    let app = TestApp::new().await;
    let books = app.package(Plan::new("Books")).await;
    let there = app
        .package(Plan::new("Elsewhere").in_catalog("Archive"))
        .await;
    named(&app, &books, "books").await;
    let go = format!("{BETA}/accessPackages(uniqueName='books')/moveToCatalog");
    let to = json!({"catalogId": there.catalog});
    let alice = app.as_user("alice");

    alice
        .post(&go, to.clone())
        .await
        .assert_error(403, "AccessDenied");
    app.give_role("alice", EmRole::AccessPackageManager, &books)
        .await;
    alice
        .post(&go, to.clone())
        .await
        .assert_error(404, "ResourceNotFound");
    app.give_role("alice", EmRole::CatalogReader, &there).await;
    alice
        .post(&go, to.clone())
        .await
        .assert_error(403, "AccessDenied");
    app.give_role("alice", EmRole::CatalogOwner, &there).await;
    alice
        .post(&go, json!({}))
        .await
        .assert_error(400, "InvalidModel");
    alice
        .post(&go, json!({"catalogId": "7"}))
        .await
        .assert_error(400, "InvalidModel");
    alice
        .post(&go, json!({"catalogId": NOWHERE}))
        .await
        .assert_error(404, "ResourceNotFound");
    alice.post(&go, to).await.assert_status(200).assert_empty();

    let v1 = format!("{V1}/accessPackages/{}/moveToCatalog", books.id);
    app.as_operator()
        .post(&v1, json!({"catalogId": books.catalog}))
        .await
        .assert_error(400, "BadRequest");
    app.as_operator()
        .get(&go)
        .await
        .assert_error(405, "MethodNotAllowed");
}

/// A policy of the package by which some may ask.
fn policy(package: &Package, name: &str, scope: &str, targets: &[Value]) -> Value {
    json!({
        "displayName": name, "description": format!("{name}, in words"),
        "allowedTargetScope": scope, "specificAllowedTargets": targets,
        "expiration": {"type": "afterDuration", "duration": "P30D"},
        "requestorSettings": {"enableTargetsToSelfAddAccess": true, "allowCustomAssignmentSchedule": true},
        "requestApprovalSettings": {"isApprovalRequiredForAdd": false, "isApprovalRequiredForUpdate": false,
            "isRequestorJustificationRequired": true, "stages": []},
        "questions": [{
            "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "text": "Why?", "isRequired": true,
            "sequence": 0, "localizations": [{"languageCode": "de-DE", "text": "Warum?"}]
        }],
        "accessPackage": {"id": package.id}
    })
}

#[tokio::test]
async fn po_10_requirements_are_those_of_the_policies_of_the_best_rank() {
    TestApp::on_both(async |app| {
        let books = app.package(Plan::new("Books").approval_by(&["erin"])).await;
        let alice_only = [json!({"@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of("alice").to_string()})];
        let body = policy(&books, "For Alice", "specificDirectoryUsers", &alice_only);
        let path = format!("{V1}/assignmentPolicies");
        let special = app.as_operator().post(&path, body).await.assert_status(201).json();
        named(app, &books, "books").await;
        let question = &special["questions"][0]["id"];
        let ask = |root: &str| format!("{root}/accessPackages/{}/getApplicablePolicyRequirements", books.id);
        let least = &[Permission::SubjectAccessReadWrite];

        let alice = app.as_user_with("alice", least);
        let reply = alice.post_empty(&ask(V1)).await.assert_status(200).json();
        assert_eq!(reply, json!({
            "@odata.context": "http://reeve.test/v1.0/$metadata#Collection(microsoft.graph.accessPackageAssignmentRequestRequirements)",
            "value": [{
                "policyId": special["id"], "policyDisplayName": "For Alice", "policyDescription": "For Alice, in words",
                "isApprovalRequiredForAdd": false, "isApprovalRequiredForUpdate": false,
                "isRequestorJustificationRequired": true, "allowCustomAssignmentSchedule": true,
                "schedule": {"startDateTime": null, "recurrence": null,
                    "expiration": {"endDateTime": null, "duration": "P30D", "type": "afterDuration"}},
                "questions": [{
                    "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "id": question,
                    "isRequired": true, "isAnswerEditable": true, "sequence": 0, "text": "Why?",
                    "localizations": [{"languageCode": "de-DE", "text": "Warum?"}],
                    "isSingleLineQuestion": false, "regexPattern": null
                }]
            }]
        }));
        let german = alice.clone().with_header("accept-language", "de, en;q=0.5");
        let reply = german.post(&ask(V1), json!({})).await.assert_status(200).rows();
        assert_eq!(reply[0]["questions"][0]["text"], "Warum?", "QA-4");

        let body = json!({"requestType": "userAdd", "justification": "To read", "assignment": {"accessPackageId": books.id},
            "answers": [{"@odata.type": "#microsoft.graph.accessPackageAnswerString", "value": "I read",
                "answeredQuestion": {"@odata.type": "#microsoft.graph.accessPackageTextInputQuestion", "id": question}}]});
        app.as_user("alice").post(&format!("{V1}/assignmentRequests"), body).await.assert_status(201);
        app.deliver().await;
        let reply = alice.post_empty(&ask(BETA)).await.assert_status(200).rows();
        assert_eq!(reply.len(), 1);
        assert_eq!(reply[0]["isCustomAssignmentScheduleAllowed"], true);
        assert_eq!(reply[0]["isApprovalRequired"], false);
        assert_eq!(reply[0]["isApprovalRequiredForExtension"], false);
        assert_eq!(reply[0]["questions"][0]["text"]["defaultText"], "Why?");
        assert_eq!(reply[0]["existingAnswers"][0]["value"], "I read");
        assert_eq!(reply[0]["verifiableCredentialRequirementStatus"], Value::Null);

        let by_name = format!("{BETA}/accessPackages(uniqueName='books')/microsoft.graph.getApplicablePolicyRequirements");
        let reply = app.as_user_with("bob", least).post_empty(&by_name).await.assert_status(200).rows();
        assert_eq!(reply.len(), 1, "PO-12");
        assert_eq!(reply[0]["policyId"], books.policy);
        assert_eq!(reply[0]["isApprovalRequired"], true);
        assert_eq!((&reply[0]["questions"], &reply[0]["existingAnswers"]), (&json!([]), &json!([])));
    })
    .await;
}

#[tokio::test]
async fn az_2_requirements_are_for_users_alone() {
    let app = TestApp::new().await;
    let books = app.package(Plan::new("Books")).await;

    for root in [V1, BETA] {
        let path = format!(
            "{root}/accessPackages/{}/getApplicablePolicyRequirements",
            books.id
        );
        app.as_operator()
            .post_empty(&path)
            .await
            .assert_error(403, "AccessDenied");
        let alice = app.as_user("alice");
        alice
            .post(&path, json!({"a": 1}))
            .await
            .assert_error(400, "BadRequest");
        alice.get(&path).await.assert_error(405, "MethodNotAllowed");
        let nowhere = format!("{root}/accessPackages/{NOWHERE}/getApplicablePolicyRequirements");
        alice
            .post_empty(&nowhere)
            .await
            .assert_error(404, "ResourceNotFound");
    }
    let change = json!({"state": "unpublished"});
    let catalog = format!("{V1}/catalogs/{}", books.catalog);
    app.as_operator()
        .patch(&catalog, change)
        .await
        .assert_status(204);
    let path = format!(
        "{V1}/accessPackages/{}/getApplicablePolicyRequirements",
        books.id
    );
    let rows = app
        .as_user("alice")
        .post_empty(&path)
        .await
        .assert_status(200)
        .rows();
    assert_eq!(rows, [] as [Value; 0], "PO-10");
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one story, and what it comes to in both versions"
)]
async fn sd_6_additional_access_is_who_holds_what_does_not_go_together() {
    TestApp::on_both(async |app| {
        let pay = app.package(Plan::new("Pay")).await;
        let order = app.package(Plan::new("Order")).await;
        let audit = app.package(Plan::new("Audit").in_catalog("Control")).await;
        for name in ["alice", "bob"] {
            app.assign(&pay, name).await;
            app.assign(&order, name).await;
        }
        app.assign(&order, "carol").await;
        app.assign(&audit, "alice").await;
        app.deliver().await;
        let path = format!(
            "{V1}/accessPackages/{}/incompatibleAccessPackages/$ref",
            order.id
        );
        for other in [&pay, &audit] {
            let body =
                json!({"@odata.id": format!("http://reeve.test{V1}/accessPackages/{}", other.id)});
            app.as_operator().post(&path, body).await.assert_status(204);
        }
        let admin = app.as_user("admin");
        app.give_role("erin", EmRole::CatalogReader, &order).await;

        for (root, set) in [(V1, "assignments"), (BETA, "accessPackageAssignments")] {
            let call = |arguments: &str| format!("{root}/{set}/additionalAccess({arguments})");
            let of = |one: &Package| call(&format!("accessPackageId='{}'", one.id));
            let pair = |one: &Package, other: &Package| {
                call(&format!(
                    "accessPackageId='{}',incompatibleAccessPackageId='{}'",
                    one.id, other.id
                ))
            };
            for (path, expected) in [
                (pair(&order, &pay), 2),
                (pair(&pay, &order), 2),
                (pair(&order, &audit), 1),
                (pair(&audit, &pay), 1),
                (of(&order), 2),
                (of(&pay), 0),
                (call(""), 2),
            ] {
                let page = admin
                    .get(&format!("{path}?$expand=target&$top=1&$count=true"))
                    .await
                    .assert_status(200)
                    .json();
                assert_eq!(page["@odata.count"], expected, "{path}");
                assert_eq!(
                    page.get("@odata.nextLink").is_some(),
                    expected > 1,
                    "{path}"
                );
                assert_eq!(
                    admin
                        .get(&format!("{path}/$count"))
                        .await
                        .assert_status(200)
                        .body,
                    expected.to_string().as_bytes()
                );
            }
            let filter = format!(
                "{}?$filter=target/objectId eq '{}'&$expand=target",
                pair(&order, &pay),
                app.id_of("bob")
            );
            let rows = admin.get(&filter).await.assert_status(200).rows();
            assert_eq!(rows[0]["target"]["displayName"], "bob");
            let qualified =
                pair(&order, &pay).replace("additionalAccess", "microsoft.graph.additionalAccess");
            assert_eq!(
                admin.get(&qualified).await.assert_status(200).rows().len(),
                2
            );

            let erin = app.as_user("erin");
            assert_eq!(
                erin.get(&of(&order)).await.assert_status(200).rows().len(),
                2
            );
            erin.get(&pair(&order, &audit))
                .await
                .assert_error(404, "ResourceNotFound");
            app.as_user("mallory")
                .get(&call(""))
                .await
                .assert_error(403, "AccessDenied");
            app.as_operator()
                .get(&of(&order))
                .await
                .assert_error(403, "AccessDenied");
            admin
                .get(&pair(&pay, &pay))
                .await
                .assert_error(400, "BadRequest");
            admin
                .get(&call("accessPackageId='7'"))
                .await
                .assert_error(400, "BadRequest");
            admin
                .get(&call("packageId='7'"))
                .await
                .assert_error(400, "BadRequest");
            let half = call(&format!("incompatibleAccessPackageId='{}'", pay.id));
            admin.get(&half).await.assert_error(400, "BadRequest");
            admin
                .get(&call(&format!("accessPackageId='{NOWHERE}'")))
                .await
                .assert_error(404, "ResourceNotFound");
        }
    })
    .await;
}

#[tokio::test]
async fn packages_and_policies_are_made_below_what_they_belong_to() {
    let app = TestApp::new().await;
    let books = app.package(Plan::new("Books")).await;
    let other = app.package(Plan::new("Other").in_catalog("Archive")).await;
    let admin = app.as_operator();

    for (root, catalogs, policies) in [
        (V1, "catalogs", "assignmentPolicies"),
        (
            BETA,
            "accessPackageCatalogs",
            "accessPackageAssignmentPolicies",
        ),
    ] {
        let list = format!("{root}/{catalogs}/{}/accessPackages", other.catalog);
        let body = json!({"displayName": format!("In {catalogs}"), "description": ""});
        let made = admin
            .post(&list, body.clone())
            .await
            .assert_status(201)
            .text("id");
        let read = admin
            .get(&format!("{BETA}/accessPackages/{made}"))
            .await
            .assert_status(200);
        assert_eq!(read.text("catalogId"), other.catalog);
        let mut wrong = body.clone();
        wrong["catalogId"] = json!(books.catalog);
        admin
            .post(&list, wrong)
            .await
            .assert_error(400, "InvalidModel");
        admin
            .post(
                &format!("{root}/{catalogs}/{NOWHERE}/accessPackages"),
                body.clone(),
            )
            .await
            .assert_error(404, "ResourceNotFound");
        let excluded = format!(
            "{root}/accessPackages/{}/incompatibleAccessPackages",
            books.id
        );
        admin
            .post(&excluded, body)
            .await
            .assert_error(405, "MethodNotAllowed");

        let list = format!("{root}/accessPackages/{made}/{policies}");
        let body = json!({"displayName": "Direct", "description": ""});
        let policy = admin
            .post(&list, body.clone())
            .await
            .assert_status(201)
            .text("id");
        assert_eq!(
            admin
                .get(&format!("{list}/{policy}"))
                .await
                .assert_status(200)
                .text("displayName"),
            "Direct"
        );
        let mut wrong = body;
        wrong["accessPackageId"] = json!(books.id);
        admin
            .post(&list, wrong)
            .await
            .assert_error(400, "InvalidModel");
        admin
            .delete(&format!("{list}/{policy}"))
            .await
            .assert_status(204);
    }
}

#[tokio::test]
async fn beta_names_packages_and_catalogs_by_their_unique_name() {
    let app = TestApp::new().await;
    let books = app.package(Plan::new("Books")).await;
    named(&app, &books, "the-books").await;
    let catalog = format!("{BETA}/accessPackageCatalogs/{}", books.catalog);
    let admin = app.as_operator();
    admin
        .patch(&catalog, json!({"uniqueName": "sales"}))
        .await
        .assert_status(204);

    for path in [
        format!("{BETA}/accessPackages(uniqueName='the-books')"),
        format!(
            "{BETA}/accessPackageCatalogs(uniqueName='sales')/accessPackages(uniqueName='the-books')"
        ),
        format!(
            "{BETA}/accessPackageCatalogs/{}/accessPackages(uniqueName='the-books')",
            books.catalog
        ),
    ] {
        assert_eq!(
            admin.get(&path).await.assert_status(200).text("id"),
            books.id,
            "{path}"
        );
        admin
            .patch(&path, json!({"description": path}))
            .await
            .assert_status(204);
        assert_eq!(
            admin
                .get(&path)
                .await
                .assert_status(200)
                .text("description"),
            path
        );
    }
    let policies =
        format!("{BETA}/accessPackages(uniqueName='the-books')/accessPackageAssignmentPolicies");
    assert_eq!(
        admin.get(&policies).await.assert_status(200).rows().len(),
        1
    );
    let catalog = format!("{BETA}/accessPackageCatalogs(uniqueName='sales')");
    assert_eq!(
        admin.get(&catalog).await.assert_status(200).text("id"),
        books.catalog
    );
    admin
        .patch(&catalog, json!({"description": "new"}))
        .await
        .assert_status(204);
    let lost = format!("{BETA}/accessPackages(uniqueName='lost')");
    admin.get(&lost).await.assert_error(404, "ResourceNotFound");
    admin
        .ask(Method::DELETE, &lost)
        .await
        .assert_error(404, "ResourceNotFound");
    admin
        .delete(&format!(
            "{BETA}/accessPackageAssignmentPolicies/{}",
            books.policy
        ))
        .await
        .assert_status(204);
    admin
        .delete(&format!("{BETA}/accessPackages(uniqueName='the-books')"))
        .await
        .assert_status(204);
    admin.delete(&catalog).await.assert_status(204);
}

//! Guests and the organizations they belong to: who may ask, who decides, what is shown (semantics 2.7, 3.4, 6.2).

use auth::roles::EmRole;
use http::Method;
use serde_json::{Value, json};
use testkit::{Package, Plan, Reply, TestApp};

use crate::support::{BETA, V1};

/// A guest with this mail address.
async fn guest(app: &TestApp, name: &str, mail: &str) -> String {
    let id = app.add_user(name).await.to_string();
    let body = json!({"userType": "Guest", "mail": mail});
    let path = format!("/v1.0/users/{id}");
    app.as_operator()
        .patch(&path, body)
        .await
        .assert_status(204);
    id
}

async fn organization(app: &TestApp, domain: &str, state: &str) -> String {
    let body = json!({
        "displayName": domain, "state": state,
        "identitySources": [{"@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": domain}],
    });
    let path = format!("{V1}/connectedOrganizations");
    let made = app.as_operator().post(&path, body).await;
    made.assert_status(201).text("id")
}

async fn sponsor(app: &TestApp, organization: &str, kind: &str, object: &str) {
    let path = format!("{V1}/connectedOrganizations/{organization}/{kind}/$ref");
    let body = json!({"@odata.id": format!("https://h/v1.0/directoryObjects/{object}")});
    app.as_operator().post(&path, body).await.assert_status(204);
}

/// A package that is to be had by this scope alone, with these approvers.
async fn package(app: &TestApp, name: &str, scope: &str, targets: Value, stages: Value) -> Package {
    let package = app.package(Plan::new(name)).await;
    let catalog = format!("{V1}/catalogs/{}", package.catalog);
    let open = json!({"isExternallyVisible": true});
    app.as_operator()
        .patch(&catalog, open)
        .await
        .assert_status(204);
    let needs_approval = stages.as_array().is_some_and(|stages| !stages.is_empty());
    let body = json!({
        "displayName": scope, "description": "",
        "allowedTargetScope": scope, "specificAllowedTargets": targets,
        "expiration": {"type": "noExpiration"},
        "requestorSettings": {"enableTargetsToSelfAddAccess": true},
        "requestApprovalSettings": {"isApprovalRequiredForAdd": needs_approval, "stages": stages},
        "accessPackage": {"id": package.id},
    });
    let path = format!("{V1}/assignmentPolicies");
    app.as_operator().post(&path, body).await.assert_status(201);
    package
}

async fn ask(app: &TestApp, package: &Package, name: &str) -> Reply {
    let body = json!({
        "requestType": "userAdd",
        "assignment": {"targetId": app.id_of(name).to_string(), "accessPackageId": package.id},
    });
    let path = format!("{V1}/assignmentRequests");
    app.as_user(name).post(&path, body).await
}

/// Who decides when `who` is none of them.
fn stage(primary: Value, fallback: Value) -> Value {
    json!([{
        "durationBeforeAutomaticDenial": "P14D",
        "primaryApprovers": primary, "fallbackPrimaryApprovers": fallback,
    }])
}

#[tokio::test]
async fn scopes_over_organizations_let_in_whom_section_6_2_says() {
    TestApp::on_both(async |app| {
        let contoso = organization(app, "contoso.com", "configured").await;
        organization(app, "fabrikam.com", "configured").await;
        organization(app, "tailspin.com", "proposed").await;
        for (name, mail) in [
            ("of-contoso", "a@Contoso.com"),
            ("of-fabrikam", "a@fabrikam.com"),
            ("of-tailspin", "a@tailspin.com"),
            ("stranger", "a@stranger.example"),
        ] {
            guest(app, name, mail).await;
        }
        let members = json!([{
            "@odata.type": "#microsoft.graph.connectedOrganizationMembers",
            "connectedOrganizationId": contoso,
        }]);
        for (scope, targets, allowed) in [
            (
                "specificConnectedOrganizationUsers",
                members,
                &["of-contoso"] as &[&str],
            ),
            (
                "allConfiguredConnectedOrganizationUsers",
                json!([]),
                &["of-contoso", "of-fabrikam"],
            ),
            (
                "allExternalUsers",
                json!([]),
                &["of-contoso", "of-fabrikam", "of-tailspin", "stranger"],
            ),
        ] {
            let package = package(app, scope, scope, targets, json!([])).await;
            for name in ["of-contoso", "of-fabrikam", "of-tailspin", "stranger"] {
                let reply = ask(app, &package, name).await;
                if allowed.contains(&name) {
                    reply.assert_status(201);
                } else {
                    reply.assert_error(400, "PolicyNotApplicable");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn ex_2_a_request_of_a_stranger_proposes_an_organization() {
    TestApp::on_both(async |app| {
        guest(app, "stranger", "Ann@Stranger.example").await;
        let open = package(app, "Open", "allExternalUsers", json!([]), json!([])).await;
        let configured = "allConfiguredConnectedOrganizationUsers";
        let closed = package(app, "Closed", configured, json!([]), json!([])).await;

        ask(app, &open, "stranger").await.assert_status(201);

        let list = format!("{BETA}/connectedOrganizations");
        let rows = app.as_operator().get(&list).await.assert_status(200).rows();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["state"], "proposed");
        assert_eq!(rows[0]["displayName"], "stranger.example");
        assert_eq!(rows[0]["createdBy"], Value::Null);
        assert_eq!(
            rows[0]["identitySources"][0]["domainName"],
            "stranger.example"
        );
        // A proposed one is not configured, until an administrator says so.
        ask(app, &closed, "stranger")
            .await
            .assert_error(400, "PolicyNotApplicable");
        let path = format!("{list}/{}", rows[0]["id"].as_str().unwrap());
        let accept = json!({"state": "configured"});
        app.as_operator()
            .patch(&path, accept)
            .await
            .assert_status(202);
        ask(app, &closed, "stranger").await.assert_status(201);
        app.deliver().await;
    })
    .await;
}

#[tokio::test]
async fn ex_9_a_catalog_that_is_closed_to_the_outside_takes_no_such_requests() {
    TestApp::on_both(async |app| {
        guest(app, "stranger", "a@stranger.example").await;
        let package = package(app, "Open", "allExternalUsers", json!([]), json!([])).await;
        let catalog = format!("{V1}/catalogs/{}", package.catalog);
        let operator = app.as_operator();
        let closed = json!({"isExternallyVisible": false});
        operator.patch(&catalog, closed).await.assert_status(204);

        let refused = ask(app, &package, "stranger").await;

        refused.assert_error(400, "ExternalAccessDisabled");
        let open = json!({"isExternallyVisible": true});
        operator.patch(&catalog, open).await.assert_status(204);
        ask(app, &package, "stranger").await.assert_status(201);
        app.deliver().await;
    })
    .await;
}

/// The names of those who find the request among what waits for their decision.
async fn asked(app: &TestApp, names: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for name in names {
        let path = format!("{V1}/assignmentRequests/filterByCurrentUser(on='approver')");
        let rows = app.as_user(name).get(&path).await.assert_status(200).rows();
        if !rows.is_empty() {
            found.push((*name).to_owned());
        }
    }
    found
}

#[tokio::test]
async fn ap_16_sponsors_of_the_targets_organization_decide() {
    TestApp::on_both(async |app| {
        let contoso = organization(app, "contoso.com", "configured").await;
        let fabrikam = organization(app, "fabrikam.com", "configured").await;
        guest(app, "of-contoso", "a@contoso.com").await;
        let speaker = guest(app, "speaker", "b@contoso.com").await;
        let group = app.group("Partner managers", None).await.to_string();
        let members = format!("/v1.0/groups/{group}/members/$ref");
        let carol = json!({"@odata.id": format!("https://h/v1.0/users/{}", app.id_of("carol"))});
        app.as_operator().post(&members, carol).await.assert_status(204);
        sponsor(app, &contoso, "internalSponsors", &app.id_of("alice").to_string()).await;
        sponsor(app, &contoso, "internalSponsors", &group).await;
        sponsor(app, &contoso, "externalSponsors", &speaker).await;
        sponsor(app, &fabrikam, "internalSponsors", &app.id_of("bob").to_string()).await;
        let everybody = ["alice", "bob", "carol", "dave", "speaker", "of-contoso"];
        let fallback = json!([{"@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of("dave").to_string()}]);
        for (kind, deciders) in [
            ("internalSponsors", &["alice", "carol"] as &[&str]),
            ("externalSponsors", &["speaker"]),
        ] {
            let primary = json!([{"@odata.type": format!("#microsoft.graph.{kind}")}]);
            let stages = stage(primary, fallback.clone());
            let scope = "allConfiguredConnectedOrganizationUsers";
            let package = package(app, kind, scope, json!([]), stages).await;

            let request = ask(app, &package, "of-contoso").await.assert_status(201).text("id");

            assert_eq!(app.state(&request).await, "pendingApproval");
            assert_eq!(asked(app, &everybody).await, deciders, "{kind}");
            let approval = format!("{V1}/accessPackageAssignmentApprovals/{request}/stages");
            let decider = app.as_user(deciders.last().unwrap());
            let stages = decider.get(&approval).await.assert_status(200).rows();
            let path = format!("{approval}/{}", stages[0]["id"].as_str().unwrap());
            let body = json!({"reviewResult": "Approve", "justification": "known"});
            app.as_user("bob").patch(&path, body.clone()).await.assert_status(404);
            app.as_user("of-contoso").patch(&path, body.clone()).await.assert_status(403);
            decider.patch(&path, body).await.assert_status(204);
            app.deliver().await;
            assert_eq!(app.state(&request).await, "delivered");
        }
    })
    .await;
}

#[tokio::test]
async fn ap_7_without_a_sponsor_the_fallback_decides() {
    TestApp::on_both(async |app| {
        let contoso = organization(app, "contoso.com", "configured").await;
        let own = guest(app, "of-contoso", "a@contoso.com").await;
        guest(app, "stranger", "a@stranger.example").await;
        let fallback = json!([{"@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of("dave").to_string()}]);
        let primary = json!([{"@odata.type": "#microsoft.graph.internalSponsors"}]);
        let stages = stage(primary, fallback);
        let package = package(app, "Open", "allExternalUsers", json!([]), stages).await;
        for name in ["of-contoso", "stranger"] {
            let request = ask(app, &package, name).await.assert_status(201).text("id");
            assert_eq!(asked(app, &["alice", "dave"]).await, ["dave"], "{name}");
            let cancel = format!("{V1}/assignmentRequests/{request}/cancel");
            app.as_user(name).ask(Method::POST, &cancel).await;
        }
        // AP-9: a sponsor does not decide about a request of their own.
        sponsor(app, &contoso, "internalSponsors", &own).await;
        ask(app, &package, "of-contoso").await.assert_status(201);
        assert_eq!(asked(app, &["of-contoso"]).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_subject_shows_the_organization_it_belongs_to_now() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let own = guest(app, "of-contoso", "a@contoso.com").await;
        let package = package(app, "Open", "allExternalUsers", json!([]), json!([])).await;
        let other = organization(app, "other.example", "configured").await;
        ask(app, &package, "of-contoso").await.assert_status(201);
        app.deliver().await;
        let list = format!("{V1}/connectedOrganizations?$filter=displayName eq 'contoso.com'");
        let rows = operator.get(&list).await.assert_status(200).rows();
        let proposed = rows[0]["id"].as_str().unwrap().to_owned();

        let (v1, beta) = (
            format!("{V1}/subjects(objectId='{own}')"),
            format!("{BETA}/subjects(objectId='{own}')"),
        );
        let path = format!("{v1}?$expand=connectedOrganization");
        let read = operator.get(&path).await.assert_status(200).json();
        assert_eq!(read["connectedOrganization"]["id"], proposed.as_str());
        assert_eq!(read["subjectType"], "user");
        assert_eq!(read.get("connectedOrganizationId"), None);
        let read = operator.get(&beta).await.assert_status(200).json();
        assert_eq!(read["connectedOrganizationId"], proposed.as_str());
        assert_eq!(read["type"], "User");
        let nested = operator.get(&format!("{v1}/connectedOrganization")).await;
        assert_eq!(nested.assert_status(200).text("id"), proposed);
        let filter = format!("{V1}/subjects?$filter=connectedOrganization/id eq '{proposed}'");
        assert_eq!(
            operator.get(&filter).await.assert_status(200).rows().len(),
            1
        );

        let moved = json!({"mail": "a@other.example"});
        let user = format!("/v1.0/users/{own}");
        operator.patch(&user, moved).await.assert_status(204);
        let read = operator.get(&beta).await.assert_status(200).json();
        assert_eq!(read["connectedOrganizationId"], other.as_str());
        let path = format!("{V1}/connectedOrganizations/{other}");
        operator.delete(&path).await.assert_status(204);
        let read = operator.get(&beta).await.assert_status(200).json();
        assert_eq!(read["connectedOrganizationId"], Value::Null);
        let nested = operator.get(&format!("{v1}/connectedOrganization")).await;
        nested.assert_status(404);
    })
    .await;
}

#[tokio::test]
async fn ex_5_the_life_cycle_of_a_guest_can_be_set() {
    TestApp::on_both(async |app| {
        let own = guest(app, "of-contoso", "a@contoso.com").await;
        let package = package(app, "Open", "allExternalUsers", json!([]), json!([])).await;
        ask(app, &package, "of-contoso").await.assert_status(201);
        ask_as_member(app).await;
        app.deliver().await;
        app.give_role("bob", EmRole::AccessPackageAssignmentManager, &package)
            .await;
        let elsewhere = app
            .package(Plan::new("Elsewhere").in_catalog("Other"))
            .await;
        app.give_role("carol", EmRole::CatalogOwner, &elsewhere)
            .await;
        let operator = app.as_operator();
        for root in [V1, BETA] {
            let by_object = format!("{root}/subjects(objectId='{own}')");
            let read = operator.get(&by_object).await.assert_status(200);
            let by_id = format!("{root}/subjects/{}", read.text("id"));
            let governed = json!({"subjectLifecycle": "governed"});
            app.as_user("bob")
                .patch(&by_object, governed.clone())
                .await
                .assert_status(204)
                .assert_empty();
            let read = operator.get(&by_id).await.assert_status(200);
            assert_eq!(read.text("subjectLifecycle"), "governed");
            let back = json!({"subjectLifecycle": "notGoverned", "displayName": "ignored"});
            operator.patch(&by_id, back).await.assert_status(204);
            let read = operator.get(&by_id).await.assert_status(200);
            assert_eq!(read.text("subjectLifecycle"), "notGoverned");
            assert_eq!(read.text("displayName"), "of-contoso");

            app.as_user("carol")
                .patch(&by_id, governed.clone())
                .await
                .assert_error(404, "ResourceNotFound");
            app.as_user("alice")
                .patch(&by_id, governed.clone())
                .await
                .assert_error(403, "AccessDenied");
            let wrong = operator
                .patch(&by_id, json!({"subjectLifecycle": "kept"}))
                .await;
            let wrong = wrong.assert_error(400, "InvalidModel").json();
            assert_eq!(wrong["error"]["target"], "subjectLifecycle");
            // A member's account is never looked after, or it would go with its access.
            let member = format!("{root}/subjects(objectId='{}')", app.id_of("alice"));
            let refused = operator.patch(&member, governed).await;
            refused.assert_error(400, "InvalidModel");
            for (method, path) in [
                (Method::DELETE, &by_id),
                (Method::POST, &format!("{root}/subjects")),
            ] {
                let refused = operator.ask(method, path).await;
                refused.assert_error(405, "MethodNotAllowed");
            }
        }
    })
    .await;
}

/// A member who is known to entitlement management, too.
async fn ask_as_member(app: &TestApp) {
    let package = app.package(Plan::new("For members")).await;
    ask(app, &package, "alice").await.assert_status(201);
}

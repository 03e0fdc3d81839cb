//! What the audit log says of a life: every activity is produced by a real run of what it is about, and refused calls leave
//! their event (10.1, AL-4).

use std::collections::BTreeSet;

use domain::activity::Activity;
use domain::time::Duration;
use serde_json::{Value, json};
use testkit::{BETA, Client, Plan, Reply, TestApp};

use crate::support::V1;

/// Activities that need more than this file sets up, with the test that has them made.
const ELSEWHERE: &[(Activity, &str)] = &[
    (
        Activity::ExecuteExtension,
        "extensions::life::a_request_waits_at_each_stage_and_goes_on_when_it_is_resumed",
    ),
    (
        Activity::SystemAssigns,
        "service: automatic assignment, by its own tests",
    ),
    (
        Activity::UserRequestsForServicePrincipal,
        "assignment_requests::submit: a target that is a service principal",
    ),
];

async fn made(client: &Client, path: &str, body: Value) -> String {
    client.post(path, body).await.assert_status(201).text("id")
}

/// Every page of the log, as one list.
async fn log(app: &TestApp, filter: &str) -> Vec<Value> {
    let mut path = format!("/v1.0/auditLogs/directoryAudits?$top=500&$filter={filter}");
    let mut all = Vec::new();
    loop {
        let page = app.as_operator().get(&path).await.assert_status(200).json();
        all.extend(page["value"].as_array().unwrap().iter().cloned());
        match page["@odata.nextLink"].as_str() {
            Some(next) => path = next[next.find("/v1.0").unwrap()..].to_owned(),
            None => return all,
        }
    }
}

async fn requests_live(app: &TestApp) {
    let operator = app.as_operator();
    let requests = format!("{V1}/assignmentRequests");

    let held = app.assignment_in("delivered").await;
    let end = app.now().plus(Duration::from_days(90));
    let dates = json!({"startDateTime": app.now().to_string(),
        "expiration": {"type": "afterDateTime", "endDateTime": end.to_string()}});
    let later = app.now().plus(Duration::from_days(200));
    let longer = json!({"startDateTime": app.now().to_string(),
        "expiration": {"type": "afterDateTime", "endDateTime": later.to_string()}});
    for schedule in [dates, longer.clone()] {
        let update = json!({"requestType": "adminUpdate", "assignment": {"id": held.assignment}, "schedule": schedule});
        made(&operator, &requests, update).await;
        app.deliver().await;
    }
    for kind in ["userUpdate", "userExtend"] {
        let body = json!({"requestType": kind, "assignment": {"id": held.assignment}, "schedule": longer,
            "justification": "longer"});
        let asked = app.as_user("alice").post(&requests, body).await;
        asked.assert_status(201);
        app.deliver().await;
    }
    app.remove(&held.assignment).await;
    app.deliver().await;

    for state in ["partiallyDelivered", "deliveryFailed", "scheduled", "denied", "canceled"] {
        let case = app.request_in(state).await;
        match state {
            "deliveryFailed" => {
                let again = format!("{requests}/{}/reprocess", case.request);
                operator.post_empty(&again).await.assert_status(202);
                app.deliver().await;
            }
            "canceled" => {
                let gone = format!("{requests}/{}", case.request);
                operator.delete(&gone).await.assert_status(204);
            }
            _ => {}
        }
    }
    let plan = Plan::new("Agreed").member_here("Agreed").approval_by(&["bob"]);
    let agreed = app.package(plan).await;
    let request = app.ask(&agreed, "carol").await;
    app.decide(&request, "bob", "Approve").await.assert_status(204);
    app.deliver().await;
    let assignment = app.assignment_of(&request).await;
    let leave = json!({"requestType": "userRemove", "assignment": {"id": assignment}});
    made(&app.as_user("carol"), &requests, leave).await;
    app.deliver().await;
    app.ask(&agreed, "dave").await;
    app.advance(Duration::from_days(60));
    app.deliver().await;

    let short = Plan::new("Short").member_here("Short").lasting("P1D");
    let short = app.package(short).await;
    app.assign(&short, "carol").await;
    app.deliver().await;
    app.advance(Duration::from_days(2));
    app.deliver().await;
}

async fn what_is_governed_lives(app: &TestApp) {
    let operator = app.as_operator();
    let name = |name: &str| json!({"displayName": name, "description": ""});
    let catalog = made(&operator, &format!("{V1}/catalogs"), name("Short-lived")).await;
    let catalog_path = format!("{V1}/catalogs/{catalog}");
    operator.patch(&catalog_path, name("Renamed")).await.assert_status(204);

    let packages = format!("{V1}/accessPackages");
    let mut wanted = name("Passing");
    wanted["catalog"] = json!({"id": catalog});
    let package = made(&operator, &packages, wanted).await;
    let package_path = format!("{packages}/{package}");
    operator.patch(&package_path, name("Passed")).await.assert_status(204);
    let other = app.package(Plan::new("Other").member_here("Others")).await;
    let group = app.group("Rivals", None).await;
    for (list, object) in [
        ("incompatibleAccessPackages", format!("{V1}/accessPackages/{}", other.id)),
        ("incompatibleGroups", format!("/v1.0/groups/{group}")),
    ] {
        let links = format!("{package_path}/{list}");
        let link = json!({"@odata.id": format!("https://h{object}")});
        operator.post(&format!("{links}/$ref"), link).await.assert_status(204);
        let id = object.rsplit('/').next().unwrap();
        operator.delete(&format!("{links}/{id}/$ref")).await.assert_status(204);
    }
    let policies = format!("{V1}/assignmentPolicies");
    let mut policy = json!({
        "displayName": "All", "description": "", "allowedTargetScope": "allMemberUsers",
        "accessPackage": {"id": package}, "expiration": {"type": "noExpiration"},
        "requestorSettings": {"enableTargetsToSelfAddAccess": true},
        "requestApprovalSettings": {"isApprovalRequiredForAdd": false},
    });
    let id = made(&operator, &policies, policy.clone()).await;
    policy["requestApprovalSettings"] = json!({
        "isApprovalRequiredForAdd": true,
        "stages": [{"durationBeforeAutomaticDenial": "P2D", "isApproverJustificationRequired": false,
            "isEscalationEnabled": false, "primaryApprovers": [
                {"@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of("bob").to_string()}]}],
    });
    let path = format!("{policies}/{id}");
    operator.put(&path, policy).await.assert_status(200);
    operator.delete(&path).await.assert_status(204);

    let resource = |kind: &str| {
        json!({"requestType": kind, "catalog": {"id": catalog},
            "resource": {"originId": group.to_string(), "originSystem": "AadGroup"}})
    };
    let asked = format!("{V1}/resourceRequests");
    made(&operator, &asked, resource("adminAdd")).await;
    let resources = format!("{catalog_path}/resources");
    let added = operator.get(&resources).await.assert_status(200).rows();
    let added = format!("{resources}/{}/refresh", added[0]["id"].as_str().unwrap());
    operator.post_empty(&added).await.assert_status(204);
    made(&operator, &asked, resource("adminRemove")).await;
    let extensions = format!("{catalog_path}/customWorkflowExtensions");
    let extension = json!({
        "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
        "displayName": "Ticket", "description": "",
        "endpointConfiguration": {
            "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
            "subscriptionId": "38ab2ccc-3747-4567-b36b-9478f5602f0d", "resourceGroupName": "resources",
            "logicAppWorkflowName": "ticket", "url": "https://hooks.example.com/x?sig=secret"},
        "authenticationConfiguration": {"@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"},
    });
    let id = made(&operator, &extensions, extension).await;
    let path = format!("{extensions}/{id}");
    let change = json!({"@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
        "description": "Opens a ticket"});
    let changed = operator.patch(&path, change).await;
    assert!(changed.status.is_success(), "{changed}");
    operator.delete(&path).await.assert_status(204);
    operator.delete(&package_path).await.assert_status(204);
    operator.delete(&catalog_path).await.assert_status(204);

    let roles = "/v1.0/roleManagement/entitlementManagement/roleAssignments";
    let owner = json!({"principalId": app.id_of("erin").to_string(),
        "roleDefinitionId": auth::roles::EmRole::CatalogOwner.definition_id().to_string(),
        "appScopeId": format!("/AccessPackageCatalog/{}", other.catalog)});
    let id = made(&operator, roles, owner).await;
    operator.delete(&format!("{roles}/{id}")).await.assert_status(204);

    let settings = json!({"durationUntilExternalUserDeletedAfterBlocked": "P10D"});
    let changed = operator.patch(&format!("{V1}/settings"), settings).await;
    assert!(changed.status.is_success(), "{changed}");

    let organizations = format!("{V1}/connectedOrganizations");
    let wanted = json!({"displayName": "Contoso", "description": "", "identitySources": [{
        "@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "contoso.example",
        "displayName": "Contoso"}]});
    let id = made(&operator, &organizations, wanted).await;
    let path = format!("{organizations}/{id}");
    let changed = operator.patch(&path, json!({"description": "A partner"})).await;
    assert!(changed.status.is_success(), "{changed}");
    let bob = app.id_of("bob");
    for list in ["internalSponsors", "externalSponsors"] {
        let link = json!({"@odata.id": format!("https://h/v1.0/directoryObjects/{bob}")});
        let links = format!("{path}/{list}");
        operator.post(&format!("{links}/$ref"), link).await.assert_status(204);
        operator.delete(&format!("{links}/{bob}/$ref")).await.assert_status(204);
    }
    operator.delete(&path).await.assert_status(204);

    let connectors = format!("{V1}/externalOriginResourceConnectors");
    let connector = json!({"displayName": "SAP", "description": "", "connectorType": "sapIag", "connectionInfo": {
        "@odata.type": "#microsoft.graph.externalTokenBasedSapIagConnectionInfo", "url": "https://iag.example",
        "accessTokenUrl": "https://iag.example/token", "clientId": "c", "subscriptionId": "s",
        "resourceGroup": "g", "keyVaultName": "v", "secretName": "sap-secret"}});
    let id = made(&operator, &connectors, connector).await;
    let path = format!("{connectors}/{id}");
    let changed = operator.patch(&path, json!({"description": "Wages"})).await;
    assert!(changed.status.is_success(), "{changed}");
    operator.delete(&path).await.assert_status(204);

    let subjects = operator.get(&format!("{BETA}/subjects")).await.assert_status(200).rows();
    let subject = subjects.first().expect("somebody asked for access")["id"].as_str().unwrap().to_owned();
    let governed = operator.patch(&format!("{BETA}/subjects/{subject}"), json!({"subjectLifecycle": "governed"})).await;
    assert!(governed.status.is_success(), "{governed}");
}

async fn the_directory_lives(app: &TestApp) {
    let operator = app.as_operator();
    let user = json!({"displayName": "Zoe", "userPrincipalName": "zoe@reeve.test", "mailNickname": "zoe",
        "accountEnabled": true, "passwordProfile": {"password": "not in the log, 7 of them"}});
    let zoe = made(&operator, "/v1.0/users", user).await;
    let path = format!("/v1.0/users/{zoe}");
    operator.patch(&path, json!({"department": "Sales"})).await.assert_status(204);
    operator.delete(&path).await.assert_status(204);
    let deleted = format!("/v1.0/directory/deletedItems/{zoe}");
    operator.post_empty(&format!("{deleted}/restore")).await.assert_status(200);
    operator.delete(&path).await.assert_status(204);
    operator.delete(&deleted).await.assert_status(204);

    let group = app.group("Choir", None).await;
    let path = format!("/v1.0/groups/{group}");
    operator.patch(&path, json!({"description": "Sings"})).await.assert_status(204);
    let bob = app.id_of("bob");
    let link = json!({"@odata.id": format!("https://h/v1.0/directoryObjects/{bob}")});
    for list in ["members", "owners"] {
        let links = format!("{path}/{list}");
        operator.post(&format!("{links}/$ref"), link.clone()).await.assert_status(204);
        operator.delete(&format!("{links}/{bob}/$ref")).await.assert_status(204);
    }
    let binding = format!("/reeve/v1/bindings/{group}");
    operator.put(&binding, json!({"target": testkit::ERP})).await.assert_status(200);
    operator.delete(&binding).await.assert_status(204);
    operator.delete(&path).await.assert_status(204);

    let role = "11111111-2222-4333-8444-555555555555";
    let wanted = json!({"displayName": "Payroll", "appRoles": [{"id": role, "displayName": "Clerk",
        "description": "", "value": "Clerk", "isEnabled": true, "allowedMemberTypes": ["User"]}]});
    let application = operator.post("/v1.0/applications", wanted).await.assert_status(201);
    let path = format!("/v1.0/applications/{}", application.text("id"));
    let wanted = json!({"appId": application.text("appId")});
    let principal = made(&operator, "/v1.0/servicePrincipals", wanted).await;
    let principal_path = format!("/v1.0/servicePrincipals/{principal}");
    let holders = format!("{principal_path}/appRoleAssignedTo");
    let holder = json!({"principalId": bob.to_string(), "resourceId": principal, "appRoleId": role});
    let held = made(&operator, &holders, holder).await;
    operator.delete(&format!("{holders}/{held}")).await.assert_status(204);
    operator.patch(&principal_path, json!({"tags": ["x"]})).await.assert_status(204);
    operator.delete(&principal_path).await.assert_status(204);
    operator.patch(&path, json!({"displayName": "Wages"})).await.assert_status(204);
    operator.delete(&path).await.assert_status(204);

    let snapshots = "/reeve/v1/dev/snapshots";
    operator.post(snapshots, json!({"name": "kept"})).await.assert_status(200);
    operator.delete(&format!("{snapshots}/kept")).await.assert_status(204);
    operator.post(snapshots, json!({"name": "again"})).await.assert_status(200);
    operator.post_empty(&format!("{snapshots}/again/restore")).await.assert_status(204);
}

#[tokio::test]
async fn every_activity_of_the_table_is_produced_by_what_it_is_about() {
    TestApp::on_both_in_development(async |app| {
        requests_live(app).await;
        what_is_governed_lives(app).await;
        the_directory_lives(app).await;

        let events = log(app, "activityDateTime ge 2000-01-01T00:00:00Z").await;
        let seen: BTreeSet<&str> =
            events.iter().map(|event| event["activityDisplayName"].as_str().unwrap()).collect();
        let missing: Vec<&str> = Activity::ALL
            .iter()
            .filter(|one| ELSEWHERE.iter().all(|(other, _)| other != *one))
            .map(|one| one.name())
            .filter(|name| !seen.contains(name))
            .collect();
        assert_eq!(missing, [] as [&str; 0]);
        for event in &events {
            let name = event["activityDisplayName"].as_str().unwrap();
            let known = Activity::ALL.iter().find(|one| one.name() == name);
            let known = known.unwrap_or_else(|| panic!("`{name}` is not in the table"));
            assert_eq!(event["category"], known.category().as_str(), "{name}");
            assert_eq!(event["operationType"], known.operation(), "{name}");
            assert_eq!(event["loggedByService"], known.category().service(), "{name}");
        }
        let text = Value::Array(events).to_string();
        for secret in ["not in the log", "sig=secret"] {
            assert!(!text.contains(secret), "the log holds `{secret}`");
        }
    })
    .await;
}

/// The event of a call that was refused.
async fn event_of(app: &TestApp, refused: &Reply) -> Value {
    let call = refused.headers["request-id"].to_str().unwrap();
    let events = log(app, &format!("correlationId eq '{call}'")).await;
    assert_eq!(events.len(), 1, "{refused}");
    events.into_iter().next().unwrap()
}

#[tokio::test]
async fn al_4_a_sensitive_call_that_is_refused_leaves_one_event_with_the_reason() {
    TestApp::on_both(async |app| {
        let requests = format!("{V1}/assignmentRequests");
        let held = app.request_in("delivered").await;
        let asked = app.request_in("pendingApproval").await;
        let path = |request: &str, action: &str| format!("{requests}/{request}/{action}");
        let (operator, carol) = (app.as_operator(), app.as_user("carol"));

        let again = app.try_assign(&held.package, "alice").await;
        let direct = json!({"requestType": "adminAdd", "assignment": {
            "targetId": app.id_of("carol").to_string(), "assignmentPolicyId": held.package.policy,
            "accessPackageId": held.package.id}});
        let resume = json!({"source": "x", "type": "microsoft.graph.accessPackageCustomExtensionStage.assignmentRequestCreated",
            "data": {"@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
                "stage": "assignmentRequestCreated", "state": "Denied",
                "customExtensionStageInstanceId": "11111111-2222-4333-8444-555555555555",
                "customExtensionStageInstanceDetail": ""}});
        let cases = [
            (again, 400, "Administrator directly assigns user to access package"),
            (carol.post(&requests, direct).await, 403, "Administrator directly assigns user to access package"),
            (operator.post_empty(&path(&held.request, "cancel")).await, 400, "Cancel access package assignment request"),
            (operator.post_empty(&path(&held.request, "reprocess")).await, 400, "Update access package assignment request"),
            (carol.post_empty(&path(&held.request, "reprocess")).await, 403, "Update access package assignment request"),
            (operator.post(&path(&asked.request, "resume"), resume.clone()).await, 400, "Update access package assignment request"),
            (carol.post(&path(&asked.request, "resume"), resume).await, 403, "Update access package assignment request"),
        ];
        for (refused, status, activity) in cases {
            let refused = refused.assert_status(status);
            let event = event_of(app, &refused).await;
            assert_eq!(event["activityDisplayName"], activity, "{refused}");
            assert_eq!(event["result"], "failure", "{refused}");
            let reason = event["resultReason"].as_str().unwrap();
            let code = refused.code();
            assert!(reason.to_lowercase().starts_with(&code.to_lowercase()), "{reason}");
            let id = event["targetResources"][0]["id"].as_str().unwrap();
            assert!([&held.package.id, &held.request, &asked.request].iter().any(|one| *one == id), "{event}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_change_shows_what_changed_and_nothing_else() {
    TestApp::on_both(async |app| {
        let operator = app.as_operator();
        let package = app.package(Plan::new("Books")).await;
        let path = format!("{V1}/assignmentPolicies/{}", package.policy);
        let mut policy = operator.get(&path).await.assert_status(200).json();
        policy["displayName"] = json!("Renamed");
        policy["requestApprovalSettings"]["isApprovalRequiredForUpdate"] = json!(true);
        policy["requestApprovalSettings"]["isApprovalRequiredForAdd"] = json!(true);
        policy["requestApprovalSettings"]["stages"] = json!([{
            "durationBeforeAutomaticDenial": "P2D", "isApproverJustificationRequired": false,
            "isEscalationEnabled": false, "primaryApprovers": [
                {"@odata.type": "#microsoft.graph.singleUser", "userId": app.id_of("bob").to_string()}]}]);
        operator.put(&path, policy).await.assert_status(200);
        let changed = operator
            .patch(&format!("{V1}/catalogs/{}", package.catalog), json!({"description": "new"}))
            .await
            .assert_status(204);

        let updated = "activityDisplayName eq 'Update access package assignment policy'";
        let event = &log(app, updated).await[0];
        assert_eq!(event["operationType"], "UpdateEntitlementGrantPolicy");
        let modified = event["targetResources"][0]["modifiedProperties"].as_array().unwrap();
        let of = |name: &str| modified.iter().find(|one| one["displayName"] == name);
        let flag = of("IsApprovalRequiredForAdd").unwrap();
        assert_eq!(flag["newValue"], "true");
        assert_eq!(of("DisplayName").unwrap()["newValue"], "\"Renamed\"");
        assert!(of("CanExtend").is_none(), "it did not change");

        let event = event_of(app, &changed).await;
        assert_eq!(event["result"], "success");
        let modified = &event["targetResources"][0]["modifiedProperties"];
        assert_eq!(modified.as_array().unwrap().len(), 1, "{modified}");
        assert_eq!(modified[0]["displayName"], "Description");
        assert_eq!(modified[0]["newValue"], "\"new\"");
    })
    .await;
}

//! What the audit log says of a life: every activity is produced by a real run of what it is about, and refused calls leave
//! their event (10.1, AL-4).

use std::collections::BTreeSet;

use domain::activity::Activity;
use domain::time::Duration;
use serde_json::{Value, json};
use testkit::{Client, Plan, Reply, TestApp};

use crate::support::V1;

/// What the walk below produces: the life of requests and assignments, and that of catalogs, packages and policies.
const WALKED: &[Activity] = &[
    Activity::UserRequests,
    Activity::UserRequestsExtension,
    Activity::UserRequestsUpdate,
    Activity::UserRequestsRemoval,
    Activity::AdministratorAssigns,
    Activity::AdministratorRemoves,
    Activity::SystemRemoves,
    Activity::AutoApproveRequest,
    Activity::CompleteApprovalStage,
    Activity::ApproveRequest,
    Activity::DenyRequest,
    Activity::RequestTimedOut,
    Activity::CancelRequest,
    Activity::ScheduleAssignment,
    Activity::ReadyToFulfill,
    Activity::FulfillResource,
    Activity::RemoveResource,
    Activity::FulfillRequest,
    Activity::PartiallyFulfillRequest,
    Activity::FailRequest,
    Activity::ExtendAssignment,
    Activity::UpdateRequest,
    Activity::DeleteRequest,
    Activity::CreatePackage,
    Activity::UpdatePackage,
    Activity::DeletePackage,
    Activity::CreatePolicy,
    Activity::UpdatePolicy,
    Activity::DeletePolicy,
    Activity::CreateCatalog,
    Activity::UpdateCatalog,
    Activity::DeleteCatalog,
    Activity::UpdateResource,
    Activity::CreateIncompatiblePackage,
    Activity::DeleteIncompatiblePackage,
    Activity::CreateIncompatibleGroup,
    Activity::DeleteIncompatibleGroup,
    Activity::CreateResourceRequest,
    Activity::CreateResourceRemoveRequest,
];

async fn made(client: &Client, path: &str, body: Value) -> String {
    client.post(path, body).await.succeeded().text("id")
}

/// What a step of the walk was answered with: any success will do, its form is for other tests.
trait Succeeded {
    fn succeeded(self) -> Self;
}

impl Succeeded for Reply {
    fn succeeded(self) -> Self {
        if !self.status.is_success() {
            panic!("refused: {self}");
        }
        self
    }
}

/// Every page of the log, as one list.
async fn log(app: &TestApp, filter: &str) -> Vec<Value> {
    let mut path = format!("/v1.0/auditLogs/directoryAudits?$top=500&$filter={filter}");
    let mut all = Vec::new();
    loop {
        let page = app.as_operator().get(&path).await.succeeded().json();
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
        asked.succeeded();
        app.deliver().await;
    }
    app.remove(&held.assignment).await;
    app.deliver().await;

    for state in [
        "partiallyDelivered",
        "deliveryFailed",
        "scheduled",
        "denied",
        "canceled",
    ] {
        let case = app.request_in(state).await;
        match state {
            "deliveryFailed" => {
                let again = format!("{requests}/{}/reprocess", case.request);
                operator.post_empty(&again).await.succeeded();
                app.deliver().await;
            }
            "canceled" => {
                let gone = format!("{requests}/{}", case.request);
                operator.delete(&gone).await.succeeded();
            }
            _ => {}
        }
    }
    let plan = Plan::new("Agreed")
        .member_here("Agreed")
        .approval_by(&["bob"]);
    let agreed = app.package(plan).await;
    let request = app.ask(&agreed, "carol").await;
    app.decide(&request, "bob", "Approve").await.succeeded();
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
    operator
        .patch(&catalog_path, name("Renamed"))
        .await
        .succeeded();

    let packages = format!("{V1}/accessPackages");
    let mut wanted = name("Passing");
    wanted["catalog"] = json!({"id": catalog});
    let package = made(&operator, &packages, wanted).await;
    let package_path = format!("{packages}/{package}");
    operator
        .patch(&package_path, name("Passed"))
        .await
        .succeeded();
    let other = app.package(Plan::new("Other").member_here("Others")).await;
    let group = app.group("Rivals", None).await;
    for (list, object) in [
        (
            "incompatibleAccessPackages",
            format!("{V1}/accessPackages/{}", other.id),
        ),
        ("incompatibleGroups", format!("/v1.0/groups/{group}")),
    ] {
        let links = format!("{package_path}/{list}");
        let link = json!({"@odata.id": format!("https://h{object}")});
        operator
            .post(&format!("{links}/$ref"), link)
            .await
            .succeeded();
        let id = object.rsplit('/').next().unwrap();
        operator
            .delete(&format!("{links}/{id}/$ref"))
            .await
            .succeeded();
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
    operator.put(&path, policy).await.succeeded();
    operator.delete(&path).await.succeeded();

    let resource = |kind: &str| {
        json!({"requestType": kind, "catalog": {"id": catalog},
            "resource": {"originId": group.to_string(), "originSystem": "AadGroup"}})
    };
    let asked = format!("{V1}/resourceRequests");
    made(&operator, &asked, resource("adminAdd")).await;
    let resources = format!("{catalog_path}/resources");
    let added = operator.get(&resources).await.succeeded().rows();
    let added = format!("{resources}/{}/refresh", added[0]["id"].as_str().unwrap());
    operator.post_empty(&added).await.succeeded();
    made(&operator, &asked, resource("adminRemove")).await;
    operator.delete(&package_path).await.succeeded();
    operator.delete(&catalog_path).await.succeeded();
}

#[tokio::test]
async fn the_life_of_requests_and_packages_is_in_the_log_whole() {
    TestApp::on_both(async |app| {
        requests_live(app).await;
        what_is_governed_lives(app).await;

        let events = log(app, "activityDateTime ge 2000-01-01T00:00:00Z").await;
        let seen: BTreeSet<&str> = events
            .iter()
            .map(|event| event["activityDisplayName"].as_str().unwrap())
            .collect();
        let missing: Vec<&str> = WALKED
            .iter()
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
            assert_eq!(
                event["loggedByService"],
                known.category().service(),
                "{name}"
            );
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

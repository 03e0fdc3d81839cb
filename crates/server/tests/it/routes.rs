//! The directory subset, requests, approvals and what is the caller's own.

use http::Method;
use serde_json::json;

use crate::support::{NOWHERE, Server, V1, id};

#[tokio::test]
async fn members_and_owners_come_and_go_by_reference() {
    let server = Server::new().await;
    let admin = server.admin();
    let (alice, bob) = (server.id_of("alice"), server.id_of("bob"));
    let group = json!({
        "displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true,
        "owners@odata.bind": [format!("https://h/beta/directoryObjects/{bob}")],
    });
    let group = id(&server
        .post(&admin, "/beta/groups", &group)
        .await
        .expect(201)
        .json());
    let members = format!("/v1.0/groups/{group}/members");

    let alice_by_id = json!({"@odata.id": format!("https://h/v1.0/directoryObjects/{alice}")});
    server
        .post(&admin, &format!("{members}/$ref"), &alice_by_id)
        .await
        .expect(204);
    let listed = server.get(&admin, &members).await.expect(200).json();
    let links = server
        .get(&admin, &format!("{members}/$ref"))
        .await
        .expect(200)
        .json();
    let number = server
        .get(&admin, &format!("{members}/$count"))
        .await
        .expect(200);
    let groups = format!("/v1.0/users/{alice}/transitiveMemberOf");
    let groups = server.get(&admin, &groups).await.expect(200).json();

    assert_eq!(id(&listed["value"][0]), alice.to_string());
    assert_eq!(listed["value"][0]["@odata.type"], "#microsoft.graph.user");
    assert!(
        links["value"][0]["@odata.id"]
            .as_str()
            .unwrap()
            .ends_with(&alice.to_string())
    );
    assert_eq!(number.body, b"1");
    assert_eq!(id(&groups["value"][0]), group);
    assert_eq!(groups["value"][0]["@odata.type"], "#microsoft.graph.group");
    let owners = server
        .get(&admin, &format!("/v1.0/groups/{group}/owners"))
        .await
        .json();
    assert_eq!(id(&owners["value"][0]), bob.to_string());

    server
        .ask(&admin, Method::DELETE, &format!("{members}/{alice}/$ref"))
        .await
        .expect(204);
    server
        .ask(&admin, Method::DELETE, &format!("{members}/{alice}/$ref"))
        .await
        .expect(404);
    server
        .post(&admin, &format!("{members}/$ref"), &json!({}))
        .await
        .expect(400);
}

#[tokio::test]
async fn a_user_is_found_by_sign_in_name_and_has_a_manager_or_none() {
    let server = Server::new().await;
    let admin = server.admin();
    let manager = "/v1.0/users/alice@reeve.example/manager";

    server.get(&admin, manager).await.expect(404);
    let bob = json!({"@odata.id": format!("https://h/v1.0/users/{}", server.id_of("bob"))});
    server
        .write(&admin, Method::PUT, &format!("{manager}/$ref"), &bob)
        .await
        .expect(204);
    let found = server.get(&admin, manager).await.expect(200).json();
    server
        .ask(&admin, Method::DELETE, &format!("{manager}/$ref"))
        .await
        .expect(204);

    assert_eq!(id(&found), server.id_of("bob").to_string());
    server.get(&admin, manager).await.expect(404);
    let change = json!({"jobTitle": "Clerk"});
    let path = "/v1.0/users/alice@reeve.example";
    server
        .write(&admin, Method::PATCH, path, &change)
        .await
        .expect(204);
    let title = server
        .get(&admin, &format!("{path}/jobTitle/$value"))
        .await
        .expect(200);
    assert_eq!(title.body, b"Clerk");
}

#[tokio::test]
async fn ids_are_looked_up_in_bulk_and_unknown_ones_left_out() {
    let server = Server::new().await;
    let alice = server.id_of("alice").to_string();

    let body = json!({"ids": [alice, NOWHERE], "types": ["user", "group"]});
    let path = "/v1.0/directoryObjects/getByIds";
    let found = server
        .post(&server.admin(), path, &body)
        .await
        .expect(200)
        .json();

    assert_eq!(found["value"].as_array().unwrap().len(), 1);
    assert_eq!(id(&found["value"][0]), alice);
}

#[tokio::test]
async fn me_is_the_signed_in_user_and_nobody_for_an_application() {
    let server = Server::new().await;

    let me = server
        .get(&server.user("alice"), "/v1.0/me?$select=id")
        .await
        .expect(200)
        .json();

    assert_eq!(id(&me), server.id_of("alice").to_string());
    server.get(&server.admin(), "/v1.0/me").await.expect(400);
}

#[tokio::test]
async fn app_roles_are_granted_and_revoked_at_the_application() {
    let server = Server::new().await;
    let admin = server.admin();
    let role = "ae79f266-94d4-4dab-b730-feca7e132178";
    let body = json!({
        "appId": "11111111-0000-4000-8000-000000000001", "displayName": "Payroll",
        "appRoles": [{"id": role, "displayName": "Clerk", "value": "clerk", "isEnabled": true, "allowedMemberTypes": ["User"]}],
    });
    let application = server
        .post(&admin, "/v1.0/servicePrincipals", &body)
        .await
        .expect(201);
    let application = id(&application.json());
    let assigned = format!("/v1.0/servicePrincipals/{application}/appRoleAssignedTo");

    let body = json!({"principalId": server.id_of("alice").to_string(), "resourceId": application, "appRoleId": role});
    let granted = server
        .post(&admin, &assigned, &body)
        .await
        .expect(201)
        .json();
    let listed = server.get(&admin, &assigned).await.expect(200).json();
    let path = format!("{assigned}/{}", id(&granted));
    server.ask(&admin, Method::DELETE, &path).await.expect(204);

    assert_eq!(id(&listed["value"][0]), id(&granted));
    server.get(&admin, &path).await.expect(404);
}

#[tokio::test]
async fn az_30_what_is_the_callers_own_is_found_by_the_words_of_the_collection() {
    let server = Server::new().await;
    let (request, assignment) = server.assigned("alice").await;
    let own =
        |collection: &str, on: &str| format!("{V1}/{collection}/filterByCurrentUser(on='{on}')");

    let path = own("assignments", "target");
    let mine = server
        .get(&server.user("alice"), &path)
        .await
        .expect(200)
        .json();
    let number = server
        .get(&server.user("alice"), &format!("{path}/$count"))
        .await
        .expect(200);
    let path = own("assignmentRequests", "Target").replace('\'', "%27");
    let requests = server
        .get(&server.user("alice"), &path)
        .await
        .expect(200)
        .json();
    let path = own("assignments", "target");
    let not_mine = server
        .get(&server.user("bob"), &path)
        .await
        .expect(200)
        .json();

    assert_eq!(id(&mine["value"][0]), assignment);
    assert_eq!(number.body, b"1");
    assert_eq!(id(&requests["value"][0]), request);
    assert_eq!(not_mine["value"], json!([]));
    server.get(&server.admin(), &path).await.expect(403);
}

#[tokio::test]
async fn ap_10_an_approver_finds_the_approval_and_decides_once() {
    let server = Server::new().await;
    let admin = server.admin();
    let catalog = server.catalog("Finance").await;
    let package = server.package(&catalog, "Books").await;
    let policy = json!({
        "displayName": "Ask", "description": "", "allowedTargetScope": "allMemberUsers",
        "expiration": {"type": "noExpiration"},
        "requestorSettings": {"enableTargetsToSelfAddAccess": true},
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": true,
            "stages": [{
                "durationBeforeAutomaticDenial": "P2D", "isApproverJustificationRequired": false,
                "primaryApprovers": [{"@odata.type": "#microsoft.graph.singleUser", "userId": server.id_of("bob").to_string()}],
            }],
        },
        "accessPackage": {"id": package},
    });
    server
        .post(&admin, &format!("{V1}/assignmentPolicies"), &policy)
        .await
        .expect(201);
    let ask = json!({"requestType": "userAdd", "assignment": {"accessPackageId": package}});
    let request = server
        .post(
            &server.user("alice"),
            &format!("{V1}/assignmentRequests"),
            &ask,
        )
        .await;
    let request = id(&request.expect(201).json());
    let approvals = format!("{V1}/accessPackageAssignmentApprovals");

    let bob = server.user("bob");
    let path = format!("{approvals}/filterByCurrentUser(on='approver')?$expand=stages");
    let waiting = server.get(&bob, &path).await.expect(200).json();
    let stages = format!("{approvals}/{request}/stages");
    let stage = server.get(&bob, &stages).await.expect(200).json()["value"][0].clone();
    let path = format!("{stages}/{}", id(&stage));
    let decision = json!({"reviewResult": "Approve", "justification": "fine"});
    server
        .write(&server.user("carol"), Method::PATCH, &path, &decision)
        .await
        .expect(404);
    server
        .write(&server.user("alice"), Method::PATCH, &path, &decision)
        .await
        .expect(403);
    server
        .write(&bob, Method::PATCH, &path, &decision)
        .await
        .expect(204);
    let again = server
        .write(&bob, Method::PATCH, &path, &decision)
        .await
        .expect(409);

    assert_eq!(id(&waiting["value"][0]), request);
    assert_eq!(stage["assignedToMe"], true);
    assert_eq!(again.code(), "Conflict");
    server.get(&server.user("carol"), &stages).await.expect(404);
}

#[tokio::test]
async fn a_request_is_canceled_by_who_made_it_or_not_at_all() {
    let server = Server::new().await;
    let (request, _) = server.assigned("alice").await;

    let path = format!("{V1}/assignmentRequests/{request}/cancel");
    let late = server
        .ask(&server.admin(), Method::POST, &path)
        .await
        .expect(400);
    let missing = path.replace(&request, NOWHERE);

    assert_eq!(late.code(), "InvalidRequestState");
    server
        .ask(&server.admin(), Method::POST, &missing)
        .await
        .expect(404);
    let path = format!("{V1}/assignmentRequests/{request}");
    let kept = server
        .ask(&server.admin(), Method::DELETE, &path)
        .await
        .expect(400);
    assert_eq!(kept.code(), "RequestHasAssignment");
}

#[tokio::test]
async fn what_happened_is_in_the_audit_log() {
    let server = Server::new().await;
    server.catalog("Finance").await;

    let events = server
        .get(&server.admin(), "/v1.0/auditLogs/directoryAudits")
        .await
        .expect(200);

    let events = events.json();
    let event = &events["value"][0];
    assert_eq!(event["category"], "EntitlementManagement");
    assert_eq!(event["result"], "success");
}

#[tokio::test]
async fn what_a_path_only_points_at_is_not_written_by_it() {
    let server = Server::new().await;
    let admin = server.admin();
    let (_, assignment) = server.assigned("alice").await;
    let group = json!({"displayName": "Crew", "mailNickname": "crew", "mailEnabled": false, "securityEnabled": true});
    let group = id(&server.post(&admin, "/v1.0/groups", &group).await.json());
    let alice = server
        .get(&admin, "/v1.0/users/alice@reeve.example")
        .await
        .json();
    let alice = id(&alice);
    let link = json!({"@odata.id": format!("https://127.0.0.1/v1.0/users/{alice}")});
    server
        .post(&admin, &format!("/v1.0/groups/{group}/members/$ref"), &link)
        .await
        .expect(204);

    for (method, path) in [
        (
            Method::DELETE,
            format!("/v1.0/groups/{group}/members/{alice}"),
        ),
        (
            Method::DELETE,
            format!("{V1}/assignments/{assignment}/accessPackage"),
        ),
        (
            Method::PATCH,
            format!("{V1}/assignments/{assignment}/accessPackage"),
        ),
    ] {
        let refused = server
            .write(&admin, method, &path, &json!({}))
            .await
            .expect(405);
        assert_eq!(refused.header("allow"), "GET, HEAD", "{path}");
    }

    server
        .get(&admin, &format!("/v1.0/users/{alice}"))
        .await
        .expect(200);
    server
        .get(
            &admin,
            &format!("{V1}/assignments/{assignment}/accessPackage"),
        )
        .await
        .expect(200);
}

//! The seven paths of reprocess (semantics 4.1 and 4.2): routing, and the order of refusals.

use auth::principal::Permission;
use axum::body::Body;
use http::{Method, Request};
use serde_json::json;
use service::settings::Settings;

use crate::support::{BETA, NOWHERE, Server, V1};

/// P1 to P7; `{r}` is a request, `{a}` an assignment.
fn paths(request: &str, assignment: &str) -> Vec<String> {
    vec![
        format!("{V1}/assignmentRequests/{request}/reprocess"),
        format!("{V1}/assignments/{assignment}/reprocess"),
        format!("{V1}/accessPackageAssignments/{assignment}/reprocess"),
        format!("{BETA}/assignmentRequests/{request}/reprocess"),
        format!("{BETA}/accessPackageAssignmentRequests/{request}/reprocess"),
        format!("{BETA}/accessPackageAssignments/{assignment}/reprocess"),
        format!(
            "{BETA}/accessPackageAssignments/{assignment}/accessPackageAssignmentRequests/{request}/reprocess"
        ),
    ]
}

#[tokio::test]
async fn tr_6_a_malformed_id_is_400_and_an_unknown_one_404() {
    let server = Server::new().await;

    for path in paths("abc", "abc") {
        let answer = server.ask(&server.admin(), Method::POST, &path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, "BadRequest"),
            "{path}"
        );
    }
    for path in paths(NOWHERE, NOWHERE) {
        let answer = server.ask(&server.admin(), Method::POST, &path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.code(), "ResourceNotFound", "{path}");
    }
}

#[tokio::test]
async fn tr_7_the_token_comes_first_then_the_permission_then_the_id() {
    let server = Server::new().await;
    let reader = server.application(&[Permission::EntitlementManagementReadAll]);
    let without_role = server.user("alice");

    for id in ["abc", NOWHERE] {
        for path in paths(id, id) {
            for (token, status) in [("", 401), (&*reader, 403), (&*without_role, 403)] {
                let answer = server.ask(token, Method::POST, &path).await;
                assert_eq!(answer.status, status, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn other_methods_are_405_and_post_is_what_is_allowed() {
    let server = Server::new().await;

    for path in paths(NOWHERE, NOWHERE) {
        for method in [
            Method::GET,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::HEAD,
        ] {
            let answer = server.ask(&server.admin(), method.clone(), &path).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), "POST", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn rp_1_the_qualified_name_in_any_case_is_the_same_action() {
    let server = Server::new().await;

    for path in paths(NOWHERE, NOWHERE) {
        for name in [
            "microsoft.graph.reprocess",
            "REPROCESS",
            "Microsoft.Graph.Reprocess",
        ] {
            let path = path.replace("reprocess", name);
            server
                .ask(&server.admin(), Method::POST, &path)
                .await
                .expect(404);
        }
    }
}

#[tokio::test]
async fn rp_2_each_version_has_its_own_paths_and_no_others() {
    let server = Server::new().await;

    for path in [
        format!("{BETA}/assignments/{NOWHERE}/reprocess"),
        format!("{V1}/accessPackageAssignmentRequests/{NOWHERE}/reprocess"),
    ] {
        let answer = server
            .ask(&server.admin(), Method::POST, &path)
            .await
            .expect(400);
        assert_eq!(answer.code(), "BadRequest", "{path}");
    }
}

#[tokio::test]
async fn p3_can_be_switched_off() {
    let server = Server::with(Settings {
        legacy_v1_reprocess_path: false,
        ..Settings::default()
    })
    .await;

    let path = format!("{V1}/accessPackageAssignments/{NOWHERE}/reprocess");
    let answer = server
        .ask(&server.admin(), Method::POST, &path)
        .await
        .expect(400);

    assert_eq!(answer.code(), "BadRequest");
}

#[tokio::test]
async fn rp_3_nothing_or_an_empty_object_is_accepted_as_the_body() {
    let server = Server::new().await;
    let (_, assignment) = server.assigned("alice").await;
    let path = format!("{V1}/assignments/{assignment}/reprocess");
    let send = |content_type: &'static str, body: &'static str| {
        let request = Request::post(&path)
            .header("authorization", format!("Bearer {}", server.admin()))
            .header("content-type", content_type)
            .body(Body::from(body))
            .unwrap();
        server.send(request)
    };

    for body in ["[]", "null", "{\"a\":1}", "x"] {
        let answer = send("application/json", body).await.expect(400);
        assert_eq!(answer.code(), "BadRequest", "{body}");
    }
    for (content_type, body) in [
        ("text/plain", ""),
        ("application/json", "{}"),
        ("text/plain", " "),
    ] {
        let accepted = send(content_type, body).await.expect(202);
        assert!(accepted.body.is_empty());
        assert_eq!(accepted.header("content-type"), "");
        assert_eq!(accepted.header("location"), "");
        service::planning::plan_due(&server.service, 10)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn tr_16_the_assignment_is_the_same_through_every_path() {
    let server = Server::new().await;
    let (request, assignment) = server.assigned("alice").await;

    for path in [
        format!("{V1}/assignments/{assignment}/reprocess"),
        format!("{V1}/accessPackageAssignments/{assignment}/reprocess"),
        format!("{BETA}/accessPackageAssignments/{assignment}/reprocess"),
    ] {
        server
            .ask(&server.admin(), Method::POST, &path)
            .await
            .expect(202);
        let shown = server
            .get(&server.admin(), &format!("{V1}/assignments/{assignment}"))
            .await;
        assert_eq!(shown.json()["state"], "delivering", "{path}");
        service::planning::plan_due(&server.service, 10)
            .await
            .unwrap();
        let shown = server
            .get(&server.admin(), &format!("{V1}/assignments/{assignment}"))
            .await;
        assert_eq!(shown.json()["state"], "delivered", "{path}");
    }
    // TR3: the request itself was delivered, so there is nothing to retry.
    for path in paths(&request, &assignment) {
        if path.contains("equests/") {
            let answer = server
                .ask(&server.admin(), Method::POST, &path)
                .await
                .expect(400);
            assert_eq!(answer.code(), "InvalidRequestState", "{path}");
        }
    }
}

#[tokio::test]
async fn p7_the_request_must_belong_to_the_assignment() {
    let server = Server::new().await;
    let (request, _) = server.assigned("alice").await;

    let path = format!(
        "{BETA}/accessPackageAssignments/{NOWHERE}/accessPackageAssignmentRequests/{request}/reprocess"
    );
    let answer = server
        .ask(&server.admin(), Method::POST, &path)
        .await
        .expect(404);

    assert_eq!(answer.code(), "ResourceNotFound");
}

#[tokio::test]
async fn rq_5_a_request_is_shown_as_it_was_accepted() {
    let server = Server::new().await;
    let catalog = server.catalog("Finance").await;
    let package = server.package(&catalog, "Books").await;
    let policy = server.policy(&package).await;
    let body = json!({
        "requestType": "AdminAdd",
        "accessPackageAssignment": {
            "targetId": server.id_of("alice").to_string(), "assignmentPolicyId": policy, "accessPackageId": package,
        },
    });

    let path = format!("{BETA}/accessPackageAssignmentRequests");
    let made = server.post(&server.admin(), &path, &body).await.expect(201);

    let shown = made.json();
    assert_eq!(shown["requestState"], "Submitted");
    assert_eq!(shown["requestStatus"], "Accepted");
    assert_eq!(shown["requestType"], "AdminAdd");
    let id = shown["id"].as_str().unwrap();
    assert!(
        made.header("location")
            .ends_with(&format!("/accessPackageAssignmentRequests/{id}"))
    );
    let read = server
        .get(&server.admin(), &format!("{V1}/assignmentRequests/{id}"))
        .await
        .expect(200);
    assert_eq!(read.json()["state"], "delivering");
}

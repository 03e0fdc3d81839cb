//! The error envelope on every kind of bad input (semantics 8.6).

use auth::principal::Permission;
use axum::body::Body;
use http::{Method, Request};
use serde_json::json;

use crate::support::{BETA, NOWHERE, Server, V1};

#[tokio::test]
async fn er_1_no_token_a_wrong_one_and_a_strange_scheme_are_401() {
    let server = Server::new().await;

    for authorization in [
        None,
        Some("Bearer x.y.z"),
        Some("Basic abc"),
        Some("Bearer "),
    ] {
        let mut request = Request::get(format!("{V1}/catalogs"));
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let answer = server
            .send(request.body(Body::empty()).unwrap())
            .await
            .expect(401);

        assert_eq!(answer.code(), "InvalidAuthenticationToken");
        let challenge = answer.header("www-authenticate");
        assert!(
            challenge.starts_with("Bearer realm=\"\", authorization_uri=\""),
            "{challenge}"
        );
        assert!(!challenge.contains("claims"), "{challenge}");
    }
}

#[tokio::test]
async fn er_1_who_left_the_directory_is_401() {
    let server = Server::new().await;
    let token = server.user("alice");
    let path = format!("/v1.0/users/{}", server.id_of("alice"));
    server
        .ask(&server.admin(), Method::DELETE, &path)
        .await
        .expect(204);

    let answer = server.get(&token, "/v1.0/me").await.expect(401);

    assert_eq!(answer.code(), "InvalidAuthenticationToken");
    assert!(answer.header("www-authenticate").contains("invalid_token"));
}

#[tokio::test]
async fn er_2_a_403_names_what_is_missing() {
    let server = Server::new().await;

    let list = format!("{V1}/catalogs");
    let no_permission = server
        .get(&server.application(&[]), &list)
        .await
        .expect(403);
    let no_role = server.get(&server.user("alice"), &list).await.expect(403);

    assert_eq!(no_permission.code(), "AccessDenied");
    let message = no_permission.json()["error"]["message"].to_string();
    assert!(
        message.contains("EntitlementManagement.Read.All"),
        "{message}"
    );
    let message = no_role.json()["error"]["message"].to_string();
    assert!(message.contains("Catalog reader"), "{message}");
}

#[tokio::test]
async fn er_3_what_cannot_be_read_is_400() {
    let server = Server::new().await;
    let admin = server.admin();

    for path in [
        format!("{V1}/catalogs/abc"),
        format!("{V1}/catalogs?$filter=displayName%20eq"),
        format!("{V1}/catalogs?$top=0"),
        format!("{V1}/catalogs?$top=1000"),
        format!("{V1}/catalogs?$select=nothing"),
        format!("{V1}/catalogs?$filter=%C3%28%20eq%201"),
        format!("{V1}/catalogs?$skiptoken=forged"),
        format!("{V1}/assignments?$search=x"),
        format!("{V1}/cata%ZZlogs"),
        format!("{V1}/assignments/filterByCurrentUser(on='nobody')"),
    ] {
        let answer = server.get(&admin, &path).await;
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(answer.code(), "BadRequest", "{path}");
    }
}

#[tokio::test]
async fn er_4_the_property_at_fault_is_named() {
    let server = Server::new().await;
    let body = json!({"displayName": 5});

    let path = format!("{V1}/catalogs");
    let answer = server.post(&server.admin(), &path, &body).await.expect(400);

    assert_eq!(answer.code(), "InvalidModel");
    assert_eq!(answer.json()["error"]["target"], "displayName");
}

#[tokio::test]
async fn an_unknown_option_is_refused_with_those_there_are() {
    let server = Server::new().await;

    for (set, options) in [
        (
            "assignments",
            "target, createdBy, targetManager, targetAgentIdentitySponsorOrOwner",
        ),
        ("accessPackageAssignmentApprovals", "approver"),
        (
            "accessPackageSuggestions",
            "none, relatedPeopleAssignments, assignmentHistory",
        ),
    ] {
        let path = format!("{V1}/{set}/filterByCurrentUser(on='nobody')");
        let answer = server.get(&server.admin(), &path).await;

        let error = &answer.json()["error"];
        assert_eq!(error["target"], "on", "{path}");
        let expected = format!("`on` must be one of {options}, not `nobody`");
        assert_eq!(error["message"], expected, "{path}");
    }
}

#[tokio::test]
async fn er_5_what_is_not_there_is_404() {
    let server = Server::new().await;

    for path in [
        format!("{V1}/catalogs/{NOWHERE}"),
        format!("{BETA}/accessPackages/{NOWHERE}/accessPackageAssignmentPolicies"),
        format!("/v1.0/users/{NOWHERE}"),
        "/v1.0/users/nobody@reeve.example".to_owned(),
        "/v2.0/users".to_owned(),
        "/".to_owned(),
    ] {
        let answer = server.get(&server.admin(), &path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.code(), "ResourceNotFound", "{path}");
    }
}

#[tokio::test]
async fn er_6_an_unknown_segment_is_400_and_named() {
    let server = Server::new().await;

    for path in [
        format!("{V1}/nonsense"),
        format!("{V1}/catalogs/delta"),
        format!("{V1}/accessPackageAssignments"),
        format!("{V1}/accessPackageAssignments/{NOWHERE}"),
        format!("{BETA}/assignments"),
    ] {
        let answer = server.get(&server.admin(), &path).await;
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(answer.code(), "BadRequest", "{path}");
    }
    let answer = server.get(&server.admin(), &format!("{V1}/nonsense")).await;
    let message = answer.json()["error"]["message"].to_string();
    assert!(message.contains("segment 'nonsense'"), "{message}");
}

#[tokio::test]
async fn er_7_another_method_is_405_with_those_that_are_allowed() {
    let server = Server::new().await;
    let admin = server.admin();

    for (method, path, allow) in [
        (
            Method::PATCH,
            format!("{V1}/assignmentPolicies/{NOWHERE}"),
            "DELETE, GET, HEAD, PUT",
        ),
        (Method::POST, format!("{V1}/assignments"), "GET, HEAD"),
        (
            Method::PATCH,
            format!("{V1}/assignments/{NOWHERE}"),
            "GET, HEAD",
        ),
        (
            Method::DELETE,
            format!("{V1}/assignments/{NOWHERE}"),
            "GET, HEAD",
        ),
        (Method::PUT, format!("{V1}/catalogs"), "GET, HEAD, POST"),
        (
            Method::GET,
            format!("{V1}/assignmentRequests/{NOWHERE}/cancel"),
            "POST",
        ),
        (Method::DELETE, "/healthz".to_owned(), "GET,HEAD"),
        (Method::DELETE, "/reeve/v1/targets".to_owned(), "GET, HEAD"),
        (Method::GET, "/v1.0/$batch".to_owned(), "POST"),
    ] {
        let answer = server.ask(&admin, method.clone(), &path).await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
        assert_eq!(answer.code(), "MethodNotAllowed", "{method} {path}");
    }
}

#[tokio::test]
async fn er_10_and_11_bodies_are_bounded_and_json() {
    let server = Server::new().await;
    let send = |content_type: &'static str, body: Vec<u8>| {
        let request = Request::post(format!("{V1}/catalogs"))
            .header("authorization", format!("Bearer {}", server.admin()))
            .header("content-type", content_type)
            .body(Body::from(body))
            .unwrap();
        server.send(request)
    };

    let large = send("application/json", vec![b' '; 1024 * 1024 + 1])
        .await
        .expect(413);
    let text = send("text/plain", b"{}".to_vec()).await.expect(415);
    let broken = send("application/json", b"{\"a\":".to_vec())
        .await
        .expect(400);

    assert_eq!(large.code(), "RequestEntityTooLarge");
    assert_eq!(text.code(), "UnsupportedMediaType");
    assert_eq!(broken.code(), "BadRequest");
}

#[tokio::test]
async fn read_only_permissions_do_not_write() {
    let server = Server::new().await;
    let reader = server.application(&[Permission::EntitlementManagementReadAll]);

    let list = format!("{V1}/catalogs");
    server.get(&reader, &list).await.expect(200);
    let refused = server
        .post(&reader, &list, &json!({"displayName": "x"}))
        .await
        .expect(403);

    assert_eq!(refused.code(), "AccessDenied");
}

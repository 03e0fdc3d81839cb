//! The headers of semantics 8.5, and those that protect browsers.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;

use crate::support::{BETA, Server, V1};

#[tokio::test]
async fn every_answer_carries_its_ids_its_date_and_the_version_of_the_protocol() {
    let server = Server::new().await;
    let send = |token: &str| {
        let request = Request::get(format!("{V1}/catalogs"))
            .header("authorization", format!("Bearer {token}"))
            .header("client-request-id", "mine-1")
            .header("odata-maxversion", "4.0")
            .header("content-type", "application/json")
            .header(
                "accept",
                "application/json; charset=utf-8; IEEE754Compatible=false",
            );
        server.send(request.body(Body::empty()).unwrap())
    };

    for (answer, status) in [(send(&server.admin()).await, 200), (send("x").await, 401)] {
        let answer = answer.expect(status);
        assert_eq!(answer.header("client-request-id"), "mine-1");
        assert_eq!(answer.header("request-id").len(), 36);
        assert_eq!(answer.header("odata-version"), "4.0");
        assert_eq!(answer.header("date"), "Sun, 01 Mar 2026 12:00:00 GMT");
        assert_eq!(
            answer.header("content-type"),
            "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
        );
    }
}

#[tokio::test]
async fn without_an_id_of_the_clients_the_servers_is_echoed() {
    let server = Server::new().await;

    let answer = server.get("x", "/v1.0/me").await.expect(401);

    let own = answer.header("request-id").to_owned();
    assert_eq!(answer.header("client-request-id"), own);
    assert_eq!(answer.json()["error"]["innerError"]["request-id"], own);
}

#[tokio::test]
async fn ht_2_a_change_of_another_version_is_412() {
    let server = Server::new().await;
    let path = format!("{V1}/catalogs/{}", server.catalog("Finance").await);
    let etag = server
        .get(&server.admin(), &path)
        .await
        .header("etag")
        .to_owned();
    let patch = |tag: String| {
        let request = Request::patch(&path)
            .header("authorization", format!("Bearer {}", server.admin()))
            .header("content-type", "application/json")
            .header("if-match", tag)
            .body(Body::from(json!({"description": "new"}).to_string()))
            .unwrap();
        server.send(request)
    };

    assert!(etag.starts_with("W/\""), "{etag}");
    patch(etag.clone()).await.expect(204);
    let stale = patch(etag).await.expect(412);
    patch("*".to_owned()).await.expect(204);

    assert_eq!(stale.code(), "PreconditionFailed");
}

#[tokio::test]
async fn preferences_that_were_followed_are_told() {
    let server = Server::new().await;
    server.catalog("A").await;
    let request = Request::get(format!("{V1}/catalogs"))
        .header("authorization", format!("Bearer {}", server.admin()))
        .header(
            "prefer",
            "include-unknown-enum-members, odata.maxpagesize=1",
        );

    let answer = server
        .send(request.body(Body::empty()).unwrap())
        .await
        .expect(200);

    assert_eq!(
        answer.header("preference-applied"),
        "include-unknown-enum-members, odata.maxpagesize=1"
    );
    assert_eq!(answer.json()["value"].as_array().unwrap().len(), 1);
    assert!(answer.json()["@odata.nextLink"].is_string());
}

#[tokio::test]
async fn od_11_no_metadata_means_none() {
    let server = Server::new().await;
    let request = Request::get(format!("{V1}/catalogs"))
        .header("authorization", format!("Bearer {}", server.admin()))
        .header("accept", "application/json;odata.metadata=none");

    let answer = server
        .send(request.body(Body::empty()).unwrap())
        .await
        .expect(200);

    assert!(
        answer
            .header("content-type")
            .contains("odata.metadata=none")
    );
    assert_eq!(answer.json().get("@odata.context"), None);
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let server = Server::new().await;
    let path = format!("{V1}/catalogs");

    let head = server
        .ask(&server.admin(), Method::HEAD, &path)
        .await
        .expect(200);
    let get = server.get(&server.admin(), &path).await.expect(200);

    assert!(head.body.is_empty());
    assert_eq!(head.header("content-type"), get.header("content-type"));
}

#[tokio::test]
async fn ve_1_the_retiring_name_of_requests_points_to_its_successor() {
    let server = Server::new().await;

    let old = format!("{BETA}/accessPackageAssignmentRequests");
    let old = server.get(&server.admin(), &old).await.expect(200);
    let new = format!("{BETA}/assignmentRequests");
    let new = server.get(&server.admin(), &new).await.expect(200);

    let successor =
        format!("<http://127.0.0.1:8080{BETA}/assignmentRequests>; rel=\"successor-version\"");
    assert_eq!(old.header("link"), successor);
    assert_eq!(old.header("deprecation"), "true");
    assert_eq!(new.header("deprecation"), "");
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let server = Server::new().await;
    let admin = server.admin();

    for (token, path, status) in [
        (admin.as_str(), "/v1.0/users?$top=1", 200),
        (admin.as_str(), "/v1.0/nothing", 400),
        ("x", "/v1.0/me", 401),
        ("", "/nowhere", 404),
        ("", "/v1.0/$metadata", 200),
        ("", "/healthz", 200),
        ("", "/metrics", 200),
        (admin.as_str(), "/scim/v2/Users", 200),
        (admin.as_str(), "/reeve/v1/targets", 200),
        ("", "/common/v2.0/.well-known/openid-configuration", 200),
    ] {
        let answer = server.get(token, path).await.expect(status);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
            ("x-frame-options", "DENY"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        assert!(!answer.header("cache-control").is_empty(), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        assert_eq!(
            answer.header("strict-transport-security"),
            "",
            "a development tenant tells browsers nothing that outlives it: {path}"
        );
    }
}

#[tokio::test]
async fn a_page_of_another_origin_is_allowed_nothing() {
    let server = Server::new().await;
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri(format!("{V1}/catalogs"))
        .header("origin", "https://elsewhere.example")
        .header("access-control-request-method", "POST");

    let answer = server.send(request.body(Body::empty()).unwrap()).await;

    assert!(answer.status.is_client_error());
    for name in answer.headers.keys() {
        assert!(!name.as_str().starts_with("access-control-"), "{name}");
    }
}

//! `$batch` (BA-1).

use serde_json::{Value, json};

use crate::support::{NOWHERE, Server};

const ROOT: &str = "/identityGovernance/entitlementManagement";

fn part<'a>(answer: &'a Value, id: &str) -> &'a Value {
    let responses = answer["responses"].as_array().unwrap();
    responses.iter().find(|one| one["id"] == id).unwrap()
}

#[tokio::test]
async fn ba_1_parts_run_in_the_order_of_their_dependencies() {
    let server = Server::new().await;
    let batch = json!({"requests": [
        {"id": "list", "method": "GET", "url": format!("{ROOT}/catalogs?$filter=displayName eq 'Art'"), "dependsOn": ["make"]},
        {"id": "make", "method": "POST", "url": format!("{ROOT}/catalogs"), "headers": {"Content-Type": "application/json"}, "body": {"displayName": "Art", "description": ""}},
        {"id": "count", "method": "get", "url": format!("{ROOT}/catalogs/$count"), "dependsOn": ["make"]},
    ]});

    let answer = server
        .post(&server.admin(), "/v1.0/$batch", &batch)
        .await
        .expect(200)
        .json();

    assert_eq!(part(&answer, "make")["status"], 201);
    let headers = &part(&answer, "make")["headers"];
    let kind = headers["Content-Type"].as_str().unwrap();
    assert!(kind.starts_with("application/json"), "{headers}");
    assert!(headers["Location"].is_string(), "{headers}");
    let list = part(&answer, "list");
    assert_eq!(list["status"], 200);
    assert_eq!(list["body"]["value"][0]["displayName"], "Art");
    assert_eq!(part(&answer, "count")["body"], "2");
}

#[tokio::test]
async fn ba_1_what_depends_on_a_failure_is_424_and_not_tried() {
    let server = Server::new().await;
    let batch = json!({"requests": [
        {"id": "a", "method": "GET", "url": format!("{ROOT}/catalogs/{NOWHERE}")},
        {"id": "b", "method": "POST", "url": format!("{ROOT}/catalogs"), "dependsOn": ["a"], "headers": {"Content-Type": "application/json"}, "body": {"displayName": "Art"}},
        {"id": "c", "method": "DELETE", "url": format!("{ROOT}/assignments/{NOWHERE}"), "dependsOn": ["b"]},
    ]});

    let answer = server
        .post(&server.admin(), "/beta/$batch", &batch)
        .await
        .expect(200)
        .json();

    // Beta has no `catalogs`: the first part fails by its path already.
    assert_eq!(part(&answer, "a")["status"], 400);
    assert_eq!(part(&answer, "b")["status"], 424);
    assert_eq!(
        part(&answer, "b")["body"]["error"]["code"],
        "FailedDependency"
    );
    assert_eq!(part(&answer, "c")["status"], 424);
}

#[tokio::test]
async fn ba_1_each_part_is_authorised_alone() {
    let server = Server::new().await;
    let bob = format!("Bearer {}", server.user("bob"));
    let batch = json!({"requests": [
        {"id": "own", "method": "GET", "url": "/me"},
        {"id": "other", "method": "GET", "url": "/me", "headers": {"Authorization": bob}},
        {"id": "none", "method": "GET", "url": "/me", "headers": {"authorization": "Bearer x"}},
        {"id": "refused", "method": "GET", "url": format!("{ROOT}/catalogs")},
    ]});

    let answer = server
        .post(&server.user("alice"), "/v1.0/$batch", &batch)
        .await
        .expect(200)
        .json();

    assert_eq!(
        part(&answer, "own")["body"]["id"],
        server.id_of("alice").to_string()
    );
    assert_eq!(
        part(&answer, "other")["body"]["id"],
        server.id_of("bob").to_string()
    );
    assert_eq!(part(&answer, "none")["status"], 401);
    assert_eq!(part(&answer, "refused")["status"], 403);
    server.post("x", "/v1.0/$batch", &batch).await.expect(401);
}

#[tokio::test]
async fn ba_1_a_part_with_a_token_of_its_own_is_its_owners_and_never_falls_back_to_the_whole() {
    let server = Server::new().await;
    let catalogs = format!("{ROOT}/catalogs");
    let make = |id: &str, token: &str| {
        let headers = json!({"Content-Type": "application/json", "AUTHORIZATION": token});
        json!({
            "id": id, "method": "POST", "url": catalogs, "headers": headers,
            "body": {"displayName": id, "description": ""},
        })
    };
    let (admin, alice) = (server.admin(), server.user("alice"));
    let weak = format!("Bearer {}", server.application(&[]));
    let broken = format!("{admin}x");
    let batch = json!({"requests": [
        make("alice", &format!("Bearer {alice}")),
        make("weak", &weak),
        make("broken", &format!("Bearer {broken}")),
        make("empty", ""),
        make("blank", "Bearer "),
        make("basic", "Basic YWRtaW46YWRtaW4="),
        make("unsendable", "Bearer a\nb"),
        make("admin", &format!("Bearer {admin}")),
        {"id": "nameless", "method": "GET", "url": "/users", "headers": {"a b": "c"}},
    ]});

    // Whoever sends the batch may do everything.
    let by_admin = server.post(&admin, "/v1.0/$batch", &batch).await;
    let by_admin = by_admin.expect(200).json();
    for (id, status) in [
        ("alice", 403),
        ("weak", 403),
        ("broken", 401),
        ("empty", 401),
        ("blank", 401),
        ("basic", 401),
        ("unsendable", 400),
        ("admin", 201),
        ("nameless", 400),
    ] {
        let part = part(&by_admin, id);
        assert_eq!(part["status"], status, "{part}");
        let challenge = &part["headers"]["Www-Authenticate"];
        assert_eq!(challenge.is_string(), status == 401, "{part}");
        assert!(!part.to_string().contains(&broken), "{part}");
    }
    // Nor does a part lend its token to the others.
    let mut by_alice = batch;
    by_alice["requests"] = json!([
        make("again", &format!("Bearer {admin}")),
        {"id": "own", "method": "GET", "url": "/me"},
        {"id": "refused", "method": "GET", "url": catalogs},
    ]);
    let by_alice = server.post(&alice, "/v1.0/$batch", &by_alice).await;
    let by_alice = by_alice.expect(200).json();
    assert_eq!(part(&by_alice, "again")["status"], 201);
    let me = server.id_of("alice").to_string();
    assert_eq!(part(&by_alice, "own")["body"]["id"], me);
    assert_eq!(part(&by_alice, "refused")["status"], 403);
}

#[tokio::test]
async fn ba_1_answers_without_a_body_have_none() {
    let server = Server::new().await;
    let (_, assignment) = server.assigned("alice").await;
    let batch = json!({"requests": [
        {"id": "1", "method": "POST", "url": format!("{ROOT}/assignments/{assignment}/reprocess")},
    ]});

    let answer = server
        .post(&server.admin(), "/v1.0/$batch", &batch)
        .await
        .expect(200)
        .json();

    assert_eq!(part(&answer, "1")["status"], 202);
    assert_eq!(part(&answer, "1").get("body"), None);
}

#[tokio::test]
async fn ba_1_a_malformed_batch_is_refused_whole() {
    let server = Server::new().await;
    let one = json!({"id": "1", "method": "GET", "url": "/me"});
    let twenty_one: Vec<Value> = (0..21)
        .map(|id| json!({"id": id.to_string(), "method": "GET", "url": "/me"}))
        .collect();

    for body in [
        json!({}),
        json!({"requests": [one, one]}),
        json!({"requests": twenty_one}),
        json!({"requests": [{"method": "GET", "url": "/me"}]}),
        json!({"requests": [{"id": "1", "method": "POST", "url": "/$batch", "body": {}}]}),
        json!({"requests": [{"id": "1", "method": "GET", "url": "https://elsewhere/me"}]}),
    ] {
        let answer = server
            .post(&server.admin(), "/v1.0/$batch", &body)
            .await
            .expect(400);
        assert_eq!(answer.code(), "BadRequest", "{body}");
    }
}

#[tokio::test]
async fn ba_1_the_version_may_stand_before_the_path() {
    let server = Server::new().await;
    let batch = json!({"requests": [
        {"id": "with", "method": "GET", "url": format!("/v1.0{ROOT}/catalogs")},
        {"id": "other", "method": "GET", "url": format!("/beta{ROOT}/accessPackageCatalogs")},
    ]});

    let answer = server
        .post(&server.admin(), "/v1.0/$batch", &batch)
        .await
        .expect(200)
        .json();

    assert_eq!(part(&answer, "with")["status"], 200);
    assert_eq!(part(&answer, "other")["status"], 400);
}

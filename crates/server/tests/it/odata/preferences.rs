//! `Prefer: return=…` and `If-Match`.

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::support::{Answer, Server, V1, id};

async fn send(
    server: &Server,
    method: Method,
    path: &str,
    (name, value): (&str, &str),
    body: &Value,
) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:8080")
        .header("authorization", format!("Bearer {}", server.admin()))
        .header("content-type", "application/json")
        .header(name, value);
    server
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

#[tokio::test]
async fn a_change_is_answered_with_more_or_less_as_preferred() {
    let server = Server::new().await;
    let path = format!("{V1}/catalogs");
    let body = json!({"displayName": "Art", "description": "", "state": "published"});

    let made = send(
        &server,
        Method::POST,
        &path,
        ("prefer", "return=minimal"),
        &body,
    )
    .await;
    let made = made.expect(204);
    assert!(made.body.is_empty() && made.header("content-type").is_empty());
    assert_eq!(made.header("preference-applied"), "return=minimal");
    let location = made.header("location").to_owned();
    assert_eq!(made.header("odata-entityid"), location);

    let path = location.strip_prefix("http://127.0.0.1:8080").unwrap();
    let change = json!({"displayName": "Arts"});
    let wanted = ("prefer", "return=representation");
    let changed = send(&server, Method::PATCH, path, wanted, &change)
        .await
        .expect(200);
    assert_eq!(changed.json()["displayName"], "Arts");
    assert_eq!(
        changed.header("preference-applied"),
        "return=representation"
    );
    assert_eq!(changed.header("etag"), "W/\"2\"");

    // A refusal stays one.
    let refused = send(
        &server,
        Method::PATCH,
        path,
        wanted,
        &json!({"displayName": 5}),
    )
    .await;
    refused.expect(400);
}

#[tokio::test]
async fn if_match_is_honoured_on_every_kind_of_change_ht_2() {
    let server = Server::new().await;
    let made = server
        .post(
            &server.admin(),
            "/v1.0/groups",
            &json!({"displayName": "Readers", "mailEnabled": false, "mailNickname": "readers",
                "securityEnabled": true}),
        )
        .await
        .expect(201);
    let group = format!("/v1.0/groups/{}", id(&made.json()));
    let etag = made.header("etag").to_owned();
    let change = json!({"description": "x"});

    let stale = ("if-match", "W/\"77\"");
    let answer = send(&server, Method::PATCH, &group, stale, &change)
        .await
        .expect(412);
    assert_eq!(answer.code(), "PreconditionFailed");
    send(&server, Method::DELETE, &group, stale, &Value::Null)
        .await
        .expect(412);

    let several = format!("\"77\", {etag}");
    send(
        &server,
        Method::PATCH,
        &group,
        ("if-match", &several),
        &change,
    )
    .await
    .expect(204);
    send(&server, Method::PATCH, &group, ("if-match", &etag), &change)
        .await
        .expect(412);
    send(
        &server,
        Method::DELETE,
        &group,
        ("if-match", "*"),
        &Value::Null,
    )
    .await
    .expect(204);
}

#[tokio::test]
async fn of_many_changes_of_one_version_one_wins_ht_2() {
    let server = Server::new().await;
    let made = server
        .post(
            &server.admin(),
            "/v1.0/groups",
            &json!({"displayName": "Readers", "mailEnabled": false, "mailNickname": "readers",
                "securityEnabled": true}),
        )
        .await
        .expect(201);
    let group = format!("/v1.0/groups/{}", id(&made.json()));
    let etag = made.header("etag").to_owned();

    let bodies: Vec<Value> = (0..12)
        .map(|i| json!({"description": format!("d{i}")}))
        .collect();
    let changes = bodies
        .iter()
        .map(|body| send(&server, Method::PATCH, &group, ("if-match", &etag), body));
    let answers = futures_util::future::join_all(changes).await;

    let won = answers.iter().filter(|answer| answer.status == 204).count();
    let lost = answers.iter().filter(|answer| answer.status == 412).count();
    assert_eq!((won, lost), (1, 11));
}

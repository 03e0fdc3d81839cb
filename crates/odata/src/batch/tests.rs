//! What BA-1 allows and refuses.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const ROOT: &str = "https://127.0.0.1:8443/v1.0";

fn read(body: &Value) -> Result<Batch, BatchError> {
    parse(body.to_string().as_bytes(), ROOT)
}

fn get(id: &str, depends_on: &[&str]) -> Value {
    json!({"id": id, "method": "GET", "url": "/users", "dependsOn": depends_on})
}

fn ids(batch: &Batch) -> Vec<&str> {
    batch
        .requests
        .iter()
        .map(|request| request.id.as_str())
        .collect()
}

#[test]
fn ba_1_a_request_is_read_with_all_its_members() {
    let batch = read(&json!({"requests": [
        {"id": "1", "method": "get", "url": "users?$top=5&$filter=a eq 'https://x'"},
        {"id": "2", "method": "POST", "url": "/groups", "headers": {"Content-Type": "application/json"},
         "body": {"displayName": "x"}, "dependsOn": ["1"]},
    ]}))
    .unwrap();

    assert_eq!(
        batch.requests[0],
        BatchRequest {
            id: "1".to_owned(),
            method: Method::Get,
            url: "/users?$top=5&$filter=a%20eq%20'https://x'".to_owned(),
            headers: Vec::new(),
            body: None,
            depends_on: Vec::new(),
        }
    );
    assert_eq!(
        batch.requests[1],
        BatchRequest {
            id: "2".to_owned(),
            method: Method::Post,
            url: "/groups".to_owned(),
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: Some(json!({"displayName": "x"})),
            depends_on: vec!["1".to_owned()],
        }
    );
}

#[test]
fn ba_1_twenty_requests_are_allowed_and_one_more_is_not() {
    let requests = |count: usize| -> Value {
        let requests: Vec<Value> = (0..count).map(|i| get(&i.to_string(), &[])).collect();
        json!({"requests": requests})
    };

    assert_eq!(read(&requests(20)).unwrap().requests.len(), 20);
    assert_eq!(read(&requests(21)).unwrap_err().target, "requests");
}

#[test]
fn ba_1_requests_stand_behind_what_they_depend_on() {
    let batch = read(&json!({"requests": [
        get("d", &["c", "a"]), get("b", &[]), get("c", &["a"]), get("a", &[]),
    ]}))
    .unwrap();

    assert_eq!(ids(&batch), ["b", "a", "c", "d"]);
}

#[test]
fn ba_1_a_batch_that_breaks_a_rule_is_refused_whole() {
    for (requests, target) in [
        (json!([get("a", &[]), get("a", &[])]), "requests[1].id"),
        (json!([{"method": "GET", "url": "/a"}]), "requests[0].id"),
        (
            json!([{"id": "", "method": "GET", "url": "/a"}]),
            "requests[0].id",
        ),
        (
            json!([{"id": 1, "method": "GET", "url": "/a"}]),
            "requests[0].id",
        ),
        (json!([{"id": "a", "url": "/a"}]), "requests[0].method"),
        (
            json!([{"id": "a", "method": "TRACE", "url": "/a"}]),
            "requests[0].method",
        ),
        (json!([{"id": "a", "method": "GET"}]), "requests[0].url"),
        (
            json!([{"id": "a", "method": "GET", "url": "https://h/v1.0/a"}]),
            "requests[0].url",
        ),
        (
            json!([{"id": "a", "method": "GET", "url": "//h/a"}]),
            "requests[0].url",
        ),
        (
            json!([{"id": "a", "method": "GET", "url": "/a\r\nb"}]),
            "requests[0].url",
        ),
        (
            json!([{"id": "a", "method": "POST", "url": "/$BATCH?x"}]),
            "requests[0].url",
        ),
        (
            json!([{"id": "a", "method": "GET", "url": "/a", "headers": {"b": 1}}]),
            "requests[0].headers",
        ),
        (
            json!([{"id": "a", "method": "GET", "url": "/a", "dependsOn": "b"}]),
            "requests[0].dependsOn",
        ),
        (
            json!([{"id": "a", "method": "GET", "url": "/a", "atomicityGroup": "g"}]),
            "requests[0].atomicityGroup",
        ),
        (json!([get("a", &["b"])]), "dependsOn"),
        (json!([get("a", &["a"])]), "dependsOn"),
        (json!([get("a", &["b"]), get("b", &["a"])]), "dependsOn"),
        (json!(["a"]), "requests[0]"),
        (json!("a"), "requests"),
    ] {
        let error = read(&json!({"requests": requests})).unwrap_err();
        assert_eq!(error.target, target, "{requests}: {error}");
    }
    assert_eq!(parse(b"[]", ROOT).unwrap_err().target, "requests");
    assert_eq!(parse(b"{", ROOT).unwrap_err().target, "body");
}

#[test]
fn ba_1_the_answer_shows_bodies_only_where_there_are_any() {
    let response = |id: &str, status: u16, body: Option<BatchBody>| BatchResponse {
        id: id.to_owned(),
        status,
        headers: vec![("request-id".to_owned(), "r".to_owned())],
        body,
    };

    let document = write_responses(&[
        response("1", 200, Some(BatchBody::Json(b"{\"id\":\"x\"}".to_vec()))),
        response("2", 202, None),
        response("3", 204, Some(BatchBody::Json(Vec::new()))),
        response("4", 200, Some(BatchBody::Bytes(b"7".to_vec()))),
    ]);

    let document: Value = serde_json::from_slice(&document).unwrap();
    let headers = json!({"request-id": "r"});
    assert_eq!(
        document,
        json!({"responses": [
            {"id": "1", "status": 200, "headers": headers, "body": {"id": "x"}},
            {"id": "2", "status": 202, "headers": headers},
            {"id": "3", "status": 204, "headers": headers},
            {"id": "4", "status": 200, "headers": headers, "body": "Nw=="},
        ]})
    );
}

#[test]
fn ba_1_a_failed_dependency_is_answered_with_an_error() {
    let inner = crate::error::InnerError {
        date: jiff::Timestamp::UNIX_EPOCH,
        request_id: "r".to_owned(),
        client_request_id: "c".to_owned(),
    };
    let body = ErrorBody::new("FailedDependency", "The request `1` failed.", inner);

    let response = BatchResponse::error("2", 424, &body);

    assert!(!response.succeeded());
    let document: Value = serde_json::from_slice(&write_responses(&[response])).unwrap();
    let answer = &document["responses"][0];
    assert_eq!(answer["status"], 424);
    assert_eq!(answer["body"]["error"]["code"], "FailedDependency");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in any::<Vec<u8>>()) {
        let _ = parse(&body, ROOT);
    }

    #[test]
    fn any_dependencies_are_put_in_order_or_refused(
        edges in prop::collection::vec(prop::collection::vec(0_usize..8, 0..3), 0..8),
    ) {
        let requests: Vec<Value> = edges.iter().enumerate().map(|(i, on)| {
            let on: Vec<String> = on.iter().map(ToString::to_string).collect();
            get(&i.to_string(), &on.iter().map(String::as_str).collect::<Vec<_>>())
        }).collect();

        if let Ok(batch) = read(&json!({"requests": requests})) {
            prop_assert_eq!(batch.requests.len(), edges.len());
            for (at, request) in batch.requests.iter().enumerate() {
                for id in &request.depends_on {
                    prop_assert!(ids(&batch)[..at].contains(&id.as_str()));
                }
            }
        }
    }
}

#[test]
fn ba_1_an_absolute_url_below_our_own_root_is_as_good_as_a_relative_one() {
    let part = |url: &str| {
        let body = serde_json::json!({"requests": [{"id": "1", "method": "GET", "url": url}]});
        parse(body.to_string().as_bytes(), ROOT)
    };

    assert_eq!(
        part(&format!("{ROOT}/me?$select=id")).unwrap().requests[0].url,
        "/me?$select=id"
    );
    for foreign in [
        "https://elsewhere.test/v1.0/me",
        "https://127.0.0.1:8443/beta/me",
        "https://127.0.0.1:8443/v1.0x/me",
    ] {
        assert_eq!(part(foreign).unwrap_err().target, "requests[0].url");
    }
    let nested = format!("{ROOT}/$batch");
    assert_eq!(part(&nested).unwrap_err().target, "requests[0].url");
}

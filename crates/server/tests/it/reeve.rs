//! Reeve's own API, health and metrics.

use http::Method;
use serde_json::{Value, json};

use crate::support::{NOWHERE, Server, V1};

#[tokio::test]
async fn the_description_names_every_route_and_every_schema_it_refers_to() {
    let server = Server::new().await;

    let document = server
        .get("", "/reeve/v1/openapi.json")
        .await
        .expect(200)
        .json();

    let paths = document["paths"].as_object().unwrap();
    for path in [
        "/targets",
        "/ledger",
        "/drift",
        "/stuck",
        "/bindings/{objectId}",
        "/dev/clock",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
    let text = document.to_string();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in text.split("#/components/schemas/").skip(1) {
        let name = name.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn each_described_operation_refuses_strangers() {
    let server = Server::new().await;
    let document = server.get("", "/reeve/v1/openapi.json").await.json();

    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let path = format!("/reeve/v1{path}")
                .replace("{objectId}", NOWHERE)
                .replace("{id}", NOWHERE);
            let path = path
                .replace("{name}", "directory")
                .replace("{target}", "directory");
            let nobody = server.ask("", method.clone(), &path).await;
            assert_eq!(nobody.status, 401, "{method} {path}");
            let body = json!({
                "advance": "PT1H", "fault": null, "target": "directory", "driftAction": "report",
                "name": "kept",
            });
            let body = if path.ends_with("/preview") {
                json!({"membershipRule": "user.city -eq \"Rome\""})
            } else {
                body
            };
            let alice = server
                .write(&server.user("alice"), method.clone(), &path, &body)
                .await;
            // Anybody may ask about themselves; the question is incomplete here.
            let expected = if path.contains("/explain/") { 400 } else { 403 };
            assert_eq!(alice.status, expected, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn strangers_do_not_learn_which_targets_there_are() {
    let server = Server::new().await;
    let binding = format!("/reeve/v1/bindings/{NOWHERE}");
    for target in ["directory", "moon"] {
        for (method, path) in [
            (Method::PUT, format!("/reeve/v1/dev/faults/{target}")),
            (Method::POST, format!("/reeve/v1/targets/{target}/pause")),
            (Method::POST, format!("/reeve/v1/targets/{target}/resume")),
            (Method::PUT, binding.clone()),
        ] {
            let body = json!({"fault": null, "target": target});
            let alice = server
                .write(&server.user("alice"), method, &path, &body)
                .await;
            assert_eq!(alice.expect(403).code(), "AccessDenied", "{path} {target}");
        }
    }
}

#[tokio::test]
async fn l7_a_target_is_paused_and_goes_on() {
    let server = Server::new().await;
    let admin = server.admin();
    let shown = || async {
        let list = server
            .get(&server.admin(), "/reeve/v1/targets")
            .await
            .expect(200)
            .json();
        list["value"][0].clone()
    };

    let body = json!({"reason": "maintenance"});
    server
        .post(&admin, "/reeve/v1/targets/directory/pause", &body)
        .await
        .expect(204);
    let paused = shown().await;
    server
        .ask(&admin, Method::POST, "/reeve/v1/targets/directory/resume")
        .await
        .expect(204);
    let resumed = shown().await;

    assert_eq!(
        (&paused["paused"], &paused["reason"]),
        (&json!(true), &json!("maintenance"))
    );
    assert_eq!(resumed["paused"], json!(false));
    let unknown = server
        .ask(&admin, Method::POST, "/reeve/v1/targets/moon/pause")
        .await
        .expect(404);
    assert_eq!(unknown.code(), "ResourceNotFound");
}

#[tokio::test]
async fn bindings_are_set_told_and_cleared() {
    let server = Server::new().await;
    let admin = server.admin();
    let group = json!({"displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true});
    let group = server
        .post(&admin, "/v1.0/groups", &group)
        .await
        .expect(201)
        .json();
    let path = format!("/reeve/v1/bindings/{}", group["id"].as_str().unwrap());

    let body = json!({"target": "directory", "address": "cn=g"});
    server
        .write(&admin, Method::PUT, &path, &body)
        .await
        .expect(200);
    let told = server.get(&admin, &path).await.expect(200).json();
    server.ask(&admin, Method::DELETE, &path).await.expect(204);

    assert_eq!(told["address"], "cn=g");
    server.get(&admin, &path).await.expect(404);
    let nowhere = json!({"target": "moon"});
    server
        .write(&admin, Method::PUT, &path, &nowhere)
        .await
        .expect(404);
}

#[tokio::test]
async fn the_ledger_is_filtered_and_a_misspelled_filter_is_refused() {
    let server = Server::new().await;
    let admin = server.admin();
    let alice = server.id_of("alice");

    for query in [
        String::new(),
        format!("?subject={alice}"),
        format!(
            "?assignment={NOWHERE}&request={NOWHERE}&target=directory&phase=settled&drifted=true&top=5"
        ),
        "?drifted=false".to_owned(),
    ] {
        let page = server
            .get(&admin, &format!("/reeve/v1/ledger{query}"))
            .await
            .expect(200)
            .json();
        assert_eq!(page["value"], json!([]), "{query}");
    }
    for query in [
        "?subjekt=x",
        "?phase=lost",
        "?drifted=maybe",
        "?top=0",
        "?after=x",
    ] {
        let answer = server
            .get(&admin, &format!("/reeve/v1/ledger{query}"))
            .await
            .expect(400);
        assert_eq!(answer.code(), "BadRequest", "{query}");
    }
    let drift = server
        .get(&admin, "/reeve/v1/drift")
        .await
        .expect(200)
        .json();
    assert_eq!(
        drift["summary"],
        json!({"total": 0, "missing": 0, "unwanted": 0})
    );
}

#[tokio::test]
async fn rp_37_the_units_of_a_request_are_listed() {
    let server = Server::new().await;
    let admin = server.admin();
    let (request, _) = server.assigned("alice").await;

    let path = format!("/reeve/v1/assignmentRequests/{request}/deliveries");
    let units = server.get(&admin, &path).await.expect(200).json();

    assert_eq!(units["value"], json!([]));
    server
        .get(&admin, &path.replace(&request, NOWHERE))
        .await
        .expect(404);
    server
        .get(&admin, &path.replace(&request, "abc"))
        .await
        .expect(400);
}

#[tokio::test]
async fn what_is_stuck_is_told_as_the_engine_tells_it() {
    let server = Server::new().await;

    let stuck = server
        .get(&server.admin(), "/reeve/v1/stuck")
        .await
        .expect(200)
        .json();

    assert_eq!(stuck["value"][0]["kind"], "plan");
    assert_eq!(stuck["value"][0]["since"], "2026-03-01T12:00:00Z");
}

#[tokio::test]
async fn a_development_tenants_clock_moves_and_its_tokens_stay_valid() {
    let server = Server::new().await;
    let admin = server.admin();

    let body = json!({"advance": "P14D"});
    let moved = server
        .post(&admin, "/reeve/v1/dev/clock", &body)
        .await
        .expect(200)
        .json();
    let told = server
        .get(&admin, "/reeve/v1/dev/clock")
        .await
        .expect(200)
        .json();

    assert_eq!(moved["now"], "2026-03-15T12:00:00Z");
    assert_eq!(told, moved);
    for wrong in ["-PT1H", "P1M", "soon"] {
        let body = json!({"advance": wrong});
        server
            .post(&admin, "/reeve/v1/dev/clock", &body)
            .await
            .expect(400);
    }
}

#[tokio::test]
async fn faults_are_injected_by_their_names() {
    let server = Server::new().await;
    let admin = server.admin();
    let path = "/reeve/v1/dev/faults/directory";

    for fault in ["down", "throttle:30", "fail:alice@reeve.example"] {
        server
            .write(&admin, Method::PUT, path, &json!({"fault": fault}))
            .await
            .expect(204);
        let list = server.get(&admin, "/reeve/v1/targets").await.json();
        assert_eq!(list["value"][0]["fault"], fault);
    }
    server
        .write(&admin, Method::PUT, path, &json!({"fault": null}))
        .await
        .expect(204);
    for wrong in [json!({"fault": "fire"}), json!({}), json!({"fault": 5})] {
        server
            .write(&admin, Method::PUT, path, &wrong)
            .await
            .expect(400);
    }
}

#[tokio::test]
async fn watchers_need_no_token() {
    let server = Server::new().await;
    server
        .get(&server.admin(), &format!("{V1}/catalogs"))
        .await
        .expect(200);

    let live = server.get("", "/healthz").await.expect(200);
    let ready = server.get("", "/readyz").await.expect(200);
    let metrics = server.get("", "/metrics").await.expect(200);

    assert_eq!(live.body, b"ok\n");
    assert_eq!(ready.body, b"ready\n");
    let text = String::from_utf8(metrics.body).unwrap();
    assert!(
        text.contains("reeve_http_requests_total{method=\"GET\",status=\"200\"}"),
        "{text}"
    );
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn unknown_addresses_are_404() {
    let server = Server::new().await;

    for path in ["/reeve/v1/nothing", "/reeve/v1", "/reeve/v1/targets/a/b/c"] {
        let answer = server.get(&server.admin(), path).await.expect(404);
        assert_eq!(answer.code(), "ResourceNotFound", "{path}");
    }
    let _: Value = server
        .get("", "/reeve/v1/openapi.json")
        .await
        .expect(200)
        .json();
}

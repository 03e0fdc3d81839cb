//! Faults on purpose in a development tenant: of targets, which the reconciler survives, and of routes of the API.

use axum::body::Body;
use domain::fault::{Fault, Injected, Place, Route};
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use testkit::{Backend, Client, ERP, Plan, TestApp};
use tower::ServiceExt;

use crate::support::{Server, V1};

const FAULTS: &str = "/reeve/v1/dev/faults";

async fn inject(client: &Client, body: Value) -> Value {
    let made = client.post(FAULTS, body).await;
    made.assert_status(201).json()
}

async fn sqlite_in_development() -> TestApp {
    let app = TestApp::in_development(Backend::Sqlite).await;
    app.unwrap()
}

#[tokio::test]
async fn whatever_a_target_does_a_request_is_delivered_once_and_taken_away_once() {
    let app = sqlite_in_development().await;
    let client = app.as_operator();
    let package = app
        .package(Plan::new("Books").member_of("Payers", ERP))
        .await;
    for (number, fault) in [
        "down",
        "drop-after-apply",
        "half-reply",
        "delay:PT0.02S",
        "status:500",
        "status:503:20",
        "status:409",
        "throttle:5",
        "stale:2",
        "stale:PT0.02S",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("walker{number}");
        let user = app.add_user(&name).await;
        let changes = || app.target(ERP).changes(&package.role().origin_id, user);
        inject(
            &client,
            json!({ "target": ERP, "fault": fault, "calls": 3 }),
        )
        .await;

        let request = app.assign(&package, &name).await;
        app.deliver().await;
        if app.state(&request).await == "delivered" {
            assert!(app.has(package.role(), &name).await, "L2: {fault}");
        }
        app.wait_out_retries().await;

        assert_eq!(app.state(&request).await, "delivered", "{fault}");
        assert!(app.has(package.role(), &name).await, "{fault}");
        assert_eq!(changes(), 1, "{fault}");
        let assignment = app.assignment_of(&request).await;
        client.delete(FAULTS).await.assert_status(204);
        inject(
            &client,
            json!({ "target": ERP, "fault": fault, "calls": 3 }),
        )
        .await;

        app.remove(&assignment).await;
        app.wait_out_retries().await;

        assert_eq!(
            app.assignment_state(&assignment).await,
            "expired",
            "{fault}"
        );
        assert!(!app.has(package.role(), &name).await, "{fault}");
        assert_eq!(changes(), 2, "{fault}");
        client.delete(FAULTS).await.assert_status(204);
    }
}

#[tokio::test]
async fn a_refusal_fails_the_request_at_once_and_reprocess_mends_it() {
    let app = sqlite_in_development().await;
    let client = app.as_operator();
    let package = app
        .package(Plan::new("Books").member_of("Payers", ERP))
        .await;
    for (name, fault, code) in [
        ("nina", "refuse-credentials", "OriginAccessDenied"),
        ("nils", "status:401", "OriginAccessDenied"),
        ("nora", "status:404", "ConnectorError"),
    ] {
        app.add_user(name).await;
        inject(&client, json!({ "target": ERP, "fault": fault })).await;
        let request = app.assign(&package, name).await;
        app.deliver().await;
        assert_eq!(app.state(&request).await, "deliveryFailed", "{fault}");
        let units = client
            .get(&format!(
                "/reeve/v1/assignmentRequests/{request}/deliveries"
            ))
            .await
            .rows();
        assert_eq!(units[0]["errorCode"], code, "{fault}");

        client
            .delete(&format!("{FAULTS}/{ERP}"))
            .await
            .assert_status(204);
        client
            .post_empty(&format!("{V1}/assignmentRequests/{request}/reprocess"))
            .await
            .assert_status(202);
        app.wait_out_retries().await;

        assert_eq!(app.state(&request).await, "delivered", "{fault}");
    }
}

#[tokio::test]
async fn faults_are_listed_counted_and_taken_back() {
    let app = sqlite_in_development().await;
    let client = app.as_operator();
    let body = json!({ "target": ERP, "fault": "down", "calls": 2, "share": 0.25, "seed": 7 });
    let made = inject(&client, body).await;
    let route =
        json!({ "route": format!("GET {V1}/catalogs*"), "fault": "status:503:9", "calls": 1 });
    let other = inject(&client, route).await;

    client
        .get(&format!("{V1}/catalogs"))
        .await
        .assert_error(503, "InjectedFault");
    let listed = client.get(FAULTS).await.assert_status(200).rows();

    assert_eq!(
        (&listed[0]["id"], &listed[1]["id"]),
        (&made["id"], &other["id"])
    );
    assert_eq!(listed[0]["share"], 0.25);
    assert_eq!(
        (&listed[0]["met"], &listed[1]["met"]),
        (&json!(0), &json!(1))
    );
    let shown = client.get("/reeve/v1/targets").await.rows();
    let erp = shown.iter().find(|target| target["name"] == ERP).unwrap();
    assert_eq!(erp["fault"], "down");

    let path = format!("{FAULTS}/{}", made["id"].as_str().unwrap());
    client.delete(&path).await.assert_status(204);
    client
        .delete(&path)
        .await
        .assert_error(404, "ResourceNotFound");
    assert_eq!(client.get(FAULTS).await.rows().len(), 1);
    client.delete(FAULTS).await.assert_status(204);
    assert!(client.get(FAULTS).await.rows().is_empty());
}

#[tokio::test]
async fn what_is_no_fault_is_refused_by_the_member_at_fault() {
    let app = sqlite_in_development().await;
    let client = app.as_operator();
    let route = format!("GET {V1}/catalogs");
    for (body, target) in [
        (json!({ "fault": "down" }), "target"),
        (
            json!({ "target": ERP, "route": route, "fault": "down" }),
            "target",
        ),
        (json!({ "target": "moon", "fault": "down" }), "target"),
        (json!({ "target": 5, "fault": "down" }), "target"),
        (json!({ "target": ERP }), "fault"),
        (json!({ "target": ERP, "fault": null }), "fault"),
        (json!({ "target": ERP, "fault": "fire" }), "fault"),
        (json!({ "target": ERP, "fault": "status:200" }), "fault"),
        (json!({ "target": ERP, "fault": "delay:PT1H" }), "fault"),
        (json!({ "route": route, "fault": "stale:3" }), "fault"),
        (json!({ "route": route, "fault": "fail:alice" }), "fault"),
        (json!({ "route": "GET /healthz", "fault": "down" }), "route"),
        (
            json!({ "route": "GET /reeve/v1/dev/faults", "fault": "down" }),
            "route",
        ),
        (json!({ "route": "/v1.0", "fault": "down" }), "route"),
        (
            json!({ "target": ERP, "fault": "down", "calls": 0 }),
            "calls",
        ),
        (
            json!({ "target": ERP, "fault": "down", "calls": "2" }),
            "calls",
        ),
        (
            json!({ "target": ERP, "fault": "down", "share": 0 }),
            "share",
        ),
        (
            json!({ "target": ERP, "fault": "down", "share": 1.5 }),
            "share",
        ),
        (
            json!({ "target": ERP, "fault": "down", "seed": -1 }),
            "seed",
        ),
        (
            json!({ "target": ERP, "fault": "down", "often": true }),
            "often",
        ),
    ] {
        let refused = client.post(FAULTS, body.clone()).await;
        let error = refused.assert_error(400, "InvalidModel").json();
        assert_eq!(error["error"]["target"], target, "{body}");
    }
    assert!(client.get(FAULTS).await.rows().is_empty());
}

#[tokio::test]
async fn a_route_answers_as_it_is_told_so_often() {
    let server = Server::new().await;
    let admin = server.admin();
    let catalogs = format!("{V1}/catalogs");
    for (fault, status, retry_after) in [
        ("status:500", 500, None),
        ("status:503:30", 503, Some("30")),
        ("throttle:7", 429, Some("7")),
        ("refuse-credentials", 401, None),
    ] {
        let body = json!({ "route": format!("* {catalogs}"), "fault": fault, "calls": 2 });
        server.post(&admin, FAULTS, &body).await.expect(201);

        for _ in 0..2 {
            let answer = server.get(&admin, &catalogs).await.expect(status);
            let told = answer.headers.get("retry-after");
            assert_eq!(told.map(|value| value.to_str().unwrap()), retry_after);
        }
        server.get(&admin, &catalogs).await.expect(200);
    }
    let body = json!({ "route": "* /scim/v2*", "fault": "status:503" });
    server.post(&admin, FAULTS, &body).await.expect(201);
    let answer = server.get(&admin, "/scim/v2/Users").await.expect(503);
    assert_eq!(
        answer.json()["schemas"][0],
        "urn:ietf:params:scim:api:messages:2.0:Error"
    );
}

#[tokio::test]
async fn a_share_of_the_calls_meets_a_fault_the_same_way_by_its_seed() {
    let server = Server::new().await;
    let admin = server.admin();
    let catalogs = format!("{V1}/catalogs");
    let mut walks = Vec::new();
    for _ in 0..2 {
        let body = json!({
            "route": format!("GET {catalogs}"), "fault": "status:503", "share": 0.5, "seed": 11,
        });
        server.post(&admin, FAULTS, &body).await.expect(201);
        let mut walk = Vec::new();
        for _ in 0..40 {
            walk.push(server.get(&admin, &catalogs).await.status);
        }
        walks.push(walk);
        server.ask(&admin, Method::DELETE, FAULTS).await.expect(204);
    }

    let met = walks[0].iter().filter(|status| **status == 503).count();
    assert!((8..=32).contains(&met), "{met}");
    assert_eq!(walks[0], walks[1]);
}

/// What came of a request before its connection broke.
async fn broken(server: &Server, method: Method, path: &str, body: &Value) -> usize {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:8080")
        .header("authorization", format!("Bearer {}", server.admin()))
        .header("content-type", "application/json");
    let request = request.body(Body::from(body.to_string())).unwrap();
    let response = server.router.clone().oneshot(request).await.unwrap();
    let mut body = response.into_body();
    let mut read = 0;
    loop {
        match body.frame().await.unwrap() {
            Ok(frame) => read += frame.into_data().unwrap().len(),
            Err(_) => return read,
        }
    }
}

#[tokio::test]
async fn a_lost_or_half_answer_leaves_done_what_was_done_and_a_dead_connection_nothing() {
    let server = Server::new().await;
    let admin = server.admin();
    let catalogs = format!("{V1}/catalogs");
    for (fault, is_done, has_begun) in [
        ("drop-after-apply", true, false),
        ("half-reply", true, true),
        ("down", false, false),
    ] {
        let body = json!({ "route": format!("POST {catalogs}"), "fault": fault, "calls": 1 });
        server.post(&admin, FAULTS, &body).await.expect(201);
        let body = json!({ "displayName": fault });

        let read = broken(&server, Method::POST, &catalogs, &body).await;

        assert_eq!(read > 0, has_begun, "{fault}");
        let path = format!("{catalogs}?$filter=displayName%20eq%20'{fault}'");
        let found = server.get(&admin, &path).await.expect(200).json();
        let count = found["value"].as_array().unwrap().len();
        assert_eq!(count == 1, is_done, "{fault}");
    }
}

#[tokio::test]
async fn nothing_of_it_exists_outside_a_development_tenant() {
    let app = TestApp::new().await;
    let client = app.as_operator();
    let body = json!({ "target": ERP, "fault": "down" });

    for path in [FAULTS.to_owned(), format!("{FAULTS}/{ERP}")] {
        for reply in [
            client.get(&path).await,
            client.post(&path, body.clone()).await,
            client.put(&path, json!({ "fault": "down" })).await,
            client.delete(&path).await,
        ] {
            reply.assert_error(404, "ResourceNotFound");
        }
    }
    let description = client.get("/reeve/v1/openapi.json").await.json();
    let paths = description["paths"].as_object().unwrap();
    assert!(paths.keys().all(|path| !path.starts_with("/dev")));
    let catalogs = format!("{V1}/catalogs");
    app.service().faults.follow(vec![Injected {
        id: "1".to_owned(),
        place: Place::Route(Route::parse(&format!("* {catalogs}")).unwrap()),
        fault: Fault::Down,
        calls: None,
        share: None,
        seed: 0,
    }]);
    client.get(&catalogs).await.assert_status(200);
    app.service().faults.follow(Vec::new());
}

#[tokio::test]
async fn what_is_known_of_a_target_is_told() {
    let app = sqlite_in_development().await;
    let client = app.as_operator();
    let package = app
        .package(Plan::new("Books").member_of("Payers", ERP))
        .await;
    let lane = || async {
        let targets = client.get("/reeve/v1/targets").await.rows();
        let erp = targets.into_iter().find(|target| target["name"] == ERP);
        erp.unwrap()["lane"].clone()
    };
    assert_eq!(lane().await, Value::Null, "nobody spoke to it");

    inject(
        &client,
        json!({ "target": ERP, "fault": "throttle:600", "calls": 1 }),
    )
    .await;
    app.assign(&package, "alice").await;
    app.deliver().await;
    let held = lane().await;
    assert_eq!(held["state"], "held", "{held}");
    assert!(held["learnedRatePerSecond"].is_number(), "{held}");
    assert_eq!(held["lastFailure"]["code"], "OriginThrottled", "{held}");
    assert!(
        held["inFlightLimit"].as_u64() < held["maxInFlight"].as_u64(),
        "{held}"
    );

    app.crash();
    app.package(Plan::new("Other").member_of("Buyers", ERP))
        .await;
    let again = app.assign(&package, "bob").await;
    app.deliver().await;
    let kept = lane().await;
    assert_eq!(
        (
            &kept["state"],
            &kept["until"],
            &kept["learnedRatePerSecond"]
        ),
        (
            &held["state"],
            &held["until"],
            &held["learnedRatePerSecond"]
        ),
        "a restart forgets nothing: {kept}"
    );
    assert_eq!(app.target(ERP).writes(), 0);
    app.wait_out_retries().await;

    assert_eq!(app.state(&again).await, "delivered");
    assert_eq!(lane().await["state"], "open");
}

#[tokio::test]
async fn what_is_lost_while_a_grant_needs_attention_is_seen_and_not_called_delivered_l8_rp_24() {
    let app = sqlite_in_development().await;
    let client = app.as_operator();
    let package = app.package(Plan::new("Books").member_here("Payers")).await;
    let request = app.assign(&package, "alice").await;
    app.deliver().await;
    let assignment = app.assignment_of(&request).await;
    inject(
        &client,
        json!({ "target": "directory", "fault": "status:403" }),
    )
    .await;
    let again = format!("{V1}/assignments/{assignment}/reprocess");
    client.post_empty(&again).await.assert_status(202);
    app.wait_out_retries().await;
    let requests = app.requests_of(&package).await;
    let tracking = requests
        .iter()
        .rfind(|one| one["requestType"] == "systemUpdate")
        .unwrap()["id"]
        .as_str()
        .unwrap();
    assert_eq!(app.state(tracking).await, "partiallyDelivered");

    app.loses(package.role(), "alice").await;
    client.delete(FAULTS).await.assert_status(204);
    app.cancel(tracking).await.assert_status(204);
    app.deliver().await;

    assert_eq!(
        app.assignment_state(&assignment).await,
        "partiallyDelivered",
        "nobody has seen it"
    );
    client.post_empty(&again).await.assert_status(202);
    app.deliver().await;
    assert_eq!(app.assignment_state(&assignment).await, "delivered");
    assert!(app.has(package.role(), "alice").await);
}

#[tokio::test]
async fn a_fault_meets_nobody_who_is_unknown_and_no_escape_leads_around_what_is_spared() {
    let app = sqlite_in_development().await;
    let client = app.as_operator();
    let everything = json!({ "route": "* /reeve/v1*", "fault": "status:503" });
    inject(&client, everything).await;
    let catalogs = json!({ "route": format!("GET {V1}/catalogs"), "fault": "status:503" });
    let met = inject(&client, catalogs).await;

    let nobody = app.as_nobody();
    for path in [format!("{V1}/catalogs"), "/reeve/v1/targets".to_owned()] {
        let refused = nobody.get(&path).await;
        refused.assert_error(401, "InvalidAuthenticationToken");
    }
    let listed = client.get("/reeve/v1/%64ev/faults").await;
    let listed = listed.assert_status(200).rows();
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|fault| fault["met"] == 0), "{listed:?}");

    for path in [format!("{V1}/catalogs"), format!("{V1}/%63atalogs")] {
        let reply = client.get(&path).await;
        reply.assert_error(503, "InjectedFault");
    }
    let path = format!("/reeve/v1/%64ev/faults/{}", met["id"].as_str().unwrap());
    client.delete(&path).await.assert_status(204);
    client
        .get(&format!("{V1}/catalogs"))
        .await
        .assert_status(200);
}

//! Receivers that fail, processes that die, and what exactly is sent.

use aws_lc_rs::hmac;
use domain::time::Duration;
use serde_json::{Value, json};
use service::settings::PayloadShape;
use testkit::{BETA, Plan, TestApp, V1, WEBHOOK_SECRET};

use super::receiver::{Answer, Receiver};
use super::{
    add_extension, answer, ask, call_at, calling, callouts, extension, open, resume_paths, standing,
};

const CREATED: &str = "assignmentRequestCreated";

#[tokio::test]
async fn cx_7_a_failed_call_is_repeated_once_and_the_id_stays() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        receiver.will_answer(&[Answer::Status(500)]);
        let package = calling(app, Plan::new("CRM"), &receiver, CREATED, Some("PT1H")).await;
        let request = ask(&app.as_user("alice"), &package).await;

        app.deliver().await;

        let got = receiver.got();
        assert_eq!(got.len(), 2);
        assert_eq!(got[0].bytes, got[1].bytes);
        assert_eq!(
            got[0].header("idempotency-key"),
            got[1].header("idempotency-key")
        );
        assert_eq!(standing(app, &request).await.1, "WaitingForCallback");
        assert_eq!(
            callouts(app, V1, &request).await[0]["status"],
            "waitingForCallback"
        );
        let body = answer(&got[1].body, None);
        let path = &resume_paths(&request)[0];
        app.as_operator().post(path, body).await.assert_status(204);
        app.deliver().await;
    })
    .await;
}

#[tokio::test]
async fn cx_10_a_receiver_that_fails_denies_who_waits_and_nobody_else() {
    TestApp::on_both_with(open(), async |app| {
        let mut receiver = Receiver::new().await;
        let waiting = calling(app, Plan::new("A"), &receiver, CREATED, Some("PT1H")).await;
        let passing = calling(app, Plan::new("B"), &receiver, CREATED, None).await;
        let granted = calling(
            app,
            Plan::new("C"),
            &receiver,
            "assignmentRequestGranted",
            Some("PT1H"),
        )
        .await;
        receiver.close().await;
        let alice = app.as_user("alice");
        let mut outcomes = Vec::new();
        for package in [&waiting, &passing, &granted] {
            let request = ask(&alice, package).await;
            app.deliver().await;
            let status = callouts(app, BETA, &request).await[0]["status"].clone();
            outcomes.push((standing(app, &request).await.0, status));
        }

        let failed = || json!("calloutFailed");
        assert_eq!(
            outcomes,
            [
                ("denied".to_owned(), failed()),
                ("delivered".to_owned(), failed()),
                ("delivered".to_owned(), failed())
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn cx_7_a_receiver_that_is_too_slow_has_failed() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let receiver = Receiver::new().await;
    receiver.will_answer(&[Answer::Never]);
    let package = app.package(Plan::new("CRM")).await;
    let mut body = extension(&receiver.url(), Some("PT1H"));
    body["clientConfiguration"] = json!({"timeoutInMilliseconds": 200, "maximumRetries": 0});
    let id = add_extension(&app, &package, body).await;
    call_at(&app, &package, CREATED, &id).await;
    let request = ask(&app.as_user("alice"), &package).await;

    app.deliver().await;

    assert_eq!(receiver.got().len(), 1);
    assert_eq!(standing(&app, &request).await.0, "denied");
}

#[tokio::test]
async fn a_call_that_a_dead_process_had_claimed_is_made_again_under_the_same_id() {
    TestApp::on_both_with(open(), async |app| {
        let receiver = Receiver::new().await;
        let package = calling(app, Plan::new("CRM"), &receiver, CREATED, Some("PT1H")).await;
        let request = ask(&app.as_user("alice"), &package).await;
        let service = app.service();

        // Somebody claims the call and is never heard of again.
        let claimed = service::callouts::claim(service, "dead", 10).await.unwrap();
        app.deliver().await;
        let meanwhile = receiver.got().len();
        app.advance(Duration::from_secs(31));
        app.deliver().await;

        assert_eq!(claimed.len(), 1);
        assert_eq!(meanwhile, 0);
        let got = receiver.only();
        assert_eq!(got.header("idempotency-key"), claimed[0].id.to_string());
        // The dead one's late verdict does not count.
        let late = service::callouts::Outcome::Failed {
            reason: "late".to_owned(),
        };
        service::callouts::record(service, "dead", claimed[0].id, late)
            .await
            .unwrap();
        assert_eq!(standing(app, &request).await.1, "WaitingForCallback");
        let body = answer(&got.body, None);
        let path = &resume_paths(&request)[0];
        app.as_operator().post(path, body).await.assert_status(204);
        app.deliver().await;
        assert_eq!(standing(app, &request).await.0, "delivered");
    })
    .await;
}

#[tokio::test]
async fn an_answer_may_come_before_the_call_is_over() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let receiver = Receiver::new().await;
    let package = calling(&app, Plan::new("CRM"), &receiver, CREATED, Some("PT1H")).await;
    let request = ask(&app.as_user("alice"), &package).await;
    let service = app.service();
    let claimed = service::callouts::claim(service, "quick", 10)
        .await
        .unwrap();
    let sent: Value = serde_json::from_str(&claimed[0].body).unwrap();

    let path = &resume_paths(&request)[0];
    let reply = app.as_operator().post(path, answer(&sent, None)).await;
    let taken = service::callouts::Outcome::Accepted {
        run_id: Some("run".to_owned()),
    };
    service::callouts::record(service, "quick", claimed[0].id, taken)
        .await
        .unwrap();
    app.deliver().await;

    reply.assert_status(204);
    assert_eq!(standing(&app, &request).await.0, "delivered");
    let instance = &callouts(&app, V1, &request).await[0];
    assert_eq!(instance["status"], "callbackReceived");
    assert_eq!(instance["externalCorrelationId"], "run");
}

#[tokio::test]
async fn cx_5_an_address_is_looked_at_again_when_it_is_called() {
    let mut start = open();
    start.settings.extensions.hosts.allow_private_addresses = false;
    start.settings.extensions.hosts.allowed_hosts = vec!["*".to_owned()];
    let app = TestApp::on(testkit::Backend::Sqlite, start).await.unwrap();
    let package = app.package(Plan::new("CRM")).await;
    let path = super::collection(V1, &package.catalog);
    let receiver = Receiver::new().await;
    let operator = app.as_operator();

    for inside in [receiver.url(), "https://localhost/".to_owned()] {
        let refused = operator.post(&path, extension(&inside, None)).await;
        let json = refused.assert_error(400, "InvalidModel").json();
        assert_eq!(json["error"]["target"], "endpointConfiguration/url");
    }
    // A name that leads inside is not seen before it is resolved.
    let body = extension("https://localhost.localdomain./in", Some("PT1H"));
    let made = operator.post(&path, body).await.assert_status(201);
    call_at(&app, &package, CREATED, &made.text("id")).await;
    let request = ask(&app.as_user("alice"), &package).await;
    app.deliver().await;

    assert_eq!(standing(&app, &request).await.0, "denied");
    assert!(receiver.got().is_empty());
}

#[tokio::test]
async fn cx_6_receivers_can_tell_who_calls() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let receiver = Receiver::new().await;
    let package = calling(&app, Plan::new("CRM"), &receiver, CREATED, None).await;
    ask(&app.as_user("alice"), &package).await;
    app.deliver().await;

    let got = receiver.only();
    let nobody = app.as_nobody();
    let known = nobody.get("/extensions/.well-known/openid-configuration");
    let known = known.await.assert_status(200).json();
    let keys = nobody
        .get("/extensions/keys")
        .await
        .assert_status(200)
        .json();

    assert!(got.header("authorization").starts_with("PoP "));
    assert_eq!(known["issuer"], "https://reeve.test/extensions");
    assert_eq!(known["jwks_uri"], "https://reeve.test/extensions/keys");
    assert_eq!(keys["keys"][0]["kty"], "EC");
    assert!(keys["keys"][0].get("d").is_none(), "the private half stays");
    let (id, time) = (got.header("webhook-id"), got.header("webhook-timestamp"));
    let key = hmac::Key::new(hmac::HMAC_SHA256, WEBHOOK_SECRET.as_bytes());
    let message = [format!("{id}.{time}.").as_bytes(), &got.bytes].concat();
    let code = got.header("webhook-signature").strip_prefix("v1,").unwrap();
    let code = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, code).unwrap();
    hmac::verify(&key, &message, &code).unwrap();
}

/// What differs from run to run, by what it is.
fn redacted(value: &mut Value, known: &[(&str, &str)]) {
    match value {
        Value::String(text) => {
            for (id, name) in known {
                *text = text.replace(id, name);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redacted(item, known)),
        Value::Object(members) => members.values_mut().for_each(|one| redacted(one, known)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

// CX-4: the path to resume is in both.
#[tokio::test]
async fn cx_1_and_cx_2_the_payload_in_both_shapes() {
    for (shape, golden) in [
        (
            PayloadShape::FlatPascal,
            include_str!("golden/flat_pascal.json"),
        ),
        (PayloadShape::Graph, include_str!("golden/graph.json")),
    ] {
        let mut start = open();
        start.settings.extensions.payload_shape = shape;
        let app = TestApp::on(testkit::Backend::Sqlite, start).await.unwrap();
        let receiver = Receiver::new().await;
        let package = calling(&app, Plan::new("CRM"), &receiver, CREATED, Some("PT1H")).await;
        let request = ask(&app.as_user("alice"), &package).await;
        app.deliver().await;

        let mut body = receiver.only().body;
        let instance = callouts(&app, V1, &request).await[0]["id"].clone();
        let alice = app.id_of("alice").to_string();
        let subject = app
            .as_operator()
            .get(&format!("{V1}/subjects(objectId='{alice}')"))
            .await
            .text("id");
        redacted(
            &mut body,
            &[
                (&request, "{request}"),
                (&package.id, "{package}"),
                (&package.catalog, "{catalog}"),
                (&package.policy, "{policy}"),
                (&subject, "{subject}"),
                (&alice, "{alice}"),
                (instance.as_str().unwrap(), "{instance}"),
            ],
        );

        let expected: Value = serde_json::from_str(golden).unwrap();
        assert_eq!(
            body,
            expected,
            "{}",
            serde_json::to_string_pretty(&body).unwrap()
        );
        app.advance(Duration::from_days(1));
        app.deliver().await;
    }
}

//! Answers by the secret that came with a callout (RS-6, CX-4), and the test call of a new extension (CX-8).

use domain::time::Duration;
use serde_json::{Value, json};
use testkit::{Client, Plan, Start, TestApp, V1};

use super::receiver::{Answer, Receiver};
use super::{
    add_extension, answer, ask, calling, collection, extension, open, resume_paths, standing,
};

/// An app that sends such secrets and calls new extensions.
fn telling() -> Start {
    let mut start = open();
    start.settings.extensions.callback_tokens = true;
    start.settings.extensions.probe_on_create = true;
    start
}

/// A client that shows nothing but this.
fn showing(app: &TestApp, token: &str) -> Client {
    app.as_nobody()
        .with_header("authorization", &format!("Bearer {token}"))
}

/// A request that waits at the first stage, and what its receiver got.
async fn waiting(app: &TestApp, receiver: &Receiver, name: &str) -> (String, Value) {
    let stage = "assignmentRequestCreated";
    let package = calling(app, Plan::new(name), receiver, stage, Some("PT1H")).await;
    app.deliver().await;
    receiver.only();
    let request = ask(&app.as_user("alice"), &package).await;
    app.deliver().await;
    (request, receiver.only().body)
}

#[tokio::test]
async fn rs_6_the_secret_of_a_callout_answers_it_once_in_both_versions() {
    TestApp::on_both_with(telling(), async |app| {
        let receiver = Receiver::new().await;
        for (position, name) in ["A", "B", "C"].into_iter().enumerate() {
            let (request, got) = waiting(app, &receiver, name).await;
            let token = got["CallbackToken"].as_str().unwrap();
            let path = &resume_paths(&request)[position];

            let first = showing(app, token).post(path, answer(&got, None)).await;
            app.deliver().await;
            let second = showing(app, token).post(path, answer(&got, None)).await;

            first.assert_status(204).assert_empty();
            assert_eq!(standing(app, &request).await.0, "delivered");
            second.assert_error(401, "InvalidAuthenticationToken");
        }
    })
    .await;
}

#[tokio::test]
async fn cx_4_the_callout_says_where_the_answer_goes() {
    let app = TestApp::on(testkit::Backend::Sqlite, telling())
        .await
        .unwrap();
    let receiver = Receiver::new().await;
    let (request, got) = waiting(&app, &receiver, "A").await;

    let path = got["CallbackUriPath"].as_str().unwrap();

    assert_eq!(
        path,
        format!("/identityGovernance/entitlementManagement/assignmentRequests/{request}/resume")
    );
    let token = got["CallbackToken"].as_str().unwrap();
    for root in ["/v1.0", "/beta"] {
        let reply = showing(&app, token)
            .post(&format!("{root}{path}"), json!({"source": "x"}))
            .await;
        reply.assert_status(400);
    }
}

#[tokio::test]
async fn rs_6_the_secret_opens_nothing_else() {
    let app = TestApp::on(testkit::Backend::Sqlite, telling())
        .await
        .unwrap();
    let receiver = Receiver::new().await;
    let (request, got) = waiting(&app, &receiver, "A").await;
    let (other, of_other) = waiting(&app, &receiver, "B").await;
    let token = got["CallbackToken"].as_str().unwrap();
    let client = showing(&app, token);

    for path in [
        format!("{V1}/assignmentRequests"),
        format!("{V1}/assignmentRequests/{request}"),
        "/v1.0/users".to_owned(),
    ] {
        client.get(&path).await.assert_error(403, "AccessDenied");
    }
    let cancel = format!("{V1}/assignmentRequests/{request}/cancel");
    client
        .post_empty(&cancel)
        .await
        .assert_error(403, "AccessDenied");
    for reeve in ["/reeve/v1/stuck", "/scim/v2/Users"] {
        client.get(reeve).await.assert_status(401);
    }
    // Neither the callout of another request, nor its own by the path of another.
    let paths = resume_paths(&other);
    client
        .post(&paths[0], answer(&of_other, None))
        .await
        .assert_error(403, "AccessDenied");
    client
        .post(&paths[0], answer(&got, None))
        .await
        .assert_error(403, "AccessDenied");
    assert_eq!(standing(&app, &other).await.1, "WaitingForCallback");

    showing(&app, "rcb_made-up")
        .post(&resume_paths(&request)[0], answer(&got, None))
        .await
        .assert_error(401, "InvalidAuthenticationToken");
    let stored = app.tamper(&format!(
        "UPDATE callback_token SET created_at = created_at WHERE token_hash = '{token}'"
    ));
    assert_eq!(stored, 0, "only a fingerprint is kept");
}

#[tokio::test]
async fn rs_6_the_secret_dies_when_the_time_to_answer_is_over() {
    let app = TestApp::on(testkit::Backend::Sqlite, telling())
        .await
        .unwrap();
    let receiver = Receiver::new().await;
    let (request, got) = waiting(&app, &receiver, "A").await;
    app.advance(Duration::from_minutes(61));
    app.deliver().await;
    assert_eq!(standing(&app, &request).await.0, "denied");

    let token = got["CallbackToken"].as_str().unwrap();
    showing(&app, token)
        .post(&resume_paths(&request)[0], answer(&got, None))
        .await
        .assert_error(401, "InvalidAuthenticationToken");
}

#[tokio::test]
async fn rs_6_without_the_setting_there_is_no_secret() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let receiver = Receiver::new().await;
    let stage = "assignmentRequestCreated";
    let package = calling(&app, Plan::new("A"), &receiver, stage, Some("PT1H")).await;
    let request = ask(&app.as_user("alice"), &package).await;
    app.deliver().await;

    let got = receiver.only().body;

    assert_eq!(got.get("CallbackToken"), None);
    showing(&app, "rcb_made-up")
        .post(&resume_paths(&request)[0], answer(&got, None))
        .await
        .assert_error(401, "InvalidAuthenticationToken");
}

#[tokio::test]
async fn cx_8_a_new_extension_is_called_once_and_the_log_says_what_came_of_it() {
    TestApp::on_both_with(telling(), async |app| {
        let receiver = Receiver::new().await;
        let package = app.package(Plan::new("A")).await;
        let good = add_extension(app, &package, extension(&receiver.url(), None)).await;
        app.deliver().await;
        let got = receiver.only().body;
        receiver.will_answer(&[Answer::Status(500), Answer::Status(500)]);
        let bad = add_extension(app, &package, extension(&receiver.url(), Some("PT1H"))).await;
        app.deliver().await;

        assert_eq!(got["IsTest"], true);
        assert_eq!(got["AccessPackageAssignmentRequestId"], Value::Null);
        assert_eq!(got.get("CallbackToken"), None);
        for (id, result) in [(good, "success"), (bad, "failure")] {
            let path = format!(
                "/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Execute custom extension' \
                 and targetResources/any(t:t/id eq '{id}')"
            );
            let events = app.as_operator().get(&path).await.assert_status(200).rows();
            assert_eq!(events.len(), 1);
            assert_eq!(events[0]["result"], result);
        }
    })
    .await;
}

#[tokio::test]
async fn cx_8_without_the_setting_nobody_is_called() {
    let app = TestApp::on(testkit::Backend::Sqlite, open()).await.unwrap();
    let receiver = Receiver::new().await;
    let package = app.package(Plan::new("A")).await;

    add_extension(&app, &package, extension(&receiver.url(), None)).await;
    app.deliver().await;

    assert_eq!(receiver.got().len(), 0);
    let path = collection(V1, &package.catalog);
    assert_eq!(app.as_operator().get(&path).await.rows().len(), 1);
}

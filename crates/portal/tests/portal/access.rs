//! My access and my requests: from the form to what is held, and what is told on the way.

use http_body_util::BodyExt;
use serde_json::json;
use testkit::{ERP, Package, Plan, TestApp};

use crate::packages::ask;

/// The address of the only assignment on the page that may be extended or given up.
fn assignment(page: &testkit::Page) -> String {
    let link = page.link("/access/");
    link.rsplit_once('/').unwrap().0.to_owned()
}

async fn month(app: &TestApp, name: &str) -> Package {
    let plan = Plan::new(name).member_of("Ledgers", ERP).lasting("P30D");
    app.package(plan).await
}

#[tokio::test]
async fn what_is_asked_for_by_a_form_is_delivered_and_shown_as_verified() {
    let app = TestApp::new().await;
    let package = month(&app, "Finance").await;
    let alice = app.browser_of("alice").await;

    let request = ask(&alice, &package, &[("reason", "month end")]).await;
    let told = alice.get(&request).await.with_status(200);
    assert!(told.says("Your request was sent."), "{}", told.words());
    app.deliver().await;

    let told = alice.get(&request).await.with_status(200);
    assert!(
        told.says("Done") && told.says("Ledgers") && told.says("Verified"),
        "{}",
        told.words()
    );
    assert!(told.says("month end") && told.says("alice sent the request"));
    let held = alice.get("/").await.with_status(200);
    assert!(
        held.says("Finance") && held.says("Active") && held.says("Verified"),
        "{}",
        held.words()
    );
    let list = alice.get("/requests").await.with_status(200);
    assert!(list.says("Finance Access alice Done"), "{}", list.words());
    assert!(
        app.browser_of("bob")
            .await
            .get("/")
            .await
            .says("You hold nothing at the moment.")
    );
}

#[tokio::test]
async fn what_a_target_refuses_is_told_in_words_and_not_as_verified() {
    let app = TestApp::new().await;
    let package = month(&app, "Finance").await;
    let alice = app.browser_of("alice").await;
    app.target(ERP).goes_down();

    let request = ask(&alice, &package, &[]).await;
    app.deliver().await;

    let told = alice.get(&request).await.with_status(200);
    assert!(
        told.says("Being delivered") && told.says("0 of 1 done"),
        "{}",
        told.words()
    );
    assert!(
        told.says("It is tried again by itself.") && told.says("Next try:"),
        "{}",
        told.words()
    );
    let held = alice.get("/").await;
    assert!(!held.says("Verified"), "{}", held.words());

    app.recover(&[ERP]);
    app.wait_out_retries().await;
    assert!(alice.get("/").await.says("Verified"));
}

#[tokio::test]
async fn more_time_is_asked_for_and_what_is_given_up_is_gone() {
    let app = TestApp::new().await;
    let package = month(&app, "Finance").await;
    let alice = app.browser_of("alice").await;
    ask(&alice, &package, &[]).await;
    app.deliver().await;
    let path = assignment(&alice.get("/").await);

    let form_path = format!("{path}/extend");
    let form = alice.get(&form_path).await.with_status(200);
    for wrong in ["soon", "2020-01-01"] {
        let refused = alice
            .submit(
                &form,
                &form_path,
                &[("ends", wrong), ("reason", "still needed")],
            )
            .await;
        let refused = refused.with_status(422);
        assert!(
            refused.text.contains("id=\"ends-error\""),
            "{}",
            refused.text
        );
        assert!(refused.says("still needed"), "what was typed is kept");
    }
    let sent = alice
        .submit(
            &form,
            &form_path,
            &[("ends", ""), ("reason", "still needed")],
        )
        .await;
    let request = sent.with_status(303).location().to_owned();
    app.deliver().await;
    assert!(alice.get(&request).await.says("More time: Finance"));

    let form_path = format!("{path}/remove");
    let form = alice.get(&form_path).await.with_status(200);
    let sent = alice.submit(&form, &form_path, &[]).await;
    let request = sent.with_status(303).location().to_owned();
    app.deliver().await;
    let told = alice.get(&request).await;
    assert!(
        told.says("Removal: Finance") && told.says("Ledgers") && told.says("Taken away"),
        "{}",
        told.words()
    );
    assert!(alice.get("/").await.says("You hold nothing"));
    assert!(alice.get("/?show=past").await.says("Finance"));
    // Over is over.
    alice.get(&form_path).await.with_status(409);
}

#[tokio::test]
async fn nobody_sees_or_touches_what_is_somebody_elses() {
    let app = TestApp::new().await;
    let package = month(&app, "Finance").await;
    let (alice, mallory) = (
        app.browser_of("alice").await,
        app.browser_of("mallory").await,
    );
    let request = ask(&alice, &package, &[]).await;
    let request = request.split('?').next().unwrap().to_owned();
    app.deliver().await;
    let path = assignment(&alice.get("/").await);

    for hidden in [
        request.clone(),
        format!("{request}/events"),
        format!("{path}/extend"),
        format!("{path}/remove"),
        "/requests/ffffffff-0000-4000-8000-000000000000".to_owned(),
        "/requests/x".to_owned(),
        "/packages/x".to_owned(),
    ] {
        let page = mallory.get(&hidden).await.with_status(404);
        assert!(
            page.says("There is no such page") && !page.says("Finance"),
            "{hidden}"
        );
    }
    let own = mallory.get("/").await.form("/sign-out");
    for posted in [
        format!("{request}/cancel"),
        format!("{path}/extend"),
        format!("{path}/remove"),
    ] {
        mallory.post(&posted, &own).await.with_status(404);
    }
    assert!(alice.get("/").await.says("Active"));
}

#[tokio::test]
async fn a_request_is_taken_back_by_whose_it_is() {
    let app = TestApp::new().await;
    let package = app.package(Plan::new("Audit").approval_by(&["bob"])).await;
    let alice = app.browser_of("alice").await;
    let request = ask(&alice, &package, &[]).await;
    let request = request.split('?').next().unwrap().to_owned();

    let page = alice.get(&request).await.with_status(200);
    assert!(
        page.says("Waiting for an approver") && !page.says("bob"),
        "{}",
        page.words()
    );
    let action = format!("{request}/cancel");
    let done = alice.submit(&page, &action, &[]).await.with_status(303);
    assert!(
        alice
            .get(done.location())
            .await
            .says("The request was taken back.")
    );
    // A second time there is nothing to take back.
    let again = alice.submit(&page, &action, &[]).await.with_status(400);
    assert!(again.says("Nothing was changed."), "{}", again.words());
}

#[tokio::test]
async fn progress_is_told_as_it_comes_until_the_end_or_the_session_is_over() {
    let app = TestApp::new().await;
    let package = app
        .package(
            Plan::new("Audit")
                .member_of("Ledgers", ERP)
                .approval_by(&["bob"]),
        )
        .await;
    let alice = app.browser_of("alice").await;
    let request = ask(&alice, &package, &[]).await;
    let request = request.split('?').next().unwrap().to_owned();
    let page = alice.get(&request).await;
    let events = format!("{request}/events");
    assert!(page.text.contains(&format!("data-events=\"{events}\"")));
    assert!(page.says("Look again"), "a way without a script");

    let (status, mut body) = alice.watch(&events).await;
    assert_eq!(status, 200);
    let mut next = async || {
        let frame = body.frame().await?;
        Some(String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap())
    };
    let first = next().await.unwrap();
    assert!(
        first.starts_with("event: progress\n") && first.contains("Waiting for approval"),
        "{first}"
    );
    let bob = app.browser_of("bob").await;
    let list = bob.get("/approvals").await;
    bob.submit(
        &list,
        "/approvals",
        &[("verdict", "deny"), ("reason", "no need")],
    )
    .await
    .with_status(200);
    let mut last = String::new();
    while let Some(event) = next().await {
        last = event;
    }
    assert!(
        last.starts_with("event: end\n") && last.contains("Refused"),
        "{last}"
    );
    assert!(!alice.get(&request).await.text.contains("data-events"));

    let other = app.package(Plan::new("Other").approval_by(&["bob"])).await;
    let request = ask(&alice, &other, &[]).await;
    let events = format!("{}/events", request.split('?').next().unwrap());
    let (_, mut body) = alice.watch(&events).await;
    body.frame().await.unwrap().unwrap();
    let page = alice.get("/").await;
    alice.submit(&page, "/sign-out", &[]).await.with_status(303);
    assert!(
        body.frame().await.is_none(),
        "nothing is told to whoever signed out"
    );
}

#[tokio::test]
async fn hostile_names_are_shown_as_they_are() {
    let app = TestApp::new().await;
    let hostile = "<script>alert('x')</script>\" onload=\"alert(1)";
    let package = app.package(Plan::new(hostile).approval_by(&["bob"])).await;
    let operator = app.as_operator();
    let path = format!("/v1.0/users/{}", app.id_of("alice"));
    operator
        .patch(
            &path,
            json!({"displayName": "<img src=x onerror=alert(2)>"}),
        )
        .await
        .assert_status(204);
    let alice = app.browser_of("alice").await;

    let request = ask(
        &alice,
        &package,
        &[("reason", "</textarea><script>alert(3)</script>")],
    )
    .await;
    let bob = app.browser_of("bob").await;
    let search = "/packages?q=%22%3E%3Cscript%3Ealert(4)%3C%2Fscript%3E";
    for page in [
        alice.get(&request).await,
        alice.get("/requests").await,
        alice.get("/packages").await,
        alice.get(search).await,
        alice.get(&format!("/packages/{}", package.id)).await,
        bob.get("/approvals").await,
    ] {
        let page = page.with_status(200);
        // The only script is the portal's own.
        assert_eq!(page.text.matches("<script").count(), 1, "{}", page.text);
        assert!(!page.text.contains("<img"), "{}", page.text);
        assert!(!page.text.contains("\" onload=\""), "{}", page.text);
    }
    assert!(bob.get("/approvals").await.text.contains("&lt;img src=x"));
}

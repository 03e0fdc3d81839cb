//! Bulk jobs from the page: planned, looked at, started, followed and held back, with the report as a file.

use http_body_util::BodyExt;
use testkit::{Browser, ERP, Package, Page, Plan, TestApp};

const JOBS: &str = "/manage/jobs";

/// A package whose holders have all lost what it gives.
async fn drifted(app: &TestApp, names: &[&str]) -> Package {
    let plan = Plan::new("Finance").member_of("Ledgers", ERP);
    let package = app.package(plan).await;
    for name in names {
        app.assign(&package, name).await;
    }
    app.deliver().await;
    for name in names {
        app.loses(package.role(), name).await;
    }
    package
}

/// Plans a job from a list; answers where it is.
async fn planned(admin: &Browser, list: &Page, typed: &[(&str, &str)]) -> String {
    let sent = admin.submit(list, JOBS, typed).await.with_status(303);
    sent.location().to_owned()
}

#[tokio::test]
async fn rp20_what_the_filter_shows_is_planned_started_and_reported() {
    let app = TestApp::new().await;
    let package = drifted(&app, &["alice", "bob", "carol"]).await;
    let admin = app.browser_of("admin").await;
    let list = admin.get("/manage/assignments?package=Finance&state=delivered");
    let list = list.await.with_status(200);

    let typed = [
        ("what", "all"),
        ("tracking", "everything"),
        ("note", "after the outage"),
    ];
    let job = planned(&admin, &list, &typed).await;
    let page = admin.get(&job).await.with_status(200);
    assert!(
        page.says("Being planned") && page.says("after the outage"),
        "{}",
        page.words()
    );
    assert!(
        page.says("state eq 'delivered' and accessPackage/id eq"),
        "{}",
        page.words()
    );
    assert!(page.says("Look again"), "a way without a script");
    app.deliver().await;
    let page = admin.get(&job).await.with_status(200);
    assert!(
        page.says("Planned, not started")
            && page.says("Items 3")
            && page.says("Grants to remove 0"),
        "{}",
        page.words()
    );
    assert!(
        !app.has(package.role(), "alice").await,
        "a plan does nothing"
    );

    let wrong = admin
        .submit(&page, &job, &[("order", "run"), ("most", "many")])
        .await;
    wrong.with_status(422);
    admin
        .submit(&page, &job, &[("order", "run")])
        .await
        .with_status(303);
    app.deliver().await;

    let page = admin.get(&job).await.with_status(200);
    assert!(
        page.says("3 of 3 grants done") && page.says("Done 3") && !page.says("Look again"),
        "{}",
        page.words()
    );
    for name in ["alice", "bob", "carol"] {
        assert!(app.has(package.role(), name).await, "{name}");
    }
    let csv = admin
        .get(&format!("{job}/report?as=csv"))
        .await
        .with_status(200);
    assert_eq!(csv.text.lines().count(), 4, "{}", csv.text);
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert!(
        csv.text.contains("delivered") && csv.text.contains("alice"),
        "{}",
        csv.text
    );
    let lines = admin
        .get(&format!("{job}/report?as=ndjson"))
        .await
        .with_status(200);
    let first: serde_json::Value =
        serde_json::from_str(lines.text.lines().next().unwrap()).unwrap();
    assert_eq!(first["state"], "delivered");
    let failed = admin
        .get(&format!("{job}/report?as=ndjson&only=failed"))
        .await;
    assert_eq!(failed.with_status(200).text, "");
    admin
        .get(&format!("{job}/report?as=pdf"))
        .await
        .with_status(422);
    // What is over is not started again.
    let over = admin
        .post(&job, &with_order(&admin, "pause").await)
        .await
        .with_status(409);
    assert!(over.says("cannot be paused"), "{}", over.words());
    let list = admin.get(JOBS).await.with_status(200);
    assert!(
        list.says("Reprocess of 3 assignments Done 3"),
        "{}",
        list.words()
    );
    let alice = app.browser_of("alice").await;
    for path in [
        job.clone(),
        format!("{job}/events"),
        format!("{job}/report"),
    ] {
        alice.get(&path).await.with_status(403);
    }
}

/// The mark of a session and an order.
async fn with_order(browser: &Browser, order: &str) -> Vec<(String, String)> {
    let mut fields = browser.get("/").await.form("/sign-out");
    fields.push(("order".to_owned(), order.to_owned()));
    fields
}

#[tokio::test]
async fn what_is_chosen_is_planned_with_refusals_and_their_reasons() {
    let app = TestApp::new().await;
    let failed = app.request_in("deliveryFailed").await;
    let other = app.package(Plan::new("Marketing")).await;
    let done = app.assign(&other, "bob").await;
    app.deliver().await;
    let admin = app.browser_of("admin").await;
    let list = admin.get("/manage/requests").await.with_status(200);

    let nothing = admin
        .submit(&list, JOBS, &[("what", "chosen")])
        .await
        .with_status(422);
    assert!(nothing.says("Nothing is chosen."), "{}", nothing.words());
    admin
        .submit(&list, JOBS, &[("what", "chosen"), ("pick", "x")])
        .await
        .with_status(422);
    admin.submit(&list, JOBS, &[]).await.with_status(422);
    let mut fields = list.form(JOBS);
    for (name, value) in [
        ("what", "chosen"),
        ("pick", &failed.request),
        ("pick", &done),
    ] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    let sent = admin.post(JOBS, &fields).await.with_status(303);
    let job = sent.location().to_owned();
    app.deliver().await;

    let page = admin.get(&job).await.with_status(200);
    assert!(
        page.says("Items 2") && page.says("Refused 1") && page.says("InvalidRequestState 1"),
        "{}",
        page.words()
    );
    assert!(page.says("The request did not fail"), "{}", page.words());
    let order = [("order", "cancel")];
    admin.submit(&page, &job, &order).await.with_status(303);
    let page = admin.get(&job).await;
    assert!(
        page.says("Canceled") && !page.says("Start it"),
        "{}",
        page.words()
    );
    assert_eq!(app.state(&failed.request).await, "deliveryFailed");
}

#[tokio::test]
async fn a_job_is_held_back_resumed_and_watched_to_its_end() {
    let app = TestApp::new().await;
    let package = drifted(&app, &["alice", "bob"]).await;
    let admin = app.browser_of("admin").await;
    let list = admin.get("/manage/assignments?state=delivered").await;
    let job = planned(&admin, &list, &[("what", "all")]).await;

    admin
        .post(&job, &with_order(&admin, "pause").await)
        .await
        .with_status(303);
    app.deliver().await;
    let page = admin.get(&job).await;
    assert!(
        page.says("Paused") && page.says("Resume"),
        "{}",
        page.words()
    );
    assert!(
        page.says("Items 0"),
        "nothing is planned meanwhile: {}",
        page.words()
    );
    admin
        .post(&job, &with_order(&admin, "resume").await)
        .await
        .with_status(303);
    app.deliver().await;

    let events = format!("{job}/events");
    let page = admin.get(&job).await;
    assert!(page.says("Planned, not started"), "{}", page.words());
    admin
        .submit(&page, &job, &[("order", "run")])
        .await
        .with_status(303);
    let page = admin.get(&job).await;
    assert!(
        page.text.contains(&format!("data-events=\"{events}\"")),
        "{}",
        page.text
    );
    let (status, mut body) = admin.watch(&events).await;
    assert_eq!(status, 200);
    let mut next = async || {
        let frame = body.frame().await?;
        Some(String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap())
    };
    let first = next().await.unwrap();
    assert!(
        first.starts_with("event: progress\n") && first.contains("Running"),
        "{first}"
    );
    app.deliver().await;
    let mut last = String::new();
    while let Some(event) = next().await {
        last = event;
    }
    assert!(
        last.starts_with("event: end\n") && last.contains("2 of 2 grants done"),
        "{last}"
    );
    assert!(app.has(package.role(), "bob").await);
}

//! What whoever looks after access sees and does: requests and assignments of everybody, drift, adoption and targets.

use auth::roles::EmRole;
use testkit::{CRM, ERP, Plan, TestApp};

/// The mark of somebody's session, to send forms that no page drew for them.
async fn mark(browser: &testkit::Browser) -> Vec<(String, String)> {
    browser.get("/").await.form("/sign-out")
}

#[tokio::test]
async fn rp5_who_looks_after_nothing_sees_no_link_and_is_refused_everywhere() {
    let app = TestApp::new().await;
    let case = app.request_in("deliveryFailed").await;
    let alice = app.browser_of("alice").await;

    let home = alice.get("/").await.with_status(200);
    assert!(!home.text.contains("/manage/"), "{}", home.text);
    let own = alice.get(&format!("/requests/{}", case.request)).await;
    assert!(!own.with_status(200).says("Reprocess"));
    let nowhere = "ffffffff-0000-4000-8000-000000000000";
    for path in [
        "/manage/requests".to_owned(),
        "/manage/assignments".to_owned(),
        format!("/manage/assignments/{}", case.assignment),
        "/manage/jobs".to_owned(),
        format!("/manage/jobs/{nowhere}"),
        format!("/manage/jobs/{nowhere}/events"),
        format!("/manage/jobs/{nowhere}/report"),
        "/manage/drift".to_owned(),
        "/manage/adopt".to_owned(),
        "/manage/targets".to_owned(),
        format!("/manage/targets/{ERP}"),
        format!("/manage/sweeps/{nowhere}"),
    ] {
        let page = alice.get(&path).await.with_status(403);
        assert!(page.says("This cannot be done"), "{path}");
    }
    let fields = mark(&alice).await;
    for path in [
        format!("/requests/{}/reprocess", case.request),
        format!("/manage/assignments/{}/reprocess", case.assignment),
        "/manage/jobs".to_owned(),
        format!("/manage/jobs/{nowhere}"),
        "/manage/drift".to_owned(),
        format!("/manage/grants/{nowhere}/retry"),
        "/manage/adopt".to_owned(),
        format!("/manage/targets/{ERP}/pause"),
        format!("/manage/targets/{ERP}/sweep"),
        "/manage/targets/nothing/resume".to_owned(),
        format!("/manage/sweeps/{nowhere}/cancel"),
    ] {
        alice.post(&path, &fields).await.with_status(403);
        // Nor does a form count that comes from elsewhere.
        let admin = app.browser_of("admin").await;
        admin.post(&path, &[]).await.with_status(403);
    }
    assert_eq!(app.state(&case.request).await, "deliveryFailed");
}

#[tokio::test]
async fn requests_are_filtered_and_one_that_failed_is_reprocessed() {
    TestApp::on_both(async |app| {
        let failed = app.request_in("deliveryFailed").await;
        let other = app.package(Plan::new("Marketing")).await;
        app.assign(&other, "bob").await;
        app.deliver().await;
        let admin = app.browser_of("admin").await;

        let all = admin.get("/manage/requests").await.with_status(200);
        assert!(
            all.says("Marketing") && all.says("alice"),
            "{}",
            all.words()
        );
        for (query, shown, hidden) in [
            ("state=deliveryFailed", "alice", "Marketing"),
            ("person=BOB", "Marketing", "alice Failed"),
            ("package=market", "Marketing", "alice Failed"),
            ("person=a%00b", "There is no such request.", "Marketing"),
            ("package=nothing", "There is no such request.", "Marketing"),
            ("from=2999-01-01", "There is no such request.", "Marketing"),
            ("until=2999-01-01", "Marketing", "There is no such request."),
            (
                "until=soon",
                "Give days as year, month and day",
                "There is no such request.",
            ),
            (
                "state=lost",
                "There is no such state.",
                "There is no such request.",
            ),
        ] {
            let found = admin.get(&format!("/manage/requests?{query}")).await;
            let found = found.with_status(200);
            assert!(
                found.says(shown) && !found.says(hidden),
                "{query}: {}",
                found.words()
            );
        }
        admin.get("/manage/requests?after=x").await.with_status(404);

        let path = format!("/requests/{}", failed.request);
        let page = admin.get(&path).await.with_status(200);
        assert!(
            page.says("Failed") && page.says("All requests"),
            "{}",
            page.words()
        );
        let action = format!("{path}/reprocess");
        let sent = admin.submit(&page, &action, &[]).await.with_status(303);
        app.deliver().await;
        let page = admin.get(sent.location()).await.with_status(200);
        assert!(
            page.says("It is being reprocessed.") && page.says("Verified"),
            "{}",
            page.words()
        );
        // What is done is not done again, and the page says why.
        assert!(
            page.says("This cannot be reprocessed now."),
            "{}",
            page.words()
        );
        let again = admin
            .post(&action, &mark(&admin).await)
            .await
            .with_status(400);
        assert!(again.says("Nothing was changed."), "{}", again.words());
    })
    .await;
}

#[tokio::test]
async fn lists_page_by_key_without_losing_or_repeating_a_row() {
    let app = TestApp::new().await;
    let cases = app.requests_in("delivered", 60).await;
    let admin = app.browser_of("admin").await;

    for (path, begin) in [
        ("/manage/requests", "/requests/"),
        ("/manage/assignments", "/manage/assignments/"),
    ] {
        let mut seen = Vec::new();
        let mut at = format!("{path}?state=delivered");
        loop {
            let page = admin.get(&at).await.with_status(200);
            let link = format!("<a href=\"{begin}");
            let cells = page.text.split(&link).skip(1);
            seen.extend(cells.map(|rest| rest[..36].to_owned()));
            if !page.says("Next page") {
                assert!(page.says("First page"));
                break;
            }
            assert!(page.link(&format!("{path}?")).contains("state=delivered"));
            let next = page.text.split("rel=\"next\" href=\"").nth(1).unwrap();
            at = next[..next.find('"').unwrap()].replace("&amp;", "&");
        }
        assert_eq!(seen.len(), cases.len(), "{path}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), cases.len(), "{path}");
    }
}

#[tokio::test]
async fn an_assignment_is_shown_with_its_grants_and_restored_by_reprocess() {
    let app = TestApp::new().await;
    let package = app
        .package(Plan::new("Finance").member_of("Ledgers", ERP))
        .await;
    let request = app.assign(&package, "alice").await;
    app.deliver().await;
    let assignment = app.assignment_of(&request).await;
    let admin = app.browser_of("admin").await;
    let list = admin.get("/manage/assignments?person=alice&package=finance&state=delivered");
    let list = list.await.with_status(200);
    let path = list.link("/manage/assignments/");
    assert_eq!(path, format!("/manage/assignments/{assignment}"));
    app.loses(package.role(), "alice").await;

    let page = admin.get(&path).await.with_status(200);
    assert!(
        page.says("Finance of alice")
            && page.says("Ledgers")
            && page.says("Access, given by an administrator"),
        "{}",
        page.words()
    );
    let action = format!("{path}/reprocess");
    admin.submit(&page, &action, &[]).await.with_status(303);
    let busy = admin.get(&path).await;
    assert!(
        busy.says("This cannot be reprocessed now."),
        "{}",
        busy.words()
    );
    app.deliver().await;

    assert!(app.has(package.role(), "alice").await);
    assert!(admin.get(&path).await.says("Delivery once more"));
    for wrong in ["x", "ffffffff-0000-4000-8000-000000000000"] {
        let path = format!("/manage/assignments/{wrong}");
        admin.get(&path).await.with_status(404);
        let fields = mark(&admin).await;
        admin
            .post(&format!("{path}/reprocess"), &fields)
            .await
            .with_status(404);
    }
}

#[tokio::test]
async fn az5_a_reader_of_one_catalog_sees_its_rows_and_may_change_nothing() {
    let app = TestApp::new().await;
    let own = app
        .package(Plan::new("Own").in_catalog("One").member_of("A", ERP))
        .await;
    let other = app.package(Plan::new("Other").in_catalog("Two")).await;
    let request = app.assign(&own, "alice").await;
    let hidden = app.assign(&other, "alice").await;
    app.deliver().await;
    app.give_role("carol", EmRole::CatalogReader, &own).await;
    let carol = app.browser_of("carol").await;

    let home = carol.get("/").await.with_status(200);
    assert!(home.text.contains("/manage/requests") && !home.text.contains("/manage/targets"));
    assert!(!home.text.contains("/manage/jobs"), "{}", home.text);
    for path in ["/manage/requests", "/manage/assignments"] {
        let page = carol.get(path).await.with_status(200);
        assert!(page.says("Own") && !page.says("Other"), "{}", page.words());
        assert!(!page.says("Plan for"), "{}", page.words());
    }
    let assignment = app.assignment_of(&request).await;
    let page = carol
        .get(&format!("/manage/assignments/{assignment}"))
        .await
        .with_status(200);
    assert!(!page.says("Reprocess"), "{}", page.words());
    let hidden = app.assignment_of(&hidden).await;
    carol
        .get(&format!("/manage/assignments/{hidden}"))
        .await
        .with_status(404);
    carol.get("/manage/targets").await.with_status(403);
    let fields = mark(&carol).await;
    let path = format!("/manage/assignments/{assignment}/reprocess");
    carol.post(&path, &fields).await.with_status(403);
}

#[tokio::test]
async fn l8_drift_is_restored_as_a_job_and_removal_that_was_given_up_is_tried_again() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Books").member_of("Authors", CRM))
            .await;
        app.assign(&package, "alice").await;
        let bobs = app.assign(&package, "bob").await;
        app.deliver().await;
        let admin = app.browser_of("admin").await;
        app.target(CRM).refuses(app.id_of("bob"));
        app.remove(&app.assignment_of(&bobs).await).await;
        app.deliver().await;
        app.loses(package.role(), "alice").await;
        let targets = admin.get("/manage/targets").await.with_status(200);
        let sweep = format!("/manage/targets/{CRM}/sweep");
        admin.submit(&targets, &sweep, &[]).await.with_status(303);
        app.deliver().await;

        let drift = admin.get("/manage/drift").await.with_status(200);
        assert!(
            drift.says("1 missing, 1 not wanted any more"),
            "{}",
            drift.words()
        );
        assert!(
            drift.says("Authors") && drift.says("Removal given up"),
            "{}",
            drift.words()
        );
        let missing = admin
            .get(&format!("/manage/drift?kind=missing&target={CRM}"))
            .await;
        assert!(
            missing.says("alice") && !missing.says("bob"),
            "{}",
            missing.words()
        );
        assert!(
            !admin
                .get(&format!("/manage/drift?target={ERP}"))
                .await
                .says("alice")
        );
        admin.get("/manage/drift?kind=lost").await.with_status(422);
        // How old that is stands in a picture and in a table.
        assert!(
            drift.text.contains("<svg ") && drift.says("Less than an hour 2"),
            "{}",
            drift.words()
        );
        let target = admin.get(&format!("/manage/targets/{CRM}")).await;
        let target = target.with_status(200);
        assert!(
            target.says("How long changes took") && target.says("in all)"),
            "{}",
            target.words()
        );
        let quiet = admin.get(&format!("/manage/targets/{ERP}")).await;
        assert!(quiet.with_status(200).says("Nothing was brought to it"));
        admin.get("/manage/targets/nothing").await.with_status(404);

        let mut fields = mark(&admin).await;
        admin.post("/manage/drift", &fields).await.with_status(422);
        let pick = missing.text.split("name=\"pick\" value=\"").nth(1).unwrap()[..36].to_owned();
        fields.push(("pick".to_owned(), pick));
        let sent = admin.post("/manage/drift", &fields).await;
        let job = sent.with_status(303).location().to_owned();
        app.deliver().await;
        let planned = admin.get(&job).await.with_status(200);
        assert!(
            planned.says("Planned, not started") && planned.says("Grants to add 1"),
            "{}",
            planned.words()
        );
        admin
            .submit(&planned, &job, &[("order", "run")])
            .await
            .with_status(303);
        app.deliver().await;
        assert!(app.has(package.role(), "alice").await);

        app.target(CRM).refuses_nobody();
        let drift = admin.get("/manage/drift").await;
        let at = drift.text.split("formaction=\"").nth(1).unwrap();
        let retry = at[..at.find('"').unwrap()].to_owned();
        let fields = mark(&admin).await;
        admin.post(&retry, &fields).await.with_status(303);
        app.deliver().await;
        assert!(!app.has(package.role(), "bob").await);
        // Only what was given up is tried again.
        admin.post(&retry, &fields).await.with_status(400);
        assert!(
            admin
                .get("/manage/drift")
                .await
                .says("Everything that was looked at is as it shall be.")
        );
    })
    .await;
}

#[tokio::test]
async fn l8_access_that_nobody_granted_is_adopted_after_a_look_who_that_is() {
    TestApp::on_both(async |app| {
        let package = app
            .package(Plan::new("Books").member_of("Authors", CRM))
            .await;
        app.target(CRM)
            .gains(&package.role().origin_id, app.id_of("bob"));
        let admin = app.browser_of("admin").await;
        let search = admin.get("/manage/adopt?package=none").await;
        assert!(search.with_status(200).says("There is no such package."));
        let search = admin
            .get("/manage/adopt?package=book")
            .await
            .with_status(200);
        let form = admin.get(&search.link("/manage/adopt?package=")).await;
        let form = form.with_status(200);
        let typed = [
            ("package", package.id.as_str()),
            ("policy", package.policy.as_str()),
        ];

        let early = admin
            .submit(&form, "/manage/adopt", &typed)
            .await
            .with_status(422);
        assert!(early.says("sweep its target first"), "{}", early.words());
        admin
            .submit(&form, "/manage/adopt", &[("package", "x")])
            .await
            .with_status(422);
        let fields = mark(&admin).await;
        admin
            .post(&format!("/manage/targets/{CRM}/sweep"), &fields)
            .await
            .with_status(303);
        app.deliver().await;

        let drift = admin.get("/manage/drift").await.with_status(200);
        assert!(
            drift.says("1 found by sweeps.") && drift.says("bob Authors Member crm"),
            "{}",
            drift.words()
        );
        let who = admin
            .submit(&form, "/manage/adopt", &typed)
            .await
            .with_status(200);
        assert!(
            who.says("1 would be adopted.") && who.says("Would be adopted"),
            "{}",
            who.words()
        );
        assert!(who.says("bob Would be adopted"), "{}", who.words());
        let sent = admin
            .submit(&who, "/manage/adopt#who", &[("do", "adopt")])
            .await;
        assert!(sent.with_status(200).says("1 adopted."));
        app.deliver().await;

        let held = app.browser_of("bob").await.get("/").await;
        assert!(
            held.says("Books") && held.says("Verified"),
            "{}",
            held.words()
        );
        let again = admin
            .submit(&form, "/manage/adopt", &typed)
            .await
            .with_status(200);
        assert!(again.says("0 would be adopted."), "{}", again.words());
    })
    .await;
}

#[tokio::test]
async fn l7_a_target_is_paused_with_a_reason_resumed_and_swept() {
    let app = TestApp::new().await;
    let package = app
        .package(Plan::new("Books").member_of("Authors", CRM))
        .await;
    let admin = app.browser_of("admin").await;
    let page = admin.get("/manage/targets").await.with_status(200);
    assert!(
        page.says(ERP) && page.says(CRM) && page.says("Not spoken to yet"),
        "{}",
        page.words()
    );
    let pause = format!("/manage/targets/{CRM}/pause");

    let silent = admin.submit(&page, &pause, &[]).await.with_status(422);
    assert!(
        silent.says("Say why the target is paused."),
        "{}",
        silent.words()
    );
    let done = admin
        .submit(&page, &pause, &[("reason", "<b>moves house</b>")])
        .await;
    app.assign(&package, "alice").await;
    app.deliver().await;
    let page = admin
        .get(done.with_status(303).location())
        .await
        .with_status(200);
    assert!(
        page.says("Paused: <b>moves house</b>") && page.says("Grants that wait 1"),
        "{}",
        page.words()
    );
    assert!(!app.has(package.role(), "alice").await);

    let resume = format!("/manage/targets/{CRM}/resume");
    admin.submit(&page, &resume, &[]).await.with_status(303);
    app.deliver().await;
    assert!(app.has(package.role(), "alice").await);
    let page = admin.get("/manage/targets").await;
    assert!(
        page.says("Healthy") && page.says("Grants that rest 1"),
        "{}",
        page.words()
    );

    let fields = mark(&admin).await;
    let sweep = format!("/manage/targets/{CRM}/sweep");
    admin.post(&sweep, &fields).await.with_status(303);
    let page = admin.get("/manage/targets").await;
    let open = page.link("/manage/sweeps/");
    let shown = admin.get(&open).await.with_status(200);
    let cancel = format!("{open}/cancel");
    admin.submit(&shown, &cancel, &[]).await.with_status(303);
    assert!(admin.get(&open).await.says("Called off"));
    admin.post(&cancel, &fields).await.with_status(400);
    for wrong in [
        "/manage/targets/nothing/pause".to_owned(),
        format!("/manage/targets/{CRM}/burn"),
    ] {
        admin.post(&wrong, &fields).await.with_status(404);
    }
    admin.post(&sweep, &fields).await.with_status(303);
    app.deliver().await;
    let swept = admin.get("/manage/targets").await.link("/manage/sweeps/");
    let swept = admin.get(&swept).await.with_status(200);
    assert!(
        swept.says("Done") && swept.says("Members seen 1"),
        "{}",
        swept.words()
    );
}

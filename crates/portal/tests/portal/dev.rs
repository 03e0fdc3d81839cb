//! The page of a development tenant: clock, faults, tokens, seeds, snapshots.

use testkit::{Backend, Browser, ERP, Page, Plan, TestApp};

const PATH: &str = "/manage/dev";

/// Every form of the page.
const FORMS: [&str; 8] = [
    "/manage/dev/clock",
    "/manage/dev/faults",
    "/manage/dev/faults/end",
    "/manage/dev/token",
    "/manage/dev/seed",
    "/manage/dev/snapshots",
    "/manage/dev/snapshots/restore",
    "/manage/dev/snapshots/remove",
];

/// Sends a form of the page as a person would fill it in.
async fn send(browser: &Browser, order: &str, fields: &[(&str, &str)]) -> Page {
    let mut sent = browser.get("/").await.form("/sign-out");
    let own = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    sent.extend(own);
    browser.post(&format!("{PATH}/{order}"), &sent).await
}

async fn done(browser: &Browser, order: &str, fields: &[(&str, &str)]) -> Page {
    let sent = send(browser, order, fields).await.with_status(303);
    browser.get(sent.location()).await.with_status(200)
}

#[tokio::test]
async fn outside_of_development_there_is_no_such_page_and_in_it_not_for_everybody() {
    let app = TestApp::new().await;
    let admin = app.browser_of("admin").await;
    let home = admin.get("/").await.with_status(200);
    assert!(!home.text.contains(PATH));
    admin.get(PATH).await.with_status(404);
    let fields = home.form("/sign-out");
    for form in FORMS {
        admin.post(form, &fields).await.with_status(404);
    }

    let app = TestApp::in_development(Backend::Sqlite).await.unwrap();
    for form in FORMS {
        let admin = app.browser_of("admin").await;
        assert_eq!(admin.get(form).await.with_status(303).location(), PATH);
    }
    let alice = app.browser_of("alice").await;
    let home = alice.get("/").await.with_status(200);
    assert!(!home.text.contains(PATH));
    alice.get(PATH).await.with_status(403);
    let fields = home.form("/sign-out");
    let admin = app.browser_of("admin").await;
    assert!(admin.get("/").await.text.contains(PATH));
    for form in FORMS {
        alice.post(form, &fields).await.with_status(403);
        // Nor does a form count that comes from elsewhere.
        admin.post(form, &[]).await.with_status(403);
    }
}

#[tokio::test]
async fn the_clock_is_moved_on_and_what_waits_for_it_is_done() {
    TestApp::on_both_in_development(async |app| {
        let package = app
            .package(Plan::new("Books").member_of("Authors", ERP).lasting("P10D"))
            .await;
        app.assign(&package, "alice").await;
        app.deliver().await;
        let admin = app.browser_of("admin").await;
        let before = app.now();

        let page = done(&admin, "clock", &[("advance", "11"), ("unit", "86400")]).await;

        assert!(page.says("The clock was moved"), "{}", page.words());
        assert_eq!(
            app.now(),
            before.plus(domain::time::Duration::from_days(11))
        );
        assert!(!app.has(package.role(), "alice").await);
        for (amount, unit) in [
            ("0", "60"),
            ("-1", "60"),
            ("soon", "60"),
            ("36501", "86400"),
            ("9223372036854775807", "3600"),
            ("1", "1"),
        ] {
            let wrong = send(&admin, "clock", &[("advance", amount), ("unit", unit)]).await;
            let wrong = wrong.with_status(422);
            assert!(wrong.says("Say by how much"), "{amount} {unit}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_target_misbehaves_until_its_fault_is_ended() {
    let app = TestApp::in_development(Backend::Sqlite).await.unwrap();
    let admin = app.browser_of("admin").await;

    let page = done(
        &admin,
        "faults",
        &[("target", ERP), ("fault", "status:503"), ("share", "50")],
    )
    .await;
    assert!(
        page.says("It misbehaves from now on.")
            && page.says("status:503")
            && page.says("50 % of calls"),
        "{}",
        page.words()
    );
    let fields = [
        ("route", "GET /v1.0/users"),
        ("fault", "down"),
        ("calls", "3"),
    ];
    let page = done(&admin, "faults", &fields).await;
    assert!(
        page.says("GET /v1.0/users down 3 calls"),
        "{}",
        page.words()
    );
    let own = admin
        .get("/manage/dev")
        .await
        .form("/manage/dev/faults/end");
    let sent = admin.post("/manage/dev/faults/end", &own).await;
    sent.with_status(303);

    for (fields, words) in [
        (vec![("fault", "down")], "Say what misbehaves"),
        (
            vec![("target", "nothing"), ("fault", "down")],
            "There is no such target.",
        ),
        (
            vec![("target", ERP), ("route", "GET /v1.0"), ("fault", "down")],
            "not both",
        ),
        (
            vec![("route", "users"), ("fault", "down")],
            "The route is not one",
        ),
        (vec![("target", ERP), ("fault", "sad")], "A fault is one of"),
        (
            vec![("route", "GET /v1.0/users"), ("fault", "stale:3")],
            "for targets alone",
        ),
        (
            vec![("target", ERP), ("fault", "down"), ("calls", "0")],
            "from 1 to 1000000",
        ),
        (
            vec![("target", ERP), ("fault", "down"), ("share", "101")],
            "from 1 to 100",
        ),
    ] {
        let page = send(&admin, "faults", &fields).await.with_status(422);
        assert!(page.says(words), "{words}: {}", page.words());
    }
    send(&admin, "faults/end", &[("id", "nothing")])
        .await
        .with_status(404);
    let page = done(&admin, "faults/end", &[]).await;
    assert!(page.says("Everything behaves."), "{}", page.words());
}

#[tokio::test]
async fn a_token_is_shown_once_and_kept_by_nobody() {
    let app = TestApp::in_development(Backend::Sqlite).await.unwrap();
    let admin = app.browser_of("admin").await;
    let before = admin.get(PATH).await.with_status(200);
    assert!(!before.text.contains("token-of"), "{}", before.text);

    let page = send(&admin, "token", &[("account", "client:one")]).await;

    let page = page.with_status(200);
    assert!(
        page.text.contains(">token-of-client:one</textarea>"),
        "{}",
        page.text
    );
    assert!(
        page.says("curl --cacert /nowhere/ca.pem"),
        "{}",
        page.words()
    );
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(!admin.get(PATH).await.text.contains("token-of"));
    let page = send(&admin, "token", &[("account", "client:lost")]).await;
    assert!(
        page.with_status(422)
            .says("The issuer refused: no such client.")
    );
    let page = send(&admin, "token", &[("account", "client:none")]).await;
    assert!(page.with_status(422).says("There is no such account."));
}

#[tokio::test]
async fn a_seed_is_brought_in_or_told_what_is_wrong_and_kept_to_be_mended() {
    let app = TestApp::in_development(Backend::Sqlite).await.unwrap();
    let admin = app.browser_of("admin").await;

    let page = done(&admin, "seed", &[("seed", "users:")]).await;
    assert!(page.says("The seed was brought in."), "{}", page.words());
    let page = send(&admin, "seed", &[("seed", "no <seed>")])
        .await
        .with_status(422);
    assert!(page.says("`no <seed>` is no seed."), "{}", page.words());
    assert!(
        page.text.contains("no &lt;seed&gt;</textarea>"),
        "{}",
        page.text
    );
    let page = send(&admin, "seed", &[]).await.with_status(422);
    assert!(page.says("The seed is empty."));
    // A seed may be longer than other forms.
    for kib in [300, 3 * 1024] {
        let long = format!("users:\n#{}", "x".repeat(kib * 1024));
        done(&admin, "seed", &[("seed", &long)]).await;
    }
    let too_long = "x".repeat(17 * 1024 * 1024);
    let page = send(&admin, "seed", &[("seed", &too_long)]).await;
    let page = page.with_status(413);
    assert!(
        page.says("the 16384 KiB that this page takes"),
        "{}",
        page.words()
    );
    // Of other forms no more is taken than before.
    let page = send(&admin, "snapshots", &[("name", &too_long[..300 * 1024])]).await;
    let page = page.with_status(413);
    assert!(
        page.says("the 256 KiB that this page takes"),
        "{}",
        page.words()
    );
}

#[tokio::test]
async fn a_snapshot_is_taken_and_everything_brought_back_as_it_was() {
    TestApp::on_both_in_development(async |app| {
        let package = app
            .package(Plan::new("Books").member_of("Authors", ERP))
            .await;
        let admin = app.browser_of("admin").await;
        let page = done(&admin, "snapshots", &[("name", "before")]).await;
        assert!(
            page.says("The snapshot was taken.") && page.says("before"),
            "{}",
            page.words()
        );
        let request = app.assign(&package, "alice").await;
        app.deliver().await;

        let sent = send(&admin, "snapshots/restore", &[("name", "before")]).await;
        sent.with_status(303);

        let gone = admin.get(&format!("/requests/{request}")).await;
        gone.with_status(404);
        let page = done(&admin, "snapshots/remove", &[("name", "before")]).await;
        assert!(page.says("The snapshot is gone."), "{}", page.words());
        for (order, name, status) in [
            ("restore", "before", 404),
            ("remove", "before", 404),
            ("remove", "start", 422),
            ("keep", "before", 404),
        ] {
            let sent = send(&admin, &format!("snapshots/{order}"), &[("name", name)]).await;
            sent.with_status(status);
        }
        send(&admin, "snapshots", &[("name", "")])
            .await
            .with_status(422);
        send(&admin, "snapshots", &[("name", "a/b")])
            .await
            .with_status(422);
    })
    .await;
}

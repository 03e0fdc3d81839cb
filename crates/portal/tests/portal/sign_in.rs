//! Signing in and out, the end of sessions, and what belongs to none.

use domain::time::Duration;
use serde_json::json;
use testkit::TestApp;

const SESSION: &str = "reeve-portal";

#[tokio::test]
async fn whoever_is_not_signed_in_is_sent_to_sign_in_and_comes_back_to_the_page() {
    let app = TestApp::new().await;
    let browser = app.browser();

    let sent = browser.get("/requests?page=2").await.with_status(303);
    assert_eq!(sent.location(), "/sign-in?to=%2Frequests%3Fpage%3D2");

    let landed = browser.sign_in("alice", "/requests?page=2").await;
    assert_eq!(landed.with_status(303).location(), "/requests?page=2");
    let page = browser.get("/requests").await.with_status(200);
    assert!(page.says("alice") && page.says("Sign out"), "{}", page.text);
}

#[tokio::test]
async fn after_signing_in_nobody_is_sent_elsewhere() {
    let app = TestApp::new().await;

    let landed = app.browser().sign_in("alice", "https://evil.test/").await;
    assert_eq!(landed.with_status(303).location(), "/");
    let landed = app.browser().sign_in("alice", "//evil.test/").await;
    assert_eq!(landed.with_status(303).location(), "/");
}

#[tokio::test]
async fn an_answer_to_another_sign_in_is_refused() {
    let app = TestApp::new().await;
    let (alice, mallory) = (app.browser(), app.browser());
    let of_mallory = mallory.agreed("mallory", "/").await;

    // A browser that began nothing, one that began something else, and one that brings a state of its own.
    let stranger = alice.get(&of_mallory).await.with_status(400);
    assert!(
        stranger.says("This browser did not begin to sign in"),
        "{}",
        stranger.text
    );
    let _begun = alice.agreed("alice", "/").await;
    let crossed = alice.get(&of_mallory).await.with_status(400);
    assert!(crossed.says("The answer belongs to another sign-in."));
    assert_eq!(alice.cookie(SESSION), None);
    assert_eq!(alice.get("/").await.status, 303);

    // What was refused is used up: the answer counts for its own browser alone, and once.
    mallory.get(&of_mallory).await.with_status(303);
    let again = mallory.get(&of_mallory).await.with_status(400);
    assert!(again.says("Signing in did not work"));
}

#[tokio::test]
async fn a_code_that_the_issuer_does_not_know_signs_nobody_in() {
    let app = TestApp::new().await;
    let browser = app.browser();
    let good = browser.agreed("alice", "/").await;
    let state = good.split("state=").nth(1).unwrap();

    let forged = browser
        .get(&format!("/sign-in/back?code=x&state={state}"))
        .await;
    let forged = forged.with_status(400);
    assert!(
        forged.says("Signing in did not work") && forged.says("Request "),
        "{}",
        forged.text
    );

    let _again = browser.agreed("alice", "/").await;
    let refused = browser.get("/sign-in/back?error=access_denied").await;
    assert_eq!(refused.status, 400);
    assert_eq!(browser.cookie(SESSION), None);
}

#[tokio::test]
async fn a_session_ends_by_itself_and_by_signing_out() {
    let app = TestApp::new().await;
    let idle = app.browser_of("alice").await;
    let busy = app.browser_of("alice").await;

    for _ in 0..3 {
        app.advance_machine(Duration::from_minutes(30));
        busy.get("/").await.with_status(200);
    }
    assert_eq!(idle.get("/").await.status, 303, "an hour without use");
    for _ in 0..22 {
        app.advance_machine(Duration::from_minutes(30));
        busy.get("/").await;
    }
    assert_eq!(busy.get("/").await.status, 303, "twelve hours in all");

    let out = app.browser_of("bob").await;
    let secret = out.cookie(SESSION).unwrap();
    let page = out.get("/").await;
    let left = out.submit(&page, "/sign-out", &[]).await;
    assert_eq!(left.with_status(303).location(), "/signed-out");
    assert!(
        out.get("/signed-out")
            .await
            .with_status(200)
            .says("You are signed out")
    );
    out.keep(SESSION, &secret);
    assert_eq!(
        out.get("/").await.status,
        303,
        "the secret is worth nothing any more"
    );
}

#[tokio::test]
async fn the_session_of_somebody_who_is_disabled_ends_at_once() {
    let app = TestApp::new().await;
    let browser = app.browser_of("alice").await;
    let page = browser.get("/").await.with_status(200);

    let path = format!("/v1.0/users/{}", app.id_of("alice"));
    let disabled = app
        .as_operator()
        .patch(&path, json!({"accountEnabled": false}))
        .await;
    disabled.assert_status(204);

    assert_eq!(browser.get("/").await.status, 303);
    let posted = browser
        .submit(&page, "/sign-out", &[])
        .await
        .with_status(401);
    assert!(posted.says("You are signed out"));
    let refused = app.browser().sign_in("alice", "/").await.with_status(400);
    assert!(refused.says("Signing in did not work"));
}

#[tokio::test]
async fn a_form_counts_only_with_the_mark_of_its_session() {
    let app = TestApp::new().await;
    let (alice, mallory) = (
        app.browser_of("alice").await,
        app.browser_of("mallory").await,
    );
    let page = alice.get("/").await;
    let of_mallory = mallory.get("/").await.form("/sign-out");

    for fields in [
        Vec::new(),
        of_mallory,
        vec![("mark".to_owned(), "x".to_owned())],
    ] {
        let refused = alice.post("/sign-out", &fields).await.with_status(403);
        assert!(refused.says("nothing was done"));
    }
    alice.get("/").await.with_status(200);
    alice.submit(&page, "/sign-out", &[]).await.with_status(303);
}

#[tokio::test]
async fn every_page_keeps_to_itself_and_is_kept_by_nobody() {
    let app = TestApp::new().await;
    let browser = app.browser_of("alice").await;

    for path in [
        "/",
        "/requests",
        "/packages",
        "/approvals",
        "/signed-out",
        "/requests/nonsense",
    ] {
        let page = browser.get(path).await;
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert!(
            !page.text.contains("style=\"") && !page.text.contains(" onclick"),
            "{path}"
        );
        // One title, one main, one heading of the first rank, a language.
        for once in ["<h1", "<main", "<title>", "lang=\"en\""] {
            assert_eq!(page.text.matches(once).count(), 1, "{path}: {once}");
        }
    }
}

#[tokio::test]
async fn the_graph_api_has_its_paths_for_itself() {
    let app = TestApp::new().await;
    let browser = app.browser_of("alice").await;

    // A session is no token.
    let graph = browser.get("/v1.0/me").await;
    assert_eq!(graph.status, 401);
    assert!(graph.header("content-type").starts_with("application/json"));
    assert_eq!(browser.get("/unheard-of").await.status, 404);
    let style = browser.get("/portal/style.css").await.with_status(200);
    assert!(style.header("cache-control").contains("immutable"));
}

#[tokio::test]
async fn th_1_whoever_asks_for_too_many_pages_is_told_when_to_come_back_and_others_are_served() {
    let app = TestApp::limited(1, 3).await;
    let (alice, bob) = (app.browser_of("alice").await, app.browser_of("bob").await);

    for _ in 0..3 {
        alice.get("/").await.with_status(200);
    }
    let refused = alice.get("/requests").await.with_status(429);

    assert_eq!(refused.header("retry-after"), "1");
    assert!(
        refused.says("Too many pages at once"),
        "{}",
        refused.words()
    );
    // What every page needs is there all the same, and everybody else is served.
    alice.get("/portal/style.css").await.with_status(200);
    bob.get("/requests").await.with_status(200);
}

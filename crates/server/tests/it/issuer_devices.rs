//! Devices without a browser (RFC 8628).

use axum::body::Body;
use domain::time::Duration;
use http::Request;
use serde_json::Value;

use crate::issuer_browser::{Browser, DESKTOP, claims, error, form, local, refresh, token};
use crate::support::{Answer, Server, TENANT};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn start(server: &Server, client: &str) -> Answer {
    let fields = [
        ("client_id", client),
        ("scope", "openid profile offline_access h/.default"),
    ];
    let request = Request::post(format!("/{TENANT}/oauth2/v2.0/devicecode"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form(&fields)))
        .unwrap();
    server.send(request).await
}

async fn poll(server: &Server, started: &Value) -> Answer {
    token(
        server,
        &[
            ("grant_type", GRANT),
            ("client_id", DESKTOP),
            ("device_code", started["device_code"].as_str().unwrap()),
        ],
    )
    .await
}

/// The page on which the user decides, after signing in.
async fn confirm(browser: &mut Browser<'_>, started: &Value, user: &str) -> Answer {
    let page = local(started["verification_uri"].as_str().unwrap());
    browser.get(&page).await.expect(200);
    let typed = started["user_code"].as_str().unwrap().to_lowercase();
    let typed = format!("{page}?user_code={}", typed.replace('-', "+"));
    let sign_in = browser.get(&typed).await.expect(200);
    let next = browser.sign_in(&sign_in, user).await.expect(303);
    let next = next.header("location").to_owned();
    browser.get(&next).await.expect(200)
}

#[tokio::test]
async fn a_device_gets_tokens_once_its_user_said_yes_elsewhere() {
    let server = Server::new().await;
    let started = start(&server, DESKTOP).await.expect(200).json();
    assert_eq!(started["interval"], 5);
    assert!(
        started["message"]
            .as_str()
            .unwrap()
            .contains(started["user_code"].as_str().unwrap())
    );
    assert_eq!(
        error(&poll(&server, &started).await),
        "authorization_pending"
    );

    let mut browser = Browser::new(&server);
    let page = confirm(&mut browser, &started, "alice").await;
    assert!(String::from_utf8_lossy(&page.body).contains("desktop"));
    browser
        .submit(&page, &[("decision", "allow")])
        .await
        .expect(200);
    let tokens = poll(&server, &started).await.expect(200).json();

    assert_eq!(
        claims(&tokens["id_token"])["oid"],
        server.id_of("alice").to_string()
    );
    server
        .get(tokens["access_token"].as_str().unwrap(), "/v1.0/me")
        .await
        .expect(200);
    // Asked once more, somebody else has the code too: what it gave is taken back.
    assert_eq!(error(&poll(&server, &started).await), "invalid_grant");
    let kept = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(error(&refresh(&server, kept).await), "invalid_grant");
}

#[tokio::test]
async fn a_device_that_asks_too_often_is_told_to_slow_down() {
    let server = Server::new().await;
    let started = start(&server, DESKTOP).await.expect(200).json();
    let step = |seconds| server.token_clock.advance(Duration::from_secs(seconds));

    assert_eq!(
        error(&poll(&server, &started).await),
        "authorization_pending"
    );
    step(4);
    assert_eq!(error(&poll(&server, &started).await), "slow_down");
    step(9);
    assert_eq!(error(&poll(&server, &started).await), "slow_down");
    step(15);
    assert_eq!(
        error(&poll(&server, &started).await),
        "authorization_pending"
    );
}

#[tokio::test]
async fn a_refused_device_and_a_late_one_get_nothing() {
    let server = Server::new().await;
    let refused = start(&server, DESKTOP).await.expect(200).json();
    let late = start(&server, DESKTOP).await.expect(200).json();
    let mut browser = Browser::new(&server);
    let page = confirm(&mut browser, &refused, "alice").await;

    browser
        .submit(&page, &[("decision", "deny")])
        .await
        .expect(200);

    assert_eq!(error(&poll(&server, &refused).await), "access_denied");
    // The page is of no more use.
    browser
        .submit(&page, &[("decision", "allow")])
        .await
        .expect(400);
    assert_eq!(error(&poll(&server, &refused).await), "access_denied");
    server.token_clock.advance(Duration::from_minutes(15));
    assert_eq!(error(&poll(&server, &late).await), "expired_token");
}

#[tokio::test]
async fn another_site_cannot_say_yes_for_somebody_who_is_signed_in() {
    let server = Server::new().await;
    let started = start(&server, DESKTOP).await.expect(200).json();
    let mut browser = Browser::new(&server);
    confirm(&mut browser, &started, "alice").await;
    let page = local(started["verification_uri"].as_str().unwrap());
    let code = started["user_code"].as_str().unwrap();

    let forged = [
        ("user_code", code),
        ("decision", "allow"),
        ("mark", "guess"),
    ];
    browser.post(&page, &forged).await.expect(303);

    assert_eq!(
        error(&poll(&server, &started).await),
        "authorization_pending"
    );
}

#[tokio::test]
async fn codes_of_devices_are_not_told_to_strangers_and_not_guessed_quickly() {
    let server = Server::new().await;
    let started = start(&server, DESKTOP).await.expect(200).json();
    let page = local(started["verification_uri"].as_str().unwrap());
    let unknown = format!("{page}?user_code=BCDFGHJK");
    let mut browser = Browser::new(&server);

    // Nobody is told whether there is such a code before signing in.
    let sign_in = browser.get(&unknown).await.expect(200);
    browser.sign_in(&sign_in, "alice").await.expect(303);
    for _ in 0..5 {
        let told = browser.get(&unknown).await.expect(400);
        assert!(String::from_utf8_lossy(&told.body).contains("not known"));
    }
    let known = format!(
        "{page}?user_code={}",
        started["user_code"].as_str().unwrap()
    );
    let stopped = browser.get(&known).await.expect(400);
    assert!(String::from_utf8_lossy(&stopped.body).contains("Too many"));
    server.token_clock.advance(Duration::from_secs(1));
    browser.get(&known).await.expect(200);
}

#[tokio::test]
async fn a_device_of_ones_own_and_the_form_itself_give_no_more_guesses() {
    let server = Server::new().await;
    let own = start(&server, DESKTOP).await.expect(200).json();
    let mut browser = Browser::new(&server);
    let confirm_page = confirm(&mut browser, &own, "alice").await;
    let page = local(own["verification_uri"].as_str().unwrap());
    let known = format!("{page}?user_code={}", own["user_code"].as_str().unwrap());
    let told = |answer: &Answer| String::from_utf8_lossy(&answer.body).into_owned();

    for _ in 0..5 {
        browser.get(&known).await.expect(200);
        let guess = [("user_code", "BCDFGHJK"), ("decision", "allow")];
        let answer = browser.submit_as(&confirm_page, &guess).await.expect(400);
        assert!(told(&answer).contains("not known"), "{}", told(&answer));
    }

    let stopped = browser
        .submit_as(&confirm_page, &[("decision", "allow")])
        .await;
    assert!(told(&stopped.expect(400)).contains("Too many"));
    let stopped = browser.get(&known).await.expect(400);
    assert!(told(&stopped).contains("Too many"));
    assert_eq!(error(&poll(&server, &own).await), "authorization_pending");
    server.token_clock.advance(Duration::from_secs(1));
    browser
        .submit_as(&confirm_page, &[("decision", "allow")])
        .await
        .expect(200);
    server.token_clock.advance(Duration::from_secs(10));
    poll(&server, &own).await.expect(200);
}

#[tokio::test]
async fn a_client_that_keeps_a_secret_has_to_show_it_for_a_device_too() {
    let server = Server::new().await;
    let admin = server.accounts.clients[0].client_id.to_string();

    let refused = start(&server, &admin).await.expect(401);

    assert_eq!(error(&refused), "invalid_client");
    assert_eq!(
        error(&start(&server, "nobody").await),
        "unauthorized_client"
    );
}

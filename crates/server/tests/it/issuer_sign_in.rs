//! The sign-in page and what comes of it: sessions, codes, refresh tokens, sign-out.

use domain::time::Duration;
use http::Method;
use serde_json::json;

use crate::issuer_browser::{
    BACK, Browser, DESKTOP, VERIFIER, authorize, claims, error, fields_of, form, password_of,
    redeem, refresh, token,
};
use crate::support::{NOWHERE, Server, TENANT};

#[tokio::test]
async fn a_user_signs_in_once_and_the_client_gets_tokens_that_the_server_takes() {
    let server = Server::new().await;
    let mut browser = Browser::new(&server);

    let page = browser.get(&authorize(&[])).await.expect(200);
    let back = browser.sign_in(&page, "alice").await.expect(303);
    let sent = back.header("location").to_owned();
    let fields = fields_of(&sent);
    let tokens = redeem(&server, &fields["code"]).await.expect(200).json();

    assert!(sent.starts_with("http://localhost:4711/?code="), "{sent}");
    assert_eq!(fields["state"], "s & t");
    let me = server
        .get(tokens["access_token"].as_str().unwrap(), "/v1.0/me")
        .await
        .expect(200);
    assert!(
        me.json()["userPrincipalName"]
            .as_str()
            .unwrap()
            .starts_with("alice@")
    );
    let id = claims(&tokens["id_token"]);
    assert_eq!(id["aud"], DESKTOP);
    assert_eq!(id["nonce"], "n-1");
    assert_eq!(id["tid"], TENANT);
    assert_eq!(id["oid"], server.id_of("alice").to_string());
    assert_eq!(id["oid"], id["sub"]);
    assert_eq!(id["name"], "Alice Archer");
    assert!(tokens["client_info"].is_string());
    assert!(tokens["scope"].as_str().unwrap().contains("h/.default"));
    // An ID token says who signed in, and opens nothing.
    server
        .get(tokens["id_token"].as_str().unwrap(), "/v1.0/me")
        .await
        .expect(401);

    let again = browser.get(&authorize(&[])).await.expect(303);
    assert!(fields_of(again.header("location")).contains_key("code"));
}

#[tokio::test]
async fn the_page_is_plain_html_that_nothing_can_be_smuggled_into() {
    let server = Server::new().await;
    let mut browser = Browser::new(&server);
    let evil = "\"><script>alert(1)</script>";

    let hint = authorize(&[("login_hint", Some(evil)), ("state", Some(evil))]);
    let page = browser.get(&hint).await.expect(200);

    let html = String::from_utf8(page.body.clone()).unwrap();
    assert!(!html.contains("<script>alert"), "{html}");
    assert!(html.contains("<label for=\"username\">") && html.contains("<label for=\"password\">"));
    assert!(html.contains("autocomplete=\"current-password\""));
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "form-action 'self' http://localhost:4711",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "style-src 'sha256-",
    ] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    assert!(!policy.contains("script-src"), "{policy}");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("x-frame-options"), "DENY");
}

#[tokio::test]
async fn a_form_that_this_server_did_not_give_this_browser_signs_nobody_in() {
    let server = Server::new().await;
    let (name, password) = password_of(&server, "alice");
    let page = Browser::new(&server).get(&authorize(&[])).await;

    // Another browser sends the form that the first was given.
    let mut other = Browser::new(&server);
    let answer = other
        .submit(&page, &[("username", &name), ("password", &password)])
        .await
        .expect(400);

    assert!(!other.cookies.contains_key("reeve-session"), "{answer:?}");
}

#[tokio::test]
async fn a_wrong_password_is_told_on_the_page_and_many_cost_time() {
    let server = Server::new().await;
    let mut browser = Browser::new(&server);
    let (name, password) = password_of(&server, "alice");
    let mut page = browser.get(&authorize(&[])).await.expect(200);

    for _ in 0..5 {
        page = browser
            .submit(&page, &[("username", &name), ("password", "guess")])
            .await
            .expect(400);
        let html = String::from_utf8_lossy(&page.body).into_owned();
        assert!(html.contains("role=\"alert\"") && html.contains("is not right"));
    }
    let right = [("username", name.as_str()), ("password", password.as_str())];
    let stopped = browser.submit(&page, &right).await.expect(400);
    assert!(String::from_utf8_lossy(&stopped.body).contains("Too many"));
    let grant = [
        ("grant_type", "password"),
        ("client_id", DESKTOP),
        ("username", &name),
        ("password", &password),
        ("scope", "h/.default"),
    ];
    assert_eq!(error(&token(&server, &grant).await), "invalid_grant");

    server.token_clock.advance(Duration::from_secs(1));
    browser.submit(&page, &right).await.expect(303);
    token(&server, &grant).await.expect(200);
}

#[tokio::test]
async fn a_code_is_good_once_and_its_second_use_takes_back_what_the_first_gave() {
    let server = Server::new().await;
    let code = Browser::new(&server)
        .code("alice", "openid offline_access h/.default")
        .await;
    let tokens = redeem(&server, &code).await.expect(200).json();
    let kept = tokens["refresh_token"].as_str().unwrap();

    let second = redeem(&server, &code).await;

    assert_eq!(error(&second), "invalid_grant");
    assert_eq!(error(&refresh(&server, kept).await), "invalid_grant");
}

#[tokio::test]
async fn a_code_is_bound_to_client_address_verifier_and_time() {
    let server = Server::new().await;
    let admin = server.accounts.clients[0].client_id.to_string();
    for (name, value) in [
        ("client_id", admin.as_str()),
        ("client_id", NOWHERE),
        ("client_id", "nobody"),
        ("redirect_uri", "http://localhost:4712"),
        ("redirect_uri", ""),
        ("code_verifier", ""),
        ("code_verifier", &VERIFIER.replace('d', "e")),
        ("code", "guess"),
        ("client_secret", "guess"),
    ] {
        let code = Browser::new(&server).code("alice", "h/.default").await;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("client_id", DESKTOP),
            ("code", code.as_str()),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        fields.retain(|(own, _)| *own != name);
        fields.push((name, value));

        let refused = token(&server, &fields).await;

        error(&refused);
        // Whoever tried did not use it up.
        redeem(&server, &code).await.expect(200);
    }
    let code = Browser::new(&server).code("alice", "h/.default").await;
    server.token_clock.advance(Duration::from_minutes(1));
    assert_eq!(error(&redeem(&server, &code).await), "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_a_stolen_one_ends_the_family() {
    let server = Server::new().await;
    let code = Browser::new(&server)
        .code("alice", "openid offline_access h/.default")
        .await;
    let first = redeem(&server, &code).await.expect(200).json();
    let first = first["refresh_token"].as_str().unwrap();

    let second = refresh(&server, first).await.expect(200).json();
    let second_token = second["refresh_token"].as_str().unwrap();
    assert_ne!(first, second_token);
    assert_eq!(claims(&second["id_token"])["name"], json!(null));
    server
        .get(second["access_token"].as_str().unwrap(), "/v1.0/me")
        .await
        .expect(200);
    let admin = server.accounts.clients[0].client_id.to_string();
    let by_another = [
        ("grant_type", "refresh_token"),
        ("client_id", admin.as_str()),
        ("refresh_token", second_token),
    ];
    assert_eq!(error(&token(&server, &by_another).await), "invalid_grant");
    assert_eq!(error(&refresh(&server, first).await), "invalid_grant");
    assert_eq!(
        error(&refresh(&server, second_token).await),
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_refresh_token_runs_out_and_is_given_only_to_who_asked() {
    let server = Server::new().await;
    let without = Browser::new(&server).code("alice", "h/.default").await;
    let tokens = redeem(&server, &without).await.expect(200).json();
    assert_eq!(tokens.get("refresh_token"), None);
    assert_eq!(tokens.get("id_token"), None);

    let with = Browser::new(&server)
        .code("alice", "offline_access h/User.Read")
        .await;
    let tokens = redeem(&server, &with).await.expect(200).json();
    assert_eq!(claims(&tokens["access_token"])["scp"], "User.Read");
    server.token_clock.advance(Duration::from_days(14));
    let late = refresh(&server, tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(error(&late), "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_may_be_used_for_other_permissions() {
    let server = Server::new().await;
    let code = Browser::new(&server)
        .code("alice", "offline_access h/User.Read")
        .await;
    let tokens = redeem(&server, &code).await.expect(200).json();

    let other = token(
        &server,
        &[
            ("grant_type", "refresh_token"),
            ("client_id", DESKTOP),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
            ("scope", "h/Directory.Read.All"),
        ],
    )
    .await
    .expect(200)
    .json();

    assert_eq!(claims(&other["access_token"])["scp"], "Directory.Read.All");
    assert_eq!(other["scope"], "h/Directory.Read.All");
}

#[tokio::test]
async fn a_blocked_user_gets_nothing_more() {
    let server = Server::new().await;
    let mut browser = Browser::new(&server);
    let code = browser.code("alice", "offline_access h/.default").await;
    let tokens = redeem(&server, &code).await.expect(200).json();
    let mut bobs = Browser::new(&server);
    let open = bobs.code("bob", "h/.default").await;

    for user in ["alice", "bob"] {
        let path = format!("/v1.0/users/{}", server.id_of(user));
        server
            .write(
                &server.admin(),
                http::Method::PATCH,
                &path,
                &json!({ "accountEnabled": false }),
            )
            .await
            .expect(204);
    }

    let late = refresh(&server, tokens["refresh_token"].as_str().unwrap()).await;
    assert_eq!(error(&late), "invalid_grant");
    assert_eq!(error(&redeem(&server, &open).await), "invalid_grant");
    // The session of bob's browser is over too.
    let page = bobs.get(&authorize(&[])).await.expect(200);
    bobs.sign_in(&page, "bob").await.expect(400);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_to_a_registered_address_and_to_nobody_else() {
    let server = Server::new().await;
    let mut browser = Browser::new(&server);
    for change in [
        ("client_id", Some(NOWHERE)),
        ("client_id", None),
        ("redirect_uri", None),
        ("redirect_uri", Some("https://evil.example/")),
        ("redirect_uri", Some("http://localhost:1/elsewhere")),
        ("response_mode", Some("web_message")),
    ] {
        let page = browser.get(&authorize(&[change])).await.expect(400);
        assert_eq!(page.header("location"), "", "{change:?}");
        assert!(String::from_utf8_lossy(&page.body).contains("AADSTS"));
    }
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fevil.example", authorize(&[]));
    browser.get(&twice).await.expect(400);
    for (change, error) in [
        (
            ("response_type", Some("token")),
            "unsupported_response_type",
        ),
        (("code_challenge", None), "invalid_request"),
        (("code_challenge_method", Some("plain")), "invalid_request"),
        (("scope", Some("no.such.permission")), "invalid_scope"),
        (("prompt", Some("none")), "login_required"),
    ] {
        let back = browser.get(&authorize(&[change])).await.expect(303);
        let fields = fields_of(back.header("location"));
        assert_eq!(fields["error"], error, "{change:?}");
        assert_eq!(fields["state"], "s & t");
        assert!(!fields.contains_key("code"));
    }
}

#[tokio::test]
async fn prompts_hints_and_ages_say_whether_a_session_will_do() {
    let server = Server::new().await;
    let mut browser = Browser::new(&server);
    browser.code("alice", "h/.default").await;
    server.token_clock.advance(Duration::from_minutes(5));
    let (alice, _) = password_of(&server, "alice");
    let (bob, _) = password_of(&server, "bob");

    for (change, status) in [
        (("prompt", Some("none")), 303),
        (("prompt", Some("login")), 200),
        (("prompt", Some("select_account")), 200),
        (("login_hint", Some(alice.as_str())), 303),
        (("login_hint", Some(bob.as_str())), 200),
        (("max_age", Some("301")), 303),
        (("max_age", Some("300")), 200),
    ] {
        let answer = browser.get(&authorize(&[change])).await;
        assert_eq!(answer.status.as_u16(), status, "{change:?}");
    }
    let choice = browser
        .get(&authorize(&[("prompt", Some("select_account"))]))
        .await;
    assert!(String::from_utf8_lossy(&choice.body).contains("Continue as Alice Archer"));
    let back = browser
        .submit(&choice, &[("continue", "1")])
        .await
        .expect(303);
    assert!(fields_of(back.header("location")).contains_key("code"));
    // A page that asks for the password is not satisfied by a session.
    let strict = browser.get(&authorize(&[("prompt", Some("login"))])).await;
    browser
        .submit(&strict, &[("continue", "1")])
        .await
        .expect(200);
}

#[tokio::test]
async fn an_answer_travels_by_form_or_fragment_if_the_client_wants() {
    let server = Server::new().await;
    let mut browser = Browser::new(&server);
    browser.code("alice", "h/.default").await;

    let by_form = browser
        .get(&authorize(&[("response_mode", Some("form_post"))]))
        .await
        .expect(200);
    let by_fragment = browser
        .get(&authorize(&[("response_mode", Some("fragment"))]))
        .await
        .expect(303);

    let html = String::from_utf8_lossy(&by_form.body).into_owned();
    assert!(html.contains("action=\"http://localhost:4711/\"") && html.contains("name=\"code\""));
    assert!(
        by_form
            .header("content-security-policy")
            .contains("script-src 'sha256-")
    );
    let sent = by_fragment.header("location");
    assert!(sent.starts_with("http://localhost:4711/#code="), "{sent}");
    // Clients may post their request as well.
    let (path, query) = authorize(&[])
        .split_once('?')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let fields: Vec<(String, String)> = fields_of(&format!("?{query}")).into_iter().collect();
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    browser.post(&path, &fields).await.expect(303);
}

#[tokio::test]
async fn a_web_application_has_to_show_its_secret() {
    let server = Server::new().await;
    let admin = server.admin();
    let made = server
        .post(
            &admin,
            "/v1.0/applications",
            &json!({ "displayName": "Shop", "web": { "redirectUris": ["https://shop.example/back"] } }),
        )
        .await
        .expect(201)
        .json();
    let client = made["appId"].as_str().unwrap().to_owned();
    let mut browser = Browser::new(&server);
    let request = authorize(&[
        ("client_id", Some(&client)),
        ("redirect_uri", Some("https://shop.example/back")),
        ("code_challenge", None),
        ("code_challenge_method", None),
    ]);
    let page = browser.get(&request).await.expect(200);
    let back = browser.sign_in(&page, "alice").await.expect(303);
    let code = fields_of(back.header("location"))["code"].clone();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client.as_str()),
        ("code", code.as_str()),
        ("redirect_uri", "https://shop.example/back"),
    ];

    let refused = token(&server, &fields).await.expect(401);

    assert_eq!(error(&refused), "invalid_client");
    // A verifier where there was no challenge: somebody took it out on the way.
    let mut with_secret = fields.to_vec();
    with_secret.push(("client_secret", "guess"));
    assert_eq!(error(&token(&server, &with_secret).await), "invalid_client");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_goes_only_where_the_client_registered() {
    let server = Server::new().await;
    let mut browser = Browser::new(&server);
    let code = browser.code("alice", "openid h/.default").await;
    let tokens = redeem(&server, &code).await.expect(200).json();
    let id_token = tokens["id_token"].as_str().unwrap();
    let leave = |fields: &[(&str, &str)]| format!("/{TENANT}/oauth2/v2.0/logout?{}", form(fields));

    for fields in [
        [
            ("post_logout_redirect_uri", "https://evil.example/"),
            ("id_token_hint", id_token),
        ],
        [("post_logout_redirect_uri", BACK), ("client_id", NOWHERE)],
        [
            ("post_logout_redirect_uri", BACK),
            ("id_token_hint", "forged.token.x"),
        ],
        [("post_logout_redirect_uri", BACK), ("state", "x")],
    ] {
        browser.get(&leave(&fields)).await.expect(400);
    }
    // A link alone signs nobody out: the user is asked.
    let asked = browser
        .get(&leave(&[("client_id", DESKTOP)]))
        .await
        .expect(200);
    assert!(browser.cookies.contains_key("reeve-session"));
    browser.submit(&asked, &[]).await.expect(200);
    assert!(!browser.cookies.contains_key("reeve-session"));
    browser
        .get(&authorize(&[("prompt", Some("none"))]))
        .await
        .expect(303);

    browser.code("alice", "h/.default").await;
    let kept = browser.cookies["reeve-session"].clone();
    let gone = browser
        .get(&leave(&[
            ("id_token_hint", id_token),
            ("post_logout_redirect_uri", BACK),
            ("state", "a b"),
        ]))
        .await
        .expect(303);
    assert_eq!(gone.header("location"), "http://localhost:4711?state=a%20b");
    // Who kept the cookie has nothing.
    browser.cookies.insert("reeve-session".to_owned(), kept);
    browser.get(&authorize(&[])).await.expect(200);
}

#[tokio::test]
async fn a_new_password_a_disabled_account_and_a_deleted_user_end_every_sign_in() {
    for by in ["password", "disabled", "deleted"] {
        let server = Server::new().await;
        let admin = server.admin();
        let mut browser = Browser::new(&server);
        let scope = "openid offline_access h/.default";
        let code = browser.code("alice", scope).await;
        let tokens = redeem(&server, &code).await.expect(200).json();
        let again = browser.get(&authorize(&[])).await.expect(303);
        let waiting = fields_of(again.header("location"))["code"].clone();
        let mut other = Browser::new(&server);
        let code = other.code("bob", scope).await;
        let of_other = redeem(&server, &code).await.expect(200).json();
        let path = format!("/v1.0/users/{}", server.id_of("alice"));

        match by {
            "password" => {
                let profile = json!({"passwordProfile": {"password": "N3w-and-l0ng-enough"}});
                server
                    .write(&admin, Method::PATCH, &path, &profile)
                    .await
                    .expect(204);
            }
            "disabled" => {
                let disabled = json!({"accountEnabled": false});
                server
                    .write(&admin, Method::PATCH, &path, &disabled)
                    .await
                    .expect(204);
                let enabled = json!({"accountEnabled": true});
                server
                    .write(&admin, Method::PATCH, &path, &enabled)
                    .await
                    .expect(204);
            }
            _ => {
                server.ask(&admin, Method::DELETE, &path).await.expect(204);
            }
        }

        let kept = tokens["refresh_token"].as_str().unwrap();
        assert_eq!(
            error(&refresh(&server, kept).await),
            "invalid_grant",
            "{by}"
        );
        assert_eq!(
            error(&redeem(&server, &waiting).await),
            "invalid_grant",
            "{by}"
        );
        browser.get(&authorize(&[])).await.expect(200);
        let kept = of_other["refresh_token"].as_str().unwrap();
        refresh(&server, kept).await.expect(200);
        other.get(&authorize(&[])).await.expect(303);
    }
}

#[tokio::test]
async fn another_change_of_a_user_leaves_the_sign_ins() {
    let server = Server::new().await;
    let mut browser = Browser::new(&server);
    browser.code("alice", "h/.default").await;
    let path = format!("/v1.0/users/{}", server.id_of("alice"));

    let change = json!({"jobTitle": "Archivist", "accountEnabled": true});
    server
        .write(&server.admin(), Method::PATCH, &path, &change)
        .await
        .expect(204);

    browser.get(&authorize(&[])).await.expect(303);
}

#[tokio::test]
async fn passwords_guessed_at_once_are_slowed_down_like_those_in_a_row() {
    let server = Server::new().await;
    let (name, _) = password_of(&server, "alice");
    let grant = [
        ("grant_type", "password"),
        ("client_id", DESKTOP),
        ("username", name.as_str()),
        ("password", "guess"),
        ("scope", "h/.default"),
    ];

    let guesses = futures_util::future::join_all((0..12).map(|_| token(&server, &grant))).await;

    let slowed = guesses.iter().filter(|answer| {
        let description = answer.json()["error_description"].to_string();
        description.contains("AADSTS50053")
    });
    assert_eq!(slowed.count(), 7);
}

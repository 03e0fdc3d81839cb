//! The built-in issuer as clients use it (clients.md 1 to 4).

use axum::body::Body;
use http::{Method, Request};

use crate::issuer_browser::claims;
use crate::support::{AUTHORITY, Answer, NOWHERE, Server, TENANT};

async fn token(server: &Server, tenant: &str, form: &str) -> Answer {
    let request = Request::post(format!("/{tenant}/oauth2/v2.0/token?client-request-id=x")).header(
        "content-type",
        "application/x-www-form-urlencoded;charset=utf-8",
    );
    server
        .send(request.body(Body::from(form.to_owned())).unwrap())
        .await
}

fn client(server: &Server) -> (String, String) {
    let client = &server.accounts.clients[0];
    (client.client_id.to_string(), client.client_secret.clone())
}

#[tokio::test]
async fn a_client_gets_a_token_that_the_server_takes_whatever_resource_it_names() {
    let server = Server::new().await;
    let (id, secret) = client(&server);

    for scope in [
        "https%3A%2F%2Fgraph.microsoft.com%2F.default",
        "https%3A%2F%2F127.0.0.1%3A8443%2F.default",
        "https%3A%2F%2F127.0.0.1%2F.default",
    ] {
        let form = format!(
            "grant_type=client_credentials&client_id={id}&client_secret={secret}&scope={scope}&client_info=1&x-client-SKU=x&claims=%7B%7D"
        );
        let answer = token(&server, TENANT, &form).await.expect(200).json();
        assert_eq!(answer["token_type"], "Bearer");
        assert_eq!(answer["expires_in"], 3599);
        let token = answer["access_token"].as_str().unwrap();
        assert_eq!(token.split('.').count(), 3);
        server.get(token, "/v1.0/users").await.expect(200);
    }
}

#[tokio::test]
async fn a_user_gets_a_token_by_password_and_may_do_what_roles_allow() {
    let server = Server::new().await;
    let (id, secret) = client(&server);
    let alice = server
        .accounts
        .users
        .iter()
        .find(|user| user.display_name.starts_with("Alice"))
        .unwrap();

    let form = format!(
        "grant_type=password&client_id={id}&client_secret={secret}&username={}&password={}&scope=https%3A%2F%2Fh%2F.default",
        alice.user_principal_name, alice.password
    );
    let answer = token(&server, "organizations", &form)
        .await
        .expect(200)
        .json();
    let me = server
        .get(answer["access_token"].as_str().unwrap(), "/v1.0/me")
        .await
        .expect(200);

    assert_eq!(
        me.json()["userPrincipalName"],
        alice.user_principal_name.as_str()
    );
    let wrong = form.replace(&alice.password, "guess");
    let refused = token(&server, TENANT, &wrong).await.expect(400).json();
    assert_eq!(refused["error"], "invalid_grant");
    let without = form.replace(&format!("&client_secret={secret}"), "");
    let refused = token(&server, TENANT, &without).await.expect(401).json();
    assert_eq!(refused["error"], "invalid_client");
}

#[tokio::test]
async fn a_token_names_its_client_as_everybody_does_however_the_client_spells_itself() {
    let server = Server::new().await;
    let (id, secret) = client(&server);
    let shouted = id.to_uppercase();
    assert_ne!(id, shouted);

    let form = format!(
        "grant_type=client_credentials&client_id={shouted}&client_secret={secret}&scope=h%2F.default"
    );
    let answer = token(&server, TENANT, &form).await.expect(200).json();

    let claims = claims(&answer["access_token"]);
    assert_eq!(claims["appid"], id.as_str());
}

#[tokio::test]
async fn refusals_are_4xx_in_the_form_of_oauth() {
    let server = Server::new().await;
    let (id, secret) = client(&server);
    let good = format!(
        "grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=h%2F.default"
    );

    for (tenant, form, status, error) in [
        (
            TENANT,
            good.replace(&secret, "wrong"),
            401,
            "invalid_client",
        ),
        (TENANT, good.replace(&id, NOWHERE), 401, "invalid_client"),
        (
            TENANT,
            good.replace("client_credentials", "magic"),
            400,
            "unsupported_grant_type",
        ),
        (TENANT, format!("client_id={id}"), 400, "invalid_request"),
        (
            TENANT,
            good.replace("h%2F.default", "a%2F.default+b%2F.default"),
            400,
            "invalid_scope",
        ),
        (NOWHERE, good.clone(), 400, "invalid_request"),
        (TENANT, String::new(), 400, "invalid_request"),
    ] {
        let answer = token(&server, tenant, &form).await.expect(status).json();
        assert_eq!(answer["error"], error, "{form}");
        assert!(
            answer["error_description"]
                .as_str()
                .unwrap()
                .starts_with("AADSTS"),
            "{answer}"
        );
    }
    server
        .ask("", Method::GET, &format!("/{TENANT}/oauth2/v2.0/token"))
        .await
        .expect(405);
}

#[tokio::test]
async fn a_client_may_name_itself_in_the_header() {
    use base64::Engine;
    let server = Server::new().await;
    let (id, secret) = client(&server);
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
    let send = |basic: String| {
        let request = Request::post(format!("/{TENANT}/oauth2/v2.0/token"))
            .header("authorization", format!("Basic {basic}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(
                "grant_type=client_credentials&scope=h%2F.default",
            ))
            .unwrap();
        server.send(request)
    };

    send(basic.clone()).await.expect(200);
    let wrong = base64::engine::general_purpose::STANDARD.encode(format!("{id}:no"));
    let refused = send(wrong).await.expect(401);

    assert_eq!(refused.header("www-authenticate"), "Basic realm=\"\"");
}

#[tokio::test]
async fn discovery_names_endpoints_on_the_authority_that_clients_were_given() {
    let server = Server::new().await;

    for tenant in [TENANT, "common", "organizations"] {
        let path = format!("/{tenant}/v2.0/.well-known/openid-configuration");
        let document = server.get("", &path).await.expect(200).json();
        for key in [
            "issuer",
            "authorization_endpoint",
            "device_authorization_endpoint",
            "end_session_endpoint",
            "token_endpoint",
            "jwks_uri",
        ] {
            let url = document[key].as_str().unwrap();
            assert!(url.starts_with(AUTHORITY), "{key}: {url}");
        }
        let keys = document["jwks_uri"]
            .as_str()
            .unwrap()
            .strip_prefix(AUTHORITY)
            .unwrap();
        let keys = server.get("", keys).await.expect(200).json();
        assert_eq!(keys["keys"][0]["use"], "sig");
        assert_eq!(keys["keys"][0].get("d"), None);
    }
    server
        .get(
            "",
            &format!("/{NOWHERE}/v2.0/.well-known/openid-configuration"),
        )
        .await
        .expect(400);
}

#[tokio::test]
async fn terraform_finds_the_cloud() {
    let server = Server::new().await;

    let path = "/metadata/endpoints?api-version=2022-09-01";
    let request = Request::get(path).header("host", "127.0.0.1:8443");
    let document = server
        .send(request.body(Body::empty()).unwrap())
        .await
        .expect(200)
        .json();

    assert_eq!(document["authentication"]["loginEndpoint"], AUTHORITY);
    assert_eq!(
        document["microsoftGraphResourceId"],
        "http://127.0.0.1:8443/"
    );
    assert!(document["name"].is_string() && document["resourceManager"].is_string());
    let path = "/common/discovery/instance?api-version=1.1";
    let instance = server.get("", path).await.expect(200).json();
    assert!(
        instance["tenant_discovery_endpoint"]
            .as_str()
            .unwrap()
            .starts_with(AUTHORITY)
    );
}

#[tokio::test]
async fn every_endpoint_and_grant_that_discovery_names_is_there() {
    let server = Server::new().await;
    let path = format!("/{TENANT}/v2.0/.well-known/openid-configuration");
    let document = server.get("", &path).await.expect(200).json();

    let members = document.as_object().unwrap();
    for (name, url) in members
        .iter()
        .filter(|(name, _)| name.ends_with("_endpoint"))
    {
        let path = url.as_str().unwrap().strip_prefix(AUTHORITY).unwrap();
        for method in [Method::GET, Method::POST] {
            let answer = server.ask("", method, path).await;
            assert_ne!(answer.status, 404, "{name}");
            // Never the Graph API, which would ask for a token.
            assert_eq!(answer.header("www-authenticate"), "", "{name}");
        }
    }
    let (id, _) = client(&server);
    for grant in document["grant_types_supported"].as_array().unwrap() {
        let form = format!("client_id={id}&grant_type={}", grant.as_str().unwrap());
        let refused = token(&server, TENANT, &form).await.expect(400).json();
        assert_eq!(refused["error"], "invalid_request", "{grant}: {refused}");
    }
}

#[tokio::test]
async fn keys_are_rotated_under_a_running_server_and_old_tokens_stay_good() {
    let server = Server::new().await;
    let (id, secret) = client(&server);
    let form = format!(
        "grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=h%2F.default"
    );
    let before = token(&server, TENANT, &form).await.expect(200).json();

    let rotation = server.rotate_keys();
    let after = token(&server, TENANT, &form).await.expect(200).json();

    let path = format!("/{TENANT}/discovery/v2.0/keys");
    let keys = server.get("", &path).await.expect(200).json();
    let shown: Vec<&str> = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kid"].as_str().unwrap())
        .collect();
    assert_eq!(shown, [rotation.kid, rotation.retired]);
    for tokens in [before, after] {
        let token = tokens["access_token"].as_str().unwrap();
        server.get(token, "/v1.0/users").await.expect(200);
    }
}

#[tokio::test]
async fn without_development_there_is_no_issuer_at_all() {
    let app = testkit::TestApp::new().await;
    let stranger = app.as_nobody();

    for path in [
        format!("/{TENANT}/oauth2/v2.0/authorize"),
        format!("/{TENANT}/oauth2/v2.0/token"),
        format!("/{TENANT}/oauth2/v2.0/devicecode"),
        format!("/{TENANT}/oauth2/deviceauth"),
        format!("/{TENANT}/oauth2/v2.0/logout"),
        format!("/{TENANT}/login"),
        format!("/{TENANT}/v2.0/.well-known/openid-configuration"),
        format!("/{TENANT}/discovery/v2.0/keys"),
        format!("/{TENANT}/discovery/instance"),
        "/metadata/endpoints".to_owned(),
    ] {
        let nowhere = stranger.get("/no/such/path").await;
        let answer = stranger.get(&path).await;
        assert_eq!(answer.status, nowhere.status, "{path}");
        assert!((401..=404).contains(&answer.status.as_u16()), "{path}");
    }
}

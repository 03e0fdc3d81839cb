//! Requests as clients send them, and as they should not.

use domain::directory::Details;

use super::*;

const GOOD: &[(&str, &str)] = &[
    ("response_type", "code"),
    ("redirect_uri", "http://localhost:4000"),
    ("scope", "openid profile offline_access h/.default"),
    ("state", "s & t"),
    ("nonce", "n"),
    (
        "code_challenge",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    ),
    ("code_challenge_method", "S256"),
];

fn client() -> Client {
    let details: Details = [
        (
            "publicClient",
            r#"{"redirectUris":["http://localhost","my.app://auth"]}"#,
        ),
        (
            "web",
            r#"{"redirectUris":["https://app.example/back?x=1"]}"#,
        ),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into();
    Client::new(
        "5d3a2c11-77a1-4f0e-9b54-2f6d0e8c4a10".parse().unwrap(),
        "x",
        &details,
    )
}

fn with<'a>(changes: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
    let mut fields: Vec<(&str, &str)> = GOOD.to_vec();
    for (name, value) in changes {
        fields.retain(|(own, _)| own != name);
        fields.extend(value.map(|value| (*name, value)));
    }
    fields
}

fn read(
    fields: &[(&str, &str)],
) -> Result<(ReturnTo, Result<AuthorizeRequest, OAuthError>), OAuthError> {
    let get = |name: &str| {
        let found = fields.iter().find(|(own, _)| *own == name);
        found.map(|(_, value)| *value)
    };
    let to = ReturnTo::of(&client(), get)?;
    let request = AuthorizeRequest::parse(&to, get);
    Ok((to, request))
}

#[test]
fn a_request_in_order_is_read() {
    let (to, request) = read(GOOD).unwrap();
    let request = request.unwrap();

    assert_eq!(to.platform, Platform::Native);
    assert_eq!(request.nonce.as_deref(), Some("n"));
    assert!(request.scope.openid && request.scope.offline_access);
    assert_eq!(request.prompt, Prompt::AsNeeded);
    assert!(request.challenge.is_some());
}

#[test]
fn an_unregistered_address_is_told_nothing() {
    for address in [
        None,
        Some("https://evil.example/"),
        Some("https://app.example/back"),
    ] {
        let refused = read(&with(&[("redirect_uri", address)])).unwrap_err();

        assert_eq!(refused.refusal.status(), 400, "{address:?}");
    }
    assert!(read(&with(&[("response_mode", Some("web_message"))])).is_err());
}

#[test]
fn what_is_wrong_is_told_to_the_registered_address() {
    for (changes, error) in [
        (
            ("response_type", Some("token")),
            "unsupported_response_type",
        ),
        (
            ("response_type", Some("code id_token")),
            "unsupported_response_type",
        ),
        (("response_type", None), "invalid_request"),
        (("code_challenge", None), "invalid_request"),
        (("code_challenge_method", Some("plain")), "invalid_request"),
        (("scope", None), "invalid_request"),
        (("scope", Some("a/.default b/.default")), "invalid_scope"),
        (("prompt", Some("create")), "invalid_request"),
        (("prompt", Some("none login")), "invalid_request"),
        (("prompt", Some("login none")), "invalid_request"),
        (("max_age", Some("-1")), "invalid_request"),
        (("max_age", Some("soon")), "invalid_request"),
        (("request", Some("x")), "request_not_supported"),
        (("request_uri", Some("x")), "request_uri_not_supported"),
    ] {
        let (_, request) = read(&with(&[changes])).unwrap();

        let refused = request.unwrap_err();
        assert_eq!(refused.refusal.error(), error, "{changes:?}");
    }
}

#[test]
fn public_clients_have_to_prove_that_the_code_is_theirs_and_servers_have_a_secret() {
    let none = [("code_challenge", None), ("code_challenge_method", None)];

    let (_, native) = read(&with(&none)).unwrap();
    let web = [
        none[0],
        none[1],
        ("redirect_uri", Some("https://app.example/back?x=1")),
    ];
    let (_, web) = read(&with(&web)).unwrap();

    assert_eq!(native.unwrap_err().refusal, OAuthRefusal::ChallengeRequired);
    assert_eq!(web.unwrap().challenge, None);
}

#[test]
fn prompts_add_up_to_the_strictest() {
    for (words, expected) in [
        ("", Some(Prompt::AsNeeded)),
        ("consent", Some(Prompt::AsNeeded)),
        ("none", Some(Prompt::Nothing)),
        ("login", Some(Prompt::Password)),
        ("select_account", Some(Prompt::Account)),
        ("login select_account", Some(Prompt::Password)),
        ("select_account consent", Some(Prompt::Account)),
        ("none none", None),
        ("None", None),
    ] {
        assert_eq!(prompt(words), expected, "{words}");
    }
}

#[test]
fn the_answer_travels_as_the_client_wants() {
    let answer = |mode, address| {
        let fields = with(&[("response_mode", mode), ("redirect_uri", Some(address))]);
        read(&fields).unwrap().0.with_code("c")
    };
    let web = "https://app.example/back?x=1";

    for (mode, address, location) in [
        (
            None,
            "http://localhost:4000",
            "http://localhost:4000/?code=c&state=s+%26+t",
        ),
        (
            Some("query"),
            web,
            "https://app.example/back?x=1&code=c&state=s+%26+t",
        ),
        (
            Some("fragment"),
            web,
            "https://app.example/back?x=1#code=c&state=s+%26+t",
        ),
        (
            Some("query"),
            "my.app://auth",
            "my.app://auth?code=c&state=s+%26+t",
        ),
    ] {
        assert_eq!(answer(mode, address), Answer::Redirect(location.to_owned()));
    }
    assert_eq!(
        answer(Some("form_post"), web),
        Answer::Form {
            action: web.to_owned(),
            fields: vec![("code", "c".to_owned()), ("state", "s & t".to_owned())],
        }
    );
}

#[test]
fn a_policy_names_the_origin_or_the_scheme() {
    assert_eq!(
        form_source("http://localhost:4000/x"),
        "http://localhost:4000"
    );
    assert_eq!(
        form_source("https://app.example/back?x=1"),
        "https://app.example"
    );
    assert_eq!(form_source("my.app://auth"), "my.app:");
}

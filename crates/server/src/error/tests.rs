use std::fs;
use std::path::Path;

use super::*;

fn ids() -> CallIds {
    CallIds {
        request: uuid::Uuid::nil(),
        client: Some("mine".to_owned()),
    }
}

fn reply(error: Error) -> Reply {
    let challenge = Challenge {
        authorization_uri: Some("https://h/t/oauth2/v2.0/authorize".to_owned()),
    };
    error.into_reply(
        &ids(),
        Timestamp::from_micros(1_700_000_000_000_000),
        &challenge,
    )
}

#[test]
fn each_code_has_its_paragraph() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    let text = fs::read_to_string(&file).unwrap();
    let documented: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("### `")?.split('`').next())
        .collect();

    let known: Vec<String> = Code::ALL
        .iter()
        .map(|code| code.name())
        .chain(OWN_CODES.iter().map(|&code| code.to_owned()))
        .collect();

    for code in &known {
        assert!(
            documented.contains(&code.as_str()),
            "docs/errors.md lacks `{code}`"
        );
    }
    for code in &documented {
        assert!(
            known.iter().any(|known| known == code),
            "docs/errors.md has `{code}`, which nobody answers"
        );
    }
    let mut sorted = documented.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(
        sorted.len(),
        documented.len(),
        "docs/errors.md explains a code twice"
    );
}

#[test]
fn documented_statuses_are_the_answered_ones() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    let text = fs::read_to_string(&file).unwrap();

    for code in Code::ALL {
        let heading = format!("### `{}` ({})", code.name(), status_of(*code).as_u16());
        assert!(
            text.contains(&heading),
            "docs/errors.md lacks the heading {heading}"
        );
    }
}

#[test]
fn er_1_a_401_names_the_issuer_and_the_application_and_never_claims() {
    let start = "Bearer realm=\"\", authorization_uri=\"https://h/t/oauth2/v2.0/authorize\", \
                 client_id=\"00000003-0000-0000-c000-000000000000\"";
    let gone = ServiceError::refused(
        Code::InvalidAuthenticationToken,
        "the token's `sub` is \"nobody's\"",
    );
    for (error, rest) in [
        (Error::Token(TokenError::Missing), ""),
        (
            Error::Token(TokenError::Expired),
            ", error=\"invalid_token\", error_description=\"the token has expired\"",
        ),
        (
            Error::Token(TokenError::NotBearer),
            ", error=\"invalid_request\", error_description=\"the authorization header is not of the form Bearer and \
             token\"",
        ),
        (
            gone.into(),
            ", error=\"invalid_token\", error_description=\"the token's `sub` is nobody's\"",
        ),
    ] {
        let reply = reply(error);

        let challenge = reply.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(challenge, format!("{start}{rest}"));
        assert!(!challenge.contains("claims"), "{challenge}");
    }
}

#[test]
fn keys_that_cannot_be_had_are_no_fault_of_the_token() {
    let reply = reply(Error::Token(TokenError::KeysUnavailable));

    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.headers[header::RETRY_AFTER], "2");
    assert!(!reply.headers.contains_key(header::WWW_AUTHENTICATE));
}

#[test]
fn er_12_who_is_throttled_learns_when_to_come_back() {
    let refused = ServiceError::refused(Code::TooManyRequests, "too many calls");

    let reply = reply(refused.into());

    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(reply.headers.contains_key(header::RETRY_AFTER));
}

#[test]
fn er_13_nothing_of_an_internal_error_is_shown() {
    let cause = std::io::Error::other("password=hunter2 at /var/lib/db");

    let reply = reply(Error::Internal(Box::new(cause)));

    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body["error"]["code"], "InternalServerError");
    assert!(!body.to_string().contains("hunter2"));
    assert_eq!(body["error"]["innerError"]["client-request-id"], "mine");
}

#[test]
fn the_field_at_fault_is_named() {
    let error = ServiceError::invalid(Code::InvalidModel, "displayName", "must not be empty");

    let reply = reply(error.into());

    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(body["error"]["target"], "displayName");
}

#[test]
fn a_chain_of_causes_is_told_whole() {
    let inner = std::io::Error::other("disk full");
    let outer = ServiceError::Internal(Box::new(inner));

    assert_eq!(chain(&outer), "internal error: disk full");
}

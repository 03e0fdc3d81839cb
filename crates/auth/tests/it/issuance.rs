//! The development issuer: what it issues is what clients decode and what the verifier accepts.

use auth::issuer::{
    Asked, Cost, GrantType, IdToken, Issuance, OAuthError, OAuthRefusal, PasswordHash,
    ScopeRequest, Subject, Tokens, access_token_claims, client_info, id_token_claims, issuer_url,
    openid_configuration, random_salt, random_secret,
};
use auth::keys::Keys;
use auth::principal::{DirectoryRole, Kind, Permission, PermissionSet};
use auth::token::{Algorithm, IssuerConfig, KeySource, Verifier};
use serde_json::{Map, Value, json};

use crate::support::{APP, CLIENT, TENANT, USER, keys, later, now, object, principal, verify};

const AUTHORITY: &str = "https://localhost:8443";
const RESOURCE: &str = "https://graph.microsoft.com";

fn claims(subject: Subject<'_>) -> Map<String, Value> {
    let issuer = issuer_url(AUTHORITY, TENANT);
    access_token_claims(
        &Issuance {
            issuer: &issuer,
            tenant: TENANT,
            audience: RESOURCE,
            token_id: "t1",
            client_id: CLIENT,
            client_name: "admin",
            subject,
        },
        now(),
    )
}

fn application() -> Subject<'static> {
    Subject::Application {
        object: object(APP),
        roles: PermissionSet::of(&[Permission::EntitlementManagementReadWriteAll]),
        directory_roles: &[],
    }
}

fn user() -> Subject<'static> {
    Subject::User {
        object: object(USER),
        principal_name: "alice@reeve.test",
        display_name: "Alice",
        scopes: PermissionSet::of(&[Permission::EntitlementManagementReadAll]),
        directory_roles: &[DirectoryRole::IdentityGovernanceAdministrator],
    }
}

fn verifier(keys: &Keys) -> Verifier {
    let mut config = IssuerConfig::new(
        &issuer_url(AUTHORITY, TENANT),
        &[RESOURCE],
        KeySource::Static(keys.jwks()),
    );
    config.tenant = Some(TENANT.to_owned());
    Verifier::new(vec![config]).unwrap()
}

#[test]
fn issued_tokens_are_accepted_by_the_verifier_for_an_hour() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let keys = keys(algorithm);
        let verifier = verifier(&keys);

        let app_token = keys.sign(&claims(application())).unwrap();
        let user_token = keys.sign(&claims(user())).unwrap();
        let app = principal(verify(&verifier, &app_token, later(3_600)).unwrap());
        let user = principal(verify(&verifier, &user_token, later(3_600)).unwrap());

        assert_eq!(
            app.kind,
            Kind::Application {
                object: object(APP),
                client_id: CLIENT.to_owned(),
            }
        );
        assert_eq!(
            app.scopes(),
            PermissionSet::of(&[Permission::EntitlementManagementReadWriteAll])
        );
        assert_eq!(user.as_user(), Some(object(USER)));
        assert_eq!(
            user.token.directory_roles,
            [DirectoryRole::IdentityGovernanceAdministrator]
        );
        assert!(verify(&verifier, &user_token, later(3_660)).is_err());
    }
}

#[test]
fn a_token_is_three_parts_of_base64url_without_padding() {
    let token = keys(Algorithm::Es256).sign(&claims(user())).unwrap();

    let parts: Vec<&str> = token.split('.').collect();

    assert_eq!(parts.len(), 3);
    assert!(parts.iter().all(|part| {
        part.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    }));
}

#[test]
fn claims_have_the_types_that_clients_decode() {
    for subject in [application(), user()] {
        let claims = claims(subject);

        for name in [
            "aud",
            "iss",
            "idp",
            "oid",
            "sub",
            "tid",
            "ver",
            "appid",
            "app_displayname",
            "idtyp",
        ] {
            assert!(claims[name].is_string(), "{name}");
        }
        for name in ["exp", "iat", "nbf"] {
            assert!(claims[name].is_i64(), "{name}");
        }
        assert_eq!(
            claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
            3_600
        );
        assert_eq!(claims["ver"], "2.0");
        assert!(claims["wids"].is_array());
    }
    let (app, user) = (claims(application()), claims(user()));
    assert_eq!(app["roles"], json!(["EntitlementManagement.ReadWrite.All"]));
    assert_eq!(app["idtyp"], "app");
    assert!(!app.contains_key("scp"));
    assert_eq!(user["scp"], "EntitlementManagement.Read.All");
    assert_eq!(user["idtyp"], "user");
    assert!(!user.contains_key("roles"));
}

#[test]
fn the_configuration_names_the_issuer_that_the_tokens_have() {
    let document = openid_configuration("https://localhost:8443/", TENANT, Algorithm::Es256);

    assert_eq!(document["issuer"], claims(user())["iss"]);
    for name in [
        "authorization_endpoint",
        "device_authorization_endpoint",
        "end_session_endpoint",
        "token_endpoint",
        "jwks_uri",
    ] {
        let address = document[name].as_str().unwrap();
        assert!(
            address.starts_with(&format!("{AUTHORITY}/{TENANT}/")),
            "{address}"
        );
    }
    for grant in document["grant_types_supported"].as_array().unwrap() {
        let name = grant.as_str().unwrap();
        assert_eq!(GrantType::from_name(name).unwrap().as_str(), name);
    }
    assert_eq!(GrantType::from_name("implicit"), None);
}

#[test]
fn the_answer_says_that_the_token_lives_for_an_hour() {
    let tokens = Tokens {
        access_token: "abc".to_owned(),
        ..Tokens::default()
    };

    assert!(!format!("{tokens:?}").contains("abc"));
    assert_eq!(
        tokens.body(),
        json!({ "token_type": "Bearer", "expires_in": 3_599, "ext_expires_in": 3_599, "access_token": "abc" })
    );
}

#[test]
fn an_id_token_tells_who_signed_in_to_the_client_alone() {
    let token = IdToken {
        issuer: &issuer_url(AUTHORITY, TENANT),
        tenant: TENANT,
        token_id: "t1",
        client_id: CLIENT,
        object: object(USER),
        principal_name: Some("alice@reeve.test"),
        display_name: Some("Alice"),
        mail: None,
        nonce: Some("n"),
        signed_in_at: now(),
    };

    let claims = id_token_claims(&token, later(60));

    assert_eq!(claims["aud"], CLIENT);
    assert_eq!(claims["sub"], USER);
    assert_eq!(claims["nonce"], "n");
    let seconds = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!(seconds("iat") - seconds("auth_time"), 60);
    assert!(!claims.contains_key("email"));
    // No verifier of access tokens takes it.
    let keys = keys(Algorithm::Es256);
    let signed = keys.sign(&claims).unwrap();
    assert!(verify(&verifier(&keys), &signed, later(60)).is_err());
    assert_eq!(
        client_info(object(USER), TENANT),
        "eyJ1aWQiOiIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCJ1dGlkIjoiMGFhMGQzZDQtN2M4ZS00YjhiLTlmMGEtMGQxYzJiM2E0ZjVlIn0"
    );
}

#[test]
fn what_a_client_got_is_spelt_as_it_asked() {
    let granted = PermissionSet::of(&[Permission::UserRead, Permission::DirectoryReadAll]);
    for (asked, told) in [
        ("openid profile h/User.Read", "openid profile h/User.Read"),
        ("User.Read offline_access", "User.Read"),
        ("email h/AuditLog.Read.All", "email"),
        ("h/.default", "h/User.Read h/Directory.Read.All h/.default"),
    ] {
        let mut words: Vec<String> = told.split(' ').map(str::to_owned).collect();
        let request = ScopeRequest::parse(asked).unwrap();
        let found = request.granted(granted);
        let mut found: Vec<String> = found.split(' ').map(str::to_owned).collect();
        words.sort();
        found.sort();
        assert_eq!(found, words, "{asked}");
    }
}

#[test]
fn a_second_request_gets_no_more_than_the_first_asked_for() {
    let first = ScopeRequest::parse("openid h/User.Read").unwrap();
    let all = PermissionSet::of(Permission::ALL);

    for (second, expected) in [
        (
            "openid profile offline_access h/.default",
            "openid h/User.Read",
        ),
        ("h/Directory.Read.All", ""),
        ("openid", "openid"),
    ] {
        let within = ScopeRequest::parse(second).unwrap().within(&first);
        assert_eq!(within.granted(all), expected, "{second}");
        assert!(!within.offline_access);
    }
}

#[test]
fn any_resource_may_be_asked_for_its_default() {
    for (scope, resource) in [
        ("https://graph.microsoft.com/.default", RESOURCE),
        ("https://127.0.0.1:8443/.default", "https://127.0.0.1:8443"),
        ("https://127.0.0.1/.default", "https://127.0.0.1"),
        ("https://127.0.0.1//.default", "https://127.0.0.1/"),
        (
            "openid profile api://reeve/.default offline_access",
            "api://reeve",
        ),
    ] {
        let request = ScopeRequest::parse(scope).unwrap();

        assert_eq!(request.resource.as_deref(), Some(resource));
        assert_eq!(request.asked, Asked::Default);
    }
}

#[test]
fn named_permissions_are_granted_only_as_far_as_they_were_given() {
    let request = ScopeRequest::parse(
        "https://graph.microsoft.com/User.Read https://graph.microsoft.com/EntitlementManagement.ReadWrite.All openid",
    )
    .unwrap();
    let granted = PermissionSet::of(&[Permission::UserRead, Permission::DirectoryReadAll]);

    assert!(request.openid);
    assert!(!request.offline_access);
    assert_eq!(
        request.asked.of(granted),
        PermissionSet::of(&[Permission::UserRead])
    );
    assert_eq!(Asked::Default.of(granted), granted);
    assert_eq!(
        ScopeRequest::parse("openid").unwrap().asked.of(granted),
        PermissionSet::EMPTY
    );
}

#[test]
fn scopes_of_two_resources_unknown_ones_and_none_are_invalid() {
    for scope in [
        "",
        "   ",
        "https://a/.default https://b/.default",
        "https://a/.default https://a/User.Read",
        "User.Reed",
        "/User.Read",
        "https://a/",
    ] {
        assert_eq!(
            ScopeRequest::parse(scope),
            Err(OAuthError::new(OAuthRefusal::InvalidScope)),
            "`{scope}`"
        );
    }
}

#[test]
fn refusals_have_the_form_that_clients_read_and_never_a_status_that_they_retry() {
    let body = OAuthError::new(OAuthRefusal::WrongSecret).body(now(), "trace", "correlation");

    assert_eq!(body["error"], "invalid_client");
    assert_eq!(
        body["error_description"],
        "AADSTS7000215: the client secret is not valid"
    );
    assert_eq!(body["error_codes"], json!([7_000_215]));
    assert_eq!(body["timestamp"], "2026-06-01 12:00:00Z");
    for refusal in [
        OAuthRefusal::WrongSecret,
        OAuthRefusal::SecretRequired,
        OAuthRefusal::WrongPassword,
        OAuthRefusal::AuthorizationPending,
        OAuthRefusal::MissingParameter("scope"),
        OAuthRefusal::InvalidScope,
        OAuthRefusal::UnknownTenant,
    ] {
        assert!((400..500).contains(&refusal.status()));
    }
}

#[test]
fn a_password_is_known_by_its_hash_alone() {
    for cost in [Cost::Password, Cost::RandomSecret] {
        let kept = PasswordHash::new("correct horse", [7; 16], cost).to_text();
        let hash: PasswordHash = kept.parse().unwrap();

        assert!(hash.verify("correct horse"));
        assert!(!hash.verify("correct hors"));
        assert!(!hash.verify(""));
        assert!(!kept.contains("horse"));
        assert_eq!(format!("{hash:?}"), "PasswordHash { .. }");
    }
}

#[test]
fn the_hash_is_that_of_pbkdf2_with_hmac_sha_256() {
    // Computed with Python: hashlib.pbkdf2_hmac("sha256", b"secret", bytes(range(16)), 1000).
    let salt: [u8; 16] = std::array::from_fn(|index| u8::try_from(index).unwrap());

    let hash = PasswordHash::new("secret", salt, Cost::RandomSecret);

    assert_eq!(hash.to_text(), EXPECTED_HASH);
}

const EXPECTED_HASH: &str =
    "pbkdf2-sha256$1000$AAECAwQFBgcICQoLDA0ODw$Tvsru20utY6o3q7VRBeuL9h_1QqKhWhwk2PaYNRWBgY";

#[test]
fn salts_and_secrets_differ_each_time() {
    assert_ne!(random_salt().unwrap(), random_salt().unwrap());
    let (one, other) = (random_secret().unwrap(), random_secret().unwrap());
    assert_ne!(one, other);
    assert_eq!(one.len(), 43);
}

#[test]
fn texts_that_are_no_hashes_are_refused() {
    let good = PasswordHash::new("x", [0; 16], Cost::RandomSecret).to_text();
    for text in [
        String::new(),
        "x".to_owned(),
        good.replace("pbkdf2-sha256", "md5"),
        good.replace("$1000$", "$0$"),
        good.replace("$1000$", "$4000000000$"),
        format!("{good}$"),
        good[..good.len() - 2].to_owned(),
    ] {
        assert!(text.parse::<PasswordHash>().is_err(), "{text}");
    }
    assert!(good.parse::<PasswordHash>().is_ok());
}

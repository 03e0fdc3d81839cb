//! Tokens that must not pass, each differing in one thing from one that does.

use auth::principal::{DirectoryRole, Kind, Permission, Verified};
use auth::token::{
    Algorithm, ConfigError, IssuerConfig, KeySource, MAX_TOKEN_BYTES, SignatureAlgorithm,
    TokenError, Verifier, bearer,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::time::Timestamp;
use jsonwebtoken::{EncodingKey, Header};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use serde_json::{Value, json};

use crate::support::{
    APP, AUDIENCE, CLIENT, ISSUER, TENANT, USER, config, keys, later, now, object, principal,
    user_claims, verifier, verify, with,
};

/// What the verifier says to these claims, properly signed.
fn outcome(claims: &Value) -> Result<Verified, TokenError> {
    outcome_at(claims, now())
}

fn outcome_at(claims: &Value, at: Timestamp) -> Result<Verified, TokenError> {
    let keys = keys(Algorithm::Es256);
    verify(&verifier(&keys), &keys.sign(claims).unwrap(), at)
}

fn part(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

#[test]
fn a_users_token_of_either_algorithm_tells_who_calls_and_with_what() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let keys = keys(algorithm);
        let claims = with(
            user_claims(),
            "wids",
            json!(["F2EF992C-3AFB-46B9-B7CF-A126EE74C451", "unknown"]),
        );

        let token = keys.sign(&claims).unwrap();
        let principal = principal(verify(&verifier(&keys), &token, now()).unwrap());

        assert_eq!(
            principal.kind,
            Kind::Delegated {
                user: object(USER),
                client_id: Some(CLIENT.to_owned()),
            }
        );
        let scopes: Vec<Permission> = principal.scopes().iter().collect();
        assert_eq!(
            scopes,
            [
                Permission::EntitlementManagementReadWriteAll,
                Permission::UserRead
            ]
        );
        assert_eq!(
            principal.token.directory_roles,
            [DirectoryRole::GlobalReader]
        );
        assert_eq!(principal.token.tenant.as_deref(), Some(TENANT));
        assert_eq!(principal.token.token_id.as_deref(), Some("token-1"));
        assert_eq!(&*principal.token.issuer, ISSUER);
    }
}

#[test]
fn an_applications_token_carries_its_roles() {
    let claims = with(user_claims(), "scp", Value::Null);
    let claims = with(claims, "oid", json!(APP));
    let claims = with(
        claims,
        "roles",
        json!(["EntitlementManagement.Read.All", "Other"]),
    );

    for claims in [
        with(claims.clone(), "idtyp", json!("app")),
        with(claims, "sub", json!(APP)),
    ] {
        let principal = principal(outcome(&claims).unwrap());

        assert_eq!(
            principal.kind,
            Kind::Application {
                object: object(APP),
                client_id: CLIENT.to_owned(),
            }
        );
        assert!(
            principal
                .scopes()
                .contains(Permission::EntitlementManagementReadAll)
        );
    }
}

#[test]
fn roles_in_a_users_token_are_no_permissions() {
    let claims = with(user_claims(), "scp", json!("User.Read"));
    let claims = with(
        claims,
        "roles",
        json!(["EntitlementManagement.ReadWrite.All"]),
    );

    let principal = principal(outcome(&claims).unwrap());

    assert!(!principal.is_application());
    assert!(
        !principal
            .scopes()
            .contains(Permission::EntitlementManagementReadWriteAll)
    );
}

#[test]
fn a_token_cannot_be_a_users_and_an_applications_at_once() {
    for kind in ["app", "device"] {
        assert_eq!(
            outcome(&with(user_claims(), "idtyp", json!(kind))),
            Err(TokenError::UnsupportedKind)
        );
    }
}

#[test]
fn an_unsigned_token_is_refused() {
    let keys = keys(Algorithm::Es256);
    for algorithm in ["none", "None", "NONE", ""] {
        let header = json!({ "alg": algorithm, "typ": "JWT", "kid": keys.kid() });
        let token = format!(
            "{}.{}.",
            part(&header.to_string()),
            part(&user_claims().to_string())
        );

        assert_eq!(
            verify(&verifier(&keys), &token, now()),
            Err(TokenError::AlgorithmNotAllowed)
        );
    }
}

#[test]
fn a_public_key_is_never_taken_for_a_secret() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let keys = keys(algorithm);
        let jwks = keys.jwks();
        let public = &jwks["keys"][0];
        let secrets = [
            public.to_string(),
            public["x"]
                .as_str()
                .or(public["n"].as_str())
                .unwrap()
                .to_owned(),
            jwks.to_string(),
        ];
        for secret in secrets {
            let mut header = Header::new(jsonwebtoken::Algorithm::HS256);
            header.kid = Some(keys.kid().to_owned());
            let key = EncodingKey::from_secret(secret.as_bytes());
            let token = jsonwebtoken::encode(&header, &user_claims(), &key).unwrap();

            assert_eq!(
                verify(&verifier(&keys), &token, now()),
                Err(TokenError::AlgorithmNotAllowed)
            );
        }
    }
}

#[test]
fn a_key_is_for_one_algorithm_only() {
    // The header says RS256, the key of that id is an ES256 one.
    let (own, foreign) = (keys(Algorithm::Es256), keys(Algorithm::Rs256));
    let token = foreign.sign(&user_claims()).unwrap();
    let (_, rest) = token.split_once('.').unwrap();
    let header = json!({ "alg": "RS256", "kid": own.kid() });

    let forged = format!("{}.{rest}", part(&header.to_string()));

    assert_eq!(
        verify(&verifier(&own), &forged, now()),
        Err(TokenError::AlgorithmNotAllowed)
    );
}

#[test]
fn an_algorithm_that_the_issuer_may_not_use_is_refused() {
    let keys = keys(Algorithm::Rs256);
    let mut config = config(&keys);
    config.algorithms = vec![SignatureAlgorithm::Es256];
    let verifier = Verifier::new(vec![config]).unwrap();

    let token = keys.sign(&user_claims()).unwrap();

    assert_eq!(
        verify(&verifier, &token, now()),
        Err(TokenError::AlgorithmNotAllowed)
    );
}

#[test]
fn another_issuer_audience_or_tenant_is_refused() {
    let claims = user_claims();
    for (name, value, error) in [
        (
            "iss",
            json!(format!("{ISSUER}/")),
            TokenError::UnknownIssuer,
        ),
        ("iss", Value::Null, TokenError::UnknownIssuer),
        (
            "aud",
            json!("https://graph.example.evil"),
            TokenError::WrongAudience,
        ),
        ("aud", json!(["a", "b"]), TokenError::WrongAudience),
        ("aud", json!([]), TokenError::WrongAudience),
        ("aud", Value::Null, TokenError::WrongAudience),
        (
            "tid",
            json!("9188040d-6c67-4c5b-b112-36a304b66dad"),
            TokenError::PersonalAccount,
        ),
        (
            "tid",
            json!("9188040D-6C67-4C5B-B112-36A304B66DAD"),
            TokenError::PersonalAccount,
        ),
    ] {
        assert_eq!(
            outcome(&with(claims.clone(), name, value)),
            Err(error),
            "{name}"
        );
    }
}

#[test]
fn the_audience_may_be_one_of_a_list() {
    let claims = with(user_claims(), "aud", json!(["other", AUDIENCE]));

    assert!(outcome(&claims).is_ok());
}

#[test]
fn a_configured_tenant_must_be_that_of_the_token() {
    let keys = keys(Algorithm::Es256);
    let mut config = config(&keys);
    config.tenant = Some(TENANT.to_uppercase());
    let verifier = Verifier::new(vec![config]).unwrap();
    let says = |claims: &Value| verify(&verifier, &keys.sign(claims).unwrap(), now());

    assert!(says(&user_claims()).is_ok());
    for tenant in [json!(USER), Value::Null] {
        assert_eq!(
            says(&with(user_claims(), "tid", tenant)),
            Err(TokenError::WrongTenant)
        );
    }
}

#[test]
fn time_is_checked_with_a_minute_of_skew() {
    let claims = user_claims();
    for (at, outcome) in [
        (-61, Err(TokenError::NotYetValid)),
        (-60, Ok(())),
        (3_659, Ok(())),
        (3_660, Err(TokenError::Expired)),
    ] {
        assert_eq!(outcome_at(&claims, later(at)).map(|_| ()), outcome, "{at}");
    }
}

#[test]
fn a_remembered_token_still_expires_and_still_starts() {
    let keys = keys(Algorithm::Es256);
    let verifier = verifier(&keys);
    let token = keys.sign(&user_claims()).unwrap();

    assert!(verify(&verifier, &token, now()).is_ok());

    assert_eq!(
        verify(&verifier, &token, later(3_660)),
        Err(TokenError::Expired)
    );
    assert_eq!(
        verify(&verifier, &token, later(-61)),
        Err(TokenError::NotYetValid)
    );
    assert!(verify(&verifier, &token, later(60)).is_ok());
}

#[test]
fn a_remembered_token_gives_the_very_same_principal() {
    let keys = keys(Algorithm::Es256);
    let verifier = verifier(&keys);
    let token = keys.sign(&user_claims()).unwrap();

    let first = principal(verify(&verifier, &token, now()).unwrap());
    let second = principal(verify(&verifier, &token, now()).unwrap());

    assert!(std::sync::Arc::ptr_eq(&first, &second));
}

#[test]
fn a_token_without_an_end_is_refused() {
    assert_eq!(
        outcome(&with(user_claims(), "exp", Value::Null)),
        Err(TokenError::MissingClaim { name: "exp".into() })
    );
}

#[test]
fn claims_of_the_wrong_type_are_refused_by_name() {
    for (name, value) in [
        ("exp", json!("tomorrow")),
        ("exp", json!(1e300)),
        ("nbf", json!(true)),
        ("aud", json!(7)),
        ("oid", json!("alice")),
        ("tid", json!([TENANT])),
        ("scp", json!([7])),
        ("typ", json!(["Bearer"])),
        ("wids", json!({})),
        ("azp", json!(1)),
    ] {
        assert_eq!(
            outcome(&with(user_claims(), name, value)),
            Err(TokenError::MalformedClaim { name: name.into() })
        );
    }
}

#[test]
fn times_may_have_a_fraction() {
    let expires = 0.5 + 3_600.0 + 1_780_315_200.0;
    assert!(outcome(&with(user_claims(), "exp", json!(expires))).is_ok());
}

#[test]
fn an_unknown_key_and_a_key_of_another_issuer_are_refused() {
    let (own, other) = (keys(Algorithm::Es256), keys(Algorithm::Es256));
    let mut second = config(&other);
    second.issuer = "https://second.example".to_owned();
    let verifier = Verifier::new(vec![config(&own), second]).unwrap();

    // Signed by the second issuer's key, in the name of the first.
    let token = other.sign(&user_claims()).unwrap();

    assert_eq!(
        verify(&verifier, &token, now()),
        Err(TokenError::UnknownKey)
    );
}

#[test]
fn a_foreign_signature_under_a_known_key_id_is_refused() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let (own, foreign) = (keys(algorithm), keys(algorithm));
        let good = own.sign(&user_claims()).unwrap();
        let (header, _) = good.split_once('.').unwrap();
        let forged = foreign.sign(&user_claims()).unwrap();
        let (_, rest) = forged.split_once('.').unwrap();

        let token = format!("{header}.{rest}");

        assert_eq!(
            verify(&verifier(&own), &token, now()),
            Err(TokenError::BadSignature)
        );
    }
}

#[test]
fn changed_claims_break_the_signature() {
    let keys = keys(Algorithm::Es256);
    let token = keys.sign(&user_claims()).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let claims = with(user_claims(), "oid", json!(APP));

    let forged = format!("{}.{}.{}", parts[0], part(&claims.to_string()), parts[2]);

    assert_eq!(
        verify(&verifier(&keys), &forged, now()),
        Err(TokenError::BadSignature)
    );
}

#[test]
fn a_claim_or_header_that_occurs_twice_is_refused() {
    let keys = keys(Algorithm::Es256);
    let header = json!({ "alg": "ES256", "kid": keys.kid() }).to_string();
    let claims = user_claims().to_string();
    let twice = |json: &str, member: &str| json.replacen('{', &format!("{{{member},"), 1);
    for (header, claims) in [
        (header.clone(), twice(&claims, r#""oid":"x""#)),
        (header.clone(), twice(&claims, r#""\u006fid":"x""#)),
        (
            header.clone(),
            twice(&claims, r#""a":[{"b":{"c":1,"c":2}}]"#),
        ),
        (twice(&header, r#""alg":"none""#), claims.clone()),
    ] {
        let token = format!("{}.{}.AAAA", part(&header), part(&claims));

        assert_eq!(
            verify(&verifier(&keys), &token, now()),
            Err(TokenError::Duplicate)
        );
    }
}

#[test]
fn a_header_without_key_or_with_demands_is_refused() {
    let keys = keys(Algorithm::Es256);
    let claims = part(&user_claims().to_string());
    for (header, error) in [
        (json!({ "alg": "ES256" }), TokenError::MissingKeyId),
        (
            json!({ "alg": "ES256", "kid": keys.kid(), "crit": ["b64"], "b64": false }),
            TokenError::CriticalExtension,
        ),
        (
            json!({ "alg": "ES256", "kid": keys.kid(), "b64": true }),
            TokenError::CriticalExtension,
        ),
        (
            json!({ "alg": "ES256", "kid": keys.kid(), "cty": "JWT" }),
            TokenError::UnsupportedKind,
        ),
        (
            json!({ "alg": "ES256", "kid": keys.kid(), "enc": "A128GCM" }),
            TokenError::UnsupportedKind,
        ),
        (json!({ "kid": keys.kid() }), TokenError::Malformed),
        (
            json!({ "alg": 1, "kid": keys.kid() }),
            TokenError::Malformed,
        ),
        (json!(["ES256"]), TokenError::Malformed),
    ] {
        let token = format!("{}.{claims}.AAAA", part(&header.to_string()));

        assert_eq!(verify(&verifier(&keys), &token, now()), Err(error));
    }
}

#[test]
fn a_key_that_the_token_brings_or_points_at_does_not_count() {
    let (own, foreign) = (keys(Algorithm::Es256), keys(Algorithm::Es256));
    let verifier = verifier(&own);
    let key = foreign.jwks()["keys"][0].clone();
    for (name, value) in [
        ("jwk", key),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/chain")),
        ("x5c", json!(["AAAA"])),
    ] {
        for (kid, error) in [
            (foreign.kid(), TokenError::UnknownKey),
            (own.kid(), TokenError::BadSignature),
        ] {
            let token = foreign.sign(&user_claims()).unwrap();
            let parts: Vec<&str> = token.split('.').collect();
            let header = with(json!({ "alg": "ES256", "kid": kid }), name, value.clone());
            let forged = format!("{}.{}.{}", part(&header.to_string()), parts[1], parts[2]);

            assert_eq!(verify(&verifier, &forged, now()), Err(error), "{name}");
        }
    }
}

#[test]
fn what_is_not_an_access_token_is_refused_where_it_can_be_told() {
    for (name, value) in [
        ("nonce", json!("n")),
        ("at_hash", json!("h")),
        ("c_hash", json!("h")),
        ("s_hash", json!("h")),
        ("typ", json!("ID")),
        ("typ", json!("Refresh")),
        ("token_use", json!("id")),
        ("events", json!({})),
    ] {
        assert_eq!(
            outcome(&with(user_claims(), name, value)),
            Err(TokenError::UnsupportedKind),
            "{name}"
        );
    }
    // Some issuers copy the nonce into access tokens, and say which is which.
    let bearer = with(user_claims(), "typ", json!("Bearer"));
    assert!(outcome(&with(bearer, "nonce", json!("n"))).is_ok());
    let access = with(user_claims(), "token_use", json!("access"));
    assert!(outcome(&access).is_ok());
}

#[test]
fn the_type_of_the_header_is_that_of_an_access_token() {
    let keys = keys(Algorithm::Es256);
    let mut strict = config(&keys);
    strict.requires_token_type = true;
    let (lax, strict) = (verifier(&keys), Verifier::new(vec![strict]).unwrap());
    let says = |verifier: &Verifier, kind: &str| {
        let token = keys.sign_as(kind, &user_claims()).unwrap();
        verify(verifier, &token, now()).map(|_| ())
    };

    for kind in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        assert_eq!(says(&lax, kind), Ok(()), "{kind}");
        assert_eq!(says(&strict, kind), Ok(()), "{kind}");
    }
    assert_eq!(says(&lax, "JWT"), Ok(()));
    assert_eq!(says(&strict, "JWT"), Err(TokenError::UnsupportedKind));
    for kind in ["logout+jwt", "secevent+jwt", "dpop+jwt", "id_token", ""] {
        assert_eq!(says(&lax, kind), Err(TokenError::UnsupportedKind), "{kind}");
    }
}

#[test]
fn a_token_in_a_token_and_anything_behind_it_are_refused() {
    let keys = keys(Algorithm::Es256);
    let verifier = verifier(&keys);
    let good = keys.sign(&user_claims()).unwrap();
    let header = json!({ "alg": "ES256", "kid": keys.kid() }).to_string();
    for token in [
        format!("{}.{}.AAAA", part(&header), part(&good)),
        format!("{}.{}.AAAA", part(&header), part(&format!("\"{good}\""))),
        format!("{good}."),
        format!("{good}.AAAA"),
        format!("{good} "),
        format!("{good}="),
        format!("{good}\u{e4}"),
        format!(".{good}"),
        good.replace('.', ".."),
    ] {
        assert!(
            matches!(
                verify(&verifier, &token, now()),
                Err(TokenError::Malformed | TokenError::BadSignature)
            ),
            "{token}"
        );
    }
}

#[test]
fn each_algorithm_that_is_allowed_verifies_with_a_key_of_its_type_alone() {
    crate::signers::each(|algorithm, jwk, sign| {
        let source = KeySource::Static(json!({ "keys": [jwk] }));
        let mut config = IssuerConfig::new(ISSUER, &[AUDIENCE], source);
        config.algorithms = vec![algorithm];
        let verifier = Verifier::new(vec![config]).unwrap();
        for other in SignatureAlgorithm::ALL.iter().copied() {
            let header = json!({ "alg": other.as_str(), "kid": "k" }).to_string();
            let signed = format!("{}.{}", part(&header), part(&user_claims().to_string()));
            let token = format!("{signed}.{}", sign(signed.as_bytes()));

            let found = verify(&verifier, &token, now());

            if other == algorithm {
                assert!(found.is_ok(), "{algorithm:?}: {found:?}");
            } else {
                assert_eq!(
                    found,
                    Err(TokenError::AlgorithmNotAllowed),
                    "{algorithm:?} {other:?}"
                );
            }
        }
    });
}

#[test]
fn all_algorithms_at_once_do_not_let_a_key_be_used_for_that_of_another() {
    crate::signers::each(|algorithm, jwk, sign| {
        let source = KeySource::Static(json!({ "keys": [jwk] }));
        let mut config = IssuerConfig::new(ISSUER, &[AUDIENCE], source);
        config.algorithms = SignatureAlgorithm::ALL.to_vec();
        let verifier = Verifier::new(vec![config]).unwrap();
        for other in SignatureAlgorithm::ALL.iter().copied() {
            let header = json!({ "alg": other.as_str(), "kid": "k" }).to_string();
            let signed = format!("{}.{}", part(&header), part(&user_claims().to_string()));
            let token = format!("{signed}.{}", sign(signed.as_bytes()));

            let found = verify(&verifier, &token, now());

            assert_eq!(
                found.is_ok(),
                other == algorithm,
                "{algorithm:?} {other:?}: {found:?}"
            );
        }
    });
}

#[test]
fn a_token_of_a_megabyte_is_not_even_read() {
    let keys = keys(Algorithm::Es256);
    let claims = with(user_claims(), "filler", json!("x".repeat(1 << 20)));
    let verifier = verifier(&keys);

    assert_eq!(
        verify(&verifier, &keys.sign(&claims).unwrap(), now()),
        Err(TokenError::TooLarge)
    );
    assert_eq!(
        verify(&verifier, &"a".repeat(MAX_TOKEN_BYTES), now()),
        Err(TokenError::Malformed)
    );
}

#[test]
fn deeply_nested_json_is_refused() {
    let keys = keys(Algorithm::Es256);
    let claims = format!(r#"{{"a":{}}}"#, "[".repeat(5_000));
    let header = json!({ "alg": "ES256", "kid": keys.kid() });
    let token = format!("{}.{}.AAAA", part(&header.to_string()), part(&claims));

    assert_eq!(
        verify(&verifier(&keys), &token, now()),
        Err(TokenError::Malformed)
    );
}

#[test]
fn authorization_headers_are_read_whatever_the_case_of_bearer() {
    assert_eq!(bearer("Bearer abc"), Ok("abc"));
    assert_eq!(bearer("bearer  abc "), Ok("abc"));
    for header in ["", "Bearer", "Basic abc", "abc"] {
        assert_eq!(bearer(header), Err(TokenError::NotBearer), "{header}");
    }
}

#[test]
fn challenges_are_stable_and_never_name_claims_as_a_parameter() {
    assert_eq!(TokenError::Missing.challenge(), "Bearer");
    assert_eq!(
        TokenError::Expired.challenge(),
        "Bearer error=\"invalid_token\", error_description=\"the token has expired\""
    );
    let odd = TokenError::MissingClaim {
        name: "o\"i\r\nd".into(),
    };
    assert_eq!(
        odd.challenge(),
        "Bearer error=\"invalid_token\", error_description=\"the claim oid is missing\""
    );
}

#[test]
fn configurations_that_let_nobody_or_everybody_in_are_refused() {
    let keys = keys(Algorithm::Es256);
    let good = config(&keys);
    let refused = |change: fn(&mut IssuerConfig)| {
        let mut config = good.clone();
        change(&mut config);
        Verifier::new(vec![config]).unwrap_err()
    };
    let discovery = || KeySource::Discovery {
        authorities: Vec::new(),
    };
    let insecure = |issuer: &str| {
        let config = IssuerConfig::new(issuer, &[AUDIENCE], discovery());
        matches!(
            Verifier::new(vec![config]),
            Err(ConfigError::Insecure { .. })
        )
    };

    assert!(matches!(
        refused(|config| config.audiences.clear()),
        ConfigError::NoAudience { .. }
    ));
    assert!(matches!(
        refused(|config| config.algorithms.clear()),
        ConfigError::NoAlgorithm { .. }
    ));
    assert!(matches!(
        refused(|config| config.keys = KeySource::Static(json!({ "keys": [] }))),
        ConfigError::NoKeys { .. }
    ));
    assert!(matches!(
        Verifier::new(vec![good.clone(), good.clone()]),
        Err(ConfigError::DuplicateIssuer { .. })
    ));
    assert!(insecure("http://issuer.example"));
    assert!(insecure("file:///etc/passwd"));
    assert!(!insecure("http://127.0.0.1:1"));
    assert!(!insecure("https://issuer.example"));
}

#[test]
fn symmetric_weak_and_encryption_keys_are_left_out_of_a_key_set() {
    let good = keys(Algorithm::Es256).jwks()["keys"][0].clone();
    let with_member = |name: &str, value: Value| with(good.clone(), name, value);
    for key in [
        json!({ "kty": "oct", "kid": "k", "k": "AAAA", "alg": "HS256" }),
        json!({ "kty": "RSA", "kid": "k", "n": "AQAB", "e": "AQAB" }),
        with_member("use", json!("enc")),
        with_member("alg", json!("RS256")),
        with_member("kid", Value::Null),
        json!("nonsense"),
    ] {
        let keys = KeySource::Static(json!({ "keys": [key.clone()] }));
        let config = IssuerConfig::new(ISSUER, &[AUDIENCE], keys);

        assert!(
            matches!(Verifier::new(vec![config]), Err(ConfigError::NoKeys { .. })),
            "{key}"
        );
    }
}

#[test]
fn one_byte_changed_anywhere_is_always_refused() {
    let keys = keys(Algorithm::Es256);
    let verifier = verifier(&keys);
    let token = keys.sign(&user_claims()).unwrap();
    assert!(verify(&verifier, &token, now()).is_ok());

    for position in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(bytes).unwrap();

        assert!(
            verify(&verifier, &forged, now()).is_err(),
            "changed at {position}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn garbage_is_refused_without_a_panic(
        text in ".{0,200}",
        header in prop::collection::vec(any::<u8>(), 0..60),
        payload in prop::collection::vec(any::<u8>(), 0..60),
        signature in prop::collection::vec(any::<u8>(), 0..90),
    ) {
        let config = IssuerConfig::new(ISSUER, &[AUDIENCE], KeySource::Static(json!({
            "keys": [{
                "kty": "EC", "crv": "P-256", "kid": "k", "use": "sig",
                "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            }],
        })));
        let verifier = Verifier::new(vec![config]).unwrap();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let believable = part(r#"{"alg":"ES256","kid":"k"}"#);
        let claims = part(&user_claims().to_string());
        for token in [
            text,
            format!("{}.{}.{}", encode(&header), encode(&payload), encode(&signature)),
            format!("{believable}.{}.{}", encode(&payload), encode(&signature)),
            format!("{believable}.{claims}.{}", encode(&signature)),
        ] {
            assert!(verify(&verifier, &token, now()).is_err());
        }
    }
}

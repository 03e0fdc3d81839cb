//! Tokens that only their issuer can read: it is asked about them (RFC 7662).

use std::sync::Arc;

use auth::principal::{Lookup, UserAttribute, Verified};
use auth::token::{
    Algorithm, ApplicationSign, ConfigError, IntrospectionConfig, IssuerConfig, KeySource,
    TokenError, Verifier,
};
use domain::time::{Duration, Timestamp};
use serde_json::{Value, json};

use crate::fake_issuer::{FakeIssuer, Mood};
use crate::support::{AUDIENCE, CLIENT, keys, later, now, with};

/// Opaque, with the letters that RFC 6750 allows.
const TOKEN: &str = "0paque.Token-of_some~kind";

fn introspection(endpoint: Option<String>) -> IntrospectionConfig {
    IntrospectionConfig {
        endpoint,
        client_id: "reeve".to_owned(),
        client_secret: "whisper".into(),
        cache_for: Duration::from_secs(60),
    }
}

fn config_of(issuer: &FakeIssuer) -> IssuerConfig {
    let discovery = KeySource::Discovery {
        authorities: Vec::new(),
    };
    let mut config = IssuerConfig::new(&issuer.url(), &[AUDIENCE], discovery);
    config.user.claim = "username".to_owned();
    config.user.by = UserAttribute::UserPrincipalName;
    config.application.sign = ApplicationSign::NoUser;
    config.introspection = Some(introspection(None));
    config
}

fn verifier(issuer: &FakeIssuer) -> Verifier {
    Verifier::new(vec![config_of(issuer)]).unwrap()
}

/// What an issuer says of alice's token, with a time that has a fraction, as some write it.
fn active() -> Value {
    let seconds = i32::try_from(later(600).micros() / 1_000_000).unwrap();
    let expires = f64::from(seconds) + 0.25;
    json!({
        "active": true,
        "username": "alice@example.com",
        "client_id": "any",
        "token_type": "Bearer",
        "aud": ["other", AUDIENCE],
        "scope": "openid EntitlementManagement.Read.All",
        "exp": expires,
    })
}

async fn outcome(verifier: &Verifier, token: &str, at: Timestamp) -> Result<(), TokenError> {
    verifier.verify(token, at).await.map(|_| ())
}

#[tokio::test]
async fn an_opaque_token_is_whose_the_issuer_says() {
    let issuer = FakeIssuer::start(&[]);
    let verifier = verifier(&issuer);
    issuer.says_of(TOKEN, active());
    let application = with(active(), "username", Value::Null);
    issuer.says_of("service", with(application, "client_id", json!(CLIENT)));

    let user = verifier.verify(TOKEN, now()).await.unwrap();
    let service = verifier.verify("service", now()).await.unwrap();

    let lookup = |found: Verified| match found {
        Verified::Unbound(caller) => caller.lookup.clone(),
        Verified::Principal(principal) => panic!("{principal:?}"),
    };
    assert_eq!(
        lookup(user),
        Lookup::User {
            by: UserAttribute::UserPrincipalName,
            value: "alice@example.com".to_owned()
        }
    );
    assert_eq!(
        lookup(service),
        Lookup::Application {
            app_id: CLIENT.parse().unwrap()
        }
    );
    // base64 of `reeve:whisper`
    assert_eq!(
        issuer.questions().first().unwrap(),
        &(
            "Basic cmVldmU6d2hpc3Blcg==".to_owned(),
            format!("token={TOKEN}&token_type_hint=access_token").replace('~', "%7E")
        )
    );
}

#[tokio::test]
async fn what_the_issuer_says_is_checked_like_signed_claims() {
    let issuer = FakeIssuer::start(&[]);
    let verifier = verifier(&issuer);
    let past = later(-600).micros() / 1_000_000;
    let ahead = later(600).micros() / 1_000_000;
    let malformed = |name: &str| TokenError::MalformedClaim {
        name: name.to_owned(),
    };
    for (number, (name, value, error)) in [
        ("active", json!(false), TokenError::Inactive),
        ("aud", json!("another"), TokenError::WrongAudience),
        ("aud", Value::Null, TokenError::WrongAudience),
        ("exp", json!(past), TokenError::Expired),
        ("nbf", json!(ahead), TokenError::NotYetValid),
        (
            "iss",
            json!("http://127.0.0.1:1"),
            TokenError::UnknownIssuer,
        ),
        (
            "token_type",
            json!("refresh_token"),
            TokenError::UnsupportedKind,
        ),
        ("typ", json!("Refresh"), TokenError::UnsupportedKind),
        (
            "tid",
            json!("9188040d-6c67-4c5b-b112-36a304b66dad"),
            TokenError::PersonalAccount,
        ),
        ("username", json!(7), malformed("username")),
    ]
    .into_iter()
    .enumerate()
    {
        let token = format!("token{number}");
        issuer.says_of(&token, with(active(), name, value));

        assert_eq!(
            outcome(&verifier, &token, now()).await,
            Err(error),
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_answer_counts_as_long_as_configured_and_never_longer_than_the_token() {
    let issuer = FakeIssuer::start(&[]);
    let verifier = verifier(&issuer);
    let short = later(30).micros() / 1_000_000 - 60;
    issuer.says_of(TOKEN, active());
    issuer.says_of("short", with(active(), "exp", json!(short)));
    issuer.says_of("endless", with(active(), "exp", Value::Null));

    for token in [TOKEN, "short", "endless"] {
        for second in [0, 29] {
            assert_eq!(outcome(&verifier, token, later(second)).await, Ok(()));
        }
    }
    assert_eq!(issuer.questions().len(), 3, "each was asked about once");

    assert_eq!(
        outcome(&verifier, "short", later(30)).await,
        Err(TokenError::Expired)
    );
    for token in [TOKEN, "endless"] {
        assert_eq!(outcome(&verifier, token, later(59)).await, Ok(()));
    }
    assert_eq!(issuer.questions().len(), 4);
    for token in [TOKEN, "endless"] {
        issuer.says_of(token, json!({ "active": false }));
        assert_eq!(
            outcome(&verifier, token, later(60)).await,
            Err(TokenError::Inactive)
        );
    }
}

#[tokio::test]
async fn what_is_not_active_is_not_asked_about_again_and_again() {
    let issuer = FakeIssuer::start(&[]);
    let verifier = verifier(&issuer);

    for second in 0..60 {
        assert_eq!(
            outcome(&verifier, TOKEN, later(second)).await,
            Err(TokenError::Inactive)
        );
    }

    assert_eq!(issuer.questions().len(), 1);
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_a_temporary_fault_and_left_alone_for_a_moment() {
    let issuer = FakeIssuer::start(&[]);
    issuer.says_of(TOKEN, active());
    for (number, mood) in [Mood::Down, Mood::Redirecting, Mood::Verbose, Mood::Empty]
        .into_iter()
        .enumerate()
    {
        let verifier = verifier(&issuer);
        let before = issuer.questions().len();
        issuer.become_of_mood(Mood::Well);
        assert_eq!(
            outcome(&verifier, "warm-up", now()).await,
            Err(TokenError::Inactive)
        );
        issuer.become_of_mood(mood);

        let refused = outcome(&verifier, TOKEN, now()).await.unwrap_err();

        assert_eq!(refused, TokenError::IssuerUnavailable, "{number}");
        assert!(refused.is_temporary());
        issuer.become_of_mood(Mood::Well);
        assert_eq!(
            outcome(&verifier, TOKEN, later(1)).await,
            Err(TokenError::IssuerUnavailable)
        );
        assert_eq!(issuer.questions().len(), before + 2, "it was left alone");
        assert_eq!(outcome(&verifier, TOKEN, later(2)).await, Ok(()));
    }
}

#[tokio::test]
async fn an_answer_goes_on_through_an_outage_until_it_is_old() {
    let issuer = FakeIssuer::start(&[]);
    let verifier = verifier(&issuer);
    issuer.says_of(TOKEN, active());
    assert_eq!(outcome(&verifier, TOKEN, now()).await, Ok(()));

    issuer.become_of_mood(Mood::Down);

    assert_eq!(outcome(&verifier, TOKEN, later(59)).await, Ok(()));
    assert_eq!(
        outcome(&verifier, TOKEN, later(60)).await,
        Err(TokenError::IssuerUnavailable)
    );
}

#[tokio::test]
async fn an_issuer_that_names_no_address_for_questions_cannot_be_asked() {
    let issuer = FakeIssuer::start(&[]);
    issuer.become_of_mood(Mood::Silent);
    issuer.says_of(TOKEN, active());

    assert_eq!(
        outcome(&verifier(&issuer), TOKEN, now()).await,
        Err(TokenError::IssuerUnavailable)
    );

    let mut config = config_of(&issuer);
    let endpoint = format!("{}/introspect", issuer.url());
    config.introspection = Some(introspection(Some(endpoint)));
    let told = Verifier::new(vec![config]).unwrap();
    assert_eq!(outcome(&told, TOKEN, now()).await, Ok(()));
}

#[tokio::test]
async fn the_token_goes_only_where_nobody_can_read_along() {
    let issuer = FakeIssuer::start(&[]);
    for endpoint in ["http://issuer.example/introspect", "ftp://127.0.0.1/", "x"] {
        let mut config = config_of(&issuer);
        config.introspection = Some(introspection(Some(endpoint.to_owned())));

        assert!(matches!(
            Verifier::new(vec![config]),
            Err(ConfigError::InsecureIntrospection { .. })
        ));
    }
}

#[tokio::test]
async fn an_opaque_token_without_anybody_to_ask_is_refused() {
    let issuer = FakeIssuer::start(&[]);
    let mut config = config_of(&issuer);
    config.introspection = None;
    let verifier = Verifier::new(vec![config]).unwrap();

    assert_eq!(
        outcome(&verifier, TOKEN, now()).await,
        Err(TokenError::Malformed)
    );
    assert_eq!(issuer.questions(), []);
}

#[tokio::test]
async fn web_tokens_and_nonsense_are_never_asked_about() {
    let own = keys(Algorithm::Es256);
    let issuer = FakeIssuer::start(&[&own]);
    let verifier = verifier(&issuer);
    let forged = keys(Algorithm::Es256)
        .sign(&json!({ "iss": issuer.url() }))
        .unwrap();
    for token in [
        forged.as_str(),
        "eyJhbGciOiJub25lIn0",
        "eyJhbGciOiJub25lIn0..",
        "two words",
        "quoted\"",
        "umlaut-ü",
    ] {
        assert!(outcome(&verifier, token, now()).await.is_err(), "{token}");
    }

    assert_eq!(issuer.questions(), []);
}

#[tokio::test]
async fn the_issuers_are_asked_one_after_the_other() {
    let (first, second) = (FakeIssuer::start(&[]), FakeIssuer::start(&[]));
    second.says_of(TOKEN, active());
    let verifier = Verifier::new(vec![config_of(&first), config_of(&second)]).unwrap();

    assert_eq!(outcome(&verifier, TOKEN, now()).await, Ok(()));
    assert_eq!(
        outcome(&verifier, "nobody's", now()).await,
        Err(TokenError::Malformed)
    );
    assert_eq!(
        outcome(&verifier, "nobodys", now()).await,
        Err(TokenError::Inactive)
    );
    // Where one is out, a token that no other knows may still be good.
    first.become_of_mood(Mood::Down);
    assert_eq!(
        outcome(&verifier, "unheard-of", now()).await,
        Err(TokenError::IssuerUnavailable)
    );
    second.says_of("its-own", active());
    assert_eq!(outcome(&verifier, "its-own", later(10)).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_with_one_token_ask_once() {
    let issuer = FakeIssuer::start(&[]);
    let verifier = Arc::new(verifier(&issuer));
    issuer.says_of(TOKEN, active());

    let calls: Vec<_> = (0..32)
        .map(|_| {
            let verifier = Arc::clone(&verifier);
            tokio::spawn(async move { outcome(&verifier, TOKEN, now()).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Ok(()));
    }

    assert_eq!(issuer.questions().len(), 1);
}

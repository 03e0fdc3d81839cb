//! Keys that change, vanish or cannot be had.

use auth::keys::Keys;
use auth::token::{Algorithm, IssuerConfig, KeyRing, KeySource, TokenError, Verifier};
use domain::time::Timestamp;
use serde_json::json;

use crate::fake_issuer::{FakeIssuer, Mood};
use crate::support::{AUDIENCE, keys, later, now, user_claims, with};

fn verifier(issuer: &FakeIssuer) -> Verifier {
    Verifier::new(vec![IssuerConfig::new(
        &issuer.url(),
        &[AUDIENCE],
        KeySource::Discovery {
            authorities: Vec::new(),
        },
    )])
    .unwrap()
}

/// A token of the fake issuer that lasts for a day; `number` tells it from others.
fn token(issuer: &FakeIssuer, keys: &Keys, number: u32) -> String {
    let claims = with(user_claims(), "iss", json!(issuer.url()));
    let claims = with(claims, "exp", json!(later(86_400).micros() / 1_000_000));
    keys.sign(&with(claims, "uti", json!(number.to_string())))
        .unwrap()
}

async fn outcome(verifier: &Verifier, token: &str, at: Timestamp) -> Result<(), TokenError> {
    verifier.verify(token, at).await.map(|_| ())
}

#[tokio::test]
async fn keys_are_fetched_once_for_many_tokens_of_both_algorithms() {
    let (elliptic, rsa) = (keys(Algorithm::Es256), keys(Algorithm::Rs256));
    let issuer = FakeIssuer::start(&[&elliptic, &rsa]);
    let verifier = verifier(&issuer);

    for number in 0..5 {
        for keys in [&elliptic, &rsa] {
            let token = token(&issuer, keys, number);
            assert_eq!(outcome(&verifier, &token, now()).await, Ok(()));
        }
    }

    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_at_most_once_a_minute() {
    let (old, new) = (keys(Algorithm::Es256), keys(Algorithm::Es256));
    let issuer = FakeIssuer::start(&[&old]);
    let verifier = verifier(&issuer);
    let (old_token, new_token) = (token(&issuer, &old, 1), token(&issuer, &new, 2));
    assert_eq!(outcome(&verifier, &old_token, now()).await, Ok(()));

    for second in 0..60 {
        assert_eq!(
            outcome(&verifier, &new_token, later(second)).await,
            Err(TokenError::UnknownKey)
        );
    }
    assert_eq!(issuer.asked(), 1);

    issuer.publish(&[&old, &new]);
    assert_eq!(outcome(&verifier, &new_token, later(60)).await, Ok(()));
    assert_eq!(outcome(&verifier, &old_token, later(60)).await, Ok(()));
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_remembered_token_dies_with_its_key() {
    let (old, new) = (keys(Algorithm::Es256), keys(Algorithm::Es256));
    let issuer = FakeIssuer::start(&[&old]);
    let verifier = verifier(&issuer);
    let (old_token, new_token) = (token(&issuer, &old, 1), token(&issuer, &new, 2));
    assert_eq!(outcome(&verifier, &old_token, now()).await, Ok(()));

    issuer.publish(&[&new]);
    assert_eq!(outcome(&verifier, &new_token, later(61)).await, Ok(()));

    assert_eq!(
        outcome(&verifier, &old_token, later(62)).await,
        Err(TokenError::UnknownKey)
    );
}

#[tokio::test]
async fn a_withdrawn_key_is_noticed_within_the_hour_even_for_remembered_tokens() {
    let (old, new) = (keys(Algorithm::Es256), keys(Algorithm::Es256));
    let issuer = FakeIssuer::start(&[&old]);
    let verifier = verifier(&issuer);
    let token = token(&issuer, &old, 1);
    assert_eq!(outcome(&verifier, &token, now()).await, Ok(()));

    issuer.publish(&[&new]);

    assert_eq!(outcome(&verifier, &token, later(3_599)).await, Ok(()));
    assert_eq!(
        outcome(&verifier, &token, later(3_600)).await,
        Err(TokenError::UnknownKey)
    );
}

#[tokio::test]
async fn known_keys_go_on_through_an_outage() {
    let known = keys(Algorithm::Es256);
    let issuer = FakeIssuer::start(&[&known]);
    let verifier = verifier(&issuer);
    assert_eq!(
        outcome(&verifier, &token(&issuer, &known, 0), now()).await,
        Ok(())
    );

    for (number, mood) in [
        Mood::Down,
        Mood::Impostor,
        Mood::Redirecting,
        Mood::Verbose,
        Mood::Empty,
    ]
    .into_iter()
    .enumerate()
    {
        let number = u32::try_from(number).unwrap() + 1;
        let at = later(i64::from(number) * 3_700);
        let asked = issuer.asked();
        issuer.become_of_mood(mood);

        assert_eq!(
            outcome(&verifier, &token(&issuer, &known, number), at).await,
            Ok(())
        );
        assert_eq!(issuer.asked(), asked + 1, "it was asked, in vain");
        assert_eq!(
            outcome(&verifier, &token(&issuer, &keys(Algorithm::Es256), 9), at).await,
            Err(TokenError::UnknownKey)
        );
        assert_eq!(issuer.asked(), asked + 1, "and not again in that minute");
    }
}

#[tokio::test]
async fn keys_that_cannot_be_confirmed_count_for_a_day_and_then_no_more() {
    let own = keys(Algorithm::Es256);
    let issuer = FakeIssuer::start(&[&own]);
    let verifier = verifier(&issuer);
    let day = 86_400;
    let claims = with(user_claims(), "iss", json!(issuer.url()));
    let claims = with(claims, "exp", json!(later(3 * day).micros() / 1_000_000));
    let token = own.sign(&claims).unwrap();
    assert_eq!(outcome(&verifier, &token, now()).await, Ok(()));
    issuer.become_of_mood(Mood::Down);

    assert_eq!(outcome(&verifier, &token, later(day - 30)).await, Ok(()));
    let refused = outcome(&verifier, &token, later(day)).await.unwrap_err();

    assert_eq!(refused, TokenError::KeysUnavailable);
    assert!(refused.is_temporary());
    issuer.become_of_mood(Mood::Well);
    assert_eq!(outcome(&verifier, &token, later(day + 60)).await, Ok(()));
}

#[tokio::test]
async fn an_issuer_may_say_how_long_its_keys_are_good_within_reason() {
    for (said, due) in [(600, 600), (0, 60), (1 << 40, 86_400)] {
        let (old, new) = (keys(Algorithm::Es256), keys(Algorithm::Es256));
        let issuer = FakeIssuer::start(&[&old]);
        issuer.lets_keys_be_kept(said);
        let verifier = verifier(&issuer);
        let claims = with(user_claims(), "iss", json!(issuer.url()));
        let claims = with(claims, "exp", json!(later(200_000).micros() / 1_000_000));
        let token = old.sign(&claims).unwrap();
        assert_eq!(outcome(&verifier, &token, now()).await, Ok(()));

        issuer.publish(&[&new]);

        assert_eq!(outcome(&verifier, &token, later(due - 1)).await, Ok(()));
        assert_eq!(
            outcome(&verifier, &token, later(due)).await,
            Err(TokenError::UnknownKey),
            "{said}"
        );
    }
}

#[test]
fn shared_keys_are_replaced_while_the_verifier_runs() {
    let (old, new) = (keys(Algorithm::Es256), keys(Algorithm::Es256));
    let ring = KeyRing::new(&old.jwks());
    let config = IssuerConfig::new(
        crate::support::ISSUER,
        &[AUDIENCE],
        KeySource::Shared(ring.clone()),
    );
    let verifier = Verifier::new(vec![config]).unwrap();
    let outcome = |keys: &Keys| {
        let token = keys.sign(&user_claims()).unwrap();
        crate::support::verify(&verifier, &token, now()).map(|_| ())
    };
    assert_eq!(outcome(&old), Ok(()));
    assert_eq!(outcome(&new), Err(TokenError::UnknownKey));

    assert!(ring.replace(&new.jwks()));

    assert_eq!(outcome(&new), Ok(()));
    assert_eq!(outcome(&old), Err(TokenError::UnknownKey));
    assert!(!ring.replace(&new.jwks()));
}

#[tokio::test]
async fn an_issuer_that_was_never_reached_is_a_temporary_fault_and_soon_tried_again() {
    let own = keys(Algorithm::Es256);
    let issuer = FakeIssuer::start(&[&own]);
    let verifier = verifier(&issuer);
    let token = token(&issuer, &own, 1);
    issuer.become_of_mood(Mood::Down);

    let refused = outcome(&verifier, &token, now()).await.unwrap_err();
    assert_eq!(refused, TokenError::KeysUnavailable);
    assert!(refused.is_temporary());

    issuer.become_of_mood(Mood::Well);
    assert_eq!(
        outcome(&verifier, &token, later(4)).await,
        Err(TokenError::KeysUnavailable)
    );
    assert_eq!(outcome(&verifier, &token, later(5)).await, Ok(()));
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_stop_rotation() {
    let (old, new) = (keys(Algorithm::Es256), keys(Algorithm::Es256));
    let issuer = FakeIssuer::start(&[&old]);
    let verifier = verifier(&issuer);
    assert_eq!(
        outcome(&verifier, &token(&issuer, &old, 1), later(80_000)).await,
        Ok(())
    );

    issuer.publish(&[&new]);

    assert_eq!(
        outcome(&verifier, &token(&issuer, &new, 2), now()).await,
        Ok(())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tokens_at_once_ask_the_issuer_once() {
    let own = keys(Algorithm::Es256);
    let issuer = FakeIssuer::start(&[&own]);
    let verifier = std::sync::Arc::new(verifier(&issuer));

    let tasks: Vec<_> = (0..32)
        .map(|number| {
            let (verifier, token) = (
                std::sync::Arc::clone(&verifier),
                token(&issuer, &own, number),
            );
            tokio::spawn(async move { outcome(&verifier, &token, now()).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(()));
    }

    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_request_that_was_given_up_does_not_lose_the_keys() {
    let own = keys(Algorithm::Es256);
    let issuer = FakeIssuer::start(&[&own]);
    let verifier = verifier(&issuer);
    let token = token(&issuer, &own, 1);

    // Polled once, so that the issuer is being asked, and dropped.
    let mut given_up = Box::pin(verifier.verify(&token, now()));
    let first = std::future::poll_fn(|context| {
        std::task::Poll::Ready(given_up.as_mut().poll(context).is_pending())
    })
    .await;
    assert!(first, "the first poll has to wait for the issuer");
    drop(given_up);

    assert_eq!(outcome(&verifier, &token, now()).await, Ok(()));
    assert_eq!(issuer.asked(), 1);
}

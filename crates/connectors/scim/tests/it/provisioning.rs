//! Users that come into being, and `active` that follows the directory.

use connector_api::{
    Applied, Change, Connector, FailureCode, Operation, Outcome, Subject, contract,
};
use connector_scim::{MatchBy, ScimConfig};
use peers::fake_scim::{Bulk, FakeScim, Fault, Features, Rule, TOKEN};
use serde_json::json;

use crate::fixture::{GROUP, config, connector, subject, subjects};

fn server(features: Features) -> FakeScim {
    let server = FakeScim::start(features).unwrap();
    server.add_group(GROUP, None);
    server
}

async fn add(config: ScimConfig, subjects: &[Subject]) -> Vec<Outcome> {
    let change = Change {
        object: contract::object(1, GROUP, None),
        operation: Operation::Add,
        subjects: subjects.to_vec(),
    };
    match connector(config).apply(&change).await {
        Applied::Each(each) => each,
        Applied::Whole(whole) => vec![whole; subjects.len()],
    }
}

fn requests(server: &FakeScim, method: &str, path: &str) -> usize {
    let seen = server.requests_seen();
    seen.iter()
        .filter(|request| request.method == method && request.target.contains(path))
        .count()
}

#[tokio::test]
async fn a_new_user_carries_what_the_directory_knows() {
    let server = server(Features::default());
    let mut alice = subject(0, "alice");
    alice.surname = None;

    let outcomes = add(
        config(&server.base_url(), TOKEN),
        std::slice::from_ref(&alice),
    )
    .await;

    assert!(outcomes[0].is_success(), "{outcomes:?}");
    let user = server.user("alice@example.com").unwrap();
    assert_eq!(user["externalId"], alice.object_id.to_string());
    assert_eq!(
        user["name"],
        json!({ "formatted": "alice Sample", "givenName": "alice" })
    );
    assert_eq!(user["emails"], json!([{ "value": "alice@example.com" }]));
    assert_eq!(user["active"], true);
}

#[tokio::test]
async fn many_new_users_are_created_in_as_few_bulk_requests_as_fit() {
    let server = server(Features {
        bulk: Some(Bulk {
            max_operations: 3,
            max_payload: 1_000_000,
        }),
        ..Features::default()
    });

    let outcomes = add(config(&server.base_url(), TOKEN), &subjects()).await;

    assert!(outcomes.iter().all(Outcome::is_success), "{outcomes:?}");
    assert_eq!(server.user_count(), 7);
    assert_eq!(requests(&server, "POST", "/Bulk"), 3);
    assert_eq!(requests(&server, "POST", "/Users"), 0);
}

#[tokio::test]
async fn a_bulk_service_that_refuses_is_done_without() {
    let server = server(Features {
        bulk: Some(Bulk {
            max_operations: 100,
            max_payload: 1_000_000,
        }),
        ..Features::default()
    });
    server.break_by(Rule::on("POST", Fault::Status(413, None)).at("/Bulk"));

    let outcomes = add(config(&server.base_url(), TOKEN), &subjects()).await;

    assert!(outcomes.iter().all(Outcome::is_success), "{outcomes:?}");
    assert_eq!(server.user_count(), 7);
}

#[tokio::test]
async fn a_user_whose_creation_got_no_answer_is_found_the_next_time() {
    let server = server(Features::default());
    server.break_by(
        Rule::on("POST", Fault::DropAfterApplying)
            .at("/Users")
            .times(1),
    );
    let config = config(&server.base_url(), TOKEN);

    let lost = add(config.clone(), &subjects()[..1]).await;
    let again = add(config, &subjects()[..1]).await;

    assert!(matches!(lost[0], Outcome::Retry { .. }), "{lost:?}");
    assert!(again[0].is_success(), "{again:?}");
    assert_eq!(server.user_count(), 1);
}

#[tokio::test]
async fn a_name_taken_by_somebody_else_is_refused() {
    let server = server(Features::default());
    server.add_user("alice@example.com", Some("somebody else"));
    let config = ScimConfig {
        match_by: MatchBy::ExternalId,
        ..config(&server.base_url(), TOKEN)
    };

    let outcomes = add(config, &subjects()[..2]).await;

    assert!(
        matches!(outcomes[0], Outcome::Refused { .. }),
        "{outcomes:?}"
    );
    assert!(outcomes[1].is_success(), "{outcomes:?}");
}

#[tokio::test]
async fn active_follows_the_directory_both_ways() {
    let server = server(Features::default());
    let config = config(&server.base_url(), TOKEN);
    let mut alice = subject(0, "alice");
    add(config.clone(), std::slice::from_ref(&alice)).await;

    for enabled in [false, true] {
        alice.enabled = enabled;

        let outcomes = add(config.clone(), std::slice::from_ref(&alice)).await;

        assert!(outcomes[0].is_success(), "{outcomes:?}");
        assert_eq!(server.user("alice@example.com").unwrap()["active"], enabled);
    }
}

#[tokio::test]
async fn without_provisioning_a_missing_user_is_refused_or_waited_for() {
    let server = server(Features::default());
    let mut config = ScimConfig {
        provision_users: false,
        ..config(&server.base_url(), TOKEN)
    };

    let refused = add(config.clone(), &subjects()[..1]).await;
    config.retry_missing_users = true;
    let waited = add(config, &subjects()[..1]).await;

    assert_eq!(
        refused[0].reason().unwrap().code,
        FailureCode::TargetNotFound
    );
    assert!(matches!(refused[0], Outcome::Refused { .. }), "{refused:?}");
    assert_eq!(
        waited[0].reason().unwrap().code,
        FailureCode::TargetNotProvisioned
    );
    assert!(matches!(waited[0], Outcome::Retry { .. }), "{waited:?}");
    assert_eq!(server.user_count(), 0);
}

#[tokio::test]
async fn a_fault_about_one_user_does_not_keep_the_others_waiting() {
    let server = server(Features::default());
    server.break_by(
        Rule::on("POST", Fault::Status(500, None))
            .at("/Users")
            .times(1),
    );

    let outcomes = add(config(&server.base_url(), TOKEN), &subjects()).await;

    let waiting = outcomes
        .iter()
        .filter(|outcome| !outcome.is_success())
        .count();
    assert_eq!(waiting, 1, "{outcomes:?}");
    assert_eq!(server.user_count(), 6);
}

#[tokio::test]
async fn a_target_that_fails_again_and_again_is_not_asked_for_everybody() {
    let server = server(Features::default());
    server.break_by(Rule::on("POST", Fault::Status(500, None)).at("/Users"));
    let config = ScimConfig {
        max_in_flight: 1,
        ..config(&server.base_url(), TOKEN)
    };

    let outcomes = add(config, &subjects()).await;

    assert_eq!(outcomes.len(), 7);
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Retry { .. })),
        "{outcomes:?}"
    );
    assert_eq!(requests(&server, "POST", "/Users"), 2);
}

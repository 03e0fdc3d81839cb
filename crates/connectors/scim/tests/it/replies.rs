//! What the connector makes of answers that say no, not yet, or nothing sensible.

use std::time::Duration;

use connector_api::{Applied, Change, Connector, FailureCode, Operation, Outcome, contract};
use connector_scim::ScimConfig;
use peers::fake_scim::{FakeScim, Fault, Features, Rule, TOKEN};

use crate::fixture::{GROUP, config, connector, subjects};

/// Adds `count` subjects while `rule` is in force.
async fn add_while(rule: Rule, count: usize) -> (FakeScim, Applied) {
    let server = FakeScim::start(Features::default()).unwrap();
    server.add_group(GROUP, None);
    for subject in subjects() {
        server.add_user(&subject.user_principal_name, None);
    }
    server.break_by(rule);
    let change = Change {
        object: contract::object(1, GROUP, None),
        operation: Operation::Add,
        subjects: subjects()[..count].to_vec(),
    };
    let applied = connector(config(&server.base_url(), TOKEN))
        .apply(&change)
        .await;
    (server, applied)
}

async fn add_one_while(rule: Rule) -> Outcome {
    match add_while(rule, 1).await.1 {
        Applied::Each(each) => each[0].clone(),
        Applied::Whole(whole) => whole,
    }
}

fn code(outcome: &Outcome) -> FailureCode {
    outcome.reason().unwrap().code
}

#[tokio::test]
async fn a_target_that_asks_for_time_is_given_it() {
    for status in [429, 503] {
        let fault = Fault::RetryAfter(status, "17".to_owned());

        let outcome = add_one_while(Rule::on("PATCH", fault)).await;

        let Outcome::Retry { after, .. } = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(after, Some(Duration::from_secs(17)));
    }
}

#[tokio::test]
async fn a_date_to_wait_for_is_measured_by_the_targets_own_clock() {
    // The server's `Date` is now, which is later than this.
    let fault = Fault::RetryAfter(503, "Sun, 06 Nov 1994 08:49:37 GMT".to_owned());

    let outcome = add_one_while(Rule::on("PATCH", fault)).await;

    assert!(
        matches!(
            outcome,
            Outcome::Retry {
                after: Some(Duration::ZERO),
                ..
            }
        ),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn throttling_anywhere_on_the_way_is_throttling() {
    for path in ["/ServiceProviderConfig", "/Users", "/Groups"] {
        let fault = Fault::RetryAfter(429, "3".to_owned());

        let outcome = add_one_while(Rule::on("GET", fault).at(path)).await;

        assert_eq!(
            code(&outcome),
            FailureCode::OriginThrottled,
            "{path}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn faults_of_the_target_are_retries() {
    for fault in [
        Fault::Status(500, None),
        Fault::Status(502, None),
        Fault::Drop,
        Fault::DropAfterApplying,
        Fault::HalfAnswer,
        Fault::NotScim,
    ] {
        let outcome = add_one_while(Rule::on("GET", fault.clone())).await;

        assert!(
            matches!(outcome, Outcome::Retry { .. }),
            "{fault:?}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_success_that_comes_after_the_time_out_is_in_doubt_and_found_so_the_next_time() {
    for operation in [Operation::Add, Operation::Remove] {
        let server = FakeScim::start(Features::default()).unwrap();
        let group = server.add_group(GROUP, None);
        let name = &subjects()[0].user_principal_name;
        server.add_user(name, None);
        if operation == Operation::Remove {
            server.set_members(&group, &[name]);
        }
        let late = Fault::Late(Duration::from_secs(30));
        server.break_by(Rule::on("PATCH", late).times(1));
        let connector = connector(ScimConfig {
            timeout: Duration::from_millis(200),
            ..config(&server.base_url(), TOKEN)
        });
        let change = Change {
            object: contract::object(1, GROUP, None),
            operation,
            subjects: subjects()[..1].to_vec(),
        };
        let outcome = async || match connector.apply(&change).await {
            Applied::Each(each) => each[0].clone(),
            Applied::Whole(whole) => whole,
        };

        let first = outcome().await;
        let taken = server.members_of(&group);
        let second = outcome().await;

        assert_eq!(code(&first), FailureCode::OriginUnavailable);
        assert!(matches!(first, Outcome::Retry { .. }), "L2: {first:?}");
        assert!(second.is_success(), "{second:?}");
        let expected: &[String] = match operation {
            Operation::Add => std::slice::from_ref(name),
            Operation::Remove => &[],
        };
        assert_eq!(taken, expected, "it was done all the same");
        assert_eq!(server.members_of(&group), expected);
    }
}

#[tokio::test]
async fn a_web_page_instead_of_scim_is_no_proof_of_anything() {
    let outcome = add_one_while(Rule::on("PATCH", Fault::NotScim)).await;

    assert_eq!(outcome, Outcome::Done { verified: false });
}

#[tokio::test]
async fn a_token_that_expires_in_the_middle_is_a_matter_of_credentials() {
    let outcome = add_one_while(Rule::on("PATCH", Fault::Status(401, None))).await;

    assert!(
        matches!(outcome, Outcome::CredentialsRejected { .. }),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_group_we_may_not_change_is_refused_for_all_at_once() {
    let (_server, applied) = add_while(Rule::on("PATCH", Fault::Status(403, None)), 3).await;

    let Applied::Each(each) = applied else {
        panic!("{applied:?}");
    };
    assert_eq!(each.len(), 3);
    assert!(
        each.iter()
            .all(|outcome| code(outcome) == FailureCode::OriginAccessDenied)
    );
}

#[tokio::test]
async fn an_account_that_may_not_search_is_a_matter_of_credentials() {
    let outcome = add_one_while(Rule::on("GET", Fault::Status(403, None)).at("/Users")).await;

    assert!(
        matches!(outcome, Outcome::CredentialsRejected { .. }),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_write_refused_as_a_whole_is_left_to_be_halved() {
    for status in [400, 413] {
        let (_server, applied) = add_while(Rule::on("PATCH", Fault::Status(status, None)), 3).await;

        assert!(
            matches!(applied, Applied::Whole(Outcome::Refused { .. })),
            "{status}: {applied:?}"
        );
    }
}

#[tokio::test]
async fn a_conflict_with_somebody_faster_is_a_retry() {
    for status in [409, 412] {
        let outcome = add_one_while(Rule::on("PATCH", Fault::Status(status, None))).await;

        assert!(
            matches!(outcome, Outcome::Retry { .. }),
            "{status}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn neither_debug_nor_messages_show_the_token() {
    let secret = "very-secret-token";
    let config = ScimConfig::new("http://127.0.0.1:9/scim", secret);
    let connector = connector(config.clone());

    let failed = connector.check().await;

    for text in [
        format!("{config:?}"),
        format!("{connector:?}"),
        format!("{failed:?}"),
    ] {
        assert!(!text.contains(secret), "{text}");
    }
}

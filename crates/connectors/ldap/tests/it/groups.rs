//! What is particular about groups in a directory: the last member, the placeholder, races, rights, creation.

use connector_api::{
    Applied, Change, Connector, FailureCode, Object, Operation, Outcome, Presence, contract,
};
use connector_ldap::{LdapConfig, UserLookup};
use peers::slapd::{GROUPS, PEOPLE, Slapd, person_dn};

use crate::fixture::{add_group, config, connector, group_dn, slapd, subject, subjects};

const PLACEHOLDER: &str = "cn=nobody,dc=reeve,dc=test";

fn with_placeholder(slapd: &Slapd) -> LdapConfig {
    let mut config = config(&slapd.url());
    config.groups.placeholder_member = Some(PLACEHOLDER.to_owned());
    config
}

fn creating(slapd: &Slapd) -> LdapConfig {
    let mut config = config(&slapd.url());
    config.groups.dn = Some(format!("cn={{resourceName}},{GROUPS}"));
    config.groups.create_as = Some("groupOfNames".to_owned());
    config
}

async fn apply(
    config: &LdapConfig,
    object: &Object,
    operation: Operation,
    count: usize,
) -> Applied {
    let change = Change {
        object: object.clone(),
        operation,
        subjects: subjects()[..count].to_vec(),
    };
    connector(config).apply(&change).await
}

fn members(slapd: &Slapd, dn: &str) -> Vec<String> {
    let mut members = slapd.values(dn, "member").unwrap().unwrap();
    members.sort();
    members
}

fn at(dn: &str) -> Object {
    contract::object(1, "group", Some(dn))
}

fn first(applied: Applied) -> Outcome {
    match applied {
        Applied::Each(each) => each[0].clone(),
        Applied::Whole(whole) => whole,
    }
}

#[tokio::test]
async fn many_members_are_proven_by_one_answer() {
    let Some(slapd) = slapd() else { return };
    let dn = add_group(&slapd, "a", &[person_dn("keeper")]);

    let applied = apply(&config(&slapd.url()), &at(&dn), Operation::Add, 7).await;

    assert_eq!(
        applied,
        Applied::Each(vec![Outcome::Done { verified: true }; 7])
    );
    assert_eq!(members(&slapd, &dn).len(), 8);
}

#[tokio::test]
async fn who_was_a_member_before_is_told_apart() {
    let Some(slapd) = slapd() else { return };
    let dn = add_group(&slapd, "a", &[person_dn("bob")]);

    let applied = apply(&config(&slapd.url()), &at(&dn), Operation::Add, 3).await;

    let done = Outcome::Done { verified: true };
    assert_eq!(
        applied,
        Applied::Each(vec![done.clone(), Outcome::AlreadySo, done])
    );
}

#[tokio::test]
async fn the_last_member_is_refused_and_kept_without_a_placeholder() {
    let Some(slapd) = slapd() else { return };
    let dn = add_group(&slapd, "a", &[person_dn("alice")]);

    let outcome = first(apply(&config(&slapd.url()), &at(&dn), Operation::Remove, 1).await);

    let reason = outcome.reason().unwrap();
    assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
    assert_eq!(reason.code, FailureCode::GroupNotModifiable);
    assert!(reason.message.contains("placeholder_member"), "{reason:?}");
    assert_eq!(members(&slapd, &dn), [person_dn("alice")]);
}

#[tokio::test]
async fn all_members_at_once_are_left_to_be_halved_without_a_placeholder() {
    let Some(slapd) = slapd() else { return };
    let dn = add_group(&slapd, "a", &[person_dn("alice"), person_dn("bob")]);

    let applied = apply(&config(&slapd.url()), &at(&dn), Operation::Remove, 3).await;

    assert!(
        matches!(applied, Applied::Whole(Outcome::Refused { .. })),
        "{applied:?}"
    );
    assert_eq!(members(&slapd, &dn).len(), 2);
}

#[tokio::test]
async fn the_placeholder_steps_in_for_the_last_member_and_out_for_the_first() {
    let Some(slapd) = slapd() else { return };
    let dn = add_group(&slapd, "a", &[person_dn("alice"), person_dn("bob")]);
    let config = with_placeholder(&slapd);

    let removed = apply(&config, &at(&dn), Operation::Remove, 3).await;
    assert!(first(removed).is_success());
    assert_eq!(members(&slapd, &dn), [PLACEHOLDER]);

    let again = apply(&config, &at(&dn), Operation::Remove, 1).await;
    assert_eq!(first(again), Outcome::AlreadySo);

    let added = apply(&config, &at(&dn), Operation::Add, 1).await;
    assert_eq!(first(added), Outcome::Done { verified: true });
    assert_eq!(members(&slapd, &dn), [person_dn("alice")]);
}

#[tokio::test]
async fn the_placeholder_is_nobody_to_observe() {
    let Some(slapd) = slapd() else { return };
    let dn = add_group(&slapd, "a", &[PLACEHOLDER.to_owned()]);

    let seen = connector(&with_placeholder(&slapd))
        .observe(&at(&dn), &subjects()[..2])
        .await;

    assert_eq!(seen, Ok(vec![Presence::Absent; 2]));
}

#[tokio::test]
async fn a_group_outside_our_rights_is_refused_for_all_at_once() {
    let Some(slapd) = slapd() else { return };

    let applied = apply(&config(&slapd.url()), &at(PEOPLE), Operation::Add, 2).await;

    let Applied::Each(each) = applied else {
        panic!("{applied:?}");
    };
    assert_eq!(each.len(), 2);
    assert!(
        each.iter()
            .all(|outcome| outcome.reason().unwrap().code == FailureCode::OriginAccessDenied),
        "{each:?}"
    );
}

#[tokio::test]
async fn a_missing_group_is_created_with_its_first_members() {
    let Some(slapd) = slapd() else { return };
    let config = creating(&slapd);
    let object = contract::object(3, "R&D, north", None);
    let dn = format!(r"cn=R&D\2C north,{GROUPS}");

    let nobody = connector(&config).observe(&object, &subjects()[..1]).await;
    let removed = apply(&config, &object, Operation::Remove, 1).await;
    assert_eq!(nobody, Ok(vec![Presence::Absent]));
    assert_eq!(first(removed), Outcome::AlreadySo);
    assert_eq!(slapd.values(&dn, "member").unwrap(), None);

    let added = apply(&config, &object, Operation::Add, 2).await;

    assert_eq!(
        added,
        Applied::Each(vec![Outcome::Done { verified: true }; 2])
    );
    assert_eq!(members(&slapd, &dn), [person_dn("alice"), person_dn("bob")]);
}

#[tokio::test]
async fn a_group_with_a_fixed_address_is_never_created() {
    let Some(slapd) = slapd() else { return };
    let dn = group_dn("fixed");

    let outcome = first(apply(&creating(&slapd), &at(&dn), Operation::Add, 1).await);

    let code = outcome.reason().unwrap().code;
    assert_eq!(code, FailureCode::ResourceNotFoundInOriginSystem);
    assert_eq!(slapd.values(&dn, "member").unwrap(), None);
}

#[tokio::test]
async fn two_subjects_that_are_one_entry_are_one_value() {
    let Some(slapd) = slapd() else { return };
    let dn = add_group(&slapd, "a", &[person_dn("keeper")]);
    let mut config = config(&slapd.url());
    config.users = UserLookup::Dn(format!("uid={{localPart}},{PEOPLE}"));
    let change = Change {
        object: at(&dn),
        operation: Operation::Add,
        subjects: vec![subject(1, "alice"), subject(2, "ALICE")],
    };

    let applied = connector(&config).apply(&change).await;

    assert_eq!(
        applied,
        Applied::Each(vec![Outcome::Done { verified: true }; 2])
    );
    assert_eq!(members(&slapd, &dn).len(), 2);
}

#[tokio::test]
async fn two_entries_for_one_subject_are_nobody_to_be_sure_of() {
    let Some(slapd) = slapd() else { return };
    let dn = add_group(&slapd, "a", &[person_dn("keeper")]);
    let mut config = config(&slapd.url());
    config.users = UserLookup::Search {
        base: PEOPLE.to_owned(),
        filter: "(|(uid={localPart})(uid=bob))".to_owned(),
    };

    let outcome = first(apply(&config, &at(&dn), Operation::Add, 1).await);

    assert!(
        outcome.reason().unwrap().message.contains("several"),
        "{outcome:?}"
    );
    assert_eq!(members(&slapd, &dn), [person_dn("keeper")]);
}

#[tokio::test]
async fn a_name_full_of_filter_signs_finds_nobody_else() {
    let Some(slapd) = slapd() else { return };
    let dn = add_group(&slapd, "a", &[person_dn("keeper")]);
    let change = Change {
        object: at(&dn),
        operation: Operation::Add,
        subjects: vec![subject(1, "ali*)(uid=*"), subject(2, "*")],
    };

    let applied = connector(&config(&slapd.url())).apply(&change).await;

    let Applied::Each(each) = applied else {
        panic!("{applied:?}");
    };
    assert!(
        each.iter()
            .all(|outcome| outcome.reason().unwrap().code == FailureCode::TargetNotFound),
        "{each:?}"
    );
    assert_eq!(members(&slapd, &dn), [person_dn("keeper")]);
}

#[tokio::test]
async fn a_missing_entry_may_be_waited_for() {
    let Some(slapd) = slapd() else { return };
    let dn = add_group(&slapd, "a", &[person_dn("keeper")]);
    let mut config = config(&slapd.url());
    config.retry_missing_users = true;
    let change = Change {
        object: at(&dn),
        operation: Operation::Add,
        subjects: vec![subject(1, "stranger")],
    };

    let outcome = first(connector(&config).apply(&change).await);

    assert!(matches!(outcome, Outcome::Retry { .. }), "{outcome:?}");
    assert_eq!(
        outcome.reason().unwrap().code,
        FailureCode::TargetNotProvisioned
    );
}

#[tokio::test]
async fn a_server_that_was_restarted_is_connected_to_again() {
    let Some(mut slapd) = slapd() else { return };
    let dn = add_group(&slapd, "a", &[person_dn("keeper")]);
    let connector = connector(&config(&slapd.url()));
    let change = Change {
        object: at(&dn),
        operation: Operation::Add,
        subjects: subjects()[..1].to_vec(),
    };
    connector.check().await.unwrap();

    slapd.stop();
    let down = first(connector.apply(&change).await);
    slapd.start_again().unwrap();
    let up = first(connector.apply(&change).await);

    assert!(matches!(down, Outcome::Retry { .. }), "{down:?}");
    assert_eq!(up, Outcome::Done { verified: true });
}

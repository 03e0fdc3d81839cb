//! The checks, each a sentence that has to hold.

use std::collections::BTreeSet;

use crate::{
    Applied, BoxFuture, FailureCode, Keys, Lister, Member, Operation, Order, Outcome, Presence,
    Subject,
};

use super::{Bench, Fault};
use Operation::{Add, Remove};

/// One check.
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) needs: Option<Fault>,
    pub(super) run: for<'a> fn(&'a Bench<'a>) -> BoxFuture<'a, ()>,
}

/// A check for each function named, under its own name.
macro_rules! checks {
    ($($name:ident $(needs $fault:ident)?),+ $(,)?) => {
        &[$(Check {
            name: stringify!($name),
            needs: checks!(@fault $($fault)?),
            run: |bench| Box::pin($name(bench)),
        }),+]
    };
    (@fault) => { None };
    (@fault $fault:ident) => { Some(Fault::$fault) };
}

/// All checks, in the order they are run.
pub(super) const ALL: &[Check] = checks![
    working_credentials_pass_the_check,
    wrong_credentials_are_rejected_and_change_nothing,
    adding_twice_is_the_same_as_once,
    removing_twice_is_the_same_as_once,
    removing_what_somebody_else_took_away_succeeds,
    removing_somebody_the_target_does_not_know_succeeds,
    observing_sees_what_is_so_in_the_order_asked,
    many_are_added_at_once_though_some_were_there,
    many_are_removed_at_once_though_some_were_gone,
    one_bad_subject_among_many_stands_alone_in_the_end,
    an_unknown_resource_is_refused,
    a_hanging_target_is_a_retry needs Hang,
    a_target_that_is_down_is_a_retry needs Down,
    a_lost_answer_is_a_retry_and_then_a_success needs LoseAnswer,
    a_lost_answer_to_a_removal_is_a_retry_and_then_a_success needs LoseAnswer,
    half_an_answer_is_no_success_and_later_one needs HalfAnswer,
    connections_broken_in_between_do_no_harm needs Down,
    a_listing_tells_exactly_who_is_there,
    a_listing_of_nobody_names_no_subject,
    what_cannot_be_listed_is_an_error_and_not_empty,
    a_listing_of_a_target_that_is_down_is_a_retry needs Down,
];

/// All pages of the fixture's object.
async fn listed(bench: &Bench<'_>, lister: &dyn Lister) -> Result<Vec<Member>, Outcome> {
    let object = bench.fixture.object();
    let mut members = Vec::new();
    let mut from = None;
    loop {
        let page = bench.in_time(lister.list(&object, from.as_deref())).await?;
        members.extend(page.members);
        match page.next {
            None => return Ok(members),
            next => from = next,
        }
    }
}

async fn a_listing_tells_exactly_who_is_there(bench: &Bench<'_>) {
    let Some(lister) = bench.connector.lister() else {
        return;
    };
    let object = bench.fixture.object();
    let keys = bench.in_time(lister.keys(&object, &bench.subjects)).await;
    let keys = keys.unwrap_or_default();
    assert_eq!(keys.len(), bench.subjects.len(), "{}", bench.name);
    // Every mixture of the first few, so that no order and no number of them is special.
    for mixture in 0..8_usize {
        let picked = bench.first(3).iter().enumerate();
        let picked = picked.filter(|(index, _)| mixture >> index & 1 == 1);
        let inside: Vec<Subject> = picked.map(|(_, subject)| subject.clone()).collect();
        bench.fixture.set_members(&inside).await;

        let members = listed(bench, lister).await;

        assert!(members.is_ok(), "{}: {members:?}", bench.name);
        let members = members.unwrap_or_default();
        // A target may hold members of its own, whom no subject is.
        assert!(members.len() >= inside.len(), "{}: {members:?}", bench.name);
        let all: BTreeSet<&String> = members.iter().flat_map(|member| &member.keys).collect();
        for (subject, keys) in bench.subjects.iter().zip(&keys) {
            let is_listed = match keys {
                Keys::Known(keys) => keys.iter().any(|key| all.contains(key)),
                Keys::Unclear => false,
            };
            assert_eq!(
                is_listed,
                inside.contains(subject),
                "{}: {} of {members:?}",
                bench.name,
                subject.user_principal_name
            );
        }
        if lister.order() == Order::ObjectId {
            let shown: Vec<&String> = members.iter().filter_map(|one| one.keys.first()).collect();
            assert!(shown.is_sorted(), "{}: {shown:?}", bench.name);
        }
        let clues = bench.in_time(lister.clues(&members)).await;
        assert!(
            clues
                .as_ref()
                .is_ok_and(|clues| clues.len() == members.len()
                    && clues.iter().all(|names| !names.is_empty())),
            "{}: {clues:?}",
            bench.name
        );
    }
}

async fn a_listing_of_nobody_names_no_subject(bench: &Bench<'_>) {
    let Some(lister) = bench.connector.lister() else {
        return;
    };
    let object = bench.fixture.object();

    let members = listed(bench, lister).await;
    let keys = bench.in_time(lister.keys(&object, &bench.subjects)).await;

    let (members, keys) = (members.unwrap_or_default(), keys.unwrap_or_default());
    assert_eq!(keys.len(), bench.subjects.len(), "{}", bench.name);
    let is_named = |key: &String| members.iter().any(|member| member.keys.contains(key));
    for keys in keys {
        if let Keys::Known(keys) = keys {
            assert!(!keys.iter().any(is_named), "{}: {members:?}", bench.name);
        }
    }
}

async fn what_cannot_be_listed_is_an_error_and_not_empty(bench: &Bench<'_>) {
    let wrong = bench.fixture.with_wrong_credentials();
    let (Some(lister), Some(rejected)) = (bench.connector.lister(), wrong.lister()) else {
        return;
    };
    let unknown = bench.fixture.unknown_object();
    let object = bench.fixture.object();

    let of_unknown = bench.in_time(lister.list(&unknown, None)).await;
    let with_wrong = bench.in_time(rejected.list(&object, None)).await;

    assert!(
        matches!(&of_unknown, Err(Outcome::Refused { reason })
            if reason.code == FailureCode::ResourceNotFoundInOriginSystem),
        "{}: {of_unknown:?}",
        bench.name
    );
    assert!(
        matches!(with_wrong, Err(Outcome::CredentialsRejected { .. })),
        "{}: {with_wrong:?}",
        bench.name
    );
}

async fn a_listing_of_a_target_that_is_down_is_a_retry(bench: &Bench<'_>) {
    let Some(lister) = bench.connector.lister() else {
        return;
    };
    bench.fixture.set_members(bench.first(2)).await;
    bench.fixture.break_target(Some(Fault::Down));
    let broken = listed(bench, lister).await;
    bench.fixture.break_target(None);

    assert!(
        matches!(broken, Err(Outcome::Retry { .. })),
        "{}: {broken:?}",
        bench.name
    );
}

async fn working_credentials_pass_the_check(bench: &Bench<'_>) {
    let checked = bench.in_time(bench.connector.check()).await;

    assert!(
        checked.as_ref().is_ok_and(|sentence| !sentence.is_empty()),
        "{}: {checked:?}",
        bench.name
    );
}

async fn wrong_credentials_are_rejected_and_change_nothing(bench: &Bench<'_>) {
    let wrong = Bench {
        connector: bench.fixture.with_wrong_credentials(),
        name: bench.name,
        fixture: bench.fixture,
        subjects: bench.subjects.clone(),
    };
    let rejected = |outcome: &Outcome| matches!(outcome, Outcome::CredentialsRejected { .. });

    let outcomes = wrong.apply(Add, bench.first(2)).await;
    let checked = wrong.in_time(wrong.connector.check()).await;
    let object = bench.fixture.object();
    let observed = wrong
        .in_time(wrong.connector.observe(&object, bench.first(2)))
        .await;

    assert!(
        outcomes.iter().all(rejected),
        "{}: {outcomes:?}",
        bench.name
    );
    assert!(
        checked.as_ref().is_err_and(rejected),
        "{}: {checked:?}",
        bench.name
    );
    assert!(
        observed.as_ref().is_err_and(rejected),
        "{}: {observed:?}",
        bench.name
    );
    bench.members_are(&[]).await;
}

async fn adding_twice_is_the_same_as_once(bench: &Bench<'_>) {
    for _ in 0..2 {
        let outcomes = bench.apply(Add, bench.subject(0)).await;

        bench.all_succeed(&outcomes);
        bench.members_are(bench.subject(0)).await;
        assert_eq!(
            bench.observe(bench.first(2)).await,
            [Presence::Present, Presence::Absent],
            "{}",
            bench.name
        );
    }
}

async fn removing_twice_is_the_same_as_once(bench: &Bench<'_>) {
    bench.fixture.set_members(bench.first(2)).await;

    for _ in 0..2 {
        let outcomes = bench.apply(Remove, bench.subject(0)).await;

        bench.all_succeed(&outcomes);
        bench.members_are(bench.subject(1)).await;
        assert_eq!(
            bench.observe(bench.first(2)).await,
            [Presence::Absent, Presence::Present],
            "{}",
            bench.name
        );
    }
}

async fn removing_what_somebody_else_took_away_succeeds(bench: &Bench<'_>) {
    bench.all_succeed(&bench.apply(Add, bench.first(2)).await);
    bench.fixture.set_members(bench.subject(1)).await;

    let outcomes = bench.apply(Remove, bench.subject(0)).await;

    bench.all_succeed(&outcomes);
    bench.members_are(bench.subject(1)).await;
}

async fn removing_somebody_the_target_does_not_know_succeeds(bench: &Bench<'_>) {
    bench.fixture.set_members(bench.subject(0)).await;
    let stranger = [bench.fixture.bad_subject()];

    let outcomes = bench.apply(Remove, &stranger).await;

    bench.all_succeed(&outcomes);
    bench.members_are(bench.subject(0)).await;
    assert_eq!(
        bench.observe(&stranger).await,
        [Presence::Absent],
        "{}",
        bench.name
    );
}

async fn observing_sees_what_is_so_in_the_order_asked(bench: &Bench<'_>) {
    let [a, b, c] = [0, 1, 2].map(|index| bench.subject(index));
    bench.fixture.set_members(&[b, c].concat()).await;

    let forth = bench.observe(&[a, b, c].concat()).await;
    let back = bench.observe(&[c, b, a].concat()).await;

    assert_eq!(
        forth,
        [Presence::Absent, Presence::Present, Presence::Present],
        "{}",
        bench.name
    );
    assert_eq!(
        back,
        [Presence::Present, Presence::Present, Presence::Absent],
        "{}",
        bench.name
    );
}

async fn many_are_added_at_once_though_some_were_there(bench: &Bench<'_>) {
    let all = within_limits(bench);
    bench.fixture.set_members(bench.first(2)).await;

    let outcomes = bench.apply_bisecting(Add, &all).await;

    bench.all_succeed(&outcomes);
    bench.members_are(&all).await;
    assert_eq!(
        bench.observe(&all).await,
        vec![Presence::Present; all.len()],
        "{}",
        bench.name
    );
}

async fn many_are_removed_at_once_though_some_were_gone(bench: &Bench<'_>) {
    let all = within_limits(bench);
    let (keeper, leavers) = (bench.subject(0), all.get(1..).unwrap_or_default());
    let there: Vec<Subject> = all.iter().step_by(2).cloned().collect();
    bench.fixture.set_members(&there).await;

    let outcomes = bench.apply_bisecting(Remove, leavers).await;

    bench.all_succeed(&outcomes);
    bench.members_are(keeper).await;
}

async fn one_bad_subject_among_many_stands_alone_in_the_end(bench: &Bench<'_>) {
    let good = bench.first(4);
    let mut mixed = good.to_vec();
    mixed.insert(1, bench.fixture.bad_subject());

    let outcomes = bench.apply_bisecting(Add, &mixed).await;

    let failed: Vec<usize> = (0..outcomes.len())
        .filter(|index| !outcomes.get(*index).is_some_and(Outcome::is_success))
        .collect();
    assert_eq!(failed, [1], "{}: {outcomes:?}", bench.name);
    assert!(
        matches!(outcomes.get(1), Some(Outcome::Refused { .. })),
        "{}: {outcomes:?}",
        bench.name
    );
    bench.members_are(good).await;
}

async fn an_unknown_resource_is_refused(bench: &Bench<'_>) {
    let unknown = bench.fixture.unknown_object();
    let is_not_found = |outcome: &Outcome| {
        matches!(outcome, Outcome::Refused { reason }
            if reason.code == FailureCode::ResourceNotFoundInOriginSystem)
    };

    for operation in [Add, Remove] {
        let applied = bench
            .apply_to(unknown.clone(), operation, bench.subject(0))
            .await;
        let holds = match &applied {
            Applied::Each(each) => each.iter().all(is_not_found),
            Applied::Whole(whole) => is_not_found(whole),
        };
        assert!(holds, "{}: {applied:?}", bench.name);
    }
    let observed = bench
        .in_time(bench.connector.observe(&unknown, bench.subject(0)))
        .await;
    assert!(
        observed.as_ref().is_err_and(is_not_found),
        "{}: {observed:?}",
        bench.name
    );
}

async fn a_hanging_target_is_a_retry(bench: &Bench<'_>) {
    fails_and_recovers(bench, Fault::Hang).await;
}

async fn a_target_that_is_down_is_a_retry(bench: &Bench<'_>) {
    fails_and_recovers(bench, Fault::Down).await;
}

async fn a_lost_answer_is_a_retry_and_then_a_success(bench: &Bench<'_>) {
    bench.fixture.break_target(Some(Fault::LoseAnswer));
    let lost = bench.apply(Add, bench.first(3)).await;
    bench.all_retry(&lost);
    bench.members_are(bench.first(3)).await;

    bench.fixture.break_target(None);
    recovers(bench, Add, bench.first(3)).await;
    bench.members_are(bench.first(3)).await;
}

async fn a_lost_answer_to_a_removal_is_a_retry_and_then_a_success(bench: &Bench<'_>) {
    bench.fixture.set_members(bench.first(3)).await;
    bench.fixture.break_target(Some(Fault::LoseAnswer));
    let lost = bench.apply(Remove, bench.first(2)).await;
    bench.all_retry(&lost);
    bench.members_are(bench.subject(2)).await;

    bench.fixture.break_target(None);
    recovers(bench, Remove, bench.first(2)).await;
    bench.members_are(bench.subject(2)).await;
}

async fn half_an_answer_is_no_success_and_later_one(bench: &Bench<'_>) {
    bench.fixture.break_target(Some(Fault::HalfAnswer));
    let half = bench.apply(Add, bench.first(2)).await;
    bench.all_retry(&half);

    bench.fixture.break_target(None);
    recovers(bench, Add, bench.first(2)).await;
    bench.members_are(bench.first(2)).await;
}

async fn connections_broken_in_between_do_no_harm(bench: &Bench<'_>) {
    bench.all_succeed(&bench.apply(Add, bench.subject(0)).await);

    bench.fixture.break_target(Some(Fault::Down));
    bench.fixture.break_target(None);

    recovers(bench, Add, bench.first(2)).await;
    bench.members_are(bench.first(2)).await;
}

/// After a fault the connector may still hold connections that were cut: one more failure is its right, not two.
async fn recovers(bench: &Bench<'_>, operation: Operation, subjects: &[Subject]) {
    let first = bench.apply_bisecting(operation, subjects).await;
    if first.iter().all(Outcome::is_success) {
        return;
    }
    let failed: Vec<Outcome> = first
        .into_iter()
        .filter(|outcome| !outcome.is_success())
        .collect();
    bench.all_retry(&failed);

    let second = bench.apply_bisecting(operation, subjects).await;

    bench.all_succeed(&second);
}

async fn fails_and_recovers(bench: &Bench<'_>, fault: Fault) {
    let object = bench.fixture.object();
    bench.fixture.break_target(Some(fault));
    let change = crate::Change {
        object: object.clone(),
        operation: Add,
        subjects: bench.first(2).to_vec(),
    };
    let calls = futures_util::future::join3(
        bench.connector.apply(&change),
        bench.connector.observe(&object, bench.first(2)),
        bench.connector.check(),
    );
    let (applied, observed, checked) = bench.in_time(calls).await;
    bench.fixture.break_target(None);

    match applied {
        Applied::Each(each) => bench.all_retry(&each),
        Applied::Whole(whole) => bench.all_retry(&[whole]),
    }
    assert!(
        matches!(observed, Err(Outcome::Retry { .. })),
        "{}: {observed:?}",
        bench.name
    );
    assert!(
        matches!(checked, Err(Outcome::Retry { .. })),
        "{}: {checked:?}",
        bench.name
    );

    recovers(bench, Add, bench.first(2)).await;
    bench.members_are(bench.first(2)).await;
}

fn within_limits(bench: &Bench<'_>) -> Vec<Subject> {
    let most = bench.connector.limits().max_subjects;
    bench.subjects.iter().take(most).cloned().collect()
}

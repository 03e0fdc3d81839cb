use std::collections::BTreeSet;

use domain::id::{AssignmentId, ObjectId};

use super::*;
use crate::Store;
use crate::engine::tests::on_both;
use crate::subscription::Subscription;

const NOW: Timestamp = Timestamp::from_micros(1_000_000);

fn id<T: std::str::FromStr<Err = domain::id::MalformedId>>(number: usize) -> T {
    format!("00000000-0000-0000-0000-{number:012x}")
        .parse()
        .unwrap()
}

/// A subscription to assignments, with its feed.
fn subscribe(store: &Store, number: usize, object: Option<AssignmentId>, change_types: &str) {
    subscribe_as(store, 1, number, object, change_types);
}

/// The same for a subscriber of this number.
fn subscribe_as(
    store: &Store,
    creator: usize,
    number: usize,
    object: Option<AssignmentId>,
    change_types: &str,
) {
    let subscription = Subscription {
        id: id(number),
        resource: "assignments".to_owned(),
        api_version: "v1.0".to_owned(),
        collection: "assignments".to_owned(),
        followed: Followed::Assignment,
        object_id: object.map(|id| id.to_string()),
        change_types: change_types.to_owned(),
        notification_url: "https://receiver.example".to_owned(),
        lifecycle_url: None,
        notification_url_app_id: None,
        client_state: None,
        tls_version: "v1_2".to_owned(),
        expires_at: NOW,
        creator_id: id::<ObjectId>(creator),
        application_id: None,
        principal: "{}".to_owned(),
        is_suspended: false,
        created_at: NOW,
        version: 1,
    };
    let feed = Feed {
        id: id(number),
        subscription_id: subscription.id,
        is_lifecycle: false,
        url: subscription.notification_url.clone(),
        audience: "app".to_owned(),
        attempts: 0,
        due_at: NOW,
        failing_since: None,
        lease_owner: None,
        version: 1,
    };
    let done: Result<(), Error> = store.write_blocking(move |tx| {
        crate::subscription::insert(tx, &subscription)?;
        insert(tx, &feed)
    });
    done.unwrap();
}

/// Notes changes of assignments in a transaction of their own; answers how many statements it ran.
fn change(store: &Store, changes: &[(usize, ChangeType)]) -> u64 {
    let before = store.statistics().statements;
    let changes = changes.to_vec();
    let done: Result<(), Error> = store.write_blocking(move |tx| {
        for (number, change) in &changes {
            tx.note_change(Followed::Assignment, id::<AssignmentId>(*number), *change);
        }
        Ok(())
    });
    done.unwrap();
    store.statistics().statements - before
}

fn waiting(store: &Store, feed: usize) -> Vec<(String, String)> {
    let pending = store.read_blocking(move |tx| pending(tx, id(feed), 1_000));
    let pending = pending.unwrap();
    pending
        .into_iter()
        .map(|one| (one.change, one.object_id.unwrap_or_default()))
        .collect()
}

#[test]
fn nothing_is_written_where_nobody_subscribed() {
    on_both(|store| {
        store.migrate(NOW).unwrap();
        let many: Vec<_> = (1..500).map(|one| (one, ChangeType::Updated)).collect();

        assert_eq!(change(store, &[]), 0);
        assert_eq!(change(store, &many), 1, "one look whether there is anybody");
        assert_eq!(store.read_blocking(count).unwrap(), 0);
    });
}

#[test]
fn a_statement_for_each_kind_of_change_writes_for_all_objects_and_subscriptions() {
    on_both(|store| {
        store.migrate(NOW).unwrap();
        subscribe(store, 1, None, "created,updated");
        subscribe(store, 2, None, "updated");
        subscribe(store, 3, Some(id(7)), "created,updated,deleted");
        let mut many: Vec<_> = (1..500).map(|one| (one, ChangeType::Updated)).collect();
        many.push((1_000, ChangeType::Created));
        many.push((1_000, ChangeType::Updated));
        many.push((1_001, ChangeType::Created));
        many.push((1_001, ChangeType::Deleted));
        many.push((7, ChangeType::Deleted));

        assert_eq!(change(store, &many), 4);

        assert_eq!(waiting(store, 1).len(), 499);
        assert!(
            waiting(store, 1)
                .contains(&("created".to_owned(), id::<AssignmentId>(1_000).to_string()))
        );
        assert_eq!(waiting(store, 2).len(), 498);
        let seven = id::<AssignmentId>(7).to_string();
        assert_eq!(waiting(store, 3), [("deleted".to_owned(), seven)]);
    });
}

#[test]
fn what_is_rolled_back_is_told_to_nobody() {
    on_both(|store| {
        store.migrate(NOW).unwrap();
        subscribe(store, 1, None, "updated");
        let done: Result<(), Error> = store.write_blocking(|tx| {
            tx.note_change(
                Followed::Assignment,
                id::<AssignmentId>(5),
                ChangeType::Updated,
            );
            Err(Error::StaleVersion)
        });

        assert!(matches!(done, Err(Error::StaleVersion)));
        change(store, &[(6, ChangeType::Updated)]);
        let six = id::<AssignmentId>(6).to_string();
        assert_eq!(waiting(store, 1), [("updated".to_owned(), six)]);
    });
}

#[test]
fn what_was_taken_is_forgotten_and_nothing_before_it() {
    on_both(|store| {
        store.migrate(NOW).unwrap();
        subscribe(store, 1, None, "updated");
        for number in [5, 6, 7] {
            change(store, &[(number, ChangeType::Updated)]);
        }
        let forgotten: Result<_, Error> = store.write_blocking(|tx| {
            let waiting = pending(tx, id(1), 10)?;
            let taken: Vec<_> = waiting.iter().skip(1).map(|one| one.position).collect();
            forget(tx, id(1), &taken)
        });

        assert_eq!(forgotten.unwrap(), 2);
        let five = id::<AssignmentId>(5).to_string();
        assert_eq!(waiting(store, 1), [("updated".to_owned(), five)]);
    });
}

#[test]
fn a_feed_is_claimed_by_one_and_only_while_something_waits() {
    on_both(|store| {
        store.migrate(NOW).unwrap();
        subscribe(store, 1, None, "updated");
        let claim = |owner: &'static str| -> Vec<Feed> {
            let claimed: Result<_, Error> = store.write_blocking(move |tx| {
                let until = NOW.plus(domain::time::Duration::from_secs(60));
                let lease = Lease {
                    owner,
                    now: NOW,
                    until,
                };
                claim(tx, lease, 16)
            });
            claimed.unwrap()
        };

        assert!(claim("a").is_empty());
        assert_eq!(store.read_blocking(next_due).unwrap(), None);
        change(store, &[(5, ChangeType::Updated)]);
        assert_eq!(store.read_blocking(next_due).unwrap(), Some(NOW));
        let claimed = claim("b");
        assert_eq!(claimed.len(), 1);
        assert!(claim("c").is_empty());
        let feed = claimed[0].clone();
        let released: Result<_, Error> = store.write_blocking(move |tx| {
            let stranger = release(tx, &feed, "c")?;
            clear(tx, feed.id)?;
            Ok((stranger, release(tx, &feed, "b")?))
        });
        assert_eq!(released.unwrap(), (false, true));
        assert!(claim("d").is_empty());
    });
}

/// Statements that write requests or assignments, of which subscribers need not hear: what they change, nothing shows.
const UNSEEN: [&str; 2] = [
    "SET plan_due = FALSE, version",
    "SET plan_due = TRUE, version",
];

/// How many statements of the other kind there are, each followed by a `note`.
const NOTED: usize = 19;

#[test]
fn every_statement_that_writes_what_is_followed_is_known_here() {
    let writes = |sql: &&str| {
        ["assignment", "assignment_request"].iter().any(|table| {
            ["UPDATE", "INSERT INTO", "DELETE FROM"]
                .iter()
                .any(|verb| sql.starts_with(&format!("{verb} {table} ")))
        })
    };
    let all: BTreeSet<&str> = crate::statements::all().filter(writes).collect();
    let seen: Vec<_> = all
        .iter()
        .filter(|sql| !UNSEEN.iter().any(|unseen| sql.contains(unseen)))
        .collect();

    assert_eq!(all.len() - seen.len(), UNSEEN.len());
    assert_eq!(
        seen.len(),
        NOTED,
        "note the change in the transaction, then count the statement here: {seen:#?}"
    );
}

/// Claims what is due for this owner; answers how many feeds it got.
fn claimed(store: &Store, owner: &'static str) -> usize {
    let claimed = store.write_blocking(move |tx| {
        let lease = Lease {
            owner,
            now: NOW,
            until: NOW.plus(domain::time::Duration::from_minutes(2)),
        };
        claim(tx, lease, 64)
    });
    claimed.unwrap().len()
}

#[test]
fn of_one_subscriber_a_few_feeds_are_in_hand_at_once_and_nobody_else_waits_for_them() {
    on_both(|store| {
        store.migrate(NOW).unwrap();
        for number in 1..=10 {
            subscribe_as(store, 1, number, None, "updated");
        }
        subscribe_as(store, 2, 11, None, "updated");
        change(store, &[(500, ChangeType::Updated)]);

        assert_eq!(claimed(store, "first"), 5, "four of one, one of the other");
        assert_eq!(claimed(store, "second"), 0, "four are in hand");
    });
}

#[test]
fn who_posts_to_an_address_that_is_not_the_receivers_any_more_has_no_say() {
    on_both(|store| {
        store.migrate(NOW).unwrap();
        subscribe(store, 1, None, "updated");
        change(store, &[(500, ChangeType::Updated)]);
        assert_eq!(claimed(store, "first"), 1);

        let (still, feed) = store
            .write_blocking(|tx| -> Result<_, Error> {
                let mut old = of(tx, id(1))?.remove(0);
                point(tx, id(1), "https://elsewhere.example")?;
                old.attempts = 7;
                Ok((release(tx, &old, "first")?, of(tx, id(1))?.remove(0)))
            })
            .unwrap();

        assert!(!still);
        assert_eq!((feed.attempts, feed.lease_owner), (0, None));
        assert_eq!(claimed(store, "second"), 1, "it is tried at once");
    });
}

use std::sync::mpsc;
use std::thread;

use domain::id::AssignmentId;

use super::*;
use crate::engine::tests::{Fixture, on_both, with_both};
use crate::{Location, Store};

/// Somebody else who writes: on PostgreSQL a process beside, for one process writes one group after the other.
fn replica(fixture: &Fixture, store: &Store) -> Store {
    match fixture.location {
        Location::Sqlite { .. } => store.clone(),
        Location::Postgres { .. } => fixture.open(),
    }
}

const NOW: Timestamp = Timestamp::from_micros(1_000_000);
const LATER: Timestamp = Timestamp::from_micros(2_000_000);

fn id(number: usize) -> AssignmentId {
    format!("00000000-0000-0000-0000-{number:012x}")
        .parse()
        .unwrap()
}

fn change(store: &Store, number: usize, change: ChangeType) {
    let done: Result<(), Error> = store.write_blocking(move |tx| {
        tx.note_change(Followed::Assignment, id(number), change);
        Ok(())
    });
    done.unwrap();
}

fn marked(store: &Store, now: Timestamp, since: Timestamp) -> Timestamp {
    let done: Result<Timestamp, Error> = store.write_blocking(move |tx| mark(tx, now, since));
    done.unwrap()
}

fn forgotten(store: &Store, until: Timestamp) -> u64 {
    let done: Result<u64, Error> = store.write_blocking(move |tx| forget(tx, until));
    done.unwrap()
}

fn lines(store: &Store, after: i64) -> Vec<Logged> {
    let read = store.read_blocking(move |tx| read(tx, Followed::Assignment, after, 1_000));
    read.unwrap()
}

#[test]
fn nothing_is_logged_before_the_first_mark_and_everything_after_it() {
    on_both(|store| {
        store.migrate(NOW).unwrap();
        change(store, 1, ChangeType::Created);
        assert_eq!(lines(store, 0), []);

        assert_eq!(marked(store, NOW, NOW), NOW);
        assert_eq!(marked(store, LATER, NOW), NOW, "shared while it is new");
        change(store, 1, ChangeType::Updated);
        change(store, 1, ChangeType::Deleted);

        let found = lines(store, 0);
        let told: Vec<_> = found.iter().map(|line| line.is_deleted).collect();
        assert_eq!(told, [false, true]);
        assert_eq!(lines(store, found[0].position), found[1..]);
        assert_eq!(store.read_blocking(last).unwrap(), found[1].position);
        let ended =
            store.read_blocking(move |tx| has_ended(tx, Followed::Assignment, found[0].position));
        assert!(ended.unwrap());
        let others = store.read_blocking(|tx| has_ended(tx, Followed::AssignmentRequest, 0));
        assert!(!others.unwrap());
    });
}

#[test]
fn what_no_mark_keeps_is_dropped_and_positions_never_come_again() {
    on_both(|store| {
        store.migrate(NOW).unwrap();
        marked(store, NOW, NOW);
        change(store, 1, ChangeType::Created);
        marked(store, LATER, LATER);
        change(store, 2, ChangeType::Created);
        let before = store.read_blocking(last).unwrap();

        assert_eq!(forgotten(store, NOW), 1);
        assert_eq!(lines(store, 0).len(), 1);
        assert!(!store.read_blocking(|tx| is_marked(tx, NOW)).unwrap());
        assert!(store.read_blocking(|tx| is_marked(tx, LATER)).unwrap());

        assert_eq!(forgotten(store, LATER), 1);
        assert_eq!(lines(store, 0), []);
        change(store, 3, ChangeType::Created);
        assert_eq!(lines(store, 0), [], "nobody reads");
        let third = Timestamp::from_micros(3_000_000);
        marked(store, third, third);
        change(store, 4, ChangeType::Created);
        assert!(lines(store, 0)[0].position > before);
    });
}

#[test]
fn what_began_first_and_is_committed_last_stands_behind_what_was_read() {
    with_both(|fixture| {
        let store = &fixture.open();
        store.migrate(NOW).unwrap();
        marked(store, NOW, NOW);
        let slow = replica(fixture, store);
        let (began, has_begun) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        // SQLite has one writer: there the other waits, and the order is that of the beginnings.
        let is_parallel = store
            .read_blocking(|tx| Ok::<_, Error>(tx.engine()))
            .unwrap()
            == crate::dialect::Engine::Postgres;
        let writer = thread::spawn(move || {
            let done: Result<(), Error> = slow.write_blocking(move |tx| {
                tx.note_change(Followed::Assignment, id(1), ChangeType::Updated);
                tx.query_one(LAST, &[])?;
                let _ = began.send(());
                if is_parallel {
                    // Dropped when the other has committed; a transaction that is done again does not wait again.
                    let _ = may_go_on.recv();
                }
                Ok(())
            });
            done.unwrap();
        });
        has_begun.recv().unwrap();
        if is_parallel {
            change(store, 2, ChangeType::Updated);
            let read = lines(store, 0);
            assert_eq!(read.len(), 1);
            drop(go_on);
            writer.join().unwrap();
            let late = lines(store, read[0].position);
            assert_eq!(late.len(), 1);
            assert_eq!(late[0].object_id, id(1).to_string());
        } else {
            writer.join().unwrap();
            change(store, 2, ChangeType::Updated);
            assert_eq!(lines(store, 0).len(), 2);
        }
    });
}

#[test]
fn changes_of_many_writers_are_all_read_by_somebody_who_only_goes_forward() {
    with_both(|fixture| {
        let store = &fixture.open();
        store.migrate(NOW).unwrap();
        marked(store, NOW, NOW);
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let store = replica(fixture, store);
                thread::spawn(move || {
                    for one in 0..50 {
                        change(&store, writer * 1_000 + one, ChangeType::Updated);
                    }
                })
            })
            .collect();
        let mut position = 0;
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < 200 {
            let over = writers.iter().all(thread::JoinHandle::is_finished);
            let found = lines(store, position);
            position = found.last().map_or(position, |line| line.position);
            seen.extend(found.into_iter().map(|line| line.object_id));
            assert!(!over || seen.len() == 200, "lost {}", 200 - seen.len());
        }
        for writer in writers {
            writer.join().unwrap();
        }
    });
}

#[test]
fn what_began_before_the_first_mark_is_seen_by_the_first_round_or_logged() {
    with_both(|fixture| {
        let store = &fixture.open();
        store.migrate(NOW).unwrap();
        let engine = store
            .read_blocking(|tx| Ok::<_, Error>(tx.engine()))
            .unwrap();
        if engine == crate::dialect::Engine::Sqlite {
            // One writer: nothing is under way when the mark is made.
            change(store, 1, ChangeType::Updated);
            marked(store, NOW, NOW);
            assert_eq!(lines(store, 0), []);
            return;
        }
        let slow = replica(fixture, store);
        let (began, has_begun) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let writer = thread::spawn(move || {
            let done: Result<(), Error> = slow.write_blocking(move |tx| {
                crate::setting::set(tx, "changed", "yes")?;
                tx.note_change(Followed::Assignment, id(1), ChangeType::Updated);
                let _ = began.send(());
                let _ = may_go_on.recv();
                Ok(())
            });
            done.unwrap();
        });
        has_begun.recv().unwrap();

        marked(store, NOW, NOW);
        let page: Result<Option<String>, Error> =
            store.write_blocking(|tx| crate::setting::find(tx, "changed"));
        assert_eq!(page.unwrap(), None, "the first round does not see it");
        drop(go_on);
        writer.join().unwrap();

        assert_eq!(lines(store, 0).len(), 1);
    });
}

//! Calls of one kind that are written as one unit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::commits::together;
use super::{execute, number, on_both, script, texts};
use crate::WriteTx;
use crate::engine::{Store, Together};
use crate::error::Error;
use crate::value::{list, text};

const TABLE: &str = "CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY)";
const IDS: &str = "SELECT id FROM thing ORDER BY id";

type Things = Together<&'static str, usize, Error>;

/// Stores all things in one statement and answers how many there were; refuses those that begin with `no`.
fn things(most: usize, runs: &Arc<AtomicUsize>) -> Arc<Things> {
    let runs = Arc::clone(runs);
    Arc::new(Together::new(most, move |tx, ids| {
        runs.fetch_add(1, Ordering::Relaxed);
        store_things(tx, ids)
    }))
}

fn store_things(
    tx: &mut WriteTx<'_>,
    ids: &[&'static str],
) -> Result<Vec<Result<usize, Error>>, Error> {
    let is_wanted = |id: &&&str| !id.starts_with("no");
    let wanted = ids.iter().filter(is_wanted);
    let sql = "INSERT INTO thing (id) SELECT e.value FROM EACH($1) e";
    tx.execute(sql, &[list(wanted)])?;
    assert!(!ids.contains(&"panic"), "on purpose");
    let answer = |id: &&'static str| {
        if is_wanted(&id) {
            Ok(ids.len())
        } else {
            Err(Error::StaleVersion)
        }
    };
    Ok(ids.iter().map(answer).collect())
}

fn call(
    store: &Store,
    things: &Arc<Things>,
    id: &'static str,
) -> impl Future<Output = Result<usize, Error>> + Send + use<> {
    let (store, things) = (store.clone(), Arc::clone(things));
    async move { store.write_together(&things, id).await }
}

#[test]
fn calls_that_wait_are_written_by_one_run_and_each_has_its_own_answer() {
    on_both(|store| {
        script(store, TABLE);
        let runs = Arc::default();
        let things = things(64, &runs);
        let before = store.statistics();

        let calls = ["a", "no-b", "c", "d"].map(|id| call(store, &things, id));
        let done = one_unit(store, calls);
        let after = store.statistics();

        assert!(matches!(
            done.as_slice(),
            [Ok(4), Err(Error::StaleVersion), Ok(4), Ok(4)]
        ));
        assert_eq!(texts(store, IDS, vec![]), ["a", "c", "d"]);
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        assert_eq!(after.joined - before.joined, 3);
        assert_eq!(after.statements - before.statements, 1);
    });
}

#[test]
fn a_unit_takes_no_more_than_it_may_and_what_comes_later_is_another() {
    on_both(|store| {
        script(store, TABLE);
        let runs = Arc::default();
        let things = things(2, &runs);

        let calls = ["a", "b", "c"].map(|id| call(store, &things, id));
        let done: Result<Vec<usize>, Error> = together(store, calls, 2).into_iter().collect();
        let alone = call_alone(store, &things, "d");

        assert_eq!(done.unwrap(), [2, 2, 1]);
        assert_eq!(alone.unwrap(), 1);
        assert_eq!(runs.load(Ordering::Relaxed), 3);
    });
}

#[test]
fn one_that_fails_or_panics_in_a_unit_takes_nothing_of_its_neighbours_along() {
    on_both(|store| {
        script(store, TABLE);
        execute(store, "INSERT INTO thing (id) VALUES ($1)", vec![text("b")]).unwrap();
        let things = things(64, &Arc::default());

        let failing = ["a", "b", "c"].map(|id| call(store, &things, id));
        let failed = one_unit(store, failing);
        let panicking = ["d", "panic", "e"].map(|id| call(store, &things, id));
        let panicked = one_unit(store, panicking);

        assert!(
            matches!(failed.as_slice(), [Ok(1), Err(Error::Conflict(_)), Ok(1)]),
            "{failed:?}"
        );
        assert!(
            matches!(
                panicked.as_slice(),
                [Ok(1), Err(Error::Panicked { .. }), Ok(1)]
            ),
            "{panicked:?}"
        );
        assert_eq!(texts(store, IDS, vec![]), ["a", "b", "c", "d", "e"]);
    });
}

#[test]
fn a_caller_who_went_away_is_written_all_the_same() {
    on_both(|store| {
        script(store, TABLE);
        let things = things(64, &Arc::default());

        let done = one_unit(
            store,
            ["a", "b", "c"].map(|id| {
                let call = call(store, &things, id);
                async move {
                    if id != "a" {
                        return call.await;
                    }
                    // Polled once, so that it is submitted; then given up.
                    let mut call = Box::pin(call);
                    tokio::select! {
                        biased;
                        done = &mut call => done,
                        () = std::future::ready(()) => Ok(0),
                    }
                }
            }),
        );

        let done: Vec<usize> = done.into_iter().map(Result::unwrap).collect();
        assert_eq!(done, [0, 3, 3]);
        assert_eq!(number(store, "SELECT count(*) FROM thing"), 3);
    });
}

fn one_unit<T: Send + 'static>(
    store: &Store,
    calls: impl IntoIterator<Item = impl Future<Output = Result<T, Error>> + Send + 'static>,
) -> Vec<Result<T, Error>> {
    together(store, calls, 1)
}

fn call_alone(store: &Store, things: &Arc<Things>, id: &'static str) -> Result<usize, Error> {
    super::commits::block_on(call(store, things, id))
}

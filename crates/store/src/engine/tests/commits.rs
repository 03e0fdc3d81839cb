//! Writes that share a commit, and what they may not share.

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Waker};

use tokio::task::{JoinSet, yield_now};

use super::{Fixture, execute, number, on_both, script, texts, with_both};
use crate::engine::Store;
use crate::error::Error;
use crate::value::text;

const TABLE: &str = "CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY)";
const INSERT: &str = "INSERT INTO thing (id) VALUES ($1)";
const COUNT: &str = "SELECT count(*) FROM thing";

/// Lets tasks run on this thread, so that the test decides what is submitted before what.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// Keeps the writer busy until the sender is dropped.
fn block_writer(tasks: &mut JoinSet<Result<(), Error>>, store: &Store) -> mpsc::Sender<()> {
    let (release, blocked) = mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let store = store.clone();
    tasks.spawn(async move {
        store
            .write(move |_| {
                let _ = blocked.lock().unwrap().recv();
                Ok(())
            })
            .await
    });
    release
}

/// Gives the tasks their turns until so many writes wait.
async fn until_waiting(store: &Store, count: u64) {
    while store.statistics().waiting != count {
        yield_now().await;
    }
}

pub(super) fn insert(
    store: &Store,
    id: &str,
) -> impl Future<Output = Result<(), Error>> + Send + use<> {
    let (store, id) = (store.clone(), text(id));
    async move {
        let args = [id];
        store
            .write(move |tx| tx.execute(INSERT, &args).map(drop))
            .await
    }
}

#[test]
fn sixty_four_callers_share_one_commit() {
    on_both(|store| {
        script(store, TABLE);
        let before = store.statistics();

        let all = (0..64).map(|number| insert(store, &format!("thing-{number}")));
        let done: Result<Vec<()>, Error> = together(store, all, 64).into_iter().collect();

        done.unwrap();
        let after = store.statistics();
        assert_eq!(number(store, COUNT), 64);
        assert_eq!(after.transactions - before.transactions, 65);
        // The one that kept the writer busy, and all the others together.
        assert_eq!(after.commits - before.commits, 2);
        assert_eq!(after.statements - before.statements, 64);
    });
}

/// Has the writer find all of these at once, as so many units of work.
pub(super) fn together<T: Send + 'static>(
    store: &Store,
    writes: impl IntoIterator<Item = impl Future<Output = Result<T, Error>> + Send + 'static>,
    units: u64,
) -> Vec<Result<T, Error>> {
    block_on(async {
        let mut blocking = JoinSet::new();
        let release = block_writer(&mut blocking, store);
        yield_now().await;
        until_waiting(store, 0).await;
        let mut tasks = Vec::new();
        for write in writes {
            tasks.push(tokio::spawn(write));
        }
        until_waiting(store, units).await;
        // Whoever joined one of them has had a turn, too.
        for _ in 0..tasks.len() {
            yield_now().await;
        }
        drop(release);
        let mut done = Vec::new();
        for task in tasks {
            done.push(task.await.unwrap());
        }
        done
    })
}

#[test]
fn one_that_refuses_before_it_writes_costs_its_neighbours_nothing() {
    on_both(|store| {
        script(store, TABLE);
        let runs = Arc::new(AtomicU32::new(0));
        let before = store.statistics();

        let writes = (0..9).map(|number| {
            let (store, runs) = (store.clone(), Arc::clone(&runs));
            async move {
                let write = move |tx: &mut crate::WriteTx<'_>| {
                    runs.fetch_add(1, Ordering::Relaxed);
                    tx.query_one(COUNT, &[])?;
                    if number % 3 == 0 {
                        return Err(Error::StaleVersion);
                    }
                    tx.execute(INSERT, &[text(number)])
                };
                store.write(write).await
            }
        });
        let done = together(store, writes, 9);

        let refused = done.iter().filter(|one| one.is_err()).count();
        assert_eq!(refused, 3);
        assert_eq!(number(store, COUNT), 6);
        assert_eq!(runs.load(Ordering::Relaxed), 9);
        let after = store.statistics();
        assert_eq!(after.commits - before.commits, 2);
        assert_eq!(after.rollbacks - before.rollbacks, 3);
    });
}

#[test]
fn each_of_a_group_sees_what_its_neighbours_kept_and_nothing_of_what_was_undone() {
    on_both(|store| {
        script(store, TABLE);

        let writes = (0..8).map(|number| {
            let store = store.clone();
            async move {
                let write = move |tx: &mut crate::WriteTx<'_>| {
                    let before = tx.query_one(COUNT, &[])?.int(0)?;
                    tx.execute(INSERT, &[text(number)])?;
                    if number % 2 == 1 {
                        return Err(Error::StaleVersion);
                    }
                    Ok(before)
                };
                store.write(write).await
            }
        });
        let done = together(store, writes, 8);

        let seen: Vec<i64> = done.into_iter().filter_map(Result::ok).collect();
        assert_eq!(seen, [0, 1, 2, 3]);
        let all = texts(store, "SELECT id FROM thing ORDER BY id", vec![]);
        assert_eq!(all, ["0", "2", "4", "6"]);
    });
}

#[test]
fn a_read_that_failed_harms_only_who_made_it() {
    on_both(|store| {
        script(store, TABLE);

        let writes = (0..3).map(|number| {
            let store = store.clone();
            async move {
                let write = move |tx: &mut crate::WriteTx<'_>| {
                    if number == 1 {
                        tx.query_one("SELECT nothing FROM nowhere", &[])?;
                    }
                    tx.execute(INSERT, &[text(number)])
                };
                store.write(write).await
            }
        });
        let done = together(store, writes, 3);

        assert!(matches!(
            done.as_slice(),
            [Ok(1), Err(Error::Driver { .. }), Ok(1)]
        ));
        let all = texts(store, "SELECT id FROM thing ORDER BY id", vec![]);
        assert_eq!(all, ["0", "2"]);
    });
}

#[test]
fn parallel_callers_all_get_what_they_wrote() {
    on_both(|store| {
        script(store, TABLE);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .build()
            .unwrap();

        let found: Vec<bool> = runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for number in 0..64 {
                let store = store.clone();
                tasks.spawn(async move {
                    let id = format!("thing-{number}");
                    insert(&store, &id).await.unwrap();
                    let find = move |tx: &mut crate::ReadTx<'_>| -> Result<bool, Error> {
                        let row =
                            tx.query_opt("SELECT id FROM thing WHERE id = $1", &[text(&id)])?;
                        Ok(row.is_some())
                    };
                    store.read(find).await.unwrap()
                });
            }
            tasks.join_all().await
        });

        assert_eq!(found, [true; 64]);
    });
}

#[test]
fn one_that_fails_or_panics_takes_nothing_of_its_neighbours_along() {
    on_both(|store| {
        script(store, TABLE);
        execute(store, INSERT, vec![text("taken")]).unwrap();
        let before = store.statistics();

        let (first, twice, refused, panicked, last) = block_on(async {
            let mut tasks = JoinSet::new();
            let release = block_writer(&mut tasks, store);
            yield_now().await;
            until_waiting(store, 0).await;
            let refused = store.write(|tx| {
                tx.execute(INSERT, &[text("refused")])?;
                Err::<(), Error>(Error::StaleVersion)
            });
            let panicked = store.write(|tx| -> Result<(), Error> {
                tx.execute(INSERT, &[text("panicked")])?;
                panic!("on purpose")
            });
            let released = async move { drop(release) };
            let (first, twice, refused, panicked, last, ()) = tokio::join!(
                insert(store, "first"),
                insert(store, "taken"),
                refused,
                panicked,
                insert(store, "last"),
                released
            );
            (first, twice, refused, panicked, last)
        });

        assert!(first.is_ok() && last.is_ok());
        assert!(matches!(twice, Err(Error::Conflict(_))));
        assert!(matches!(refused, Err(Error::StaleVersion)));
        assert!(matches!(panicked, Err(Error::Panicked { message }) if message == "on purpose"));
        let all = texts(store, "SELECT id FROM thing ORDER BY id", vec![]);
        assert_eq!(all, ["first", "last", "taken"]);
        let after = store.statistics();
        assert_eq!(after.rollbacks - before.rollbacks, 3);
        assert_eq!(after.commits - before.commits, 2);
    });
}

#[test]
fn a_panic_in_a_read_is_an_error_and_the_next_read_works() {
    on_both(|store| {
        for _ in 0..20 {
            let read: Result<(), Error> = store.read_blocking(|_| panic!("on purpose"));
            assert!(matches!(read, Err(Error::Panicked { .. })));
        }

        assert_eq!(number(store, "SELECT 7"), 7);
    });
}

#[test]
fn a_constraint_checked_at_the_end_harms_only_who_broke_it() {
    on_both(|store| {
        script(
            store,
            "CREATE TABLE parent (id TEXT NOT NULL PRIMARY KEY); \
             CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY \
                 REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED); \
             INSERT INTO parent VALUES ('good')",
        );

        let (good, orphan) = block_on(async {
            let mut tasks = JoinSet::new();
            let release = block_writer(&mut tasks, store);
            yield_now().await;
            until_waiting(store, 0).await;
            let released = async move { drop(release) };
            let (good, orphan, ()) =
                tokio::join!(insert(store, "good"), insert(store, "orphan"), released);
            (good, orphan)
        });

        assert!(good.is_ok(), "{good:?}");
        assert!(matches!(orphan, Err(Error::Conflict(_))), "{orphan:?}");
        assert_eq!(texts(store, "SELECT id FROM thing", vec![]), ["good"]);
    });
}

#[test]
fn interactive_work_overtakes_bulk_work() {
    let fixture = Fixture::sqlite();
    let store = fixture.open();
    let order = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let order = Arc::clone(&order);
        move |_: &mut crate::WriteTx<'_>| -> Result<(), Error> {
            order.lock().unwrap().push(name);
            Ok(())
        }
    };

    block_on(async {
        let mut tasks = JoinSet::new();
        let release = block_writer(&mut tasks, &store);
        yield_now().await;
        until_waiting(&store, 0).await;
        let released = async move { drop(release) };
        let (one, two, three, ()) = tokio::join!(
            store.write_bulk(note("bulk")),
            store.write(note("interactive")),
            store.write(note("interactive")),
            released
        );
        one.and(two).and(three).unwrap();
    });

    assert_eq!(
        *order.lock().unwrap(),
        ["interactive", "interactive", "bulk"]
    );
}

#[test]
fn the_last_store_to_go_waits_for_what_was_submitted() {
    with_both(|fixture| {
        let store = fixture.open();
        script(&store, TABLE);

        block_on(async {
            let mut task = Box::pin(insert(&store, "late"));
            // Polled once, so that it is submitted; then given up.
            tokio::select! {
                biased;
                _ = &mut task => {}
                () = std::future::ready(()) => {}
            }
        });
        drop(store);

        assert_eq!(number(&fixture.open(), COUNT), 1);
    });
}

#[test]
fn a_large_log_is_copied_to_the_file() {
    let fixture = Fixture::sqlite();
    let store = fixture.open();
    script(
        &store,
        "CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY, filler TEXT NOT NULL)",
    );
    let crate::Location::Sqlite { path } = &fixture.location else {
        unreachable!()
    };
    let filler = "x".repeat(100_000);

    // 120 MB of changes, twice what the log may hold.
    for _ in 0..1_200 {
        let filler = filler.clone();
        let written: Result<u64, Error> = store.write_blocking(move |tx| {
            tx.execute("DELETE FROM thing", &[])?;
            tx.execute(
                "INSERT INTO thing (id, filler) VALUES ('a', $1)",
                &[text(&filler)],
            )
        });
        written.unwrap();
    }

    let log = path.with_extension("db-wal").metadata().unwrap().len();
    assert!(log < 80_000_000, "the log has {log} bytes");
}

#[test]
fn every_commit_reaches_the_disk() {
    let fixture = Fixture::sqlite();
    let store = fixture.open();

    let settings: Result<(i64, String), Error> = store.write_blocking(|tx| {
        let synchronous = tx
            .query_one("SELECT synchronous FROM pragma_synchronous", &[])?
            .int(0)?;
        let journal = tx.query_one("SELECT journal_mode FROM pragma_journal_mode", &[])?;
        Ok((synchronous, journal.text(0)?.to_owned()))
    });

    // 2 is FULL: the log is synced by every commit.
    assert_eq!(settings.unwrap(), (2, "wal".to_owned()));
}

#[test]
fn whoever_waits_for_news_is_told_of_a_commit_and_not_of_a_read() {
    on_both(|store| {
        script(store, TABLE);
        let mut context = Context::from_waker(Waker::noop());
        let mut news = pin!(store.news());
        news.as_mut().enable();

        let read: Result<(), Error> = store.read_blocking(|tx| {
            tx.query_one(COUNT, &[])?;
            Ok(())
        });
        read.unwrap();
        let before = news.as_mut().poll(&mut context);
        execute(store, INSERT, vec![text("a")]).unwrap();
        let after = news.as_mut().poll(&mut context);

        assert!(before.is_pending() && after.is_ready());
    });
}

//! Kill -9 after an acknowledgement.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Fixture, script, texts, with_both};
use crate::engine::{Location, Options, Store};
use crate::error::Error;
use crate::value::text;

/// Tells the child which database to write to.
const TARGET: &str = "REEVE_STORE_CRASH_TARGET";
/// Tells the child what its ids begin with.
const ROUND: &str = "REEVE_STORE_CRASH_ROUND";
/// How the child begins the line that acknowledges an id.
const ACKNOWLEDGED: &str = "acknowledged ";

#[test]
fn what_was_acknowledged_survives_a_kill() {
    with_both(|fixture| {
        script(
            &fixture.open(),
            "CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY)",
        );
        let mut acknowledged = BTreeSet::new();

        for round in 0..5 {
            acknowledged.extend(write_until_killed(fixture, round));
        }

        let stored = texts(&fixture.open(), "SELECT id FROM thing", vec![]);
        let stored: BTreeSet<String> = stored.into_iter().collect();
        let lost: Vec<&String> = acknowledged.difference(&stored).collect();
        assert!(
            acknowledged.len() > 100,
            "only {} writes",
            acknowledged.len()
        );
        assert!(lost.is_empty(), "lost {lost:?} of {}", acknowledged.len());
    });
}

/// Lets a child write and kills it after a random number of acknowledgements; gives all that it made.
fn write_until_killed(fixture: &Fixture, round: u64) -> Vec<String> {
    let target = match &fixture.location {
        Location::Sqlite { path } => format!("sqlite:{}", path.display()),
        Location::Postgres { url, .. } => url.clone(),
    };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "engine::tests::crash::child_that_writes",
            "--ignored",
            "--nocapture",
        ])
        .env(TARGET, target)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let enough = 30 + RandomState::new().hash_one(round) % 200;
    let mut acknowledged = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        // A line that the kill cut off is no acknowledgement: its id may be cut off too.
        let Ok(line) = line else { break };
        if let Some(id) = line
            .strip_prefix(ACKNOWLEDGED)
            .and_then(|id| id.strip_suffix('.'))
        {
            acknowledged.push(id.to_owned());
        }
        if acknowledged.len() as u64 == enough {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    acknowledged
}

#[test]
#[ignore = "the child of the test above, which never ends by itself"]
fn child_that_writes() {
    let (Ok(target), Ok(round)) = (std::env::var(TARGET), std::env::var(ROUND)) else {
        panic!("run by `what_was_acknowledged_survives_a_kill` alone")
    };
    let location = match target.strip_prefix("sqlite:") {
        Some(path) => Location::Sqlite { path: path.into() },
        None => Location::Postgres {
            url: target,
            ca: None,
        },
    };
    let store = Store::open(&location, &Options::default()).unwrap();
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let id = format!("{round}-{}", next.fetch_add(1, Ordering::Relaxed));
                    write_and_acknowledge(&store, &id);
                }
            });
        }
    });
}

fn write_and_acknowledge(store: &Store, id: &str) {
    let args = [text(id)];
    let stored: Result<(), Error> = store.write_blocking(move |tx| {
        tx.execute("INSERT INTO thing (id) VALUES ($1)", &args)
            .map(drop)
    });
    stored.unwrap();
    let line = format!("{ACKNOWLEDGED}{id}.\n");
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.flush().unwrap();
}

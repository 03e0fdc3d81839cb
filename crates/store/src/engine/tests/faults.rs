//! A PostgreSQL that fails at random: serialization failures, lost connections, commits without an answer.

use std::sync::Mutex;

use super::{Fixture, number, script};
use crate::engine::{Faults, Options, Store};
use crate::error::Error;
use crate::value::text;

const WRITERS: usize = 8;
const EACH: usize = 40;
/// Of a thousand statements.
const OFTEN: u32 = 60;

#[test]
fn an_answer_to_a_write_is_true_whatever_the_database_does() {
    let Some(fixture) = Fixture::postgres() else {
        return;
    };
    let faults = Faults::seeded(0x5eed_0026);
    let options = Options {
        postgres_faults: Some(faults.clone()),
        ..Options::default()
    };
    let store = Store::open(&fixture.location, &options).unwrap();
    script(
        &store,
        "CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY); \
         CREATE TABLE tally (id BIGINT NOT NULL PRIMARY KEY, things BIGINT NOT NULL); \
         INSERT INTO tally (id, things) VALUES (1, 0)",
    );

    faults.set(OFTEN);
    let answers = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (store, answers) = (&store, &answers);
            scope.spawn(move || {
                for number in 0..EACH {
                    let id = format!("{writer}-{number}");
                    let answer = add(store, id.clone());
                    answers.lock().unwrap().push((id, answer));
                }
            });
        }
    });
    faults.set(0);

    let mut undecided = 0;
    let answers = answers.into_inner().unwrap();
    for (id, answer) in &answers {
        let id = id.clone();
        let stored: Result<i64, Error> = store.read_blocking(move |tx| {
            let count = "SELECT count(*) FROM thing WHERE id = $1";
            tx.query_one(count, &[text(&id)])?.int(0)
        });
        match (answer, stored.unwrap()) {
            (Ok(()), 1) | (Err(Error::Busy | Error::Unavailable { .. }), 0) => {}
            (Err(Error::Undecided { .. }), 0 | 1) => undecided += 1,
            (answer, stored) => panic!("{answer:?}, and {stored} are stored"),
        }
    }
    assert_eq!(
        number(&store, "SELECT things FROM tally"),
        number(&store, "SELECT count(*) FROM thing")
    );
    assert_eq!(answers.len(), WRITERS * EACH);
    assert!(undecided > 0, "no commit was left without an answer");
    assert!(undecided < answers.len() / 2, "{undecided}");
    assert!(answers.iter().any(|(_, answer)| answer.is_ok()));
}

/// Two statements that only make sense together.
fn add(store: &Store, id: String) -> Result<(), Error> {
    store.write_blocking(move |tx| {
        tx.execute("INSERT INTO thing (id) VALUES ($1)", &[text(&id)])?;
        tx.execute("UPDATE tally SET things = things + 1 WHERE id = 1", &[])
            .map(drop)
    })
}

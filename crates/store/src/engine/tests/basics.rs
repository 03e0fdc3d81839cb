//! Values in, values out, and what a statement may not do.

use super::{execute, number, on_both, script, texts};
use crate::engine::{ReadTx, Store};
use crate::error::Error;
use crate::value::{Value, boolean, int, list, opt_boolean, opt_int, opt_text, text};

const TABLE: &str =
    "CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY, name TEXT, size BIGINT, hidden BOOLEAN)";
const INSERT: &str = "INSERT INTO thing (id, name, size, hidden) VALUES ($1, $2, $3, $4)";
const FIND: &str = "SELECT name, size, hidden FROM thing WHERE id = $1";

fn with_things(store: &Store, things: &[(&str, &str)]) {
    script(store, TABLE);
    for (id, name) in things {
        execute(
            store,
            INSERT,
            vec![text(id), text(name), int(1), boolean(false)],
        )
        .unwrap();
    }
}

/// A function of a table module: it does not know whether it reads within a write.
fn find_name(tx: &mut ReadTx<'_>, id: &str) -> Result<Option<String>, Error> {
    let row = tx.query_opt("SELECT name FROM thing WHERE id = $1", &[text(id)])?;
    row.map(|row| Ok(row.text(0)?.to_owned())).transpose()
}

#[test]
fn a_write_sees_its_own_changes_and_every_later_read_does_too() {
    on_both(|store| {
        with_things(store, &[]);

        let within: Result<_, Error> = store.write_blocking(|tx| {
            tx.execute(INSERT, &[text("a"), text("name"), Value::Null, Value::Null])?;
            find_name(tx, "a")
        });
        let after: Result<_, Error> = store.read_blocking(|tx| find_name(tx, "a"));

        assert_eq!(within.unwrap().as_deref(), Some("name"));
        assert_eq!(after.unwrap().as_deref(), Some("name"));
    });
}

#[test]
fn what_the_work_answers_as_an_error_is_rolled_back() {
    #[derive(Debug)]
    struct Refused;
    impl From<Error> for Refused {
        fn from(error: Error) -> Self {
            panic!("the database failed: {error}")
        }
    }
    on_both(|store| {
        with_things(store, &[]);

        let refused: Result<(), Refused> = store.write_blocking(|tx| {
            tx.execute(INSERT, &[text("a"), text("name"), Value::Null, Value::Null])?;
            Err(Refused)
        });

        assert!(refused.is_err());
        assert_eq!(number(store, "SELECT count(*) FROM thing"), 0);
    });
}

#[test]
fn values_come_back_as_they_went_in() {
    on_both(|store| {
        with_things(store, &[]);
        let name = "O'Brien; \"$1\" – Ünïcode 漢字 \\ 🦀";
        execute(
            store,
            INSERT,
            vec![text("a"), text(name), int(i64::MIN), boolean(true)],
        )
        .unwrap();

        let read: Result<_, Error> = store.read_blocking(|tx| {
            let row = tx.query_one(FIND, &[text("a")])?;
            Ok((row.text(0)?.to_owned(), row.int(1)?, row.boolean(2)?))
        });

        assert_eq!(read.unwrap(), (name.to_owned(), i64::MIN, true));
    });
}

#[test]
fn a_missing_value_needs_no_type() {
    on_both(|store| {
        with_things(store, &[]);
        let nothing = vec![
            text("a"),
            opt_text(None::<String>),
            opt_int(None),
            opt_boolean(None),
        ];
        execute(store, INSERT, nothing).unwrap();

        let read: Result<_, Error> = store.read_blocking(|tx| {
            let row = tx.query_one(FIND, &[text("a")])?;
            Ok((
                row.opt_text(0)?.map(str::to_owned),
                row.opt_int(1)?,
                row.opt_boolean(2)?,
                row.value(0)?,
            ))
        });

        assert_eq!(read.unwrap(), (None, None, None, Value::Null));
    });
}

#[test]
fn a_value_of_another_type_is_corrupt_and_says_where() {
    on_both(|store| {
        with_things(store, &[("a", "name")]);

        let read = |column: usize| -> Error {
            let read: Result<i64, Error> =
                store.read_blocking(move |tx| tx.query_one(FIND, &[text("a")])?.int(column));
            read.unwrap_err()
        };

        for (column, found) in [
            (0, "a text where a number is expected"),
            (9, "no such column"),
        ] {
            let message = read(column).to_string();
            assert!(message.contains(found), "{message}");
            assert!(message.contains("FROM thing"), "{message}");
        }
    });
}

#[test]
fn lists_hold_any_text_and_may_be_empty() {
    on_both(|store| {
        let odd = [
            "it's",
            "say \"hi\"",
            "back\\slash",
            "漢字",
            "a,b",
            "[1]",
            "",
            "$1",
        ];
        let things: Vec<(&str, &str)> = odd.iter().map(|name| (*name, *name)).collect();
        with_things(store, &things);
        let find = "SELECT id FROM thing WHERE id IN EACH($1)";

        for name in odd {
            assert_eq!(texts(store, find, vec![list([name])]), [name]);
        }
        assert_eq!(texts(store, find, vec![list(odd)]).len(), odd.len());
        assert_eq!(
            texts(store, find, vec![list(Vec::<String>::new())]),
            [""; 0]
        );
        assert_eq!(texts(store, find, vec![list(["nobody"])]), [""; 0]);
    });
}

#[test]
fn lower_and_instr_know_all_letters() {
    on_both(|store| {
        with_things(
            store,
            &[("a", "ÄRZTE und ÉTUDES"), ("b", "other"), ("c", "ЖЗИ")],
        );
        let find = "SELECT id FROM thing WHERE INSTR(LOWER(name), $1) > 0 ORDER BY id";

        assert_eq!(texts(store, find, vec![text("ärzte")]), ["a"]);
        assert_eq!(texts(store, find, vec![text("études")]), ["a"]);
        assert_eq!(texts(store, find, vec![text("жзи")]), ["c"]);
        assert_eq!(texts(store, find, vec![text("t")]), ["a", "b"]);
    });
}

#[test]
fn rows_can_be_claimed_by_the_same_text() {
    on_both(|store| {
        with_things(store, &[("a", "x"), ("b", "x")]);

        let claimed: Result<Vec<String>, Error> = store.write_blocking(|tx| {
            let sql = "UPDATE thing SET size = size + 1 WHERE id IN \
                       (SELECT id FROM thing WHERE name = $1 ORDER BY id LIMIT $2 SKIP_LOCKED) RETURNING id";
            tx.query_map(sql, &[text("x"), int(1)], |row| Ok(row.text(0)?.to_owned()))
        });

        assert_eq!(claimed.unwrap(), ["a"]);
    });
}

#[test]
fn changing_a_row_that_another_was_faster_with_is_stale() {
    on_both(|store| {
        with_things(store, &[("a", "name")]);
        let save = |version: i64| -> Result<(), Error> {
            store.write_blocking(move |tx| {
                let sql = "UPDATE thing SET size = size + 1 WHERE id = $1 AND size = $2";
                tx.execute_one(sql, &[text("a"), int(version)])
            })
        };

        assert!(save(1).is_ok());
        assert!(matches!(save(1), Err(Error::StaleVersion)));
        assert!(save(2).is_ok());
    });
}

#[test]
fn a_statement_that_failed_cannot_be_ignored() {
    on_both(|store| {
        with_things(store, &[("a", "name")]);

        let ignored: Result<(), Error> = store.write_blocking(|tx| {
            tx.execute("UPDATE thing SET size = 7", &[])?;
            let again = tx.execute(INSERT, &[text("a"), Value::Null, Value::Null, Value::Null]);
            assert!(matches!(again, Err(Error::Conflict(_))));
            let more = tx.execute("UPDATE thing SET size = 8", &[]);
            assert!(matches!(more, Err(Error::Aborted)));
            Ok(())
        });

        assert!(matches!(ignored, Err(Error::Aborted)), "{ignored:?}");
        assert_eq!(number(store, "SELECT size FROM thing"), 1);
    });
}

#[test]
fn a_row_that_cannot_be_read_leaves_the_transaction_usable() {
    on_both(|store| {
        with_things(store, &[("a", "name"), ("b", "name")]);

        let stored: Result<u64, Error> = store.write_blocking(|tx| {
            let unread = tx.query_map("SELECT name FROM thing", &[], |row| row.int(0));
            assert!(matches!(unread, Err(Error::Corrupt { .. })));
            tx.execute("UPDATE thing SET size = 7", &[])
        });

        assert_eq!(stored.unwrap(), 2);
    });
}

#[test]
fn a_read_cannot_write() {
    on_both(|store| {
        with_things(store, &[("a", "name")]);

        let tried: Result<Vec<i64>, Error> = store.read_blocking(|tx| {
            tx.query_map("UPDATE thing SET size = 7 RETURNING size", &[], |row| {
                row.int(0)
            })
        });

        assert!(matches!(tried, Err(Error::Driver { .. })), "{tried:?}");
        assert_eq!(number(store, "SELECT size FROM thing"), 1);
    });
}

#[test]
fn a_read_sees_one_moment() {
    on_both(|store| {
        with_things(store, &[("a", "name")]);
        let other = store.clone();

        let counts: Result<(i64, i64), Error> = store.read_blocking(move |tx| {
            let before = tx.query_one("SELECT count(*) FROM thing", &[])?.int(0)?;
            execute(
                &other,
                INSERT,
                vec![text("b"), Value::Null, Value::Null, Value::Null],
            )?;
            Ok((
                before,
                tx.query_one("SELECT count(*) FROM thing", &[])?.int(0)?,
            ))
        });

        assert_eq!(counts.unwrap(), (1, 1));
        assert_eq!(number(store, "SELECT count(*) FROM thing"), 2);
    });
}

#[test]
fn an_unknown_table_is_the_drivers_error_with_the_statement() {
    on_both(|store| {
        let error = execute(store, "DELETE FROM nowhere", vec![]).unwrap_err();

        assert!(error.to_string().contains("DELETE FROM nowhere"), "{error}");
        assert!(std::error::Error::source(&error).is_some());
    });
}

//! The whole database kept under a name, and brought back: a copy of every table beside it.
//!
//! What is kept is found by asking the database which tables there are, so that a new table needs no line here. Where a
//! copy belongs is remembered in `setting`.
//!
//! **Invariant:** names of tables come from the database's own catalogue, and numbers from here; nothing that a client
//! wrote becomes part of a statement.

use std::collections::{BTreeMap, BTreeSet};

use domain::time::Timestamp;

use crate::dialect::{FOREIGN_KEYS, TABLES};
use crate::value::{int, text};
use crate::{Error, ReadTx, WriteTx};

pub(crate) const STATEMENTS: &[&str] = &[LIST, FORGET, SCHEMA];

/// What the entries of `setting` begin with.
const ENTRY: &str = "snapshot/";
/// What the copies begin with.
const COPY: &str = "snapshot_";
/// What says how the database is made, and is no part of its content.
const RECORD_OF_STEPS: &str = "schema_migration";

const LIST: &str = "SELECT name, value FROM setting WHERE SUBSTR(name, 1, 9) = $1 ORDER BY name";
const FORGET: &str = "DELETE FROM setting WHERE name = $1";
const SCHEMA: &str = "SELECT COALESCE(MAX(version), 0) FROM schema_migration WHERE version > $1";

/// A copy of the whole database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// What it is called.
    pub name: String,
    /// Of when it is.
    pub taken_at: Timestamp,
    /// The number in the names of its tables.
    number: i64,
    /// The step of the schema at which it was taken; at another one it is of no use.
    schema: i64,
}

impl Snapshot {
    fn entry(&self) -> (String, String) {
        let value = format!("{} {} {}", self.number, self.schema, self.taken_at.micros());
        (format!("{ENTRY}{}", self.name), value)
    }

    fn from_entry(name: &str, value: &str) -> Result<Self, Error> {
        let corrupt = || Error::corrupt("setting", "value", name, value);
        let mut numbers = value.split(' ').map(str::parse::<i64>);
        let mut next = || numbers.next().and_then(Result::ok).ok_or_else(corrupt);
        Ok(Self {
            name: name.strip_prefix(ENTRY).unwrap_or(name).to_owned(),
            number: next()?,
            schema: next()?,
            taken_at: Timestamp::from_micros(next()?),
        })
    }

    fn copy_of(&self, table: &str) -> String {
        format!("{COPY}{}_{table}", self.number)
    }
}

/// Every snapshot that can be brought back, by name.
pub fn list(tx: &mut ReadTx<'_>) -> Result<Vec<Snapshot>, Error> {
    let schema = schema(tx)?;
    let mut all = every(tx)?;
    all.retain(|snapshot| snapshot.schema == schema);
    Ok(all)
}

/// Keeps what is there now; what was kept under this name before is gone, and so is what no longer fits the schema.
pub fn take(tx: &mut WriteTx<'_>, name: &str, now: Timestamp) -> Result<Snapshot, Error> {
    let schema = schema(tx)?;
    let mut last = 0;
    for old in every(tx)? {
        last = last.max(old.number);
        if old.name == name || old.schema != schema {
            discard(tx, &old)?;
        }
    }
    let taken = Snapshot {
        name: name.to_owned(),
        taken_at: now,
        number: last + 1,
        schema,
    };
    for table in tables(tx)? {
        let copy = taken.copy_of(&table);
        tx.execute(
            &format!("CREATE TABLE \"{copy}\" AS SELECT * FROM \"{table}\""),
            &[],
        )?;
    }
    let (entry, value) = taken.entry();
    crate::setting::set(tx, &entry, &value)?;
    Ok(taken)
}

/// Lets go of a snapshot; says whether there was one.
pub fn remove(tx: &mut WriteTx<'_>, name: &str) -> Result<bool, Error> {
    let known = every(tx)?.into_iter().find(|one| one.name == name);
    match known {
        Some(snapshot) => discard(tx, &snapshot).map(|()| true),
        None => Ok(false),
    }
}

/// Brings everything back as it was; says whether there was such a snapshot. The snapshots themselves stay.
pub fn restore(tx: &mut WriteTx<'_>, name: &str) -> Result<bool, Error> {
    let kept = every(tx)?;
    let Some(wanted) = list(tx)?.into_iter().find(|one| one.name == name) else {
        return Ok(false);
    };
    let tables = tables(tx)?;
    for table in tables.iter().rev() {
        tx.execute(&format!("DELETE FROM \"{table}\""), &[])?;
    }
    for table in &tables {
        let copy = wanted.copy_of(table);
        tx.execute(
            &format!("INSERT INTO \"{table}\" SELECT * FROM \"{copy}\""),
            &[],
        )?;
    }
    for old in every(tx)? {
        tx.execute(FORGET, &[text(old.entry().0)])?;
    }
    for snapshot in kept {
        let (entry, value) = snapshot.entry();
        crate::setting::set(tx, &entry, &value)?;
    }
    crate::change_log::end(tx)?;
    Ok(true)
}

/// What every table holds, a text for each row, in no order that means anything: to see what changed between two moments.
pub fn content(tx: &mut ReadTx<'_>) -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
    let mut content = BTreeMap::new();
    for table in tables(tx)? {
        let rows = tx.query_map(&format!("SELECT * FROM \"{table}\""), &[], |row| {
            let cells: Result<Vec<_>, Error> = (0..row.columns()).map(|at| row.value(at)).collect();
            Ok(format!("{:?}", cells?))
        })?;
        content.insert(table, rows.into_iter().collect());
    }
    Ok(content)
}

fn discard(tx: &mut WriteTx<'_>, snapshot: &Snapshot) -> Result<(), Error> {
    let front = snapshot.copy_of("");
    for table in catalogue(tx)? {
        if table.starts_with(&front) {
            tx.execute(&format!("DROP TABLE \"{table}\""), &[])?;
        }
    }
    tx.execute(FORGET, &[text(snapshot.entry().0)]).map(drop)
}

fn every(tx: &mut ReadTx<'_>) -> Result<Vec<Snapshot>, Error> {
    tx.query_map(LIST, &[text(ENTRY)], |row| {
        Snapshot::from_entry(row.text(0)?, row.text(1)?)
    })
}

fn schema(tx: &mut ReadTx<'_>) -> Result<i64, Error> {
    tx.query_one(SCHEMA, &[int(0)])?.int(0)
}

fn catalogue(tx: &mut ReadTx<'_>) -> Result<Vec<String>, Error> {
    let sql = TABLES.of(tx.engine());
    tx.query_map(sql, &[], |row| Ok(row.text(0)?.to_owned()))
}

/// The tables with content, each after those that it refers to.
fn tables(tx: &mut ReadTx<'_>) -> Result<Vec<String>, Error> {
    let mut all = catalogue(tx)?;
    all.retain(|table| table != RECORD_OF_STEPS && !table.starts_with(COPY));
    let sql = FOREIGN_KEYS.of(tx.engine());
    let keys = tx.query_map(sql, &[], |row| {
        Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))
    })?;
    in_order(all, &keys)
}

/// `tables` so that each comes after those it refers to. A table may refer to itself: all its rows come at once.
fn in_order(tables: Vec<String>, keys: &[(String, String)]) -> Result<Vec<String>, Error> {
    let mut waits_for: BTreeMap<String, Vec<&str>> = tables
        .into_iter()
        .map(|table| (table, Vec::new()))
        .collect();
    for (from, to) in keys {
        if from != to
            && let Some(waits) = waits_for.get_mut(from)
        {
            waits.push(to);
        }
    }
    let mut ordered: Vec<String> = Vec::new();
    while !waits_for.is_empty() {
        let ready: Vec<String> = waits_for
            .iter()
            .filter(|(_, waits)| waits.iter().all(|to| !waits_for.contains_key(*to)))
            .map(|(table, _)| table.clone())
            .collect();
        if ready.is_empty() {
            let stuck: Vec<&str> = waits_for.keys().map(String::as_str).collect();
            return Err(Error::Corrupt {
                place: "the foreign keys of the schema".to_owned(),
                found: format!("a circle among {}", stuck.join(", ")),
            });
        }
        for table in ready {
            waits_for.remove(&table);
            ordered.push(table);
        }
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::on_both;
    use crate::setting;

    fn named(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn tables_come_after_those_they_refer_to() {
        let keys =
            [("a", "b"), ("b", "c"), ("c", "c")].map(|(from, to)| (from.to_owned(), to.to_owned()));

        let ordered = in_order(named(&["a", "b", "c", "d"]), &keys).unwrap();

        assert_eq!(ordered, named(&["c", "d", "b", "a"]));
    }

    #[test]
    fn tables_in_a_circle_are_refused() {
        let keys = [("a", "b"), ("b", "a")].map(|(from, to)| (from.to_owned(), to.to_owned()));

        assert!(in_order(named(&["a", "b"]), &keys).is_err());
    }

    #[test]
    fn an_entry_says_all_of_a_snapshot_and_nonsense_nothing() {
        let snapshot = Snapshot {
            name: "before".to_owned(),
            taken_at: Timestamp::from_micros(7),
            number: 3,
            schema: 11,
        };
        let (entry, value) = snapshot.entry();

        assert_eq!(Snapshot::from_entry(&entry, &value).unwrap(), snapshot);
        assert!(Snapshot::from_entry(&entry, "3 eleven 7").is_err());
    }

    #[test]
    fn what_was_there_comes_back_and_what_came_later_goes() {
        on_both(|store| {
            store.migrate(Timestamp::from_micros(1)).unwrap();
            store
                .write_blocking(|tx| -> Result<(), Error> {
                    setting::set(tx, "a", "old")?;
                    take(tx, "first", Timestamp::from_micros(5))?;
                    setting::set(tx, "a", "new")?;
                    setting::set(tx, "b", "new")?;
                    take(tx, "second", Timestamp::from_micros(6))?;
                    assert!(restore(tx, "first")?);
                    assert!(!restore(tx, "third")?);
                    Ok(())
                })
                .unwrap();

            let (a, b, kept) = store
                .read_blocking(|tx| -> Result<_, Error> {
                    Ok((setting::find(tx, "a")?, setting::find(tx, "b")?, list(tx)?))
                })
                .unwrap();

            assert_eq!((a.as_deref(), b), (Some("old"), None));
            let names: Vec<&str> = kept.iter().map(|one| one.name.as_str()).collect();
            assert_eq!(names, ["first", "second"]);
        });
    }

    #[test]
    fn content_shows_what_a_write_changed_and_nothing_else() {
        on_both(|store| {
            store.migrate(Timestamp::from_micros(1)).unwrap();
            let before = store.read_blocking(content).unwrap();
            store
                .write_blocking(|tx| setting::set(tx, "a", "new"))
                .unwrap();

            let after = store.read_blocking(content).unwrap();

            let changed: Vec<&String> = after
                .iter()
                .filter(|(table, rows)| before.get(*table) != Some(*rows))
                .map(|(table, _)| table)
                .collect();
            assert_eq!(changed, ["setting"]);
        });
    }

    #[test]
    fn a_snapshot_that_is_taken_again_or_let_go_leaves_no_tables() {
        on_both(|store| {
            store.migrate(Timestamp::from_micros(1)).unwrap();
            let left = store
                .write_blocking(|tx| -> Result<Vec<String>, Error> {
                    let before = catalogue(tx)?;
                    take(tx, "one", Timestamp::from_micros(5))?;
                    take(tx, "one", Timestamp::from_micros(6))?;
                    assert_eq!(list(tx)?.len(), 1);
                    assert!(remove(tx, "one")?);
                    assert!(!remove(tx, "one")?);
                    assert!(list(tx)?.is_empty());
                    let mut after = catalogue(tx)?;
                    after.retain(|table| !before.contains(table));
                    Ok(after)
                })
                .unwrap();

            assert_eq!(left, Vec::<String>::new());
        });
    }
}

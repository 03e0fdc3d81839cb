//! A copy of the built-in database that is whole, taken while servers write, and the proof that a copy is whole.
//!
//! Invariant: the copy is the database as it was at one moment between two commits, and the original is only read.

use std::path::Path;
use std::time::Duration;

use super::sqlite_connection::SqliteConnection;
use crate::error::Error;
use crate::value::text;

/// How long a lock is waited for; a copy needs one for a moment only.
const BUSY: Duration = Duration::from_secs(30);

/// Copies the database file `from`, with what is still in its log, into the new file `to`.
pub fn copy_file(from: &Path, to: &Path) -> Result<(), Error> {
    let mut connection = SqliteConnection::copier(from, BUSY)?;
    let to = text(to.to_string_lossy().into_owned());
    connection
        .execute("VACUUM INTO $1", &[to])
        .map(drop)
        .map_err(|(error, _)| error)
}

/// What is wrong with a database file: its pages, its indexes, and references that lead nowhere. Nothing, if it is whole.
pub fn faults_of_file(path: &Path) -> Result<Vec<String>, Error> {
    let mut connection = SqliteConnection::copier(path, BUSY)?;
    let mut found = Vec::new();
    let checks = [
        ("PRAGMA integrity_check", ""),
        (
            "PRAGMA foreign_key_check",
            "a reference leads nowhere from ",
        ),
    ];
    for (check, what) in checks {
        connection
            .for_each_row(check, &[], &mut |row| {
                let told = row.text(0)?;
                if told != "ok" {
                    found.push(format!("{what}{told}"));
                }
                Ok(())
            })
            .map_err(|(error, _)| error)?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_whole_and_a_damaged_one_is_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from.db");
        let writer = rusqlite::Connection::open(&from).unwrap();
        writer
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = OFF; CREATE TABLE a (id INTEGER PRIMARY KEY, b TEXT REFERENCES a (id)); \
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
                 INSERT INTO a SELECT i, NULL FROM n;",
            )
            .unwrap();
        let to = folder.path().join("to.db");

        copy_file(&from, &to).unwrap();
        assert_eq!(faults_of_file(&to).unwrap(), Vec::<String>::new());
        assert!(
            copy_file(&from, &to).is_err(),
            "a copy is never written over"
        );

        let dangling = folder.path().join("dangling.db");
        writer
            .execute_batch("INSERT INTO a VALUES (9999, 8888)")
            .unwrap();
        copy_file(&from, &dangling).unwrap();
        let found = faults_of_file(&dangling).unwrap();
        assert!(
            found
                .iter()
                .any(|told| told.contains("leads nowhere from a")),
            "{found:?}"
        );
        let mut bytes = std::fs::read(&to).unwrap();
        bytes[4096..8192].fill(0xa5);
        std::fs::write(&to, bytes).unwrap();
        assert!(faults_of_file(&to).map_or(true, |found| !found.is_empty()));
    }
}

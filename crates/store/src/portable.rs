//! What may be asked of PostgreSQL so that engines which only speak like it can stand in: no channels, no advisory or table
//! locks, no code in the database, no constraints that are checked late.
//!
//! Such engines abort transactions where PostgreSQL would wait, so every write is run again; `Faults` shows that this works.

use std::fs;
use std::path::{Path, PathBuf};

/// Words of statements, as this crate writes them: in capitals, functions and catalogues in small letters.
const NOT_OFFERED: &[&str] = &[
    "LISTEN ",
    "NOTIFY ",
    "pg_notify",
    "pg_advisory",
    "pg_try_advisory",
    "LOCK TABLE",
    "TRIGGER",
    "CREATE FUNCTION",
    "CREATE PROCEDURE",
    "LANGUAGE ",
    "DO $$",
    "DEFERRABLE",
    "EXCLUDE USING",
    "CREATE SEQUENCE",
    "nextval",
    "SERIAL ",
    "UNLOGGED",
    "CREATE TEMP",
    "CREATE EXTENSION",
    "CREATE RULE",
    "INHERITS",
    "PARTITION OF",
    "DECLARE CURSOR",
    "WHERE CURRENT OF",
    "ctid",
    "xmin",
    "TABLESAMPLE",
    "hashtext",
    "MERGE INTO",
];

/// What is made wrong on purpose is no part of the product.
const FAULTS: &str = "faults.rs";

#[test]
fn nothing_is_asked_that_engines_which_speak_like_postgresql_do_not_offer() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&crate_folder.join("src"), &mut files);
    collect(&crate_folder.join("migrations"), &mut files);
    let mut found = Vec::new();
    let mut looked_at = 0;
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        // What tests ask of a database behind the store's back is their own affair.
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        for line in product.lines().filter(|line| is_statement(line)) {
            looked_at += 1;
            let words = NOT_OFFERED.iter().filter(|word| has(line, word));
            found.extend(words.map(|word| format!("{}: {word}", file.display())));
        }
    }

    assert_eq!(found, Vec::<String>::new());
    assert!(looked_at > 5_000, "only {looked_at} lines were looked at");
    assert!(has("SELECT pg_advisory_xact_lock(1)", "pg_advisory"));
    assert!(has("    id BIGSERIAL PRIMARY KEY", "SERIAL "));
    assert!(has("LISTEN changes", "LISTEN "));
    assert!(!has("BEGIN ISOLATION LEVEL SERIALIZABLE", "SERIAL "));
}

fn has(line: &str, word: &str) -> bool {
    line.contains(word)
}

/// Comments say what they like.
fn is_statement(line: &str) -> bool {
    let line = line.trim_start();
    !line.starts_with("//") && !line.starts_with("--")
}

/// The sources of the product, and the migrations that PostgreSQL sees.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if name != "tests" {
                collect(&path, files);
            }
            continue;
        }
        let is_for_tests = matches!(
            name,
            "tests.rs" | "portable.rs" | "expand.rs" | "large.rs" | FAULTS
        );
        let is_for_sqlite = name.ends_with(".sqlite.sql") || name.starts_with("sqlite");
        if !is_for_tests && !is_for_sqlite {
            files.push(path);
        }
    }
}

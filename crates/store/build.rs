//! Embeds the migrations: `migrations/NNNN_what.sql`, or a pair `NNNN_what.sqlite.sql` and `NNNN_what.postgres.sql`.
//!
//! Invariant: a number that is missing, used twice, or half of a pair fails the build.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The paths of the files of one number.
#[derive(Default)]
struct Migration {
    both: Option<String>,
    sqlite: Option<String>,
    postgres: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=migrations");
    let folder = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("migrations");
    let listed = list(&folder)?;
    let target = PathBuf::from(env::var("OUT_DIR")?).join("migrations.rs");
    fs::write(target, source(&listed)?)?;
    Ok(())
}

/// The migrations of `folder` by number and name.
fn list(folder: &Path) -> Result<BTreeMap<(u32, String), Migration>, Box<dyn Error>> {
    let mut listed: BTreeMap<(u32, String), Migration> = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let full = path
            .to_str()
            .ok_or("the path of a migration is not UTF-8")?
            .to_owned();
        println!("cargo::rerun-if-changed={full}");
        let file = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let malformed = || format!("`{file}` is not named like `0001_what.sql`");
        let stem = file.strip_suffix(".sql").ok_or_else(malformed)?;
        let (name, half) = stem
            .split_once('.')
            .map_or((stem, None), |(name, half)| (name, Some(half)));
        let (number, what) = name.split_once('_').ok_or_else(malformed)?;
        if number.len() != 4 || what.is_empty() {
            return Err(malformed().into());
        }
        let migration = listed
            .entry((number.parse()?, what.to_owned()))
            .or_default();
        match half {
            None => migration.both = Some(full),
            Some("sqlite") => migration.sqlite = Some(full),
            Some("postgres") => migration.postgres = Some(full),
            Some(_) => return Err(malformed().into()),
        }
    }
    Ok(listed)
}

/// The list as Rust.
fn source(listed: &BTreeMap<(u32, String), Migration>) -> Result<String, Box<dyn Error>> {
    let mut out = String::from("&[\n");
    for (expected, ((number, what), migration)) in (1..).zip(listed) {
        if *number != expected {
            return Err(format!(
                "migration {number:04}_{what} stands where {expected:04} is expected"
            )
            .into());
        }
        let (sqlite, postgres) = match migration {
            Migration {
                both: Some(both),
                sqlite: None,
                postgres: None,
            } => (both, both),
            Migration {
                both: None,
                sqlite: Some(sqlite),
                postgres: Some(postgres),
            } => (sqlite, postgres),
            _ => {
                return Err(format!(
                    "migration {number:04}_{what} needs either one file for both databases or a file for each"
                )
                .into());
            }
        };
        writeln!(
            out,
            "    Migration {{ version: {number}, name: {what:?}, sql: Sql {{ sqlite: include_str!({sqlite:?}), postgres: include_str!({postgres:?}) }} }},"
        )?;
    }
    out.push_str("]\n");
    Ok(out)
}

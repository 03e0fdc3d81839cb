//! Bad days of large tenants, on databases that are filled behind the server's back.
//!
//! Each test has so many rows that it takes seconds; `cargo xtask scale` runs the same with as many as are wanted.

mod canceled_job;
mod rows;
mod upgrade;

use std::path::Path;
use std::time::Duration;

use crate::support::PATIENCE;

/// How many assignments there are, where that is not said in the test; `cargo xtask scale` sets it.
const ROWS: &str = "REEVE_ROWS";

/// How many assignments there are.
fn assignments(unless_told: u64) -> u64 {
    let told = std::env::var(ROWS).ok();
    told.map_or(unless_told, |rows| rows.parse().unwrap())
}

/// Prints what was measured, for whoever runs the test by `cargo xtask scale`.
#[expect(clippy::print_stdout, reason = "the report goes to standard output")]
fn tell(text: &str) {
    println!("{text}");
}

/// How long something may take that has to look at every row.
fn patience(rows: u64) -> Duration {
    4 * PATIENCE + Duration::from_millis(2 * rows)
}

/// The size of all files below a folder, in MiB.
fn mebibytes(folder: &Path) -> u64 {
    fn bytes(folder: &Path) -> u64 {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .map(|entry| match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => bytes(&entry.path()),
                Ok(metadata) => metadata.len(),
                // Files of a database come and go.
                Err(_) => 0,
            })
            .sum()
    }
    bytes(folder) / (1024 * 1024)
}

//! Documents that count what is served of the published contract: `docs/deviations.txt` and the table in `README.md`.
//!
//! They follow from the table of routes, which only `server` knows; a test there works them out, and compares or writes
//! them. It is run last, because it may have to be built.

use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::suite::run::{status, step_command};
use crate::workspace::cargo;

/// The test that works them out.
const TEST: &str = "coverage::the_documents_say_what_the_tables_say";
/// Tells the test to write instead of comparing.
const WRITE: &str = "REEVE_WRITE_DOCUMENTS";
/// The file that is counted.
const OPERATIONS: &str = "operations.csv";

/// Compares the documents with the tables, or writes them; says aloud where it cannot.
pub(crate) fn check(root: &Path, fix: bool) -> anyhow::Result<Option<Finding>> {
    compare(root, &contract(root), fix)
}

fn compare(root: &Path, folder: &Path, fix: bool) -> anyhow::Result<Option<Finding>> {
    if !folder.join(OPERATIONS).exists() {
        eprintln!(
            "SKIPPED: no published operations (set CONTRACT_DIR), so the README's table is not compared"
        );
        return Ok(None);
    }
    let mut command = step_command(&cargo(), root);
    command.args(["test", "-q", "-p", "server", "--lib", "--", "--exact", TEST]);
    command.env("CONTRACT_DIR", folder);
    if fix {
        command.env(WRITE, "1");
    }
    let is_in_step = status(&mut command)?.success();
    Ok((!is_in_step).then(|| {
        Finding::in_file(
            "README.md",
            "this or docs/deviations.txt is not in step with the routes, or `server` does not build: run `cargo xtask tidy --fix`",
        )
    }))
}

fn contract(root: &Path) -> PathBuf {
    std::env::var_os("CONTRACT_DIR").map_or_else(|| root.join("../shared/contract"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_contract_nothing_is_compared() {
        let empty = tempfile::tempdir().unwrap();

        // Nothing could be built there either: an attempt to compare would be an error.
        assert!(
            compare(empty.path(), empty.path(), false)
                .unwrap()
                .is_none()
        );
    }
}

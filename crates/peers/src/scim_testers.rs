//! Programs that put a SCIM server to the test, from `PyPI`: `scim2` (the tester of `scim2-cli`) and `scim-sanity`.

use std::path::PathBuf;

use crate::process::find_program;

/// The tester of `scim2-cli`; `None` if it is not installed.
pub fn scim2() -> Option<PathBuf> {
    find("scim2")
}

/// `scim-sanity`; `None` if it is not installed.
pub fn scim_sanity() -> Option<PathBuf> {
    find("scim-sanity")
}

fn find(program: &str) -> Option<PathBuf> {
    let venv = crate::folder().join("venv/bin");
    find_program(program, &[&venv])
}

//! Libraries that other people wrote, installed unmodified: the Graph SDKs for Python, the Graph client for JavaScript, and what
//! judges whether a page can be used by everybody.

use std::path::PathBuf;

use crate::process::find_program;

/// The Python that knows `msgraph`, `msgraph_beta` and `azure.identity`; `None` if they are not installed.
pub fn python() -> Option<PathBuf> {
    let folder = crate::folder().join("python");
    // Written last: without it an installation was broken off.
    folder
        .join("installed")
        .is_file()
        .then(|| folder.join("bin/python"))
}

/// Node, and the folder whose `node_modules` has `@microsoft/microsoft-graph-client` and `@azure/identity`.
pub fn javascript() -> Option<(PathBuf, PathBuf)> {
    let folder = crate::folder().join("javascript");
    let node = find_program("node", &[])?;
    folder.join("installed").is_file().then_some((node, folder))
}

/// The script of `axe-core`, which looks at a page; `None` if it is not installed.
pub fn axe() -> Option<PathBuf> {
    let folder = crate::folder().join("axe");
    folder
        .join("installed")
        .is_file()
        .then(|| folder.join("node_modules/axe-core/axe.min.js"))
}

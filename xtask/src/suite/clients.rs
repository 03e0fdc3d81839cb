//! Installs the libraries of other people that tests use, below the folder of the peers: those of the walks in `clients/`, and
//! what looks at pages.
//!
//! **Invariant:** what is installed is what the files of the repository pin; a changed pin installs anew.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::suite::peers;
use crate::suite::run::status;

/// Where a library comes from, and where tests look for it.
struct Library {
    /// Its name in messages.
    name: &'static str,
    /// The file that pins it.
    pins: &'static str,
    /// The folder it is installed into, below that of the peers.
    folder: &'static str,
    install: fn(&Path, &Path) -> anyhow::Result<()>,
}

const LIBRARIES: [Library; 3] = [
    Library {
        name: "the Graph SDKs for Python",
        pins: "clients/python/requirements.txt",
        folder: "python",
        install: with_pip,
    },
    Library {
        name: "the Graph client for JavaScript",
        pins: "clients/javascript/package.json",
        folder: "javascript",
        install: with_npm,
    },
    Library {
        name: "axe-core",
        pins: "crates/cli/tests/browser/package.json",
        folder: "axe",
        install: with_npm,
    },
];

/// Installs what is missing or was pinned otherwise.
pub(super) fn install(root: &Path, peers: &Path) -> anyhow::Result<()> {
    for library in &LIBRARIES {
        let pins = root.join(library.pins);
        let wanted = std::fs::read_to_string(&pins)
            .with_context(|| format!("cannot read {}", pins.display()))?;
        let folder = peers.join(library.folder);
        let mark = folder.join("installed");
        if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
            eprintln!("present: {}", library.name);
            continue;
        }
        eprintln!("installing {}", library.name);
        std::fs::create_dir_all(&folder)?;
        (library.install)(&pins, &folder)
            .with_context(|| format!("cannot install {}", library.name))?;
        std::fs::write(&mark, wanted)?;
    }
    Ok(())
}

fn with_pip(pins: &Path, folder: &Path) -> anyhow::Result<()> {
    peers::create_environment(folder)?;
    let done = status(
        Command::new(folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--no-input"])
            .args(["--disable-pip-version-check", "--requirement"])
            .arg(pins),
    )?;
    ensure!(done.success(), "pip: {done} (PyPI has to be within reach)");
    Ok(())
}

fn with_npm(pins: &Path, folder: &Path) -> anyhow::Result<()> {
    let copy: PathBuf = folder.join("package.json");
    std::fs::copy(pins, &copy)?;
    let done = status(
        Command::new("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund"])
            .arg("--no-package-lock")
            .current_dir(folder),
    )?;
    ensure!(
        done.success(),
        "npm: {done} (the npm registry has to be within reach)"
    );
    Ok(())
}

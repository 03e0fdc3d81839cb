//! Files that hold keys and certificates.
//!
//! **Invariant:** a file appears under its name only when it is complete, and a private one is never readable by
//! others, not even while it is written.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::KeyError;

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

/// The error of a call that was about this path.
pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> KeyError {
    let path = path.to_owned();
    move |source| KeyError::Io { path, source }
}

/// Makes sure that the folder is there.
pub(super) fn create_folder(dir: &Path) -> Result<(), KeyError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(io(dir))
}

/// The text of a file, if there is one.
pub(super) fn read(path: &Path) -> Result<Option<String>, KeyError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => Err(KeyError::Malformed {
            path: path.to_owned(),
            expected: "PEM text",
        }),
        Err(error) => Err(io(path)(error)),
    }
}

/// The text of a private file, if there is one; takes away what others could do with it.
pub(super) fn read_private(path: &Path) -> Result<Option<String>, KeyError> {
    let Some(text) = read(path)? else {
        return Ok(None);
    };
    let mode = fs::metadata(path).map_err(io(path))?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(
            path = %path.display(),
            "a private key was readable by others; its mode is now 0600"
        );
        fs::set_permissions(path, Permissions::from_mode(PRIVATE)).map_err(io(path))?;
    }
    Ok(Some(text))
}

/// Keeps a new private file and gives what is kept: what another process kept first wins.
pub(super) fn keep_private(path: &Path, text: &str) -> Result<String, KeyError> {
    let draft = write_draft(path, text, PRIVATE)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft).map_err(io(&draft))?;
    match linked {
        Ok(()) => Ok(text.to_owned()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            read(path)?.ok_or_else(|| io(path)(error))
        }
        Err(error) => Err(io(path)(error)),
    }
}

/// Writes a private file, over what was there.
pub(super) fn replace_private(path: &Path, text: &str) -> Result<(), KeyError> {
    replace(path, text, PRIVATE)
}

/// Writes a file that anybody may read, over what was there.
pub(super) fn replace_public(path: &Path, text: &str) -> Result<(), KeyError> {
    replace(path, text, PUBLIC)
}

fn replace(path: &Path, text: &str, mode: u32) -> Result<(), KeyError> {
    let draft = write_draft(path, text, mode)?;
    fs::rename(&draft, path).map_err(io(path))
}

fn write_draft(path: &Path, text: &str, mode: u32) -> Result<PathBuf, KeyError> {
    static DRAFTS: AtomicU64 = AtomicU64::new(0);
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = path.with_extension(format!("draft-{}-{number}", std::process::id()));
    // A draft left behind by a crash may have any mode: start anew.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(&draft)(error)),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&draft)
        .map_err(io(&draft))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(io(&draft))?;
    Ok(draft)
}

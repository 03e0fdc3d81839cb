//! The last place of the audit log that was signed, noted beside the key: whoever can write the database cannot write there
//! (ADR 16).
//!
//! **Invariant:** the note goes back only where somebody asks for just that, whichever of several processes writes.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{KeyError, files};

/// The note of one folder.
#[derive(Debug, Clone)]
pub struct HeadNote {
    folder: PathBuf,
    path: PathBuf,
}

impl HeadNote {
    /// The note that is kept in this folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            path: folder.join("audit-head"),
        }
    }

    /// The place and the hash that are noted, if there are any.
    pub fn read(&self) -> Result<Option<(i64, String)>, KeyError> {
        let Some(text) = files::read(&self.path)? else {
            return Ok(None);
        };
        let noted = text
            .trim_end()
            .split_once(':')
            .and_then(|(seq, hash)| Some((seq.parse().ok()?, hash.to_owned())));
        noted.map(Some).ok_or_else(|| KeyError::Malformed {
            path: self.path.clone(),
            expected: "a place of the audit log and its hash",
        })
    }

    /// Notes a place, unless a later one is noted.
    pub fn advance(&self, seq: i64, hash: &str) -> Result<(), KeyError> {
        let _alone = self.lock()?;
        if self.read()?.is_some_and(|(noted, _)| noted >= seq) {
            return Ok(());
        }
        files::replace_private(&self.path, &format!("{seq}:{hash}\n"))
    }

    /// Notes this place and no other, or none: for when an operator goes on from there.
    pub fn replace(&self, head: Option<(i64, &str)>) -> Result<(), KeyError> {
        let _alone = self.lock()?;
        if let Some((seq, hash)) = head {
            return files::replace_private(&self.path, &format!("{seq}:{hash}\n"));
        }
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(files::io(&self.path)(error)),
            _ => Ok(()),
        }
    }

    fn lock(&self) -> Result<File, KeyError> {
        let folder = File::open(&self.folder).map_err(files::io(&self.folder))?;
        folder.lock().map_err(files::io(&self.folder))?;
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_note_goes_on_and_goes_back_only_when_told() {
        let folder = tempfile::tempdir().unwrap();
        let note = HeadNote::in_folder(folder.path());
        assert_eq!(note.read().unwrap(), None);
        note.advance(7, "seven").unwrap();
        note.advance(5, "five").unwrap();
        assert_eq!(note.read().unwrap(), Some((7, "seven".to_owned())));
        let mode = fs::metadata(folder.path().join("audit-head"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        note.replace(Some((5, "five"))).unwrap();
        assert_eq!(note.read().unwrap(), Some((5, "five".to_owned())));
        note.replace(None).unwrap();
        note.replace(None).unwrap();
        assert_eq!(note.read().unwrap(), None);
        fs::write(folder.path().join("audit-head"), "nothing").unwrap();
        assert!(note.read().is_err());
    }
}

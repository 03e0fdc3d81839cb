//! How far a reprocess by single calls is, in a file: the same command goes on where it ended.
//!
//! The file is lines of JSON: what it is about, every object, and then what came of each as it is learned.
//!
//! **Invariant:** the file is there whole or not at all; a line is written after the server has answered, and one that was
//! torn when the program ended is as if it had never been written. One process at a time uses it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::kept::write_whole;
use crate::output::Refused;

/// The layout of the file.
const VERSION: u32 = 1;

/// What a run is about; another one must not go on with its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct About {
    pub(super) root: String,
    pub(super) collection: String,
    pub(super) filter: Option<String>,
    pub(super) ids: Vec<String>,
}

/// One object to be reprocessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) state: String,
    pub(super) package: String,
}

/// What came of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    /// The server has taken the call.
    Accepted,
    /// The server has refused it.
    Refused { code: String, message: String },
    /// It was not asked, or did not answer: to be tried again.
    Failed { message: String },
    /// It was accepted, and has ended in this state.
    Ended { state: String },
}

#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
    #[serde(flatten)]
    about: About,
    items: usize,
}

#[derive(Serialize, Deserialize)]
struct Line {
    id: String,
    outcome: Outcome,
}

/// The file, open.
pub(super) struct Checkpoint {
    path: PathBuf,
    file: File,
}

/// What a file holds.
pub(super) struct Held {
    pub(super) items: Vec<Item>,
    pub(super) outcomes: BTreeMap<String, Outcome>,
}

impl Checkpoint {
    /// Opens the file, if it is there, and reads it.
    pub(super) fn find(path: &Path, about: &About) -> anyhow::Result<Option<(Self, Held)>> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read `{}`", path.display()));
            }
        };
        let checkpoint = Self::open(path)?;
        // A line that was torn may end within a letter.
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(torn) => std::str::from_utf8(bytes.get(..torn.valid_up_to()).unwrap_or_default())?,
        };
        let (held, whole) = read(text, about)
            .with_context(|| format!("`{}` cannot be gone on with", path.display()))?;
        // What was torn must not stand before what comes.
        let whole = u64::try_from(whole)?;
        checkpoint.file.set_len(whole)?;
        Ok(Some((checkpoint, held)))
    }

    /// Begins a file.
    pub(super) fn begin(path: &Path, about: &About, items: &[Item]) -> anyhow::Result<Self> {
        let head = Head {
            version: VERSION,
            about: about.clone(),
            items: items.len(),
        };
        let mut lines = vec![serde_json::to_string(&head)?];
        for item in items {
            lines.push(serde_json::to_string(item)?);
        }
        write_whole(path, &lines.join("\n"))?;
        Self::open(path)
    }

    fn open(path: &Path) -> anyhow::Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let told = format!("another process goes on with `{}`", path.display());
                return Err(Refused(told).into());
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock `{}`", path.display()));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Keeps what came of some objects.
    pub(super) fn keep<'a>(
        &mut self,
        outcomes: impl IntoIterator<Item = (&'a str, &'a Outcome)>,
    ) -> anyhow::Result<()> {
        let mut text = String::new();
        for (id, outcome) in outcomes {
            let line = json!({ "id": id, "outcome": outcome });
            text.push_str(&line.to_string());
            text.push('\n');
        }
        self.file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_data())
            .with_context(|| format!("cannot write `{}`", self.path.display()))
    }
}

/// What a text holds, and how much of it is whole.
fn read(text: &str, about: &About) -> anyhow::Result<(Held, usize)> {
    let whole = text.rfind('\n').map_or(0, |last| last + 1);
    let mut lines = text.get(..whole).unwrap_or_default().lines();
    let head = lines.next().context("it is empty")?;
    let head: Head = serde_json::from_str(head).context("it is no checkpoint")?;
    if head.version != VERSION {
        bail!("another version of Reeve wrote it");
    }
    if head.about != *about {
        let of = head.about;
        let what = match (&of.filter, of.ids.len()) {
            (Some(filter), _) => format!("with the filter {filter}"),
            (None, count) => format!("by {count} ids"),
        };
        return Err(Refused(format!(
            "it is about {} of {}, {what}: name another file, or give the same command",
            of.collection, of.root
        ))
        .into());
    }
    let mut items = Vec::with_capacity(head.items);
    for _ in 0..head.items {
        let line = lines.next().context("objects are missing in it")?;
        items.push(serde_json::from_str(line).context("an object in it cannot be read")?);
    }
    let mut outcomes = BTreeMap::new();
    for line in lines {
        let line: Line = serde_json::from_str(line).context("a line of it cannot be read")?;
        outcomes.insert(line.id, line.outcome);
    }
    Ok((Held { items, outcomes }, whole))
}

impl Outcome {
    /// Whether nobody has to be asked any more.
    pub(super) const fn is_answered(&self) -> bool {
        !matches!(self, Self::Failed { .. })
    }

    /// As it is told.
    pub(super) fn told(&self, item: &Item) -> Value {
        let (state, code, message) = match self {
            Self::Accepted => ("accepted", None, None),
            Self::Refused { code, message } => ("refused", Some(code), Some(message)),
            Self::Failed { message } => ("failed", None, Some(message)),
            Self::Ended { state } => (state.as_str(), None, None),
        };
        json!({
            "id": item.id,
            "state": state,
            "code": code,
            "message": message,
            "package": item.package,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Ending;

    fn about() -> About {
        About {
            root: "https://graph.example".to_owned(),
            collection: "assignments".to_owned(),
            filter: Some("state eq 'delivered'".to_owned()),
            ids: Vec::new(),
        }
    }

    fn items() -> Vec<Item> {
        ["1", "2"]
            .map(|id| Item {
                id: id.to_owned(),
                state: "delivered".to_owned(),
                package: "Work".to_owned(),
            })
            .to_vec()
    }

    fn begun(folder: &Path) -> PathBuf {
        let path = folder.join("checkpoint");
        let mut checkpoint = Checkpoint::begin(&path, &about(), &items()).unwrap();
        checkpoint.keep([("1", &Outcome::Accepted)]).unwrap();
        path
    }

    #[test]
    fn what_was_kept_is_found_and_a_torn_line_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = begun(folder.path());
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        // Torn within a letter.
        file.write_all(b"{\"id\":\"2\",\"message\":\"\xc3").unwrap();

        let (mut checkpoint, held) = Checkpoint::find(&path, &about()).unwrap().unwrap();
        assert_eq!(held.items, items());
        assert_eq!(held.outcomes.len(), 1);
        let ended = Outcome::Ended {
            state: "delivered".to_owned(),
        };
        checkpoint.keep([("2", &ended)]).unwrap();
        drop(checkpoint);

        let (_, held) = Checkpoint::find(&path, &about()).unwrap().unwrap();
        assert_eq!(held.outcomes.get("1"), Some(&Outcome::Accepted));
        assert_eq!(held.outcomes.get("2"), Some(&ended));
    }

    #[test]
    fn a_checkpoint_of_something_else_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = begun(folder.path());
        let before = std::fs::read(&path).unwrap();
        let other_root = About {
            root: "https://graph.other".to_owned(),
            ..about()
        };
        let other_filter = About {
            filter: None,
            ..about()
        };

        for other in [other_root, other_filter] {
            let refused = Checkpoint::find(&path, &other).err().unwrap();
            assert_eq!(Ending::of(&refused), Ending::Refused);
        }
        assert_eq!(std::fs::read(&path).unwrap(), before);
        std::fs::write(&path, "something else\n").unwrap();
        assert!(Checkpoint::find(&path, &about()).is_err());
    }

    #[test]
    fn one_process_at_a_time_goes_on_with_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = begun(folder.path());

        let first = Checkpoint::find(&path, &about()).unwrap();
        assert!(Checkpoint::find(&path, &about()).is_err());
        drop(first);
        assert!(Checkpoint::find(&path, &about()).unwrap().is_some());
    }
}

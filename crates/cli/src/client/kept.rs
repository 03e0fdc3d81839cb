//! The tokens that `reeve login` keeps, each for a Graph root, in a file of the user's own.
//!
//! **Invariant:** the file is never readable by others, is written whole or not at all, and one process at a time shows a
//! refresh token: an issuer may end everything where one is shown twice.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::sign_in::{Grant, endpoint};
use crate::output::{self, Refused};

const NAME: &str = "tokens.json";

/// What is kept for one Graph root.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignIn {
    pub(crate) authority: String,
    pub(crate) tenant: String,
    pub(crate) client_id: String,
    pub(crate) scope: String,
    pub(crate) access_token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
}

/// Tokens for a Graph root, to be used and renewed.
pub(crate) struct Kept {
    folder: PathBuf,
    root: String,
}

type SignIns = BTreeMap<String, SignIn>;

impl Kept {
    /// Those of a Graph root, if there are any.
    pub(crate) fn find(root: &str) -> Option<Self> {
        let folder = folder().ok()?;
        let is_there = read(&folder).contains_key(root);
        is_there.then(|| Self {
            folder,
            root: root.to_owned(),
        })
    }

    /// An access token other than `refused`.
    pub(crate) async fn token(
        &self,
        http: &reqwest::Client,
        refused: Option<&str>,
    ) -> anyhow::Result<String> {
        let _lock = lock(&self.folder)?;
        let mut all = read(&self.folder);
        let Some(kept) = all.get_mut(&self.root) else {
            let told = format!("sign in again: `reeve login --url {}`", self.root);
            return Err(Refused(told).into());
        };
        // Another process may have renewed it.
        if Some(kept.access_token.as_str()) != refused {
            return Ok(kept.access_token.clone());
        }
        let Some(refresh) = kept.refresh_token.take() else {
            let told = format!("the sign-in has run out: `reeve login --url {}`", self.root);
            return Err(Refused(told).into());
        };
        let grant = Grant::new(
            endpoint(&kept.authority, &kept.tenant, "token"),
            vec![
                ("grant_type", "refresh_token".to_owned()),
                ("client_id", kept.client_id.clone()),
                ("refresh_token", refresh.clone()),
                ("scope", kept.scope.clone()),
            ],
        );
        let answer = grant.answer(http).await?.map_err(|refusal| {
            Refused(format!(
                "the sign-in has ended ({}): `reeve login --url {}`",
                refusal.told, self.root
            ))
        })?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        kept.access_token =
            text("access_token").context("the issuer's answer holds no access token")?;
        // One that is not replaced may be used again.
        kept.refresh_token = text("refresh_token").or(Some(refresh));
        let token = kept.access_token.clone();
        write(&self.folder, &all)?;
        Ok(token)
    }
}

/// Keeps tokens for a Graph root.
pub(crate) fn keep(root: &str, sign_in: SignIn) -> anyhow::Result<PathBuf> {
    let folder = folder()?;
    let _lock = lock(&folder)?;
    let mut all = read(&folder);
    all.insert(root.to_owned(), sign_in);
    write(&folder, &all)?;
    Ok(folder.join(NAME))
}

/// Forgets the tokens of a Graph root, or all; says of how many roots.
pub(crate) fn forget(root: Option<&str>) -> anyhow::Result<usize> {
    let folder = folder()?;
    if !folder.join(NAME).exists() {
        return Ok(0);
    }
    let _lock = lock(&folder)?;
    let mut all = read(&folder);
    let before = all.len();
    match root {
        Some(root) => drop(all.remove(root.trim_end_matches('/'))),
        None => all.clear(),
    }
    write(&folder, &all)?;
    Ok(before - all.len())
}

/// `$XDG_STATE_HOME/reeve`, by default below the home folder.
fn folder() -> anyhow::Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let state = variable("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.filter(|path| path.is_absolute());
    let home = || variable("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let state = state.or_else(home);
    Ok(state
        .context("there is no place for tokens: neither XDG_STATE_HOME nor HOME is set")?
        .join("reeve"))
}

/// What is kept. A file that is broken, or cannot be read, holds nothing: that is told, and the next sign-in writes it anew.
fn read(folder: &Path) -> SignIns {
    let path = folder.join(NAME);
    let told = match std::fs::read(&path) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(all) => return all,
            Err(error) => format!("is not what `reeve login` wrote ({error})"),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => return SignIns::new(),
        Err(error) => format!("cannot be read ({error})"),
    };
    output::note(format_args!(
        "`{}` {told}: nobody is signed in, until `reeve login` writes it anew",
        path.display()
    ));
    SignIns::new()
}

fn write(folder: &Path, all: &SignIns) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(all)?;
    write_whole(&folder.join(NAME), &text)
}

/// Writes a file that nobody else may read, whole or not at all.
pub(crate) fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".draft-{}", std::process::id()));
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    };
    write().with_context(|| format!("cannot write `{}`", path.display()))
}

/// Given back when it is dropped.
fn lock(folder: &Path) -> anyhow::Result<File> {
    let take = || {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(folder.join("lock"))?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    };
    take().with_context(|| format!("cannot use `{}`", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_holds_nothing_as_one_that_is_broken() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).len(), 0, "not there");
        let file = folder.path().join(NAME);
        std::fs::write(&file, r#"{"https://graph.example":{"authority":"a","tenant":"t","clientId":"c","scope":"s","accessToken":"x"}}"#).unwrap();
        assert_eq!(read(folder.path()).len(), 1);
        std::fs::write(&file, "{").unwrap();
        assert_eq!(read(folder.path()).len(), 0, "broken");
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();

        assert_eq!(read(folder.path()).len(), 0, "not to be read");
    }
}

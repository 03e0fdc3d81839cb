//! `dev.json`: what whoever uses a development tenant needs to know to sign in.
//!
//! **Invariant:** the file is never readable by others, and tenant and secrets in it outlive restarts.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use domain::cloud::Cloud;
use serde::{Deserialize, Serialize};

use crate::output::Refused;

const NAME: &str = "dev.json";

/// The content of `dev.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DevFile {
    /// Which cloud's API the tenant shows: `server.cloudProfile`.
    #[serde(default = "global")]
    pub(crate) cloud_profile: String,
    pub(crate) tenant_id: String,
    pub(crate) base_url: String,
    pub(crate) authority: String,
    pub(crate) ca_file: PathBuf,
    /// The client that programs on people's machines sign in with; it has no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) public_client_id: Option<String>,
    pub(crate) clients: Vec<KnownClient>,
    pub(crate) users: Vec<KnownUser>,
}

fn global() -> String {
    Cloud::Global.to_string()
}

/// A client that may sign in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KnownClient {
    pub(crate) name: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) roles: Vec<String>,
}

/// A user who may sign in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KnownUser {
    pub(crate) id: String,
    pub(crate) user_principal_name: String,
    pub(crate) display_name: String,
    pub(crate) password: String,
    pub(crate) roles: Vec<String>,
}

impl DevFile {
    /// The file of a data folder, if it was ever written.
    pub(crate) fn find(data: &Path) -> anyhow::Result<Option<Self>> {
        let path = data.join(NAME);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read `{}`", path.display()));
            }
        };
        let file = serde_json::from_str(&text).with_context(|| {
            format!(
                "`{}` is not what `reeve serve --dev` wrote; move it away to have a new one made",
                path.display()
            )
        })?;
        Ok(Some(file))
    }

    /// The file of a data folder, which must be that of a development tenant.
    pub(crate) fn get(data: &Path) -> anyhow::Result<Self> {
        Self::find(data)?.ok_or_else(|| {
            let told = format!(
                "`{}` holds no development tenant: start one with `reeve serve --dev --data {0}`",
                data.display()
            );
            Refused(told).into()
        })
    }

    /// Writes the file: whole, or not at all.
    pub(crate) fn write(&self, data: &Path) -> anyhow::Result<()> {
        let path = data.join(NAME);
        let draft = data.join(format!("{NAME}.draft-{}", std::process::id()));
        let text = serde_json::to_string_pretty(self)?;
        let write = || {
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&draft)?;
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            std::fs::rename(&draft, &path)
        };
        write().with_context(|| format!("cannot write `{}`", path.display()))
    }

    /// The client of that name.
    pub(crate) fn client(&self, name: &str) -> anyhow::Result<&KnownClient> {
        self.clients
            .iter()
            .find(|client| client.name.eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                let known: Vec<&str> = self
                    .clients
                    .iter()
                    .map(|client| client.name.as_str())
                    .collect();
                let known = known.join(", ");
                Refused(format!(
                    "the tenant has no client `{name}`; it has: {known}"
                ))
                .into()
            })
    }

    /// The user of that sign-in name, or of that part before the `@`.
    pub(crate) fn user(&self, name: &str) -> anyhow::Result<&KnownUser> {
        let is_named = |user: &&KnownUser| {
            let full = user.user_principal_name.as_str();
            let short = full.split('@').next().unwrap_or(full);
            full.eq_ignore_ascii_case(name) || short.eq_ignore_ascii_case(name)
        };
        self.users.iter().find(is_named).ok_or_else(|| {
            let known: Vec<&str> = self
                .users
                .iter()
                .map(|user| user.user_principal_name.as_str())
                .collect();
            let known = known.join(", ");
            let told = format!("the tenant knows no password of a user `{name}`; it has: {known}");
            Refused(told).into()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn sample() -> DevFile {
        DevFile {
            cloud_profile: global(),
            tenant_id: "t".to_owned(),
            base_url: "https://127.0.0.1:1".to_owned(),
            authority: "https://127.0.0.1:1".to_owned(),
            ca_file: PathBuf::from("ca.pem"),
            public_client_id: None,
            clients: vec![KnownClient {
                name: "admin".to_owned(),
                client_id: "c".to_owned(),
                client_secret: "s".to_owned(),
                roles: Vec::new(),
            }],
            users: vec![KnownUser {
                id: "u".to_owned(),
                user_principal_name: "alice@reeve.example".to_owned(),
                display_name: "Alice".to_owned(),
                password: "p".to_owned(),
                roles: Vec::new(),
            }],
        }
    }

    #[test]
    fn what_is_written_is_found_and_nobody_else_may_read_it() {
        let folder = tempfile::tempdir().unwrap();

        assert_eq!(DevFile::find(folder.path()).unwrap(), None);
        sample().write(folder.path()).unwrap();

        assert_eq!(DevFile::find(folder.path()).unwrap(), Some(sample()));
        let mode = std::fs::metadata(folder.path().join(NAME))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn people_are_known_by_either_name_and_strangers_are_told_who_is() {
        let file = sample();

        assert_eq!(file.user("ALICE").unwrap().id, "u");
        assert_eq!(file.user("alice@reeve.example").unwrap().id, "u");
        assert!(
            file.user("mallory")
                .unwrap_err()
                .to_string()
                .contains("alice@reeve.example")
        );
        assert!(
            file.client("other")
                .unwrap_err()
                .to_string()
                .contains("admin")
        );
    }

    #[test]
    fn another_file_of_that_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(NAME), "{}").unwrap();

        assert!(DevFile::find(folder.path()).is_err());
    }
}

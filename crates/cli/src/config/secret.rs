//! Secrets: in files of their own, in the environment, or in a configuration file that is private itself.
//!
//! **Invariant:** a secret is taken from no file that others may read. Files of the operator are refused and not mended:
//! who else has read them is for the operator to judge.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use secrecy::SecretString;

/// What nobody but the owner may have.
const OTHERS: u32 = 0o077;
/// What nobody may have who is not in the group either, of files that the administrator lends to a group: orchestrators
/// hand secrets to a process that way.
const STRANGERS_AND_WRITERS: u32 = 0o037;
/// The administrator.
const ROOT: u32 = 0;

/// The secret that `key` or `{key}File` gives; none if neither does.
pub(crate) fn resolve(
    key: &str,
    inline: Option<&SecretString>,
    file: Option<&Path>,
) -> anyhow::Result<Option<SecretString>> {
    match file {
        Some(path) => from_file(&format!("{key}File"), path).map(Some),
        None => Ok(inline.cloned()),
    }
}

/// The secret in the file that `key` names.
pub(crate) fn from_file(key: &str, path: &Path) -> anyhow::Result<SecretString> {
    check_private(key, path)?;
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("`{key}` names `{}`, which cannot be read", path.display()))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        bail!("`{key}` names `{}`, which is empty", path.display());
    }
    Ok(SecretString::from(secret))
}

/// An error that says what to do, if others may read the file that `key` names.
pub(crate) fn check_private(key: &str, path: &Path) -> anyhow::Result<()> {
    let metadata = std::fs::metadata(path)
        .with_context(|| format!("`{key}` names `{}`, which cannot be read", path.display()))?;
    if is_private(&metadata) {
        return Ok(());
    }
    bail!(
        "`{key}` names `{path}`, which others than its owner may read or change (its mode is {mode:04o}): `chmod 600 \
         {path}` mends that; change the secret if somebody may have read it",
        path = path.display(),
        mode = metadata.permissions().mode() & 0o7777,
    )
}

/// Whether nobody but its owner may read the file.
pub(crate) fn is_private(metadata: &Metadata) -> bool {
    // Pipes, as shells make them for `<(…)`, have no mode that means anything.
    !metadata.is_file() || is_private_mode(metadata.permissions().mode(), metadata.uid())
}

const fn is_private_mode(mode: u32, owner: u32) -> bool {
    mode & OTHERS == 0 || (owner == ROOT && mode & STRANGERS_AND_WRITERS == 0)
}

/// Whether the address of a database holds a password.
pub(crate) fn holds_password(url: &str) -> bool {
    let in_authority = url
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?']).next())
        .and_then(|authority| authority.rsplit_once('@'))
        .is_some_and(|(user, _)| user.contains(':'));
    in_authority || url.to_ascii_lowercase().contains("password")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use std::fs::Permissions;

    use super::*;

    fn file(mode: u32) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "hunter2\n").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    #[test]
    fn a_private_file_gives_its_secret_without_the_end_of_the_line() {
        let (_folder, path) = file(0o600);

        let secret = resolve("token", None, Some(&path)).unwrap().unwrap();

        assert_eq!(secret.expose_secret(), "hunter2");
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_with_what_to_do_and_without_the_secret() {
        for mode in [0o644, 0o604, 0o660, 0o602, 0o666] {
            let (_folder, path) = file(mode);

            let told = format!("{:#}", resolve("token", None, Some(&path)).unwrap_err());

            assert!(told.contains("`tokenFile`"), "{told}");
            assert!(told.contains("chmod 600"), "{told}");
            assert!(told.contains(&format!("{mode:04o}")), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn the_administrator_may_lend_a_file_to_a_group_and_nobody_else_may() {
        assert!(is_private_mode(0o400, 1000));
        assert!(is_private_mode(0o100_600, 1000));
        assert!(is_private_mode(0o440, ROOT));
        assert!(is_private_mode(0o640, ROOT));
        assert!(!is_private_mode(0o640, 1000));
        assert!(!is_private_mode(0o660, ROOT));
        assert!(!is_private_mode(0o444, ROOT));
    }

    #[test]
    fn passwords_in_addresses_of_databases_are_found() {
        for with in [
            "postgresql://reeve:hunter2@db/reeve",
            "host=db user=reeve password=hunter2",
            "postgresql://db/reeve?user=reeve&password=hunter2",
        ] {
            assert!(holds_password(with), "{with}");
        }
        for without in [
            "postgresql://reeve@db:5432/reeve?sslmode=require",
            "host=db user=reeve",
        ] {
            assert!(!holds_password(without), "{without}");
        }
    }
}

//! Secrets: given in the configuration itself, or in a file that it names.

use std::path::Path;

use anyhow::{Context, bail};
use secrecy::SecretString;

/// The secret that `key` or `{key}File` gives; none if neither does.
pub(crate) fn resolve(
    key: &str,
    inline: Option<&SecretString>,
    file: Option<&Path>,
) -> anyhow::Result<Option<SecretString>> {
    let Some(path) = file else {
        return Ok(inline.cloned());
    };
    let text = std::fs::read_to_string(path).with_context(|| {
        format!(
            "`{key}File` names `{}`, which cannot be read",
            path.display()
        )
    })?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        bail!("`{key}File` names `{}`, which is empty", path.display());
    }
    Ok(Some(SecretString::from(secret)))
}

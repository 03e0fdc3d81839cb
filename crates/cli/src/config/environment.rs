//! Variables of the environment that stand for keys: `REEVE__SECTION__KEY`.
//!
//! `REEVE__REPROCESS__REQUEST_WINDOW=P7D` is `reprocess.requestWindow`. Lists of tables (issuers, targets) have no
//! such name; their secrets are read from files.

use std::ffi::OsString;

use anyhow::bail;

const PREFIX: &str = "REEVE__";

/// The keys that the environment sets, with their texts.
pub(super) fn overrides(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for (name, value) in variables {
        let Some(path) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
            continue;
        };
        let Some((section, key)) = path.split_once("__") else {
            bail!(
                "the variable `{PREFIX}{path}` names no key: expected `{PREFIX}SECTION__KEY`, such as `{PREFIX}SERVER__PUBLIC_URL`"
            );
        };
        let Some(value) = value.to_str() else {
            bail!("the variable `{PREFIX}{path}` is not UTF-8");
        };
        found.push((
            format!("{}.{}", section.to_ascii_lowercase(), camel_case(key)),
            value.to_owned(),
        ));
    }
    found.sort();
    Ok(found)
}

/// `REQUEST_WINDOW` as `requestWindow`.
fn camel_case(words: &str) -> String {
    let mut key = String::with_capacity(words.len());
    for word in words.split('_') {
        let word = word.to_ascii_lowercase();
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if !key.is_empty() => {
                key.push(first.to_ascii_uppercase());
                key.push_str(letters.as_str());
            }
            _ => key.push_str(&word),
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, value: &str) -> anyhow::Result<Vec<(String, String)>> {
        overrides([(OsString::from(name), OsString::from(value))])
    }

    #[test]
    fn a_variable_names_section_and_key() {
        assert_eq!(
            of("REEVE__REPROCESS__REQUEST_WINDOW", "P7D").unwrap(),
            [("reprocess.requestWindow".to_owned(), "P7D".to_owned())]
        );
        assert_eq!(
            of("REEVE__COMPAT__LEGACY_V1_REPROCESS_PATH", "false").unwrap(),
            [(
                "compat.legacyV1ReprocessPath".to_owned(),
                "false".to_owned()
            )]
        );
    }

    #[test]
    fn other_variables_mean_nothing() {
        for name in ["PATH", "REEVE_TOKEN", "XREEVE__SERVER__HTTP"] {
            assert_eq!(of(name, "x").unwrap(), [], "{name}");
        }
    }

    #[test]
    fn a_variable_without_key_is_refused() {
        assert!(
            of("REEVE__SERVER", "x")
                .unwrap_err()
                .to_string()
                .contains("REEVE__SERVER")
        );
    }
}

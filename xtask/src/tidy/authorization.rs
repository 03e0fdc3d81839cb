//! The table of who may do what in `docs/authorization.md`: rendered from the table in `auth`, into a text that people
//! write (R43).

use std::path::Path;

use auth::document;

use crate::finding::Finding;
use crate::workspace::TextFile;

pub(crate) const PATH: &str = "docs/authorization.md";

/// What stands before and behind the table.
const BEGINS: &str =
    "<!-- rendered by `cargo xtask tidy --fix` from `crates/auth/src/roles.rs`; do not edit -->\n";
const ENDS: &str = "<!-- end of what is rendered -->\n";

/// The document with the table as the code has it; `None` if there is no place for it.
fn in_step(text: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGINS)?;
    let (_, after) = rest.split_once(ENDS)?;
    let table = document::table();
    Some(format!("{before}{BEGINS}\n{table}\n{ENDS}{after}"))
}

/// Whether the document says what the code says.
pub(crate) fn check(files: &[TextFile]) -> Option<Finding> {
    let file = files.iter().find(|file| file.path == PATH);
    let is_same = file.is_some_and(|file| in_step(&file.text).as_ref() == Some(&file.text));
    let message = "not in step with the table of roles: run `cargo xtask tidy --fix`";
    (!is_same).then(|| Finding::in_file(PATH, message))
}

/// Writes the table into the document; answers whether it changed.
pub(crate) fn write(root: &Path) -> anyhow::Result<bool> {
    let path = root.join(PATH);
    let text = std::fs::read_to_string(&path)?;
    let Some(new) = in_step(&text) else {
        anyhow::bail!("{PATH} has no place for the table: two lines say where it begins and ends");
    };
    if new == text {
        return Ok(false);
    }
    std::fs::write(&path, new)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> TextFile {
        TextFile {
            path: PATH.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_table_that_lags_behind_or_is_gone_is_found() {
        let right = in_step(&format!("# A\n{BEGINS}{ENDS}Z\n")).unwrap();

        assert!(check(&[file(&right)]).is_none());
        assert!(check(&[file(&right.replace('✔', "x"))]).is_some());
        assert!(check(&[file("# A\n")]).is_some());
        assert!(check(&[]).is_some());
    }

    #[test]
    fn the_table_is_written_once_and_the_words_around_it_stay() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("docs")).unwrap();
        let path = root.path().join(PATH);
        std::fs::write(&path, format!("# A\n{BEGINS}old\n{ENDS}Z\n")).unwrap();

        assert!(write(root.path()).unwrap());
        assert!(!write(root.path()).unwrap());

        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# A\n") && text.ends_with("Z\n") && !text.contains("old"));
        std::fs::write(&path, "# A\n").unwrap();
        assert!(write(root.path()).is_err());
    }
}

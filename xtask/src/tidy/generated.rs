//! Documents that are rendered from code: `docs/states.md`, from the transition tables of `domain` (R27), and
//! `docs/schema-deviations.md`, from the tables of the schema in `wire` (R40).

use std::fmt::{Debug, Display, Write};
use std::path::Path;

use domain::{assignment, assignment_request};
use wire::schema::differences;

use crate::finding::Finding;
use crate::workspace::TextFile;

const STATES: &str = "docs/states.md";

const SCHEMA: &str = "docs/schema-deviations.md";

/// Every generated document: its path, and what it has to say.
fn documents() -> [(&'static str, String); 2] {
    [(STATES, states()), (SCHEMA, differences::document())]
}

/// Generated documents that do not say what the code says.
pub(crate) fn check(files: &[TextFile]) -> Vec<Finding> {
    let stale = documents().into_iter().filter(|(path, text)| {
        let mut same = files.iter().filter(|file| file.path == *path);
        !same.any(|file| file.text == *text)
    });
    let message = "not in step with the tables it is rendered from: run `cargo xtask tidy --fix`";
    stale
        .map(|(path, _)| Finding::in_file(path, message))
        .collect()
}

/// Writes every generated document, and tells which.
pub(crate) fn write(root: &Path) -> anyhow::Result<Vec<&'static str>> {
    let mut written = Vec::new();
    for (path, text) in documents() {
        std::fs::write(root.join(path), text)?;
        written.push(path);
    }
    Ok(written)
}

fn states() -> String {
    let mut text = String::from(
        "# Life cycles\n\n\
         Rendered from the transition tables in `crates/domain/src/assignment_request.rs` and\n\
         `crates/domain/src/assignment.rs` by `cargo xtask tidy --fix`; do not edit. A pair of state and event that has no\n\
         row is refused. What each event means stands at its variant in the code.\n",
    );
    section(
        &mut text,
        "Assignment request",
        "A request begins as `submitted`.",
        assignment_request::TRANSITIONS,
    );
    section(
        &mut text,
        "Assignment",
        "An assignment begins as `delivering`.",
        assignment::TRANSITIONS,
    );
    text
}

fn section<S: Copy + Display, E: Debug>(
    text: &mut String,
    title: &str,
    beginning: &str,
    transitions: &[(S, E, S)],
) {
    // Writing to a string cannot fail.
    let _ = write!(text, "\n## {title}\n\n{beginning}\n\n");
    text.push_str("| from | event | to |\n|---|---|---|\n");
    for (from, event, to) in transitions {
        let _ = writeln!(text, "| {from} | {event:?} | {to} |");
    }
    text.push_str("\n```mermaid\nstateDiagram-v2\n");
    for (from, event, to) in transitions {
        let _ = writeln!(text, "    {from} --> {to}: {event:?}");
    }
    text.push_str("```\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transition_has_its_row() {
        let text = states();

        for (from, event, to) in assignment_request::TRANSITIONS {
            assert!(text.contains(&format!("| {from} | {event:?} | {to} |\n")));
        }
        for (from, event, to) in assignment::TRANSITIONS {
            assert!(text.contains(&format!("| {from} | {event:?} | {to} |\n")));
        }
    }

    #[test]
    fn a_document_that_lags_behind_is_found() {
        let files = |edit: fn(String) -> String| {
            let file = |(path, text): (&str, String)| TextFile {
                path: path.to_owned(),
                text: edit(text),
            };
            documents().map(file)
        };

        assert!(check(&files(|text| text)).is_empty());
        assert_eq!(
            check(&files(|text| text.replace("submitted", "sent"))).len(),
            1
        );
        assert_eq!(check(&[]).len(), 2);
    }

    #[test]
    fn what_is_written_is_in_step() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("docs")).unwrap();

        let written = write(root.path()).unwrap();

        let texts: Vec<_> = written
            .iter()
            .map(|path| std::fs::read_to_string(root.path().join(path)).unwrap())
            .collect();
        assert_eq!(texts, documents().map(|(_, text)| text));
    }
}

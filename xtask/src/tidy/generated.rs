//! Documents that are rendered from code: `docs/states.md`, from the transition tables of `domain` (R27).

use std::fmt::{Debug, Display, Write};
use std::path::Path;

use domain::{assignment, assignment_request};

use crate::finding::Finding;
use crate::workspace::TextFile;

const STATES: &str = "docs/states.md";

/// A generated document that does not say what the code says.
pub(crate) fn check(files: &[TextFile]) -> Option<Finding> {
    let is_in_step = files
        .iter()
        .any(|file| file.path == STATES && file.text == states());
    (!is_in_step).then(|| {
        Finding::in_file(
            STATES,
            "not in step with the tables in `domain`: run `cargo xtask tidy --fix`",
        )
    })
}

/// Writes every generated document, and tells which.
pub(crate) fn write(root: &Path) -> anyhow::Result<[&'static str; 1]> {
    std::fs::write(root.join(STATES), states())?;
    Ok([STATES])
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
        let file = |text: String| TextFile {
            path: STATES.to_owned(),
            text,
        };

        assert!(check(&[file(states())]).is_none());
        assert!(check(&[file(states().replace("submitted", "sent"))]).is_some());
        assert!(check(&[]).is_some());
    }

    #[test]
    fn what_is_written_is_in_step() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("docs")).unwrap();

        let [path] = write(root.path()).unwrap();

        let text = std::fs::read_to_string(root.path().join(path)).unwrap();
        assert_eq!(text, states());
    }
}

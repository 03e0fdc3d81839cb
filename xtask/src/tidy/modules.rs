//! The shape of modules and crates: each says what it is for (R51), none is empty, none is endless (R15).

use crate::finding::Finding;
use crate::source::code_of;
use crate::workspace::{Package, TextFile};

/// A file with more lines than this holds more than one idea.
const LINES: usize = 1000;

/// A crate with fewer lines of code than this has no content.
const CODE_LINES: usize = 10;

/// Modules without a `//!`, crates without content, files without end, and work that was left undone.
pub(crate) fn check(packages: &[Package], files: &[TextFile]) -> Vec<Finding> {
    let sources = || files.iter().filter(|file| file.is_rust());
    let mut findings = Vec::new();
    for file in sources() {
        findings.extend(of_file(file));
    }
    for package in packages {
        let lines: usize = sources()
            .filter(|file| package.holds(&file.path))
            .map(|file| code_lines(&file.text))
            .sum();
        if lines < CODE_LINES {
            findings.push(Finding::in_file(
                &package.folder,
                format!("crate `{}` is empty", package.name),
            ));
        }
    }
    findings
}

fn of_file(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let first = file.text.lines().find(|line| !line.trim().is_empty());
    if !belongs_to_another(&file.path) && !first.is_some_and(|line| line.starts_with("//!")) {
        findings.push(Finding::in_file(
            &file.path,
            "the module does not begin with `//!`, which says what it is for",
        ));
    }
    let lines = file.text.lines().count();
    if lines > LINES {
        findings.push(Finding::in_file(
            &file.path,
            format!("{lines} lines: split it"),
        ));
    }
    for (number, line) in (1..).zip(file.text.lines()) {
        if let Some(mark) = unfinished(line) {
            findings.push(Finding::at(
                &file.path,
                number,
                format!("`{mark}` without an issue, as in `{mark}(#12)`"),
            ));
        }
    }
    findings
}

/// `foo/tests.rs` belongs to `foo`, and `tests/it/foo/bar.rs` to `tests/it/foo.rs`: those say what they are for.
fn belongs_to_another(path: &str) -> bool {
    let below_a_topic = path
        .split_once("/tests/")
        .is_some_and(|(_, rest)| rest.matches('/').count() > 1);
    path.ends_with("/tests.rs") || below_a_topic
}

fn unfinished(line: &str) -> Option<&'static str> {
    // Spelt in halves, so that this file has no mark of its own.
    [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("to", "do!"),
        concat!("un", "implemented!"),
    ]
    .into_iter()
    .find(|mark| {
        line.find(mark)
            .and_then(|at| line.get(at + mark.len()..))
            .is_some_and(|rest| !rest.starts_with("(#"))
    })
}

fn code_lines(text: &str) -> usize {
    code_of(text)
        .lines()
        .filter(|line| !line.trim().is_empty())
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> TextFile {
        TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_module_has_to_say_what_it_is_for() {
        assert_eq!(of_file(&file("a/src/b.rs", "use x;\n")).len(), 1);
        assert!(of_file(&file("a/src/b.rs", "//! About b.\nuse x;\n")).is_empty());
        assert!(of_file(&file("a/src/b/tests.rs", "use x;\n")).is_empty());
        assert_eq!(of_file(&file("a/tests/it/b.rs", "use x;\n")).len(), 1);
        assert!(of_file(&file("a/tests/it/b/c.rs", "use x;\n")).is_empty());
    }

    #[test]
    fn work_left_undone_names_its_issue() {
        let mark = concat!("TO", "DO");

        assert_eq!(unfinished(&format!("// {mark}: later")), Some(mark));
        assert_eq!(unfinished(&format!("// {mark}(#7): later")), None);
    }

    #[test]
    fn a_crate_without_code_is_empty() {
        let package = Package {
            name: "a".to_owned(),
            folder: "crates/a".to_owned(),
            dependencies: Vec::new(),
        };
        let comment = file("crates/a/src/lib.rs", "//! About a.\n\n// nothing\n");

        assert_eq!(check(std::slice::from_ref(&package), &[comment]).len(), 1);
        let code = "//! About a.\n".to_owned() + &"fn f() {}\n".repeat(CODE_LINES);
        assert!(check(&[package], &[file("crates/a/src/lib.rs", &code)]).is_empty());
    }
}

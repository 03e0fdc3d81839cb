//! What documents point at exists: links between them, the paths of files that they name in backticks, and the tests that
//! pin the quirks (R41).

use std::collections::BTreeMap;
use std::path::Path;

use crate::finding::Finding;
use crate::source::is_function;
use crate::workspace::TextFile;

/// A backticked text that begins like this is a path from the root.
const TOP_FOLDERS: &[&str] = &["crates/", "docs/", "xtask/", "tests/", ".ci/", ".cargo/"];

/// The list of decisions and deviations; the last cell of each row names the tests that pin it.
const QUIRKS: &str = "docs/quirks.md";

/// Every dead link and path, quirks without a test, and decisions that share a number.
pub(crate) fn check(root: &Path, files: &[TextFile]) -> Vec<Finding> {
    let mut findings = decision_numbers(files);
    findings.extend(unpinned_quirks(files));
    for file in files.iter().filter(|file| file.is_document()) {
        let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
        for (number, line) in (1..).zip(file.text.lines()) {
            for link in links(line) {
                if !root.join(folder).join(link).exists() {
                    let message = format!("the link `{link}` leads nowhere");
                    findings.push(Finding::at(&file.path, number, message));
                }
            }
            for path in paths(line) {
                if !root.join(path).exists() {
                    let message = format!("there is no `{path}`");
                    findings.push(Finding::at(&file.path, number, message));
                }
            }
        }
    }
    findings
}

/// The targets of `[text](target)` that are files.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](")
        .filter_map(|(at, opening)| line.get(at + opening.len()..))
        .filter_map(|rest| rest.split(')').next())
        .map(|link| link.split('#').next().unwrap_or(link))
        .filter(|link| !link.is_empty() && !link.contains(':'))
}

/// The paths in backticks; one with a hole to fill (`NNNN`, `<name>`, `{a,b}`, `*`, `…`) is a pattern.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    line.split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| TOP_FOLDERS.iter().any(|top| code.starts_with(top)))
        .filter(|code| !code.contains(['<', '{', '*', '…', ' ', '|']) && !code.contains("NNNN"))
        .map(|code| code.split(':').next().unwrap_or(code))
}

fn unpinned_quirks(files: &[TextFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let quirks = files.iter().filter(|file| file.path == QUIRKS);
    for (number, line) in quirks.flat_map(|file| (1..).zip(file.text.lines())) {
        let Some(tests) = pinned_by(line) else {
            continue;
        };
        if tests.is_empty() {
            let message = "the row names no test that pins it";
            findings.push(Finding::at(QUIRKS, number, message));
        }
        for test in tests {
            let is_there = files
                .iter()
                .any(|file| file.is_rust() && is_function(&file.text, test));
            if !is_there {
                let message = format!("there is no test `{test}`");
                findings.push(Finding::at(QUIRKS, number, message));
            }
        }
    }
    findings
}

/// The tests in the last cell of a row of a table; `None` for other lines, and for the head of a table.
fn pinned_by(line: &str) -> Option<Vec<&str>> {
    let row = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let last = row.rsplit('|').next()?;
    let is_head = last.trim() == "pinned by" || last.contains("---");
    (!is_head).then(|| last.split('`').skip(1).step_by(2).collect())
}

fn decision_numbers(files: &[TextFile]) -> Vec<Finding> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for file in files {
        let Some(name) = file.path.strip_prefix("docs/adr/") else {
            continue;
        };
        let number = name.split('-').next().unwrap_or(name);
        if let Some(first) = seen.insert(number, &file.path) {
            let message = format!("`{first}` has the same number");
            findings.push(Finding::in_file(&file.path, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_are_followed_and_others_are_not() {
        let line = "[a](docs/a.md#part) [b](https://example.com) [c](#here) `x](y`";

        assert_eq!(links(line).collect::<Vec<_>>(), ["docs/a.md", "y`"]);
    }

    #[test]
    fn paths_in_backticks_are_followed_and_patterns_are_not() {
        let line = "`crates/a/src/b.rs:12` `docs/adr/NNNN-x.md` `crates/{a,b}` `cargo xtask`";

        assert_eq!(paths(line).collect::<Vec<_>>(), ["crates/a/src/b.rs"]);
    }

    #[test]
    fn a_dead_link_is_found() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("docs")).unwrap();
        std::fs::write(root.path().join("docs/b.md"), "").unwrap();
        let file = TextFile {
            path: "docs/a.md".to_owned(),
            text: "[b](b.md)\n[c](c.md) and `docs/d.md`\n".to_owned(),
        };

        let findings = check(root.path(), &[file]);

        let messages: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "docs/a.md:2: the link `c.md` leads nowhere",
                "docs/a.md:2: there is no `docs/d.md`",
            ]
        );
    }

    #[test]
    fn a_quirk_names_tests_that_exist() {
        let file = |path: &str, text: &str| TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let code = file("crates/a/src/lib.rs", "#[test]\nfn a_b() {}\n");
        let quirks =
            "| rule | pinned by |\n|---|---|\n| 1 | `a_b` |\n| 2 | – |\n| 3 | `a_b`, `a` |\n";

        let findings = unpinned_quirks(&[code, file(QUIRKS, quirks)]);

        let messages: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "docs/quirks.md:4: the row names no test that pins it",
                "docs/quirks.md:5: there is no test `a`",
            ]
        );
    }

    #[test]
    fn two_decisions_never_share_a_number() {
        let record = |path: &str| TextFile {
            path: path.to_owned(),
            text: String::new(),
        };

        let findings = decision_numbers(&[
            record("docs/adr/0001-a.md"),
            record("docs/adr/0001-b.md"),
            record("docs/adr/0002-c.md"),
        ]);

        assert_eq!(findings.len(), 1);
    }
}

//! Which tests hold which rule of the behavioural specification: `cargo xtask rules`.
//!
//! A test holds a rule if it cites its id: in its name (`rq_8_…`), its comments, its text, or in the row of
//! `docs/quirks.md` that it pins. A rule that no test can hold is listed with the reason in `docs/rules.md`.
//!
//! **Invariant:** without the specification nothing is reported as held.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, ensure};

use crate::source::identifiers;
use crate::workspace::{TextFile, Workspace};

const QUIRKS: &str = "docs/quirks.md";
const EXCEPTIONS: &str = "docs/rules.md";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The sections whose rules count
    #[arg(long, value_delimiter = ',', default_value = "2,3,6,7,10")]
    sections: Vec<String>,
    /// Print every rule with the tests that hold it
    #[arg(long)]
    list: bool,
}

/// A test that cites rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    path: String,
    name: String,
    text: String,
}

/// Prints the rules that nothing holds; whether there are none.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<bool> {
    let path = specification(workspace);
    let specification = std::fs::read_to_string(&path).with_context(|| {
        format!(
            "the specification is not there (set CONTRACT_DIR to the folder beside it): {}",
            path.display()
        )
    })?;
    let rules = rules_of(&specification, &options.sections);
    ensure!(!rules.is_empty(), "these sections have no rules");
    let files = workspace.files()?;
    let tests: Vec<_> = files
        .iter()
        .filter(|file| file.is_rust())
        .flat_map(tests_of)
        .collect();
    let pinned = rows_of(&files, QUIRKS);
    let excepted = rows_of(&files, EXCEPTIONS);

    let mut missing = 0;
    for rule in &rules {
        let holding = holding(rule, &tests, &pinned);
        if options.list {
            let names: Vec<_> = holding.iter().map(String::as_str).collect();
            eprintln!("{rule:<7} {}", names.join(", "));
        }
        if !holding.is_empty() {
            continue;
        }
        if let Some(row) = excepted.iter().find(|row| cites(first_cell(row), rule)) {
            eprintln!("{rule:<7} explained: {}", reason(row));
        } else {
            missing += 1;
            eprintln!("{rule:<7} NO TEST");
        }
    }
    eprintln!("{} rules, {missing} without a test", rules.len());
    Ok(missing == 0)
}

fn specification(workspace: &Workspace) -> PathBuf {
    std::env::var_os("CONTRACT_DIR")
        .map_or_else(|| workspace.root.join("../shared/contract"), PathBuf::from)
        .join("../semantics.md")
}

/// The ids that begin a list item or a table row, in the order of the text.
fn rules_of(specification: &str, sections: &[String]) -> Vec<String> {
    let mut rules = Vec::new();
    let mut counts = false;
    for line in specification.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let number = heading.split('.').next().unwrap_or_default();
            counts = sections.iter().any(|section| section == number);
        }
        let Some(item) = line.strip_prefix("- ").or_else(|| line.strip_prefix("| ")) else {
            continue;
        };
        let id = item.split([' ', '|']).next().unwrap_or_default();
        if counts && is_rule(id) && !rules.iter().any(|known| known == id) {
            rules.push(id.to_owned());
        }
    }
    rules
}

/// `RQ-6` or `T12`.
fn is_rule(id: &str) -> bool {
    let digits = id.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = id.len() - digits.len();
    let digits = digits.strip_prefix('-').unwrap_or(digits);
    (1..=2).contains(&letters) && !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}

/// The tests of a file, each with its comments and its body.
fn tests_of(file: &TextFile) -> Vec<Test> {
    let lines: Vec<_> = file.text.lines().collect();
    let mut tests = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let declaration = line.trim_start().trim_start_matches("async ");
        let Some(rest) = declaration.strip_prefix("fn ") else {
            continue;
        };
        let (before, body) = lines.split_at(at);
        let above = before
            .iter()
            .rev()
            .take_while(|line| line.trim_start().starts_with("#[") || is_comment(line))
            .count();
        let above = before.iter().skip(at - above);
        if !above.clone().any(|line| is_test_attribute(line.trim())) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let end = format!("{}}}", " ".repeat(indent));
        let length = body.iter().position(|line| **line == end);
        let body = body.iter().take(length.unwrap_or_default() + 1);
        tests.push(Test {
            path: file.path.clone(),
            name: identifiers(rest).next().unwrap_or_default().to_owned(),
            text: above.chain(body).copied().collect::<Vec<_>>().join("\n"),
        });
    }
    tests
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn is_test_attribute(line: &str) -> bool {
    line.strip_prefix("#[")
        .and_then(|rest| rest.split([']', '(']).next())
        .is_some_and(|name| name == "test" || name.ends_with("::test"))
}

/// The rows of a document's tables.
fn rows_of<'a>(files: &'a [TextFile], path: &str) -> Vec<&'a str> {
    files
        .iter()
        .filter(|file| file.path == path)
        .flat_map(|file| file.text.lines())
        .filter(|line| line.starts_with("| "))
        .collect()
}

fn holding(rule: &str, tests: &[Test], pinned: &[&str]) -> BTreeSet<String> {
    let in_name = format!("{}_", rule.to_lowercase().replace('-', "_"));
    let mut holding = BTreeSet::new();
    let by_name: BTreeMap<_, _> = tests
        .iter()
        .map(|test| (test.name.as_str(), test))
        .collect();
    for test in tests {
        let named = format!("{}_", test.name);
        let in_its_name = named.starts_with(&in_name) || named.contains(&format!("_{in_name}"));
        if in_its_name || cites(&test.text, rule) {
            holding.insert(label(test));
        }
    }
    for row in pinned.iter().filter(|row| cites(first_cell(row), rule)) {
        let names = row.split('`').skip(1).step_by(2);
        holding.extend(
            names
                .filter_map(|name| by_name.get(name))
                .map(|test| label(test)),
        );
    }
    holding
}

fn label(test: &Test) -> String {
    format!("{}::{}", test.path, test.name)
}

/// Whether the text has the id as a word of its own.
fn cites(text: &str, rule: &str) -> bool {
    text.match_indices(rule).any(|(at, _)| {
        let (before, rest) = text.split_at(at);
        let after = rest.chars().nth(rule.len());
        !before.ends_with(|c: char| c.is_alphanumeric() || c == '-')
            && !after.is_some_and(|c| c.is_ascii_digit())
    })
}

fn first_cell(row: &str) -> &str {
    row.split('|').nth(1).unwrap_or_default()
}

fn reason(row: &str) -> &str {
    row.split('|').nth(2).unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "## 2. Life\n- RQ-1 [S] one\n| T12 | two |\n| state | no rule |\n## 4. Other\n- RP-1 three\n";

    fn rust(text: &str) -> TextFile {
        TextFile {
            path: "crates/a/tests/it/b.rs".to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn rules_are_the_ids_that_begin_items_and_rows_of_the_sections_asked_for() {
        assert_eq!(rules_of(TEXT, &["2".to_owned()]), ["RQ-1", "T12"]);
        assert_eq!(rules_of(TEXT, &["4".to_owned()]), ["RP-1"]);
    }

    #[test]
    fn a_rule_is_held_by_the_test_that_cites_it_and_by_no_other() {
        let file = rust(
            "/// As in RQ-1.\n#[tokio::test]\nasync fn one() {\n    a();\n}\n\n// RQ-12\n#[test]\nfn t12_two() {\n}\n\nfn helper() {\n    // RQ-3\n}\n",
        );
        let tests = tests_of(&file);

        assert_eq!(tests.len(), 2);
        for (rule, expected) in [("RQ-1", "one"), ("RQ-12", "t12_two"), ("T12", "t12_two")] {
            let found = holding(rule, &tests, &[]);
            let expected = format!("{}::{expected}", file.path);
            assert_eq!(found.into_iter().collect::<Vec<_>>(), [expected], "{rule}");
        }
        assert!(holding("RQ-3", &tests, &[]).is_empty());
        assert!(holding("T1", &tests, &[]).is_empty());
    }

    #[test]
    fn a_row_of_the_quirks_lends_its_rule_to_the_tests_that_pin_it() {
        let tests = tests_of(&rust("#[test]\nfn one() {\n}\n"));

        let found = holding("SD-7", &tests, &["| SD-7, Q-3 | decides | `one`, `gone` |"]);

        assert_eq!(found.len(), 1);
    }
}

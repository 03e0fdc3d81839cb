//! The glossary (R17, R18) and the rule that nobody but `wire` asks which version is spoken (R38).

use crate::finding::Finding;
use crate::source::{before_tests, code_of, identifiers, is_test_file, words_of};
use crate::workspace::TextFile;

/// Words that no identifier is made of: (word, instead).
const WORDS: &[(&str, &str)] = &[
    ("adapter", "connector"),
    ("asgmt", "assignment"),
    ("asgn", "assignment"),
    ("cfg", "config"),
    ("mgr", "what it does"),
    ("pkg", "package"),
    ("pkgs", "packages"),
    ("req", "request"),
    ("reqs", "requests"),
    ("requester", "requestor"),
    ("resp", "response"),
    ("rsp", "response"),
    ("subj", "subject"),
    ("svc", "service"),
    ("tgt", "target"),
    ("usr", "user"),
];

/// Words of the language or of libraries: (word, the identifier that may have it).
const ALLOWED: &[(&str, &str)] = &[("cfg", "cfg")];

/// What a function, type, module or file is never called after, for it says nothing.
const EMPTY_WORDS: &[&str] = &["helper", "helpers", "util", "utils"];

/// How the name of a function never begins.
const EMPTY_VERBS: &[&str] = &["handle_", "process_", "do_"];

/// Spellings that prose must not have: (wrong, right).
const SPELLINGS: &[(&str, &str)] = &[("requester", "requestor"), ("asgmt", "assignment")];

/// Every name that the glossary forbids, and every branch on the version outside `wire`.
pub(crate) fn check(files: &[TextFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        // The table above has to name what it forbids.
        if file.path == "xtask/src/tidy/names.rs" {
            continue;
        }
        if file.is_rust() {
            let code = code_of(before_tests(&file.text));
            findings.extend(file_name(&file.path));
            for (number, line) in (1..).zip(code_of(&file.text).lines()) {
                let found = forbidden(line).into_iter().chain(empty(line));
                findings.extend(found.map(|message| Finding::at(&file.path, number, message)));
            }
            if !file.path.starts_with("crates/wire/") && !is_test_file(&file.path) {
                for (number, line) in (1..).zip(code.lines()) {
                    if branches_on_version(line) {
                        findings.push(Finding::at(
                            &file.path,
                            number,
                            "only `wire` may branch on the version",
                        ));
                    }
                }
            }
        } else if file.is_document() {
            for (number, line) in (1..).zip(file.text.lines()) {
                findings.extend(
                    misspelt(line)
                        .into_iter()
                        .map(|message| Finding::at(&file.path, number, message)),
                );
            }
        }
    }
    findings
}

fn forbidden(line: &str) -> Vec<String> {
    let mut messages = Vec::new();
    for identifier in identifiers(line) {
        for word in words_of(identifier) {
            let Some((_, instead)) = WORDS.iter().find(|(forbidden, _)| *forbidden == word) else {
                continue;
            };
            if !ALLOWED.contains(&(word.as_str(), identifier)) {
                messages.push(format!("`{identifier}`: say `{instead}`, not `{word}`"));
            }
        }
    }
    messages
}

fn empty(line: &str) -> Vec<String> {
    let words: Vec<&str> = identifiers(line).collect();
    let mut messages = Vec::new();
    for pair in words.windows(2) {
        let [keyword, name] = pair else { continue };
        let declares = matches!(
            *keyword,
            "fn" | "struct" | "enum" | "trait" | "mod" | "type"
        );
        if !declares {
            continue;
        }
        if *keyword == "fn" && EMPTY_VERBS.iter().any(|verb| name.starts_with(verb)) {
            messages.push(format!("`{name}`: name the function after what it does"));
        }
        let is_manager = matches!(*keyword, "struct" | "trait") && name.ends_with("Manager");
        if is_manager
            || words_of(name)
                .iter()
                .any(|word| EMPTY_WORDS.contains(&word.as_str()))
        {
            messages.push(format!("`{name}`: name it after what it is"));
        }
    }
    messages
}

fn file_name(path: &str) -> Option<Finding> {
    let name = path.rsplit('/').next()?.strip_suffix(".rs")?;
    let is_empty = words_of(name)
        .iter()
        .any(|word| EMPTY_WORDS.contains(&word.as_str()));
    is_empty.then(|| Finding::in_file(path, "name the file after what is in it"))
}

fn branches_on_version(line: &str) -> bool {
    let squeezed: String = line.split_whitespace().collect();
    squeezed.contains("matchversion{")
        || ["Version::V1", "Version::Beta"].iter().any(|name| {
            squeezed.contains(&format!("{name}=>"))
                || squeezed.contains(&format!("=={name}"))
                || squeezed.contains(&format!("!={name}"))
                || squeezed.contains(&format!("{name}=="))
                || squeezed.contains(&format!(",{name})")) && squeezed.contains("matches!(")
        })
}

fn misspelt(line: &str) -> Vec<String> {
    identifiers(line)
        .filter_map(|word| {
            let lower = word.to_lowercase();
            let (_, right) = SPELLINGS.iter().find(|(wrong, _)| *wrong == lower)?;
            Some(format!("`{word}`: say `{right}`"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        let file = TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        check(&[file]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn abbreviations_are_found_as_words_of_identifiers_only() {
        assert_eq!(
            messages("a/src/b.rs", "let req_id = 1;\nlet required = 2;\n"),
            ["a/src/b.rs:1: `req_id`: say `request`, not `req`"]
        );
        assert_eq!(messages("a/src/b.rs", "struct PkgList;\n").len(), 1);
        assert!(messages("a/src/b.rs", "// a req\nlet a = \"req\";\n#[cfg(unix)]\n").is_empty());
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        assert_eq!(messages("a/src/b.rs", "pub fn handle_it() {}\n").len(), 1);
        assert_eq!(messages("a/src/b.rs", "struct LeaseManager;\n").len(), 1);
        assert_eq!(messages("a/src/utils.rs", "").len(), 1);
        assert!(
            messages(
                "a/src/b.rs",
                "fn download() {}\nenum E { RequestorManager }\n"
            )
            .is_empty()
        );
    }

    #[test]
    fn a_branch_on_the_version_is_for_wire_alone() {
        let branch = "if version == Version::Beta { }\n";

        assert_eq!(messages("crates/server/src/a.rs", branch).len(), 1);
        assert_eq!(
            messages("crates/server/src/a.rs", "match version {\n").len(),
            1
        );
        assert!(messages("crates/wire/src/a.rs", branch).is_empty());
        assert!(messages("crates/server/tests/it/a.rs", branch).is_empty());
        assert!(messages("crates/server/src/a.rs", "let v = Version::Beta;\n").is_empty());
    }

    #[test]
    fn prose_spells_as_the_glossary_does() {
        let wrong = concat!("The re", "quester asks.\n");

        assert_eq!(messages("docs/a.md", wrong).len(), 1);
        assert!(messages("docs/a.md", "The requestor asks.\n").is_empty());
    }
}

//! Rust source without its comments and literals, so that a check for words does not stumble over prose.

/// The source with comments, strings and characters blanked out; lines stay where they are.
pub(crate) fn code_of(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let skipped = skipped_at(rest, code.chars().next_back());
        if skipped == 0 {
            code.push(first);
            rest = after(rest, first.len_utf8());
            continue;
        }
        let (blanked, tail) = rest.split_at_checked(skipped).unwrap_or((rest, ""));
        code.extend(blanked.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = tail;
    }
    code
}

/// The source up to its inline tests.
pub(crate) fn before_tests(source: &str) -> &str {
    source
        .find("#[cfg(test)]\nmod ")
        .and_then(|at| source.get(..at))
        .unwrap_or(source)
}

/// Whether the whole file is about tests.
pub(crate) fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// The words of an identifier, in lower case: `PackageId` and `package_id` are `package`, `id`.
pub(crate) fn words_of(identifier: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in identifier.chars() {
        if c == '_' || (c.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        if c != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The identifiers of a line of code.
pub(crate) fn identifiers(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

/// Whether the source declares a function of exactly this name.
pub(crate) fn is_function(source: &str, name: &str) -> bool {
    source
        .match_indices(&format!("fn {name}"))
        .any(|(at, head)| after(source, at + head.len()).starts_with(['(', '<']))
}

/// How many bytes of a comment or literal start here.
fn skipped_at(rest: &str, before: Option<char>) -> usize {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if rest.starts_with('"') {
        return quoted(rest);
    }
    if rest.starts_with('\'') {
        return character(rest);
    }
    if in_word {
        return 0;
    }
    if let Some(hashes) = raw_string(rest) {
        return hashes;
    }
    0
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(here) = rest.get(at..) {
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            match here.chars().next() {
                Some(c) => at += c.len_utf8(),
                None => break,
            }
        }
    }
    rest.len()
}

fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character literal; a lifetime is none.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            // The escaped character may be a quote itself.
            chars.next();
            chars
                .find(|(_, c)| *c == '\'')
                .map_or(rest.len(), |(at, _)| at + 1)
        }
        Some(_) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}

/// `r"…"`, `r#"…"#` and the same with `b` or `c` before it.
fn raw_string(rest: &str) -> Option<usize> {
    let marked = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
    let opened = marked.strip_prefix('r')?;
    let hashes = opened.len() - opened.trim_start_matches('#').len();
    let body = opened.trim_start_matches('#').strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let head = rest.len() - body.len();
    Some(
        body.find(&end)
            .map_or(rest.len(), |at| head + at + end.len()),
    )
}

fn after(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lines_stay() {
        let source =
            "let a = \"req \\\" req\"; // req\n/* req /* req */ req */ let b = r#\"req\"#;\n";

        let code = code_of(source);

        assert!(!code.contains("req"), "{code}");
        assert_eq!(code.lines().count(), 2);
        assert!(code.contains("let b ="));
    }

    #[test]
    fn lifetimes_are_not_characters() {
        let code = code_of("fn f<'a>(x: &'a str) -> char { if x == \"'\" { '\\'' } else { 'b' } }");

        assert!(code.contains("<'a>(x: &'a str)"), "{code}");
        assert!(!code.contains('b'), "{code}");
    }

    #[test]
    fn an_identifier_falls_into_words_in_either_style() {
        assert_eq!(words_of("AccessPackageId"), ["access", "package", "id"]);
        assert_eq!(words_of("_access_package_id"), ["access", "package", "id"]);
        assert_eq!(words_of("MAX_PKG"), ["max", "pkg"]);
    }

    #[test]
    fn inline_tests_are_cut_off() {
        assert_eq!(before_tests("a\n#[cfg(test)]\nmod tests {}"), "a\n");
        assert_eq!(before_tests("a"), "a");
    }
}

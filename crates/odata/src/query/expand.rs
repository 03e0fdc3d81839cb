//! `$expand`: navigation paths, each with its own options in parentheses.
//!
//! **Invariant:** no item reaches deeper than [`MAX_EXPAND_DEPTH`] navigation
//! properties, counting both nesting and `/`; type casts do not count.

use super::parse::{Seen, Source, nested_option};
use super::{ExpandItem, ExpandPath, MAX_EXPAND_DEPTH, QueryOptions, list};
use crate::filter::SyntaxError;

pub(super) fn items(source: Source<'_>) -> Result<Vec<ExpandItem>, SyntaxError> {
    source
        .split(',')
        .into_iter()
        .map(|part| item(part.trimmed()))
        .collect()
}

fn item(source: Source<'_>) -> Result<ExpandItem, SyntaxError> {
    let path_end = source.text.find('(').unwrap_or(source.text.len());
    let (path_source, is_ref) = without_ref(source.part(0, path_end).trimmed());
    let path = if path_source.text == "*" {
        ExpandPath::All
    } else {
        ExpandPath::Path(list::path(path_source)?)
    };
    let depth = source.depth + levels(&path);
    if depth > MAX_EXPAND_DEPTH {
        return Err(source.error(format!(
            "`$expand` reaches deeper than {MAX_EXPAND_DEPTH} levels"
        )));
    }
    let mut item = ExpandItem {
        path,
        options: QueryOptions::default(),
        is_ref,
    };
    if let Some(inner) = parenthesised(source, path_end)? {
        let mut seen = Seen::default();
        for part in (Source { depth, ..inner }).split(';') {
            let part = part.trimmed();
            // `a($select=b;)` is read as `a($select=b)`.
            if !part.text.is_empty() {
                nested_option(&mut item, &mut seen, part)?;
            }
        }
    }
    Ok(item)
}

fn without_ref(source: Source<'_>) -> (Source<'_>, bool) {
    const SUFFIX: &str = "/$ref";

    let end = source.text.len().saturating_sub(SUFFIX.len());
    let is_ref = source
        .text
        .get(end..)
        .is_some_and(|tail| tail.eq_ignore_ascii_case(SUFFIX));
    if is_ref {
        (source.part(0, end), true)
    } else {
        (source, false)
    }
}

fn levels(path: &ExpandPath) -> usize {
    match path {
        ExpandPath::All => 1,
        ExpandPath::Path(names) => names.iter().filter(|name| !name.contains('.')).count(),
    }
}

/// What stands between the parenthesis at byte `open` and the one that ends the item.
fn parenthesised(source: Source<'_>, open: usize) -> Result<Option<Source<'_>>, SyntaxError> {
    if open == source.text.len() {
        return Ok(None);
    }
    let (mut depth, mut quoted) = (0_usize, false);
    for (at, character) in source.text.char_indices().skip_while(|(at, _)| *at < open) {
        match character {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            let after = source.part(at + 1, source.text.len()).trimmed();
            if !after.text.is_empty() {
                return Err(after.error("expected `,` or the end after `)`"));
            }
            return Ok(Some(source.part(open + 1, at)));
        }
    }
    Err(source
        .part(open, source.text.len())
        .error("the parenthesis that starts here is not closed"))
}

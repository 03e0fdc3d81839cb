//! `$select` and `$orderby`: lists of property paths.

use super::parse::Source;
use super::{MAX_ORDER, OrderItem, SelectItem};
use crate::filter::SyntaxError;
use crate::names::Names;

pub(super) fn select(source: Source<'_>) -> Result<Vec<SelectItem>, SyntaxError> {
    source
        .split(',')
        .into_iter()
        .map(|part| {
            let part = part.trimmed();
            if part.text == "*" {
                return Ok(SelectItem::All);
            }
            path(part).map(SelectItem::Path)
        })
        .collect()
}

pub(super) fn orderby(source: Source<'_>) -> Result<Vec<OrderItem>, SyntaxError> {
    source
        .split(',')
        .into_iter()
        .enumerate()
        .map(|(before, part)| {
            if before == MAX_ORDER {
                let problem = format!("a list is sorted by at most {MAX_ORDER} properties");
                return Err(part.trimmed().error(problem));
            }
            order_item(part.trimmed())
        })
        .collect()
}

fn order_item(part: Source<'_>) -> Result<OrderItem, SyntaxError> {
    let name_end = part
        .text
        .find(char::is_whitespace)
        .unwrap_or(part.text.len());
    let direction = part.part(name_end, part.text.len()).trimmed();
    let descending = match direction.text.to_ascii_lowercase().as_str() {
        "" | "asc" => false,
        "desc" => true,
        _ => return Err(direction.error("expected `asc`, `desc` or `,`")),
    };
    Ok(OrderItem {
        path: path(part.part(0, name_end))?,
        descending,
    })
}

/// A path of names joined by `/`.
pub(super) fn path(source: Source<'_>) -> Result<Names, SyntaxError> {
    let mut names = Vec::new();
    let mut start = 0;
    for name in source.text.split('/') {
        let here = source.part(start, start + name.len());
        names.push((self::name(here)?, here.base));
        start += name.len() + 1;
    }
    Ok(Names::new(names))
}

fn name(source: Source<'_>) -> Result<String, SyntaxError> {
    if source.text.is_empty() {
        return Err(source.error("expected a property name"));
    }
    let unexpected = source
        .text
        .char_indices()
        .find(|(_, c)| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '-')));
    match unexpected {
        Some((at, c)) => Err(source.part(at, source.text.len()).error(format!(
            "`{}` cannot be part of a property name",
            c.escape_debug()
        ))),
        None => Ok(source.text.to_owned()),
    }
}

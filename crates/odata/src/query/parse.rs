//! Splits a query string and reads the value of each option.

use super::{ExpandItem, MAX_LENGTH, MAX_TOP, QueryError, QueryOptions, expand, list, search};
use crate::decode::{character_number, query_component};
use crate::filter::{self, SyntaxError};
use crate::names;

/// The options that `OData` defines and this module reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SystemOption {
    Filter,
    Select,
    Expand,
    OrderBy,
    Top,
    Skip,
    Count,
    Search,
    SkipToken,
    Format,
    Id,
}

impl SystemOption {
    const ALL: &[SystemOption] = &[
        SystemOption::Filter,
        SystemOption::Select,
        SystemOption::Expand,
        SystemOption::OrderBy,
        SystemOption::Top,
        SystemOption::Skip,
        SystemOption::Count,
        SystemOption::Search,
        SystemOption::SkipToken,
        SystemOption::Format,
        SystemOption::Id,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            SystemOption::Filter => "$filter",
            SystemOption::Select => "$select",
            SystemOption::Expand => "$expand",
            SystemOption::OrderBy => "$orderby",
            SystemOption::Top => "$top",
            SystemOption::Skip => "$skip",
            SystemOption::Count => "$count",
            SystemOption::Search => "$search",
            SystemOption::SkipToken => "$skiptoken",
            SystemOption::Format => "$format",
            SystemOption::Id => "$id",
        }
    }

    fn find(name: &str) -> Option<SystemOption> {
        if name.eq_ignore_ascii_case("@id") || name.eq_ignore_ascii_case("@odata.id") {
            return Some(SystemOption::Id);
        }
        let found = Self::ALL.iter().copied().find(|option| {
            let full = option.name();
            name.eq_ignore_ascii_case(full)
                || full
                    .strip_prefix('$')
                    .is_some_and(|bare| name.eq_ignore_ascii_case(bare))
        });
        // Parameters called `id` and `format` are too ordinary names to be taken for options.
        found.filter(|option| {
            !matches!(option, SystemOption::Id | SystemOption::Format) || name.starts_with('$')
        })
    }
}

/// Whether a decoded parameter name says where a page starts: `$skip` or `$skiptoken`.
pub(crate) fn is_paging_position(name: &str) -> bool {
    matches!(
        SystemOption::find(name),
        Some(SystemOption::Skip | SystemOption::SkipToken)
    )
}

/// Which options were already met, so that one given twice is told.
#[derive(Default)]
pub(super) struct Seen(Vec<SystemOption>);

impl Seen {
    pub(super) fn note(&mut self, option: SystemOption) -> Result<(), String> {
        if self.0.contains(&option) {
            return Err(format!("`{}` is given twice", option.name()));
        }
        self.0.push(option);
        Ok(())
    }
}

/// A decoded text, where it stands in the whole value, and how many levels of
/// `$expand` are around it.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    pub(super) base: usize,
    pub(super) depth: usize,
}

impl<'a> Source<'a> {
    pub(super) fn error(self, problem: impl Into<String>) -> SyntaxError {
        SyntaxError::new(self.base, problem)
    }

    pub(super) fn trimmed(self) -> Source<'a> {
        let text = self.text.trim_start();
        Source {
            text: text.trim_end(),
            base: self.base + (self.text.len() - text.len()),
            depth: self.depth,
        }
    }

    /// The part from byte `from` to byte `to`.
    pub(super) fn part(self, from: usize, to: usize) -> Source<'a> {
        Source {
            text: self.text.get(from..to).unwrap_or_default(),
            base: self.base + from,
            depth: self.depth,
        }
    }

    /// The parts between the `separator`s that stand outside of quotes and
    /// parentheses.
    pub(super) fn split(self, separator: char) -> Vec<Source<'a>> {
        let mut parts = Vec::new();
        let (mut start, mut open, mut quoted) = (0, 0_usize, false);
        for (at, character) in self.text.char_indices() {
            match character {
                '\'' => quoted = !quoted,
                _ if quoted => {}
                '(' => open += 1,
                ')' => open = open.saturating_sub(1),
                _ if character == separator && open == 0 => {
                    parts.push(self.part(start, at));
                    start = at + separator.len_utf8();
                }
                _ => {}
            }
        }
        parts.push(self.part(start, self.text.len()));
        parts
    }
}

pub(super) fn query(raw: &str) -> Result<QueryOptions, QueryError> {
    if raw.len() > MAX_LENGTH {
        return Err(QueryError {
            option: "?".to_owned(),
            position: MAX_LENGTH,
            problem: format!("the query is longer than {MAX_LENGTH} bytes"),
        });
    }
    let mut options = QueryOptions::default();
    let mut seen = Seen::default();
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (raw_name, raw_value) = pair.split_once('=').unwrap_or((pair, ""));
        let not_utf8 = |option: &str| QueryError {
            option: option.to_owned(),
            position: 1,
            problem: "the percent-encoded bytes are not UTF-8, or hold a NUL character".to_owned(),
        };
        let name = query_component(raw_name).ok_or_else(|| not_utf8(raw_name))?;
        let value = query_component(raw_value).ok_or_else(|| not_utf8(&name))?;
        let at_fault = |option: &str, error: SyntaxError| QueryError {
            option: option.to_owned(),
            position: character_number(&value, error.at),
            problem: error.problem,
        };
        match SystemOption::find(&name) {
            Some(option) => {
                let source = Source {
                    text: &value,
                    base: 0,
                    depth: 0,
                };
                seen.note(option)
                    .map_err(|problem| source.error(problem))
                    .and_then(|()| {
                        let mut one = QueryOptions::default();
                        read_option(&mut one, option, source)?;
                        names::in_options(&mut one, &value);
                        take(&mut options, option, one);
                        Ok(())
                    })
                    .map_err(|error| at_fault(option.name(), error))?;
            }
            None if name.starts_with('$') => {
                let problem = "this option is not known here";
                return Err(at_fault(&name, SyntaxError::new(0, problem)));
            }
            None => options.custom.push((name, value)),
        }
    }
    Ok(options)
}

/// Reads one option inside the parentheses of an `$expand` item.
pub(super) fn nested_option(
    item: &mut ExpandItem,
    seen: &mut Seen,
    source: Source<'_>,
) -> Result<(), SyntaxError> {
    let Some(equals) = source.text.find('=') else {
        return Err(source.error("expected an option such as `$select=…`"));
    };
    let name = source.part(0, equals).trimmed();
    let value = source.part(equals + 1, source.text.len());
    let option = SystemOption::find(name.text)
        .filter(|option| {
            !matches!(
                option,
                SystemOption::SkipToken | SystemOption::Format | SystemOption::Id
            )
        })
        .ok_or_else(|| name.error(format!("`{}` is not an option of `$expand`", name.text)))?;
    seen.note(option).map_err(|problem| name.error(problem))?;
    read_option(&mut item.options, option, value)
}

/// Moves what one option said.
fn take(options: &mut QueryOptions, option: SystemOption, one: QueryOptions) {
    match option {
        SystemOption::Filter => options.filter = one.filter,
        SystemOption::Select => options.select = one.select,
        SystemOption::Expand => options.expand = one.expand,
        SystemOption::OrderBy => options.orderby = one.orderby,
        SystemOption::Top => options.top = one.top,
        SystemOption::Skip => options.skip = one.skip,
        SystemOption::Count => options.count = one.count,
        SystemOption::Search => options.search = one.search,
        SystemOption::SkipToken => options.skiptoken = one.skiptoken,
        SystemOption::Format => options.format = one.format,
        SystemOption::Id => options.id = one.id,
    }
}

fn read_option(
    options: &mut QueryOptions,
    option: SystemOption,
    source: Source<'_>,
) -> Result<(), SyntaxError> {
    let source = source.trimmed();
    if source.text.is_empty() {
        return Err(source.error(format!("`{}` needs a value", option.name())));
    }
    match option {
        SystemOption::Filter => {
            options.filter = Some(filter::parse_at(source.text, source.base)?);
        }
        SystemOption::Select => options.select = Some(list::select(source)?),
        SystemOption::Expand => options.expand = expand::items(source)?,
        SystemOption::OrderBy => options.orderby = list::orderby(source)?,
        SystemOption::Top => options.top = Some(top(source)?),
        SystemOption::Skip => options.skip = Some(skip(source)?),
        SystemOption::Count => options.count = count(source)?,
        SystemOption::Search => options.search = Some(search::search(source)?),
        SystemOption::SkipToken => options.skiptoken = Some(source.text.to_owned()),
        SystemOption::Format => options.format = Some(source.text.to_owned()),
        SystemOption::Id => options.id = Some(source.text.to_owned()),
    }
    Ok(())
}

fn top(source: Source<'_>) -> Result<u32, SyntaxError> {
    digits(source)
        .and_then(|text| text.parse().ok())
        .filter(|top| (1..=MAX_TOP).contains(top))
        .ok_or_else(|| source.error(format!("expected a whole number from 1 to {MAX_TOP}")))
}

fn skip(source: Source<'_>) -> Result<u64, SyntaxError> {
    // What a database can count to.
    digits(source)
        .and_then(|text| text.parse().ok())
        .filter(|skip| i64::try_from(*skip).is_ok())
        .ok_or_else(|| source.error("expected a whole number from 0"))
}

fn digits(source: Source<'_>) -> Option<&str> {
    source
        .text
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(source.text)
}

fn count(source: Source<'_>) -> Result<bool, SyntaxError> {
    match source.text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(source.error("expected `true` or `false`")),
    }
}

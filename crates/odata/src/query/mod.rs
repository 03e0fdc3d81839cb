//! Query options: `$filter`, `$select`, `$expand`, `$orderby` and paging.
//!
//! **Invariant:** a value of [`QueryOptions`] obeys the limits of this module;
//! nothing downstream has to check a range or a depth again.

mod expand;
mod list;
mod parse;
mod search;
#[cfg(test)]
mod tests;

use crate::filter::Expr;
use crate::names::Names;

pub(crate) use parse::is_paging_position;
pub use search::Search;

/// The largest page a client may ask for (OD-7).
pub const MAX_TOP: u32 = 999;

/// How many levels `$expand` may reach, nested or by `/` (OD-5).
pub const MAX_EXPAND_DEPTH: usize = 4;

/// The most properties that one list is sorted by.
pub const MAX_ORDER: usize = 32;

/// The longest query string that is read, in bytes.
pub const MAX_LENGTH: usize = 64 * 1024;

/// Everything a query string, or the parentheses of an `$expand` item, can say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueryOptions {
    /// `$filter`.
    pub filter: Option<Expr>,
    /// `$select`, in the client's order; `None` when not sent.
    pub select: Option<Vec<SelectItem>>,
    /// `$expand`; empty when not sent.
    pub expand: Vec<ExpandItem>,
    /// `$orderby`; empty when not sent.
    pub orderby: Vec<OrderItem>,
    /// `$top`, from 1 to [`MAX_TOP`].
    pub top: Option<u32>,
    /// `$skip`.
    pub skip: Option<u64>,
    /// `$count`.
    pub count: bool,
    /// `$search`.
    pub search: Option<Search>,
    /// `$skiptoken`, still opaque.
    pub skiptoken: Option<String>,
    /// `$format`, as text: it stands in place of `Accept`.
    pub format: Option<String>,
    /// `$id`, also spelled `@id` or `@odata.id`: which link a `$ref` request means.
    pub id: Option<String>,
    /// Parameters that the protocol does not define, decoded, in order of appearance.
    pub custom: Vec<(String, String)>,
}

/// One item of `$select`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectItem {
    /// `*`: every declared property.
    All,
    /// A property, split at `/`. Never empty.
    Path(Names),
}

/// One item of `$expand`.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpandItem {
    /// What is expanded.
    pub path: ExpandPath,
    /// The options in parentheses. Never has `skiptoken`, `format`, `id` or `custom`.
    pub options: QueryOptions,
    /// `…/$ref`: only links are wanted.
    pub is_ref: bool,
}

/// What an `$expand` item names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpandPath {
    /// `*`: every navigation property.
    All,
    /// A navigation property, split at `/`; `assignment/target` stays a path of
    /// two segments. Never empty.
    Path(Names),
}

/// One item of `$orderby`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderItem {
    /// The property, split at `/`. Never empty.
    pub path: Names,
    /// `desc` was asked for.
    pub descending: bool,
}

/// Why a query string could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("query option `{option}` is not valid at character {position}: {problem}")]
pub struct QueryError {
    /// The option at fault: in its usual spelling if it is known, else as sent.
    pub option: String,
    /// The 1-based number of the character at fault in the decoded value.
    pub position: usize,
    /// What is wrong and what was expected.
    pub problem: String,
}

impl QueryOptions {
    /// Reads the part of a URL behind the `?`, still percent-encoded. Names of
    /// options are read in any case and with or without their `$`.
    pub fn parse(raw_query: &str) -> Result<QueryOptions, QueryError> {
        parse::query(raw_query)
    }
}

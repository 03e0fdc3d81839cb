//! From query options to a plan: one query of the store, and how its columns are printed.
//!
//! **Invariant:** only columns that a selected property needs are read, and every name a client sends is either a row
//! of a table or an error (OD-4).

mod expand;
mod filter;
mod member;
mod path;
mod select;

use domain::cloud::Cloud;
use domain::evaluate;
use domain::query::{Direction, Field, Kind, Path, Predicate, Query, TextMatch, Value};
use odata::json::JsonWriter;
use odata::names::Names;
use odata::query::{QueryOptions, Search};

pub use filter::compile as compile_filter;
pub(crate) use member::TEXTS;

use self::path::Reading;
use self::select::Annotated;
use crate::address::visible;
use crate::cloud::lacking_way;
use crate::table::{Edm, Row, Type};
use crate::version::Version;

/// How many objects a page has if the client does not say (OD-7).
pub const DEFAULT_PAGE: u64 = 100;

/// Why query options make no sense for what they are asked of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// A name that the type does not have.
    #[error(
        "Could not find a property named '{name}' on type 'microsoft.graph.{of}' ({option}, at character {position})."
    )]
    UnknownProperty {
        /// The option that names it.
        option: &'static str,
        /// The name.
        name: String,
        /// The type.
        of: &'static str,
        /// Where the name stands in the value of the option.
        position: usize,
    },
    /// Something that the server does not do.
    #[error("{option}: {reason}{}.", at_character(*position))]
    Unsupported {
        /// The option.
        option: &'static str,
        /// What it does not do.
        reason: String,
        /// Where that stands in the value of the option.
        position: Option<usize>,
    },
    /// A literal that does not fit what it is compared with.
    #[error(
        "{option}: '{literal}' is not a value of '{property}'{hint} (at character {position})."
    )]
    BadLiteral {
        /// The option.
        option: &'static str,
        /// The literal.
        literal: String,
        /// The property.
        property: String,
        /// What would be.
        hint: String,
        /// Where the property stands in the value of the option.
        position: usize,
    },
    /// A page position that belongs to another query.
    #[error("$skiptoken: the token does not belong to this query.")]
    ForeignToken,
}

fn at_character(position: Option<usize>) -> String {
    position.map_or_else(String::new, |position| {
        format!(" (at character {position})")
    })
}

impl ResolveError {
    /// The option at fault.
    pub fn option(&self) -> &'static str {
        match self {
            Self::UnknownProperty { option, .. }
            | Self::Unsupported { option, .. }
            | Self::BadLiteral { option, .. } => option,
            Self::ForeignToken => "$skiptoken",
        }
    }

    /// The same, met in the parentheses of an `$expand`: there the places are counted from.
    fn in_expand(mut self) -> Self {
        match &mut self {
            Self::UnknownProperty { option, .. }
            | Self::Unsupported { option, .. }
            | Self::BadLiteral { option, .. } => *option = "$expand",
            Self::ForeignToken => {}
        }
        self
    }
}

/// What to read and how to print it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The read.
    pub query: Query,
    /// The print.
    pub projection: Projection,
}

/// How the rows of one query are printed.
#[derive(Debug, Clone)]
pub struct Projection {
    /// The version that is spoken.
    pub version: Version,
    /// The cloud whose API is spoken.
    pub cloud: Cloud,
    /// What the rows are.
    pub of: &'static Type,
    /// The members, in order.
    pub(crate) slots: Vec<Slot>,
    /// The column that tells the type of each row, where it differs from row to row.
    pub(crate) kind: Option<usize>,
    /// Whether the rows are of a type derived from the declared one.
    pub(crate) is_derived: bool,
    /// The column with the row's version, for its `ETag`.
    pub(crate) etag: Option<usize>,
    /// Whether that is printed among the members.
    pub(crate) shows_etag: bool,
    /// The column of the key, if objects are printed with their links.
    pub(crate) key: Option<usize>,
}

impl Projection {
    /// Says that the list is declared as one of a base type, so that each object tells its own.
    pub fn be_derived(&mut self) {
        self.is_derived = true;
    }
}

/// One member of a printed object.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    /// Its name, encoded: `"id":`.
    pub(crate) key: String,
    pub(crate) value: SlotValue,
    /// What is said of its type, if anything: the encoded name and the type.
    pub(crate) annotation: Option<(String, String)>,
}

#[derive(Debug, Clone)]
pub(crate) enum SlotValue {
    /// A column.
    Column {
        index: usize,
        edm: Edm,
        skip_null: bool,
    },
    /// A word that a flag changes.
    Flagged {
        index: usize,
        flag: usize,
        word: &'static str,
        beta: &'static str,
        edm: Edm,
    },
    /// The first column of the first row of a hidden expansion.
    Behind { expansion: usize, edm: Edm },
    /// A member of a document.
    Member {
        index: usize,
        member: String,
        is_collection: bool,
        skip_null: bool,
    },
    /// Worked out.
    Computed {
        indexes: Vec<usize>,
        expansion: Option<usize>,
        value: fn(&Row<'_>) -> serde_json::Value,
        skip_null: bool,
    },
    /// Printed out of a stored text.
    Printed {
        index: usize,
        print: fn(&str, &mut JsonWriter),
    },
    /// The members of a document that have no row of their own.
    Open { index: usize },
    /// Always the same JSON text.
    Constant(String),
    /// What `$expand` asked for.
    Expanded {
        expansion: usize,
        is_collection: bool,
        /// The name of the count, encoded, if it is wanted.
        count: Option<String>,
        projection: Box<Projection>,
        /// The navigation's name.
        name: &'static str,
    },
    /// A link to the object, by its key.
    Link { index: usize },
}

/// What resolving needs beside the options.
#[derive(Debug, Clone)]
pub struct Request<'r> {
    /// The version that is spoken.
    pub version: Version,
    /// The cloud whose API is spoken.
    pub cloud: Cloud,
    /// What is read.
    pub of: &'static Type,
    /// The condition of the address, and whatever else must hold.
    pub filter: Predicate,
    /// Whether one object is wanted, with its `ETag`, and not a list.
    pub is_single: bool,
    /// Whether the declared type is the base of `of`.
    pub is_derived: bool,
    /// Whether all control information is wanted (OD-11).
    pub is_annotated: bool,
    /// The options.
    pub options: &'r QueryOptions,
    /// The page size of `Prefer: odata.maxpagesize`.
    pub max_page_size: Option<u32>,
    /// The verified payload of the skip token.
    pub after: Option<Vec<Value>>,
}

/// Makes the plan.
pub fn resolve(request: Request<'_>) -> Result<Plan, ResolveError> {
    let Request {
        version,
        of,
        options,
        ..
    } = request;
    let annotated = Annotated {
        etag: request.is_single,
        full: request.is_annotated,
        cloud: request.cloud,
    };
    let mut plan = select::plan(version, of, options, annotated)?;
    for expansion in &plan.query.expand {
        conditions_are_there(request.cloud, version, "$expand", &expansion.query)?;
    }
    plan.projection.is_derived = request.is_derived;
    plan.query.filter = request.filter.and(visible(of.entity));
    if request.is_single {
        plan.query.limit = Some(1);
        return Ok(plan);
    }
    if let Some(expr) = &options.filter {
        let filter = filter::compile(version, of, expr)?;
        is_there(request.cloud, version, "$filter", &filter)?;
        plan.query.filter = std::mem::replace(&mut plan.query.filter, Predicate::True).and(filter);
    }
    if let Some(wanted) = &options.search {
        let found = search(of, wanted)?;
        plan.query.filter = std::mem::replace(&mut plan.query.filter, Predicate::True).and(found);
    }
    plan.query.order = order(version, of, options)?;
    plan.query.skip = options.skip.unwrap_or(0);
    plan.query.count = options.count;
    let size = options.top.or(request
        .max_page_size
        .map(|size| size.min(odata::query::MAX_TOP)));
    plan.query.limit = Some(size.map_or(DEFAULT_PAGE, u64::from));
    if let Some(after) = request.after {
        let order = evaluate::order(&plan.query);
        let fits = order
            .iter()
            .zip(&after)
            .all(|((path, _), value)| is_of(path.field.kind, value));
        if after.len() != order.len() || !fits {
            return Err(ResolveError::ForeignToken);
        }
        plan.query.after = Some(after);
        // What `$skip` left out was before the first page.
        plan.query.skip = 0;
    }
    Ok(plan)
}

/// Refuses a condition that follows a way which the cloud lacks, here or in what is expanded.
fn conditions_are_there(
    cloud: Cloud,
    version: Version,
    option: &'static str,
    query: &Query,
) -> Result<(), ResolveError> {
    is_there(cloud, version, option, &query.filter)?;
    query
        .expand
        .iter()
        .try_for_each(|below| conditions_are_there(cloud, version, option, &below.query))
}

fn is_there(
    cloud: Cloud,
    version: Version,
    option: &'static str,
    condition: &Predicate,
) -> Result<(), ResolveError> {
    match lacking_way(cloud, version, condition) {
        None => Ok(()),
        Some((name, of)) => Err(ResolveError::UnknownProperty {
            option,
            name: name.to_owned(),
            of,
            position: 0,
        }),
    }
}

/// The order of `$orderby`.
pub(crate) fn order(
    version: Version,
    of: &'static Type,
    options: &QueryOptions,
) -> Result<Vec<(Path, Direction)>, ResolveError> {
    options
        .orderby
        .iter()
        .map(|item| {
            let reading = Reading {
                option: "$orderby",
                version,
                names: &item.path,
                skipped: 0,
            };
            let place = path::find(reading, of)?;
            let is_inside = place.path.hops.last().is_some_and(|hop| hop.is_inside());
            if place.among.is_some() || place.if_so != Predicate::True || is_inside {
                let name = item.path.join("/");
                return Err(reading.unsupported(0, format!("'{name}' has no order")));
            }
            if place.constant.is_some() {
                return Ok(None);
            }
            let direction = if item.descending {
                Direction::Descending
            } else {
                Direction::Ascending
            };
            Ok(Some((place.path, direction)))
        })
        .filter_map(Result::transpose)
        .collect()
}

/// `$search`: each term somewhere in the columns that are searched.
fn search(of: &'static Type, wanted: &Search) -> Result<Predicate, ResolveError> {
    let columns: Vec<&'static Field> = of
        .searched
        .iter()
        .filter_map(|name| of.entity.field(name))
        .collect();
    if columns.is_empty() {
        return Err(ResolveError::Unsupported {
            option: "$search",
            reason: "this collection is not searched".to_owned(),
            position: None,
        });
    }
    Ok(found(&columns, wanted))
}

fn found(columns: &[&'static Field], wanted: &Search) -> Predicate {
    let all = |members: &[Search]| members.iter().map(|one| found(columns, one)).collect();
    match wanted {
        Search::And(members) => Predicate::All(all(members)),
        Search::Or(members) => Predicate::Any(all(members)),
        Search::Not(inner) => Predicate::Not(Box::new(found(columns, inner))),
        Search::Term(text) => term(columns, text),
    }
}

/// One word or phrase. Directory clients write `"displayName:text"` to look into one column alone.
fn term(columns: &[&'static Field], text: &str) -> Predicate {
    let named = text.split_once(':').and_then(|(name, rest)| {
        let column = columns
            .iter()
            .find(|field| field.name.replace('_', "").eq_ignore_ascii_case(name))?;
        Some((std::slice::from_ref(column), rest))
    });
    let (columns, text) = named.unwrap_or((columns, text));
    let contains = columns.iter().map(|field| Predicate::Text {
        path: Path::of(field),
        matching: TextMatch::Contains,
        text: text.to_owned(),
    });
    Predicate::Any(contains.collect())
}

/// Whether a column of this kind can hold the value.
fn is_of(kind: Kind, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) => kind == Kind::Bool,
        Value::Int(_) => matches!(kind, Kind::Int | Kind::Instant),
        Value::Text(_) => matches!(kind, Kind::Id | Kind::Text | Kind::Word),
    }
}

/// The payload of a skip token: where the next page begins.
pub fn encode_position(values: &[Value]) -> Vec<u8> {
    let values: serde_json::Value = values.iter().map(crate::table::plain).collect();
    values.to_string().into_bytes()
}

/// Reads the payload of a skip token that was verified.
pub fn decode_position(payload: &[u8]) -> Result<Vec<Value>, ResolveError> {
    let values: Vec<serde_json::Value> =
        serde_json::from_slice(payload).map_err(|_| ResolveError::ForeignToken)?;
    values
        .into_iter()
        .map(|value| match value {
            serde_json::Value::Null => Ok(Value::Null),
            serde_json::Value::Bool(flag) => Ok(Value::Bool(flag)),
            serde_json::Value::String(text) => Ok(Value::Text(text)),
            serde_json::Value::Number(number) => number
                .as_i64()
                .map(Value::Int)
                .ok_or(ResolveError::ForeignToken),
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
                Err(ResolveError::ForeignToken)
            }
        })
        .collect()
}

pub(crate) fn unknown(
    option: &'static str,
    version: Version,
    of: &Type,
    names: &Names,
) -> ResolveError {
    Reading {
        option,
        version,
        names,
        skipped: 0,
    }
    .unknown(of, 0)
}

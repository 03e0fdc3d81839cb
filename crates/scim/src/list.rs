//! Lists: what is asked for in the query string or in the body of a search, and the document that answers.

use serde_json::{Map, Value as Json, json};

use crate::error::{ErrorType, Invalid};
use crate::filter::{self, Filter};
use crate::member;
use crate::path::AttributePath;
use crate::select::Selection;

/// The schema of a list.
pub const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The schema of a search.
pub const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// Which resources; none: all.
    pub filter: Option<Filter>,
    /// By what they are sorted.
    pub sort_by: Option<AttributePath>,
    /// Whether the largest comes first.
    pub descends: bool,
    /// The number of the first, from 1.
    pub start_index: u64,
    /// How many at most; none: as many as a page has.
    pub count: Option<u64>,
    /// Which attributes.
    pub selection: Selection,
}

impl Search {
    /// From the parameters of a query string.
    pub fn of_parameters<'p>(find: impl Fn(&str) -> Option<&'p str>) -> Result<Self, Invalid> {
        let number = |name: &'static str| {
            find(name)
                .map(|text| text.trim().parse().map_err(|_| not_whole(name)))
                .transpose()
        };
        Self::of(&Asked {
            filter: find("filter"),
            sort_by: find("sortBy"),
            sort_order: find("sortOrder"),
            start_index: number("startIndex")?,
            count: number("count")?,
            attributes: find("attributes").map(names).unwrap_or_default(),
            excluded: find("excludedAttributes").map(names).unwrap_or_default(),
        })
    }

    /// From the body of a search.
    pub fn of_body(body: &Map<String, Json>) -> Result<Self, Invalid> {
        let schemas = member::find(body, "schemas").and_then(Json::as_array);
        if !schemas.is_some_and(|schemas| schemas.iter().any(|one| one == SEARCH)) {
            return Err(Invalid::new(
                ErrorType::InvalidSyntax,
                format!("`schemas` must name `{SEARCH}`"),
            ));
        }
        Self::of(&Asked {
            filter: text(body, "filter")?,
            sort_by: text(body, "sortBy")?,
            sort_order: text(body, "sortOrder")?,
            start_index: number(body, "startIndex")?,
            count: number(body, "count")?,
            attributes: list(body, "attributes")?,
            excluded: list(body, "excludedAttributes")?,
        })
    }

    fn of(asked: &Asked<'_>) -> Result<Self, Invalid> {
        let filter = asked
            .filter
            .map(|text| {
                filter::parse(text).map_err(|error| {
                    let detail = format!("the filter cannot be read {error}");
                    Invalid::new(ErrorType::InvalidFilter, detail)
                })
            })
            .transpose()?;
        let sort_by = asked
            .sort_by
            .map(|text| {
                AttributePath::parse(text.trim()).ok_or_else(|| {
                    Invalid::new(ErrorType::InvalidPath, "`sortBy` must name an attribute")
                })
            })
            .transpose()?;
        let descends = match asked.sort_order {
            None => false,
            Some(word) if word.eq_ignore_ascii_case("ascending") => false,
            Some(word) if word.eq_ignore_ascii_case("descending") => true,
            Some(_) => return Err(Invalid::value("sortOrder", "`ascending` or `descending`")),
        };
        // RFC 7644, section 3.4.2.4: less than 1 means 1, and less than 0 means 0.
        let start_index = asked.start_index.unwrap_or(1).max(1).unsigned_abs();
        let count = asked.count.map(|count| count.max(0).unsigned_abs());
        Ok(Self {
            filter,
            sort_by,
            descends,
            start_index,
            count,
            selection: Selection::of(asked.attributes.clone(), asked.excluded.clone())?,
        })
    }
}

/// The parameters as they are written.
struct Asked<'a> {
    filter: Option<&'a str>,
    sort_by: Option<&'a str>,
    sort_order: Option<&'a str>,
    start_index: Option<i64>,
    count: Option<i64>,
    attributes: Vec<String>,
    excluded: Vec<String>,
}

/// Names with commas between.
fn names(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn text<'b>(body: &'b Map<String, Json>, name: &str) -> Result<Option<&'b str>, Invalid> {
    match member::find(body, name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(Invalid::value(name, "a text")),
    }
}

fn number(body: &Map<String, Json>, name: &'static str) -> Result<Option<i64>, Invalid> {
    match member::find(body, name) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or_else(|| not_whole(name)),
    }
}

fn list(body: &Map<String, Json>, name: &str) -> Result<Vec<String>, Invalid> {
    match member::find(body, name) {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::String(text)) => Ok(names(text)),
        Some(Json::Array(values)) => values
            .iter()
            .map(|value| value.as_str().map(str::to_owned))
            .collect::<Option<Vec<String>>>()
            .ok_or_else(|| Invalid::value(name, "a list of texts")),
        Some(_) => Err(Invalid::value(name, "a list of texts")),
    }
}

fn not_whole(name: &str) -> Invalid {
    Invalid::value(name, "a whole number")
}

/// The document of a list: `resources` are those from `start_index` on, of `total`.
pub fn response(resources: Vec<Json>, total: u64, start_index: u64) -> Json {
    json!({
        "schemas": [SCHEMA],
        "totalResults": total,
        "startIndex": start_index,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

//! From rows to JSON, straight out of the columns.
//!
//! **Invariant:** what a plan selects is printed, in the table's order, and nothing else; arrays are never null.

use domain::query::{Page, Record, Value};
use domain::time::{Duration, Timestamp};
use odata::accept::MetadataLevel;
use odata::json::JsonWriter;
use odata::query::{ExpandPath, QueryOptions, SelectItem};
use serde_json::Value as Json;

use crate::address::Address;
use crate::resolve::{Plan, Projection, Slot, SlotValue};
use crate::sets::home;
use crate::table::{Edm, Row, Type};
use crate::version::Version;
use crate::words::pascal;

/// What is around the rows.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'f> {
    /// The version root as clients see it: `https://host/v1.0`.
    pub base_url: &'f str,
    /// How much metadata is wanted.
    pub metadata: MetadataLevel,
    /// Whether enum members after `unknownFutureValue` are wanted.
    pub all_enum_members: bool,
    /// The ids of the caller and of the groups the caller is in.
    pub caller: &'f [String],
}

/// The `@odata.context` of what an address points at (OD-10), with what was selected and expanded.
pub fn context_of(
    base_url: &str,
    address: &Address,
    is_entity: bool,
    options: &QueryOptions,
) -> String {
    let list = selected(address.version, address.target(), options);
    let context = context(base_url, address, is_entity);
    match context.strip_suffix("/$entity") {
        Some(set) => format!("{set}{list}/$entity"),
        None => context + &list,
    }
}

/// What `$select` and `$expand` name, as a context lists it: `(id,catalog(displayName))`; nothing if they name nothing.
pub fn selected(version: Version, of: &'static Type, options: &QueryOptions) -> String {
    let mut names: Vec<String> = Vec::new();
    for item in options.select.iter().flatten() {
        match item {
            SelectItem::All => names.push("*".to_owned()),
            SelectItem::Path(path) => {
                let first = path.first().map_or("", String::as_str);
                if first.starts_with('@') {
                    continue;
                }
                let known = of
                    .property(version, first)
                    .and_then(|property| property.name(version));
                names.push(known.unwrap_or(first).to_owned());
            }
        }
    }
    for item in &options.expand {
        let ExpandPath::Path(path) = &item.path else {
            continue;
        };
        let navigation = path.first().and_then(|first| of.navigation(version, first));
        let Some((navigation, name)) =
            navigation.and_then(|navigation| Some((navigation, navigation.name(version)?)))
        else {
            continue;
        };
        let inner = match path.len() {
            1 => selected(version, navigation.target, &item.options),
            _ => String::new(),
        };
        names.retain(|known| known != name);
        names.push(if inner.is_empty() {
            format!("{name}()")
        } else {
            format!("{name}{inner}")
        });
    }
    if names.is_empty() {
        String::new()
    } else {
        format!("({})", names.join(","))
    }
}

/// The `@odata.context` of what an address points at (OD-10).
pub fn context(base_url: &str, address: &Address, is_entity: bool) -> String {
    let path = address.path();
    // The key of the addressed object itself is not part of its context; what is behind a navigation to one has none.
    let keyed = path
        .strip_suffix("')")
        .and_then(|path| path.rsplit_once("('"));
    match keyed {
        Some((set, _)) if is_entity => format!("{base_url}/$metadata#{set}/$entity"),
        _ => format!("{base_url}/$metadata#{path}"),
    }
}

/// A page of a collection.
pub fn collection(
    plan: &Plan,
    page: &Page,
    frame: Frame<'_>,
    context: &str,
    next_link: Option<&str>,
) -> Vec<u8> {
    let mut out = JsonWriter::with_capacity(256 + page.rows.len() * 512);
    out.begin_object();
    if frame.metadata != MetadataLevel::None {
        out.key("@odata.context").str(context);
    }
    if let Some(count) = page.count {
        out.key("@odata.count").i64(count);
    }
    if let Some(link) = next_link {
        out.key("@odata.nextLink").str(link);
    }
    out.key("value").begin_array();
    let place = Url::of_rows(&plan.projection, frame, || path_in(context).to_owned());
    for record in &page.rows {
        object(&mut out, &plan.projection, record, frame, &place);
    }
    out.end_array().end_object();
    out.into_bytes()
}

/// One object.
pub fn entity(plan: &Plan, record: &Record, frame: Frame<'_>, context: &str) -> Vec<u8> {
    let mut out = JsonWriter::with_capacity(1024);
    out.begin_object();
    if frame.metadata != MetadataLevel::None {
        out.key("@odata.context").str(context);
    }
    let place = match path_in(context) {
        path if context.ends_with("/$entity") => {
            Url::of_rows(&plan.projection, frame, || path.to_owned())
        }
        path => Url::Object(format!("{}/{path}", frame.base_url)),
    };
    members(&mut out, &plan.projection, record, frame, &place);
    out.end_object();
    out.into_bytes()
}

/// The `ETag` of a single object, if its type has versions (R36).
pub fn etag(plan: &Plan, record: &Record) -> Option<String> {
    version_tag(&plan.projection, record)
}

fn version_tag(projection: &Projection, record: &Record) -> Option<String> {
    let version = projection.etag.and_then(|index| record.values.get(index))?;
    version.as_int().map(|version| format!("W/\"{version}\""))
}

/// The links to the objects of a page (`$ref`), which live at `home`. Each row's first column must be the id.
pub fn links(
    page: &Page,
    home: &str,
    frame: Frame<'_>,
    context: &str,
    next_link: Option<&str>,
) -> Vec<u8> {
    let mut out = JsonWriter::new();
    out.begin_object();
    if frame.metadata != MetadataLevel::None {
        out.key("@odata.context").str(context);
    }
    if let Some(count) = page.count {
        out.key("@odata.count").i64(count);
    }
    if let Some(link) = next_link {
        out.key("@odata.nextLink").str(link);
    }
    out.key("value").begin_array();
    for record in &page.rows {
        let id = record
            .values
            .first()
            .and_then(Value::as_text)
            .unwrap_or_default();
        let link = format!("{}/{home}/{id}", frame.base_url);
        out.begin_object().key("@odata.id").str(&link).end_object();
    }
    out.end_array().end_object();
    out.into_bytes()
}

/// The path that a context names, without the list of what was selected.
fn path_in(context: &str) -> &str {
    let path = context
        .split_once("$metadata#")
        .map_or("", |(_, path)| path);
    let path = path.strip_suffix("/$entity").unwrap_or(path);
    let mut parentheses = path.match_indices('(');
    let list =
        parentheses.find(|(at, _)| !path.get(at + 1..).unwrap_or_default().starts_with('\''));
    list.and_then(|(at, _)| path.get(..at)).unwrap_or(path)
}

/// Where objects are found.
enum Url {
    /// Below this, by their key.
    Rows(String),
    /// Here: there is only one.
    Object(String),
}

fn home_of(projection: &Projection) -> Option<String> {
    home(projection.cloud, projection.version, projection.of)
}

impl Url {
    /// Where the rows of a projection are found: on their own, or else below `parent`.
    fn of_rows(projection: &Projection, frame: Frame<'_>, parent: impl FnOnce() -> String) -> Self {
        let path = home_of(projection).unwrap_or_else(parent);
        Self::Rows(format!("{}/{path}", frame.base_url))
    }

    /// Where the rows of an expansion are found, if they are printed with links.
    fn of_related(
        projection: &Projection,
        frame: Frame<'_>,
        parent: Option<&str>,
        name: &str,
        is_collection: bool,
    ) -> Self {
        let links = projection.slots.iter();
        let is_linked = projection.key.is_some()
            || links
                .into_iter()
                .any(|slot| matches!(slot.value, SlotValue::Link { .. }));
        if !is_linked {
            return Self::Object(String::new());
        }
        match (home_of(projection), parent) {
            (None, Some(parent)) if is_collection => Self::Rows(format!("{parent}/{name}")),
            (None, Some(parent)) => Self::Object(format!("{parent}/{name}")),
            (own, _) => Self::Rows(format!("{}/{}", frame.base_url, own.unwrap_or_default())),
        }
    }

    /// The URL of a row whose key is in the column `key`.
    fn object(&self, record: &Record, key: usize) -> String {
        match self {
            Self::Rows(rows) => {
                let key = record.values.get(key).and_then(Value::as_text);
                format!("{rows}('{}')", key.unwrap_or_default().replace('\'', "''"))
            }
            Self::Object(object) => object.clone(),
        }
    }
}

/// The link to one object, which lives at `home`. The row's first column must be the id.
pub fn link(record: &Record, home: &str, frame: Frame<'_>, context: &str) -> Vec<u8> {
    let mut out = JsonWriter::new();
    out.begin_object();
    if frame.metadata != MetadataLevel::None {
        out.key("@odata.context").str(context);
    }
    let id = record.values.first().and_then(Value::as_text);
    let link = format!("{}/{home}/{}", frame.base_url, id.unwrap_or_default());
    out.key("@odata.id").str(&link).end_object();
    out.into_bytes()
}

fn object(
    out: &mut JsonWriter,
    projection: &Projection,
    record: &Record,
    frame: Frame<'_>,
    place: &Url,
) {
    out.begin_object();
    members(out, projection, record, frame, place);
    out.end_object();
}

fn members(
    out: &mut JsonWriter,
    projection: &Projection,
    record: &Record,
    frame: Frame<'_>,
    place: &Url,
) {
    if frame.metadata != MetadataLevel::None {
        type_annotation(out, projection, record, frame);
    }
    let url = projection.key.map(|key| place.object(record, key));
    if let Some(url) = &url {
        out.key("@odata.id").str(url);
        out.key("@odata.editLink").str(url);
    }
    if projection.shows_etag
        && let Some(etag) = version_tag(projection, record)
    {
        out.key("@odata.etag").str(&etag);
    }
    for slot in &projection.slots {
        if let Some((name, type_name)) = &slot.annotation {
            out.encoded_key(name).str(type_name);
        }
        member(
            out,
            projection,
            slot,
            record,
            frame,
            (place, url.as_deref()),
        );
    }
    if let Some(url) = &url {
        navigation_links(out, projection, url);
    }
}

/// Where each navigation of an object leads.
fn navigation_links(out: &mut JsonWriter, projection: &Projection, url: &str) {
    let names = projection
        .of
        .navigations
        .iter()
        .filter_map(|navigation| navigation.name(projection.version))
        .filter(|name| !name.contains('.'));
    for name in names {
        out.key(&format!("{name}@odata.associationLink"))
            .str(&format!("{url}/{name}/$ref"));
        out.key(&format!("{name}@odata.navigationLink"))
            .str(&format!("{url}/{name}"));
    }
}

/// `@odata.type`, where it is not the declared one or everything is wanted (OD-11).
fn type_annotation(
    out: &mut JsonWriter,
    projection: &Projection,
    record: &Record,
    frame: Frame<'_>,
) {
    let own = projection.of.name(projection.version).unwrap_or_default();
    let found = projection
        .kind
        .and_then(|index| record.values.get(index))
        .and_then(Value::as_text);
    let shown = match found {
        Some(kind) => Some(kind),
        None if projection.is_derived || frame.metadata == MetadataLevel::Full => Some(own),
        None => None,
    };
    if let Some(name) = shown {
        out.key("@odata.type")
            .str(&format!("#microsoft.graph.{name}"));
    }
}

fn member(
    out: &mut JsonWriter,
    projection: &Projection,
    slot: &Slot,
    record: &Record,
    frame: Frame<'_>,
    (place, url): (&Url, Option<&str>),
) {
    let version = projection.version;
    let column = |index: usize| record.values.get(index).unwrap_or(&Value::Null);
    let expanded = |index: usize| record.expanded.get(index).map_or(&[][..], Vec::as_slice);
    match &slot.value {
        SlotValue::Column {
            index,
            edm,
            skip_null,
        } => {
            let value = column(*index);
            if !(*skip_null && value == &Value::Null) {
                out.encoded_key(&slot.key);
                scalar(out, version, value, *edm, frame);
            }
        }
        SlotValue::Flagged {
            index,
            flag,
            word,
            beta,
            edm,
        } => {
            out.encoded_key(&slot.key);
            let is_flagged = column(*flag).as_bool() == Some(true);
            let is_word = column(*index).as_text() == Some(word);
            if version == Version::Beta && is_word && is_flagged {
                out.str(beta);
            } else {
                scalar(out, version, column(*index), *edm, frame);
            }
        }
        SlotValue::Behind { expansion, edm } => {
            out.encoded_key(&slot.key);
            let row = expanded(*expansion).first();
            let value = row.and_then(|row| row.values.first());
            scalar(out, version, value.unwrap_or(&Value::Null), *edm, frame);
        }
        SlotValue::Member {
            index,
            member,
            is_collection,
            skip_null,
        } => {
            let found = document_member(column(*index), member);
            if found.is_some() || !skip_null {
                out.encoded_key(&slot.key);
                found_or_nothing(out, found.as_ref(), *is_collection);
            }
        }
        SlotValue::Open { index } => open_members(out, projection, column(*index)),
        SlotValue::Computed {
            indexes,
            expansion,
            value,
            skip_null,
        } => {
            let columns: Vec<&Value> = indexes.iter().map(|index| column(*index)).collect();
            let row = Row {
                version,
                columns: &columns,
                related: expansion.map(expanded).unwrap_or_default(),
                caller: frame.caller,
            };
            let value = value(&row);
            if !(*skip_null && value.is_null()) {
                out.encoded_key(&slot.key).value(&value);
            }
        }
        SlotValue::Printed { index, print } => {
            out.encoded_key(&slot.key);
            print(column(*index).as_text().unwrap_or_default(), out);
        }
        SlotValue::Constant(text) => {
            out.encoded_key(&slot.key).raw(text);
        }
        SlotValue::Expanded {
            expansion,
            is_collection,
            count,
            projection,
            name,
        } => {
            let rows = expanded(*expansion);
            if let Some(count) = count {
                let number = record.counts.get(*expansion).copied().unwrap_or(0);
                out.encoded_key(count).i64(number);
            }
            out.encoded_key(&slot.key);
            let place = Url::of_related(projection, frame, url, name, *is_collection);
            related(out, projection, rows, *is_collection, frame, &place);
        }
        SlotValue::Link { index } => {
            out.encoded_key(&slot.key)
                .str(&place.object(record, *index));
        }
    }
}

/// The rows of an expansion: an array, or one object or null.
fn related(
    out: &mut JsonWriter,
    projection: &Projection,
    rows: &[Record],
    is_collection: bool,
    frame: Frame<'_>,
    place: &Url,
) {
    if is_collection {
        out.begin_array();
        for row in rows {
            object(out, projection, row, frame, place);
        }
        out.end_array();
        return;
    }
    match rows.first() {
        Some(row) => object(out, projection, row, frame, place),
        None => {
            out.null();
        }
    }
}

fn scalar(out: &mut JsonWriter, version: Version, value: &Value, edm: Edm, frame: Frame<'_>) {
    match (value, edm) {
        (Value::Null, _) => out.null(),
        (Value::Text(word), Edm::Word(words)) => match version {
            Version::V1 => out.str(words.shown(word, frame.all_enum_members)),
            Version::Beta => out.str(&pascal(word)),
        },
        (Value::Text(word), Edm::Enum(words)) => out.str(words.shown(word, frame.all_enum_members)),
        (Value::Text(text), _) => out.str(text),
        (Value::Int(micros), Edm::Instant) => out.str(&Timestamp::from_micros(*micros).to_string()),
        (Value::Int(micros), Edm::Duration) => out.str(&Duration::from_micros(*micros).to_string()),
        (Value::Int(number), _) => out.i64(*number),
        (Value::Bool(flag), _) => out.bool(*flag),
    };
}

/// What a document has where it is asked: an absent list is an empty one.
fn found_or_nothing(out: &mut JsonWriter, found: Option<&Json>, is_collection: bool) {
    match found {
        Some(value) => out.value(value),
        None if is_collection => out.raw("[]"),
        None => out.null(),
    };
}

/// A member of a stored object that is neither absent nor null.
fn document_member(document: &Value, member: &str) -> Option<Json> {
    let stored: Json = serde_json::from_str(document.as_text()?).ok()?;
    let members = stored.as_object()?;
    members
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(member))
        .map(|(_, value)| value.clone())
        .filter(|value| !value.is_null())
}

/// The members of an open type's document that have no property of their own.
fn open_members(out: &mut JsonWriter, projection: &Projection, document: &Value) {
    let stored: Option<Json> = document
        .as_text()
        .and_then(|text| serde_json::from_str(text).ok());
    let Some(Json::Object(members)) = stored else {
        return;
    };
    for (name, value) in &members {
        let is_own = name == "v" || projection.of.property(projection.version, name).is_some();
        if !is_own && !value.is_null() {
            out.key(name).value(value);
        }
    }
}

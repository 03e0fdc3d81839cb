//! Rows of the store as JSON objects of Reeve's own API: every column under its name in camel case.
//!
//! **Invariant:** what is printed and what the description says are made from the same list of columns.

use domain::query::{Entity, Field, Kind, Record, Value};
use domain::time::Timestamp;
use serde_json::{Map, Value as Json, json};

use crate::error::Error;

/// The fields of these names.
pub(super) fn fields(
    entity: &'static Entity,
    names: &[&str],
) -> Result<Vec<&'static Field>, Error> {
    names.iter().map(|name| field(entity, name)).collect()
}

/// The field of this name, which the caller knows to be there.
pub(super) fn field(entity: &'static Entity, name: &str) -> Result<&'static Field, Error> {
    entity
        .field(name)
        .ok_or_else(|| Error::Internal(format!("`{}` has no `{name}`", entity.name).into()))
}

/// The object that a record is.
pub(super) fn object(fields: &[&'static Field], record: &Record) -> Map<String, Json> {
    fields
        .iter()
        .zip(&record.values)
        .map(|(field, value)| (camel(field.name), plain(field.kind, value)))
        .collect()
}

/// The schema of such an object.
pub(super) fn schema(entity: &'static Entity, names: &[&str]) -> Map<String, Json> {
    names
        .iter()
        .filter_map(|name| entity.field(name))
        .map(|field| {
            let mut schema = json!({ "type": [kind(field.kind), "null"] });
            if let (Kind::Instant, Some(members)) = (field.kind, schema.as_object_mut()) {
                members.insert("format".to_owned(), json!("date-time"));
            }
            (camel(field.name), schema)
        })
        .collect()
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Id | Kind::Text | Kind::Word | Kind::Instant => "string",
        Kind::Bool => "boolean",
        Kind::Int => "integer",
        Kind::Document => "object",
    }
}

fn plain(kind: Kind, value: &Value) -> Json {
    match (kind, value) {
        (_, Value::Null) => Json::Null,
        (_, Value::Bool(flag)) => json!(flag),
        (Kind::Instant, Value::Int(micros)) => {
            json!(Timestamp::from_micros(*micros).to_string())
        }
        (_, Value::Int(number)) => json!(number),
        (Kind::Document, Value::Text(text)) => serde_json::from_str(text).unwrap_or(Json::Null),
        (_, Value::Text(text)) => json!(text),
    }
}

/// `next_attempt_at` as `nextAttemptAt`.
fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut text, part| {
        let mut letters = part.chars();
        text.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        text.push_str(letters.as_str());
        text
    })
}

#[cfg(test)]
mod tests {
    use domain::model;

    use super::*;

    #[test]
    fn columns_print_in_camel_case_and_by_their_kind() {
        let fields = fields(&model::LEDGER, &["next_attempt_at", "desired", "attempts"]).unwrap();
        let record = Record {
            values: vec![
                Value::Int(1_700_000_000_000_000),
                Value::Bool(true),
                Value::Int(3),
            ],
            expanded: Vec::new(),
            counts: Vec::new(),
        };

        let object = object(&fields, &record);

        assert_eq!(
            Json::Object(object),
            json!({"nextAttemptAt": "2023-11-14T22:13:20Z", "desired": true, "attempts": 3})
        );
    }
}

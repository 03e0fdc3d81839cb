//! Rows of the directory as documents are made of them, and the queries that select them.

use domain::model::{DIRECTORY_OBJECT, PROVISIONED_GROUP, PROVISIONED_USER};
use domain::query::{Entity, Expansion, Field, Predicate, Query, Record, Value};
use serde_json::Value as Json;

/// A row with the fields that were selected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'r> {
    fields: &'r [&'static Field],
    record: &'r Record,
}

impl<'r> Row<'r> {
    /// A row that the query selected.
    pub(super) fn of(query: &'r Query, record: &'r Record) -> Self {
        Self {
            fields: &query.fields,
            record,
        }
    }

    fn value(&self, name: &str) -> Option<&'r Value> {
        let index = self.fields.iter().position(|field| field.name == name)?;
        self.record.values.get(index)
    }

    /// A text, if there is one.
    pub(super) fn text(&self, name: &str) -> Option<&'r str> {
        self.value(name).and_then(Value::as_text)
    }

    /// A number; 0 if there is none.
    pub(super) fn int(&self, name: &str) -> i64 {
        self.value(name).and_then(Value::as_int).unwrap_or_default()
    }

    /// A flag; not set if there is none.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.value(name)
            .and_then(Value::as_bool)
            .unwrap_or_default()
    }

    /// A document; null if there is none.
    pub(super) fn document(&self, name: &str) -> Json {
        self.text(name)
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    /// What was read of the only relation of the query; `None` if nothing was asked.
    pub(super) fn related(&self) -> Option<&'r [Record]> {
        self.record.expanded.first().map(Vec::as_slice)
    }
}

/// Every field of the rows of `entity` that satisfy the filter.
pub(super) fn query(entity: &'static Entity, filter: Predicate) -> Query {
    Query {
        fields: entity.fields.iter().collect(),
        filter,
        ..Query::of(entity)
    }
}

/// The groups of users: id and name.
pub(super) fn with_groups(query: Query) -> Query {
    with(
        query,
        "member_of",
        &PROVISIONED_GROUP,
        &["id", "display_name"],
    )
}

/// The members of groups: id and kind.
pub(super) fn with_members(query: Query) -> Query {
    with(query, "members", &DIRECTORY_OBJECT, &["id", "object_type"])
}

fn with(mut query: Query, relation: &str, to: &'static Entity, fields: &[&str]) -> Query {
    if let Some(relation) = query.entity.relation(relation) {
        let inner = Query {
            fields: fields.iter().filter_map(|name| to.field(name)).collect(),
            ..Query::of(to)
        };
        query.expand.push(Expansion {
            relation,
            query: inner,
        });
    }
    query
}

/// The text of a column of a related row, by its place.
pub(super) fn related_text(record: &Record, index: usize) -> &str {
    record
        .values
        .get(index)
        .and_then(Value::as_text)
        .unwrap_or_default()
}

/// The row with this id.
pub(super) fn by_id(entity: &'static Entity, id: impl ToString) -> Query {
    let filter = entity.key().map_or(Predicate::False, |key| {
        Predicate::equals(key, Value::Text(id.to_string()))
    });
    query(entity, filter)
}

/// The entity of users.
pub(super) static USERS: &Entity = &PROVISIONED_USER;
/// The entity of groups.
pub(super) static GROUPS: &Entity = &PROVISIONED_GROUP;

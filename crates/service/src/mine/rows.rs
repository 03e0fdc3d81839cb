//! Queries by the names of columns, and their answers read by the same names.

use std::str::FromStr;

use domain::query::{Comparison, Entity, Expansion, Predicate, Query, Record, Value};
use domain::time::Timestamp;

use crate::error::ServiceError;
use crate::reads::scope;

/// A query for these columns.
pub(crate) fn query(entity: &'static Entity, fields: &[&str]) -> Result<Query, ServiceError> {
    let mut query = Query::of(entity);
    for name in fields {
        query.fields.push(scope::path(entity, &[], name)?.field);
    }
    Ok(query)
}

/// The same with the rows of a relation.
pub(crate) fn with(mut query: Query, relation: &str, inner: Query) -> Result<Query, ServiceError> {
    for relation in scope::walk(query.entity, &[relation])? {
        query.expand.push(Expansion {
            relation,
            query: inner.clone(),
        });
    }
    Ok(query)
}

/// The same with some columns of a relation.
pub(crate) fn with_fields(
    found: Query,
    relation: &str,
    fields: &[&str],
) -> Result<Query, ServiceError> {
    let to = scope::walk(found.entity, &[relation])?
        .first()
        .map_or(found.entity, |relation| relation.to);
    with(found, relation, query(to, fields)?)
}

/// The field at the end of the way has this value.
pub(crate) fn equals(
    entity: &'static Entity,
    hops: &[&str],
    field: &str,
    value: impl Into<String>,
) -> Result<Predicate, ServiceError> {
    Ok(Predicate::Compare {
        path: scope::path(entity, hops, field)?,
        comparison: Comparison::Eq,
        value: Value::Text(value.into()),
    })
}

/// The field at the end of the way has one of these values.
pub(crate) fn is_one_of(
    entity: &'static Entity,
    hops: &[&str],
    field: &str,
    values: impl IntoIterator<Item = String>,
) -> Result<Predicate, ServiceError> {
    Ok(Predicate::In {
        path: scope::path(entity, hops, field)?,
        values: values.into_iter().map(Value::Text).collect(),
    })
}

/// A row of an answer, read by the names of its query.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    query: &'a Query,
    record: &'a Record,
}

impl<'a> Row<'a> {
    pub(crate) fn new(query: &'a Query, record: &'a Record) -> Self {
        Self { query, record }
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        let at = self.query.fields.iter().position(|one| one.name == name)?;
        self.record.values.get(at)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.value(name)?.as_text()
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    pub(crate) fn string(&self, name: &str) -> String {
        self.owned(name).unwrap_or_default()
    }

    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        self.value(name)?.as_int()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.value(name).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(crate) fn instant(&self, name: &str) -> Option<Timestamp> {
        self.int(name).map(Timestamp::from_micros)
    }

    /// The id, or a word of a closed list; a row that has none is a fault of ours.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Result<T, ServiceError> {
        let text = self.text(name).unwrap_or_default();
        text.parse().map_err(|_| {
            let entity = self.query.entity.name;
            ServiceError::Internal(format!("`{entity}.{name}` holds `{text}`").into())
        })
    }

    /// The rows of a relation that was asked for.
    pub(crate) fn many(&self, relation: &str) -> impl Iterator<Item = Row<'a>> + use<'a> {
        let at = self
            .query
            .expand
            .iter()
            .position(|one| one.relation.name == relation);
        let found = at.and_then(|at| {
            let query = &self.query.expand.get(at)?.query;
            Some((query, self.record.expanded.get(at)?))
        });
        found
            .into_iter()
            .flat_map(|(query, records)| records.iter().map(move |record| Row { query, record }))
    }

    /// The only row of a relation that was asked for.
    pub(crate) fn one(&self, relation: &str) -> Option<Row<'a>> {
        self.many(relation).next()
    }

    /// A column of the only row of a relation.
    pub(crate) fn of(&self, relation: &str, name: &str) -> Option<String> {
        self.one(relation)?.owned(name)
    }
}

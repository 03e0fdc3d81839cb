//! Answers a [`Query`]: one statement for its rows, one for their number, and one for each expansion.
//!
//! This is the only place that builds SQL at run time (R35). Identifiers come from `domain::model` alone and every value
//! is bound.
//!
//! **Invariant:** the answer is the one that `domain::evaluate` gives over the same rows, but for the order of texts,
//! which is the database's.

mod predicate;
mod render;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use domain::model;
use domain::query::{Entity, Expansion, Field, Kind, Page, Query, Record, Value};

use self::render::Statement;
use crate::engine::{ReadTx, Row};
use crate::error::Error;

/// Tables that are part of every page of something and empty in most tenants. Whether they are is asked first: that is one
/// look at the table instead of one for each row of the page.
static OFTEN_EMPTY: &[&Entity] = &[&model::EXTENSION_CALLOUT];

/// Answers the query.
pub fn list(tx: &mut ReadTx<'_>, query: &Query) -> Result<Page, Error> {
    let statement = Statement::page(query)?;
    let mut rows = fetch(tx, &statement)?;
    let limit = query.limit.and_then(|limit| usize::try_from(limit).ok());
    let next = limit.filter(|limit| rows.len() > *limit).and_then(|limit| {
        rows.truncate(limit);
        rows.last().map(|last| picked(last, &statement.place))
    });
    expand(tx, &query.expand, &statement, &mut rows)?;
    for row in &mut rows {
        row.values.truncate(query.fields.len());
    }
    let count = if query.count {
        Some(count(tx, query)?)
    } else {
        None
    };
    Ok(Page { rows, next, count })
}

/// The first row that satisfies the query, if there is one.
pub fn first(tx: &mut ReadTx<'_>, query: &Query) -> Result<Option<Record>, Error> {
    let mut one = query.clone();
    one.limit = Some(1);
    one.count = false;
    Ok(list(tx, &one)?.rows.into_iter().next())
}

/// How many rows satisfy the query's filter.
pub fn count(tx: &mut ReadTx<'_>, query: &Query) -> Result<i64, Error> {
    let (sql, args) = Statement::count(query)?;
    tx.query_one(&sql, &args)?.int(0)
}

/// The rows of a statement, with every column of it.
fn fetch(tx: &mut ReadTx<'_>, statement: &Statement) -> Result<Vec<Record>, Error> {
    tx.query_map(&statement.sql, &statement.args, |row| {
        let columns = statement.columns.iter().enumerate();
        let values: Result<Vec<Value>, Error> = columns
            .map(|(index, field)| value(row, index, field))
            .collect();
        Ok(Record {
            values: values?,
            expanded: Vec::new(),
            counts: Vec::new(),
        })
    })
}

fn picked(row: &Record, indexes: &[usize]) -> Vec<Value> {
    let value = |index: &usize| row.values.get(*index).cloned().unwrap_or(Value::Null);
    indexes.iter().map(value).collect()
}

/// A column as its kind: SQLite keeps flags as numbers.
fn value(row: &Row<'_>, index: usize, field: &Field) -> Result<Value, Error> {
    Ok(match field.kind {
        Kind::Bool => row.opt_boolean(index)?.map_or(Value::Null, Value::Bool),
        Kind::Int | Kind::Instant => row.opt_int(index)?.map_or(Value::Null, Value::Int),
        Kind::Id | Kind::Text | Kind::Word | Kind::Document => row
            .opt_text(index)?
            .map_or(Value::Null, |text| Value::Text(text.to_owned())),
    })
}

/// Reads what is asked for of related rows: one statement for all the rows of a level.
fn expand(
    tx: &mut ReadTx<'_>,
    expansions: &[Expansion],
    statement: &Statement,
    rows: &mut [Record],
) -> Result<(), Error> {
    let counts = expansions.iter().any(|expansion| expansion.query.count);
    for (expansion, link) in expansions.iter().zip(&statement.links) {
        if is_empty(tx, expansion.query.entity)? {
            for row in rows.iter_mut() {
                row.expanded.push(Vec::new());
                if counts {
                    row.counts.push(0);
                }
            }
            continue;
        }
        let own = |row: &Record| match row.values.get(*link) {
            Some(Value::Text(id)) => Some(id.clone()),
            _ => None,
        };
        let parents: BTreeSet<String> = rows.iter().filter_map(own).collect();
        let related = if parents.is_empty() {
            HashMap::new()
        } else {
            children(tx, expansion, &parents)?
        };
        let is_one = expansion.relation.is_to_one();
        let numbers = if expansion.query.count && !parents.is_empty() {
            numbers(tx, expansion, &parents, &related)?
        } else {
            HashMap::new()
        };
        for row in rows.iter_mut() {
            let mut records = own(row)
                .and_then(|id| related.get(&id))
                .cloned()
                .unwrap_or_default();
            if is_one {
                records.truncate(1);
            }
            row.expanded.push(records);
            if counts {
                let number = own(row).and_then(|id| numbers.get(&id)).copied();
                row.counts.push(number.unwrap_or(0));
            }
        }
    }
    Ok(())
}

/// Whether there is nothing to be found in a table, as far as that is worth asking.
fn is_empty(tx: &mut ReadTx<'_>, entity: &Entity) -> Result<bool, Error> {
    if !OFTEN_EMPTY.contains(&entity) {
        return Ok(false);
    }
    let sql = format!("SELECT 1 FROM {} LIMIT 1", entity.name);
    Ok(tx.query_opt(&sql, &[])?.is_none())
}

/// How many rows of an expansion each parent has in all. Only where the rows are a part is there more to ask.
fn numbers(
    tx: &mut ReadTx<'_>,
    expansion: &Expansion,
    parents: &BTreeSet<String>,
    related: &HashMap<String, Vec<Record>>,
) -> Result<HashMap<String, i64>, Error> {
    let query = &expansion.query;
    if query.limit.is_none() && query.skip == 0 {
        let number = |rows: &Vec<Record>| i64::try_from(rows.len()).unwrap_or(i64::MAX);
        return Ok(related
            .iter()
            .map(|(parent, rows)| (parent.clone(), number(rows)))
            .collect());
    }
    let (sql, args) = Statement::numbers(query, expansion.relation, parents)?;
    let found = tx.query_map(&sql, &args, |row| {
        Ok((row.opt_text(0)?.map(str::to_owned), row.int(1)?))
    })?;
    Ok(found
        .into_iter()
        .filter_map(|(parent, number)| Some((parent?, number)))
        .collect())
}

/// The rows of an expansion, by the parent they belong to.
fn children(
    tx: &mut ReadTx<'_>,
    expansion: &Expansion,
    parents: &BTreeSet<String>,
) -> Result<HashMap<String, Vec<Record>>, Error> {
    let query = &expansion.query;
    let statement = Statement::children(query, expansion.relation, parents)?;
    let mut rows = fetch(tx, &statement)?;
    expand(tx, &query.expand, &statement, &mut rows)?;
    let mut related: HashMap<String, Vec<Record>> = HashMap::new();
    for mut row in rows {
        // The parent's value is the last column.
        if let Some(Value::Text(parent)) = row.values.pop() {
            row.values.truncate(query.fields.len());
            related.entry(parent).or_default().push(row);
        }
    }
    Ok(related)
}

//! Queries answered in memory: the measure of what the store answers.
//!
//! **Invariant:** a predicate is true or false of a row, never unknown: what cannot be compared is false.

use std::cmp::Ordering;

use crate::query::{
    Comparison, Direction, Field, Kind, Page, Path, Predicate, Query, Record, Relation, TextMatch,
    Value,
};

/// A row in memory.
pub trait Tuple {
    /// The value of a field.
    fn value(&self, field: &Field) -> Value;

    /// The rows at the other end of a relation.
    fn follow(&self, relation: &Relation) -> Vec<Box<dyn Tuple + '_>>;
}

/// Whether the predicate is true of the row.
pub fn holds(predicate: &Predicate, row: &dyn Tuple) -> bool {
    match predicate {
        Predicate::True => true,
        Predicate::False => false,
        Predicate::All(all) => all.iter().all(|one| holds(one, row)),
        Predicate::Any(any) => any.iter().any(|one| holds(one, row)),
        Predicate::Not(inner) => !holds(inner, row),
        Predicate::Compare {
            path,
            comparison,
            value,
        } => compares(path.field.kind, &at(path, row), *comparison, value),
        Predicate::In { path, values } => {
            let found = at(path, row);
            values
                .iter()
                .any(|value| compares(path.field.kind, &found, Comparison::Eq, value))
        }
        Predicate::Text {
            path,
            matching,
            text,
        } => match at(path, row) {
            Value::Text(found) => matches(&found.to_lowercase(), *matching, &text.to_lowercase()),
            Value::Null | Value::Bool(_) | Value::Int(_) => false,
        },
        Predicate::Exists { hops, inner } => exists(hops, inner, row),
    }
}

/// Answers a query without expansions over rows of its entity.
pub fn list<T: Tuple>(query: &Query, rows: &[T]) -> Page {
    let order = order(query);
    let mut found: Vec<&T> = rows
        .iter()
        .filter(|row| holds(&query.filter, *row))
        .collect();
    let count = query
        .count
        .then(|| i64::try_from(found.len()).unwrap_or(i64::MAX));
    let place = |row: &T| -> Vec<Value> { order.iter().map(|(path, _)| at(path, row)).collect() };
    found.sort_by(|a, b| ordering(&order, &place(a), &place(b)));
    if let Some(after) = &query.after {
        found.retain(|row| ordering(&order, &place(row), after) == Ordering::Greater);
    }
    let skip = usize::try_from(query.skip).unwrap_or(usize::MAX);
    let limit = query.limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    });
    let more = found.len().saturating_sub(skip) > limit;
    let page: Vec<&T> = found.into_iter().skip(skip).take(limit).collect();
    Page {
        next: page.last().filter(|_| more).map(|last| place(last)),
        rows: page
            .into_iter()
            .map(|row| Record {
                values: query.fields.iter().map(|field| row.value(field)).collect(),
                expanded: Vec::new(),
                counts: Vec::new(),
            })
            .collect(),
        count,
    }
}

/// The whole order of a query: what it asks for or else the entity's own, and the key.
pub fn order(query: &Query) -> Vec<(Path, Direction)> {
    let mut order = query.order.clone();
    if order.is_empty() {
        let own = query.entity.order.iter();
        order.extend(own.filter_map(|(name, direction)| {
            query
                .entity
                .field(name)
                .map(|field| (Path::of(field), *direction))
        }));
    }
    if let Some(key) = query.entity.key() {
        order.push((Path::of(key), Direction::Ascending));
    }
    order
}

/// The value at the end of a path; null where a relation leads nowhere.
fn at(path: &Path, row: &dyn Tuple) -> Value {
    fn walk(hops: &[&'static Relation], field: &Field, row: &dyn Tuple) -> Value {
        match hops.split_first() {
            None => row.value(field),
            Some((hop, rest)) => row
                .follow(hop)
                .first()
                .map_or(Value::Null, |next| walk(rest, field, next.as_ref())),
        }
    }
    walk(&path.hops, path.field, row)
}

fn exists(hops: &[&'static Relation], inner: &Predicate, row: &dyn Tuple) -> bool {
    match hops.split_first() {
        None => holds(inner, row),
        Some((hop, rest)) => row
            .follow(hop)
            .iter()
            .any(|next| exists(rest, inner, next.as_ref())),
    }
}

/// Whether two values compare so. Null equals null and is neither less nor greater than anything; documents never
/// compare.
pub fn compares(kind: Kind, found: &Value, comparison: Comparison, value: &Value) -> bool {
    if kind == Kind::Document {
        return false;
    }
    if found == &Value::Null || value == &Value::Null {
        let both = found == value;
        return match comparison {
            Comparison::Eq => both,
            Comparison::Ne => !both,
            Comparison::Gt | Comparison::Ge | Comparison::Lt | Comparison::Le => false,
        };
    }
    let ordering = folded(kind, found).cmp(&folded(kind, value));
    match comparison {
        Comparison::Eq => ordering.is_eq(),
        Comparison::Ne => ordering.is_ne(),
        Comparison::Gt => ordering.is_gt(),
        Comparison::Ge => ordering.is_ge(),
        Comparison::Lt => ordering.is_lt(),
        Comparison::Le => ordering.is_le(),
    }
}

fn matches(text: &str, matching: TextMatch, part: &str) -> bool {
    match matching {
        TextMatch::Contains => text.contains(part),
        TextMatch::StartsWith => text.starts_with(part),
        TextMatch::EndsWith => text.ends_with(part),
    }
}

fn folded(kind: Kind, value: &Value) -> Value {
    match (kind, value) {
        (Kind::Text, Value::Text(text)) => Value::Text(text.to_lowercase()),
        _ => value.clone(),
    }
}

fn ordering(order: &[(Path, Direction)], a: &[Value], b: &[Value]) -> Ordering {
    let differing = order
        .iter()
        .zip(a.iter().zip(b))
        .map(|((_, direction), (a, b))| {
            let ascending = a.cmp(b);
            match direction {
                Direction::Ascending => ascending,
                Direction::Descending => ascending.reverse(),
            }
        });
    differing
        .into_iter()
        .find(|ordering| ordering.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Entity;

    struct Person(&'static str, Option<i64>);

    static PERSON: Entity = Entity {
        name: "person",
        fields: &[
            Field {
                name: "name",
                kind: Kind::Text,
            },
            Field {
                name: "age",
                kind: Kind::Int,
            },
        ],
        relations: &[],
        order: &[("age", Direction::Descending)],
    };

    impl Tuple for Person {
        fn value(&self, field: &Field) -> Value {
            match field.name {
                "name" => Value::Text(self.0.to_owned()),
                _ => self.1.map_or(Value::Null, Value::Int),
            }
        }

        fn follow(&self, _relation: &Relation) -> Vec<Box<dyn Tuple + '_>> {
            Vec::new()
        }
    }

    const PEOPLE: &[Person] = &[
        Person("Ann", Some(40)),
        Person("Bob", None),
        Person("Cid", Some(20)),
    ];

    fn names(query: &Query) -> Vec<String> {
        let page = list(query, PEOPLE);
        page.rows
            .iter()
            .filter_map(|row| row.values[0].as_text().map(str::to_owned))
            .collect()
    }

    fn query(filter: Predicate) -> Query {
        Query {
            fields: vec![&PERSON.fields[0]],
            filter,
            ..Query::of(&PERSON)
        }
    }

    #[test]
    fn null_comes_after_everything_in_a_descending_order() {
        assert_eq!(names(&query(Predicate::True)), ["Ann", "Cid", "Bob"]);
    }

    #[test]
    fn not_is_a_true_complement() {
        let old = Predicate::Compare {
            path: Path::of(&PERSON.fields[1]),
            comparison: Comparison::Gt,
            value: Value::Int(30),
        };

        assert_eq!(names(&query(old.clone())), ["Ann"]);
        assert_eq!(names(&query(Predicate::Not(Box::new(old)))), ["Cid", "Bob"]);
    }

    #[test]
    fn pages_continue_where_they_ended() {
        let mut query = query(Predicate::True);
        query.limit = Some(1);
        let mut seen = Vec::new();

        loop {
            let page = list(&query, PEOPLE);
            seen.extend(page.rows.into_iter().map(|row| row.values));
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }

        assert_eq!(seen.len(), PEOPLE.len());
    }
}

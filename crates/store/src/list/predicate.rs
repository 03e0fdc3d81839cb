//! From a predicate to a condition.
//!
//! SQL has a third truth value, predicates have not. Where a condition is asked for as it is, unknown is as good as
//! false; where it is turned round, each comparison is made sure to be one of the two.
//!
//! **Invariant:** what is rendered is true of exactly the rows of which `domain::evaluate` says so.

use domain::query::{Comparison, Field, Kind, Link, Path, Predicate, Relation, TextMatch, Value};
use domain::time::Timestamp;

use super::render::{Bindings, Scope, impossible};
use crate::error::Error;

/// Renders a predicate over the rows of a scope. `turned` says that it stands under a `NOT`.
pub(super) fn render(
    predicate: &Predicate,
    scope: &mut Scope,
    bindings: &mut Bindings,
    turned: bool,
) -> Result<String, Error> {
    match predicate {
        Predicate::True => Ok("TRUE".to_owned()),
        Predicate::False => Ok("FALSE".to_owned()),
        Predicate::All(all) => joined(all, " AND ", "TRUE", scope, bindings, turned),
        Predicate::Any(any) => joined(any, " OR ", "FALSE", scope, bindings, turned),
        Predicate::Not(inner) => Ok(format!("NOT ({})", render(inner, scope, bindings, true)?)),
        Predicate::Compare {
            path,
            comparison,
            value,
        } => {
            let text = compare(path, *comparison, value, scope, bindings)?;
            Ok(sure(text, turned))
        }
        Predicate::In { path, values } => {
            let text = is_in(path, values, scope, bindings)?;
            Ok(sure(text, turned))
        }
        Predicate::Text {
            path,
            matching,
            text,
        } => {
            let text = matches(path, *matching, text, scope, bindings)?;
            Ok(sure(text, turned))
        }
        Predicate::Exists { hops, inner } => {
            let text = exists(hops, inner, scope, bindings)?;
            Ok(sure(text, turned))
        }
    }
}

/// The condition, never unknown where that would matter.
fn sure(text: String, turned: bool) -> String {
    if turned {
        format!("COALESCE({text}, FALSE)")
    } else {
        text
    }
}

fn joined(
    list: &[Predicate],
    word: &str,
    none: &str,
    scope: &mut Scope,
    bindings: &mut Bindings,
    turned: bool,
) -> Result<String, Error> {
    let parts = list
        .iter()
        .map(|one| render(one, scope, bindings, turned).map(|text| format!("({text})")))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(if parts.is_empty() {
        none.to_owned()
    } else {
        balanced(&parts, word)
    })
}

/// The conditions with the word between them, in halves of halves: a database reads a chain as one condition within the
/// other, and SQLite refuses what is more than a thousand deep.
fn balanced(parts: &[String], word: &str) -> String {
    const LONGEST_CHAIN: usize = 64;
    if parts.len() <= LONGEST_CHAIN {
        return format!("({})", parts.join(word));
    }
    let (first, second) = parts.split_at(parts.len() / 2);
    format!(
        "({}{word}{})",
        balanced(first, word),
        balanced(second, word)
    )
}

fn compare(
    path: &Path,
    comparison: Comparison,
    value: &Value,
    scope: &mut Scope,
    bindings: &mut Bindings,
) -> Result<String, Error> {
    if path.field.kind == Kind::Document {
        return Ok("FALSE".to_owned());
    }
    if value == &Value::Null {
        let column = scope.column(path, bindings)?;
        return Ok(match comparison {
            Comparison::Eq => format!("{column} IS NULL"),
            Comparison::Ne => format!("{column} IS NOT NULL"),
            Comparison::Gt | Comparison::Ge | Comparison::Lt | Comparison::Le => "FALSE".to_owned(),
        });
    }
    fits(path.field, value)?;
    if let Some(equal) = by_key(path, comparison, value, scope, bindings)? {
        return Ok(equal);
    }
    let column = scope.column(path, bindings)?;
    let bound = bindings.bind(comparable(scope, path, value));
    let (left, right) = folded(path.field, &column, &bound);
    Ok(match comparison {
        Comparison::Eq => format!("{left} = {right}"),
        Comparison::Ne => format!("({left} <> {right} OR {column} IS NULL)"),
        Comparison::Gt => format!("{left} > {right}"),
        Comparison::Ge => format!("{left} >= {right}"),
        Comparison::Lt => format!("{left} < {right}"),
        Comparison::Le => format!("{left} <= {right}"),
    })
}

/// The value as the column has it: inside of documents, instants are texts.
fn comparable(scope: &Scope, path: &Path, value: &Value) -> Value {
    match (path.field.kind, value) {
        (Kind::Instant, Value::Int(micros)) if scope.is_inside(path) => {
            let text = Timestamp::from_micros(*micros).to_string();
            Value::Text(text.trim_end_matches('Z').to_owned())
        }
        _ => value.clone(),
    }
}

/// Texts are compared without regard to case (OD-2).
fn folded(field: &Field, column: &str, bound: &str) -> (String, String) {
    if field.kind == Kind::Text {
        (format!("LOWER({column})"), format!("LOWER({bound})"))
    } else {
        (column.to_owned(), bound.to_owned())
    }
}

/// A text that has a column of its own in lower case is looked up there, by its index.
fn by_key(
    path: &Path,
    comparison: Comparison,
    value: &Value,
    scope: &mut Scope,
    bindings: &mut Bindings,
) -> Result<Option<String>, Error> {
    if scope.is_inside(path) {
        return Ok(None);
    }
    let entity = path.hops.last().map_or(scope.entity, |hop| hop.to);
    let key = entity.field(&format!("{}_key", path.field.name));
    let (Some(key), Comparison::Eq, Value::Text(text)) = (key, comparison, value) else {
        return Ok(None);
    };
    let column = scope.column(
        &Path {
            hops: path.hops.clone(),
            field: key,
        },
        bindings,
    )?;
    let bound = bindings.bind(Value::Text(text.to_lowercase()));
    Ok(Some(format!("{column} = {bound}")))
}

fn is_in(
    path: &Path,
    values: &[Value],
    scope: &mut Scope,
    bindings: &mut Bindings,
) -> Result<String, Error> {
    if path.field.kind == Kind::Document {
        return Ok("FALSE".to_owned());
    }
    let column = scope.column(path, bindings)?;
    let set: Vec<&Value> = values
        .iter()
        .filter(|value| *value != &Value::Null)
        .collect();
    let mut parts = Vec::new();
    if set.len() < values.len() {
        parts.push(format!("{column} IS NULL"));
    }
    for value in &set {
        fits(path.field, value)?;
    }
    if !set.is_empty() {
        parts.push(match path.field.kind {
            Kind::Id | Kind::Word => {
                let texts = set.iter().filter_map(|value| value.as_text());
                let list = bindings.bind(crate::value::list(texts));
                format!("{column} IN EACH({list})")
            }
            Kind::Text | Kind::Bool | Kind::Int | Kind::Instant | Kind::Document => {
                let bound = set.iter().map(|value| {
                    let bound = bindings.bind(comparable(scope, path, value));
                    folded(path.field, &column, &bound).1
                });
                let list = bound.collect::<Vec<_>>().join(", ");
                format!("{} IN ({list})", folded(path.field, &column, "").0)
            }
        });
    }
    Ok(if parts.is_empty() {
        "FALSE".to_owned()
    } else {
        format!("({})", parts.join(" OR "))
    })
}

/// Without patterns: what a client searches for needs no escapes.
fn matches(
    path: &Path,
    matching: TextMatch,
    text: &str,
    scope: &mut Scope,
    bindings: &mut Bindings,
) -> Result<String, Error> {
    match path.field.kind {
        Kind::Id | Kind::Text | Kind::Word => {}
        Kind::Bool | Kind::Int | Kind::Instant | Kind::Document => return Ok("FALSE".to_owned()),
    }
    let column = format!("LOWER({})", scope.column(path, bindings)?);
    let part = format!("LOWER({})", bindings.bind(Value::Text(text.to_owned())));
    Ok(match matching {
        TextMatch::Contains => format!("INSTR({column}, {part}) > 0"),
        TextMatch::StartsWith => format!("INSTR({column}, {part}) = 1"),
        TextMatch::EndsWith => format!(
            "(LENGTH({column}) >= LENGTH({part}) \
             AND SUBSTR({column}, LENGTH({column}) - LENGTH({part}) + 1) = {part})"
        ),
    })
}

/// A value of another kind than the column's would be an error of the database, and only of one of the two.
fn fits(field: &Field, value: &Value) -> Result<(), Error> {
    let fits = match (field.kind, value) {
        (Kind::Id | Kind::Text | Kind::Word, Value::Text(_))
        | (Kind::Bool, Value::Bool(_))
        | (Kind::Int | Kind::Instant, Value::Int(_))
        | (_, Value::Null) => true,
        (
            Kind::Id
            | Kind::Text
            | Kind::Word
            | Kind::Bool
            | Kind::Int
            | Kind::Instant
            | Kind::Document,
            Value::Bool(_) | Value::Int(_) | Value::Text(_),
        ) => false,
    };
    if fits {
        Ok(())
    } else {
        Err(impossible(format!(
            "`{}` is compared with {value:?}",
            field.name
        )))
    }
}

/// Rows whose link is among those of the related rows that satisfy the inner condition.
fn exists(
    hops: &[&'static Relation],
    inner: &Predicate,
    scope: &mut Scope,
    bindings: &mut Bindings,
) -> Result<String, Error> {
    let Some((hop, rest)) = hops.split_first() else {
        return render(inner, scope, bindings, false);
    };
    if let Link::Inside { here, at, many } = &hop.link {
        let document = scope.document(here, at);
        return if *many {
            let mut items = Scope::items(hop.to, bindings);
            let condition = exists(rest, inner, &mut items, bindings)?;
            let (list, name) = (list_of(&document), &items.name);
            Ok(format!(
                "EXISTS (SELECT 1 FROM ITEMS({list}) {name} WHERE {condition})"
            ))
        } else {
            let mut value = Scope::value(hop.to, document.clone());
            let condition = exists(rest, inner, &mut value, bindings)?;
            Ok(format!(
                "(JSON_KIND({document}) = 'object' AND {condition})"
            ))
        };
    }
    let mut there_scope = Scope::new(hop.to, bindings);
    let condition = exists(rest, inner, &mut there_scope, bindings)?;
    let (own, table, joins) = (&there_scope.name, hop.to.name, there_scope.joins());
    let from = &scope.name;
    Ok(match &hop.link {
        Link::One { here, there } | Link::Many { here, there } => {
            format!(
                "{from}.{here} IN (SELECT {own}.{there} FROM {table} {own}{joins} WHERE {condition})"
            )
        }
        Link::Through {
            table: pairs,
            here,
            near,
            far,
            there,
        } => {
            let pair = bindings.name();
            format!(
                "{from}.{here} IN (SELECT {pair}.{near} FROM {pairs} {pair} \
                 JOIN {table} {own} ON {own}.{there} = {pair}.{far}{joins} WHERE {condition})"
            )
        }
        Link::Inside { .. } => "FALSE".to_owned(),
    })
}

/// The array of a list, which is stored bare or as the member `items` of an object; null where there is none.
fn list_of(document: &str) -> String {
    let items = format!("{document} -> 'items'");
    format!(
        "CASE JSON_KIND({document}) WHEN 'array' THEN {document} \
         WHEN 'object' THEN CASE JSON_KIND({items}) WHEN 'array' THEN {items} END END"
    )
}

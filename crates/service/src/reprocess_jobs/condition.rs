//! A condition of a query as a document: what a filter came to is kept with the job, so that any replica goes on with it.
//!
//! **Invariant:** what is read back is the very condition that was written, or an error; names that the model does not have
//! any more are never guessed.

use domain::model::inside;
use domain::query::{Comparison, Entity, Path, Predicate, Relation, TextMatch, Value};
use serde_json::{Value as Json, json};

/// The document is not a condition over the entity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored condition cannot be read: {0}")]
pub(super) struct Unreadable(String);

const COMPARISONS: &[(Comparison, &str)] = &[
    (Comparison::Eq, "eq"),
    (Comparison::Ne, "ne"),
    (Comparison::Gt, "gt"),
    (Comparison::Ge, "ge"),
    (Comparison::Lt, "lt"),
    (Comparison::Le, "le"),
];

/// Relations into documents, which are none of the entity's own.
static INSIDE: [&Relation; 4] = [
    &inside::SCHEDULES,
    &inside::EXPIRATIONS,
    &inside::GROUP_TYPES,
    &inside::IDENTITY_SOURCES,
];

const MATCHES: &[(TextMatch, &str)] = &[
    (TextMatch::Contains, "contains"),
    (TextMatch::StartsWith, "startsWith"),
    (TextMatch::EndsWith, "endsWith"),
];

/// The document of a condition over `entity`, if it will be read back as it is.
pub(super) fn kept(entity: &'static Entity, predicate: &Predicate) -> Result<String, Unreadable> {
    let document = written(predicate);
    if read(entity, &document)? == *predicate {
        Ok(document.to_string())
    } else {
        Err(wrong(&document))
    }
}

/// The document of a condition.
fn written(predicate: &Predicate) -> Json {
    let all = |list: &[Predicate]| list.iter().map(written).collect::<Vec<Json>>();
    match predicate {
        Predicate::True => json!(true),
        Predicate::False => json!(false),
        Predicate::All(list) => json!({ "all": all(list) }),
        Predicate::Any(list) => json!({ "any": all(list) }),
        Predicate::Not(inner) => json!({ "not": written(inner) }),
        Predicate::Compare {
            path,
            comparison,
            value,
        } => json!({
            "path": names(path),
            "is": word(COMPARISONS, *comparison),
            "value": plain(value),
        }),
        Predicate::In { path, values } => json!({
            "path": names(path),
            "in": values.iter().map(plain).collect::<Vec<Json>>(),
        }),
        Predicate::Text {
            path,
            matching,
            text,
        } => json!({
            "path": names(path),
            "matches": word(MATCHES, *matching),
            "text": text,
        }),
        Predicate::Exists { hops, inner } => json!({
            "some": hops.iter().map(|hop| hop.name).collect::<Vec<_>>(),
            "where": written(inner),
        }),
    }
}

/// The condition of a document, over `entity`.
pub(super) fn read(entity: &'static Entity, document: &Json) -> Result<Predicate, Unreadable> {
    match document {
        Json::Bool(true) => return Ok(Predicate::True),
        Json::Bool(false) => return Ok(Predicate::False),
        _ => {}
    }
    let member = |name: &str| document.get(name);
    if let Some(list) = member("all") {
        return read_all(entity, list).map(Predicate::All);
    }
    if let Some(list) = member("any") {
        return read_all(entity, list).map(Predicate::Any);
    }
    if let Some(inner) = member("not") {
        return Ok(Predicate::Not(Box::new(read(entity, inner)?)));
    }
    if let Some(hops) = member("some") {
        let hops = walk(entity, &texts(hops)?)?;
        let last = hops.last().map_or(entity, |relation| relation.to);
        let inner = member("where").ok_or_else(|| wrong(document))?;
        return Ok(Predicate::Exists {
            inner: Box::new(read(last, inner)?),
            hops,
        });
    }
    let path = path(entity, member("path").ok_or_else(|| wrong(document))?)?;
    if let Some(Json::String(name)) = member("is") {
        return Ok(Predicate::Compare {
            path,
            comparison: named(COMPARISONS, name).ok_or_else(|| wrong(document))?,
            value: value(member("value").unwrap_or(&Json::Null))?,
        });
    }
    if let Some(Json::Array(values)) = member("in") {
        return Ok(Predicate::In {
            path,
            values: values.iter().map(value).collect::<Result<_, _>>()?,
        });
    }
    if let (Some(Json::String(name)), Some(Json::String(text))) =
        (member("matches"), member("text"))
    {
        return Ok(Predicate::Text {
            path,
            matching: named(MATCHES, name).ok_or_else(|| wrong(document))?,
            text: text.clone(),
        });
    }
    Err(wrong(document))
}

fn read_all(entity: &'static Entity, list: &Json) -> Result<Vec<Predicate>, Unreadable> {
    let list = list.as_array().ok_or_else(|| wrong(list))?;
    list.iter().map(|one| read(entity, one)).collect()
}

fn wrong(document: &Json) -> Unreadable {
    Unreadable(document.to_string())
}

fn word<T: Copy + PartialEq>(words: &[(T, &'static str)], of: T) -> &'static str {
    words
        .iter()
        .find(|(one, _)| *one == of)
        .map_or("", |(_, word)| word)
}

fn named<T: Copy>(words: &[(T, &'static str)], name: &str) -> Option<T> {
    words
        .iter()
        .find(|(_, word)| *word == name)
        .map(|(one, _)| *one)
}

/// The relations of a path, and its field last.
fn names(path: &Path) -> Vec<&'static str> {
    let hops = path.hops.iter().map(|hop| hop.name);
    hops.chain([path.field.name]).collect()
}

fn texts(list: &Json) -> Result<Vec<&str>, Unreadable> {
    let list = list.as_array().ok_or_else(|| wrong(list))?;
    list.iter()
        .map(|one| one.as_str().ok_or_else(|| wrong(one)))
        .collect()
}

fn walk(entity: &'static Entity, names: &[&str]) -> Result<Vec<&'static Relation>, Unreadable> {
    let mut at = entity;
    let mut hops = Vec::new();
    for name in names {
        let relation = at
            .relation(name)
            .or_else(|| INSIDE.into_iter().find(|relation| relation.name == *name))
            .ok_or_else(|| Unreadable(format!("`{}` has no relation `{name}`", at.name)))?;
        at = relation.to;
        hops.push(relation);
    }
    Ok(hops)
}

fn path(entity: &'static Entity, list: &Json) -> Result<Path, Unreadable> {
    let all = texts(list)?;
    let (field, hops) = all.split_last().ok_or_else(|| wrong(list))?;
    let hops = walk(entity, hops)?;
    let last = hops.last().map_or(entity, |relation| relation.to);
    let field = last
        .field(field)
        .ok_or_else(|| Unreadable(format!("`{}` has no field `{field}`", last.name)))?;
    Ok(Path { hops, field })
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Int(number) => json!(number),
        Value::Text(text) => json!(text),
    }
}

fn value(document: &Json) -> Result<Value, Unreadable> {
    match document {
        Json::Null => Ok(Value::Null),
        Json::Bool(flag) => Ok(Value::Bool(*flag)),
        Json::String(text) => Ok(Value::Text(text.clone())),
        Json::Number(number) => number
            .as_i64()
            .map(Value::Int)
            .ok_or_else(|| wrong(document)),
        Json::Array(_) | Json::Object(_) => Err(wrong(document)),
    }
}

#[cfg(test)]
mod tests {
    use domain::model;

    use super::*;

    fn field_of(entity: &'static Entity, hops: &[&str], field: &str) -> Path {
        let hops = walk(entity, hops).unwrap();
        let last = hops.last().map_or(entity, |relation| relation.to);
        Path {
            field: last.field(field).unwrap(),
            hops,
        }
    }

    #[test]
    fn every_kind_of_condition_is_read_back_as_it_was_written() {
        let entity = &model::ASSIGNMENT;
        let compare = |comparison, value| Predicate::Compare {
            path: field_of(entity, &["target"], "display_name"),
            comparison,
            value,
        };
        let mut all = vec![Predicate::True, Predicate::False];
        for (comparison, _) in COMPARISONS {
            for value in [
                Value::Null,
                Value::Bool(true),
                Value::Int(-7),
                Value::Text("a'\"b".to_owned()),
            ] {
                all.push(compare(*comparison, value));
            }
        }
        for (matching, _) in MATCHES {
            all.push(Predicate::Text {
                path: field_of(entity, &[], "status"),
                matching: *matching,
                text: "Near".to_owned(),
            });
        }
        all.push(Predicate::In {
            path: field_of(entity, &["access_package"], "catalog_id"),
            values: vec![Value::Text("c".to_owned()), Value::Null],
        });
        all.push(Predicate::Not(Box::new(Predicate::Any(all.clone()))));
        all.push(Predicate::Exists {
            hops: walk(entity, &["access_package", "catalog"]).unwrap(),
            inner: Box::new(Predicate::Compare {
                path: field_of(&model::CATALOG, &[], "state"),
                comparison: Comparison::Eq,
                value: Value::Text("published".to_owned()),
            }),
        });
        let condition = Predicate::All(all);

        let text = written(&condition).to_string();
        let document: Json = serde_json::from_str(&text).unwrap();

        assert_eq!(read(entity, &document), Ok(condition));
    }

    #[test]
    fn a_condition_on_what_documents_hold_is_kept_and_one_that_would_be_lost_is_not() {
        let of = |hops: &[&'static Relation], field| Predicate::Compare {
            path: Path {
                hops: hops.to_vec(),
                field: hops.last().unwrap().to.field(field).unwrap(),
            },
            comparison: Comparison::Eq,
            value: Value::Null,
        };
        for entity in [&model::ASSIGNMENT, &model::ASSIGNMENT_REQUEST] {
            let start = of(&[&inside::SCHEDULES], "startDateTime");
            let end = of(&[&inside::SCHEDULES, &inside::EXPIRATIONS], "endDateTime");
            let condition = Predicate::All(vec![start, end]);

            let text = kept(entity, &condition).unwrap();

            let document = serde_json::from_str(&text).unwrap();
            assert_eq!(read(entity, &document), Ok(condition));
        }
        let unknown = of(&[&inside::AUDITED_APPS], "appId");
        assert!(kept(&model::ASSIGNMENT, &unknown).is_err());
    }

    #[test]
    fn what_is_no_condition_over_the_entity_is_an_error() {
        for document in [
            json!(7),
            json!({}),
            json!({"path": ["no_such_field"], "is": "eq", "value": 1}),
            json!({"path": ["no_such_relation", "id"], "is": "eq", "value": 1}),
            json!({"path": ["id"], "is": "like", "value": 1}),
            json!({"path": [], "is": "eq"}),
            json!({"some": ["target"]}),
            json!({"all": {"path": ["id"]}}),
            json!({"path": ["id"], "is": "eq", "value": [1]}),
        ] {
            assert!(read(&model::ASSIGNMENT, &document).is_err(), "{document}");
        }
    }
}

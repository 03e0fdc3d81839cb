//! What is stored, in memory: what the same predicates are asked of.

use super::*;

/// Everything that is stored, in memory.
pub(super) struct World {
    pub(super) rows: BTreeMap<&'static str, Vec<BTreeMap<&'static str, Value>>>,
    pub(super) pairs: BTreeMap<&'static str, Vec<(Value, Value, Value, Value)>>,
}

pub(super) struct Member<'w> {
    pub(super) world: &'w World,
    pub(super) row: &'w BTreeMap<&'static str, Value>,
}

impl Tuple for Member<'_> {
    fn value(&self, field: &Field) -> Value {
        self.row.get(field.name).cloned().unwrap_or(Value::Null)
    }

    fn follow(&self, relation: &Relation) -> Vec<Box<dyn Tuple + '_>> {
        if let Link::Inside { here, at, many } = relation.link {
            let text = self.row[here].as_text().unwrap_or("null");
            let document: serde_json::Value = serde_json::from_str(text).unwrap();
            return inside(&document, at, many);
        }
        let wanted: Vec<Value> = match relation.link {
            Link::One { here, .. } | Link::Many { here, .. } => vec![self.row[here].clone()],
            Link::Inside { .. } => Vec::new(),
            Link::Through {
                table, here, near, ..
            } => self.world.pairs[table]
                .iter()
                .filter(|(first, left, second, right)| {
                    let (near_value, _) = ends(near, (first, left), (second, right));
                    near_value == &self.row[here]
                })
                .map(|(first, left, second, right)| {
                    ends(near, (first, left), (second, right)).1.clone()
                })
                .collect(),
        };
        let (Link::One { there, .. } | Link::Many { there, .. } | Link::Through { there, .. }) =
            relation.link
        else {
            return Vec::new();
        };
        self.world.rows[relation.to.name]
            .iter()
            .filter(|row| row[there] != Value::Null && wanted.contains(&row[there]))
            .map(|row| {
                let member = Member {
                    world: self.world,
                    row,
                };
                Box::new(member) as Box<dyn Tuple + '_>
            })
            .collect()
    }
}

/// A value inside a document, in memory.
pub(super) struct Item(serde_json::Value);

impl Tuple for Item {
    fn value(&self, field: &Field) -> Value {
        let found = match field.name {
            "" => Some(&self.0),
            path => path
                .split('/')
                .try_fold(&self.0, |value, name| value.get(name)),
        };
        match (field.kind, found) {
            (Kind::Instant, Some(serde_json::Value::String(text))) => {
                Value::Int(domain::time::Timestamp::parse(text).unwrap().micros())
            }
            (Kind::Bool, Some(serde_json::Value::Bool(flag))) => Value::Bool(*flag),
            (Kind::Int, Some(serde_json::Value::Number(number))) => {
                Value::Int(number.as_i64().unwrap())
            }
            (Kind::Id | Kind::Text | Kind::Word, Some(serde_json::Value::String(text))) => {
                Value::Text(text.clone())
            }
            _ => Value::Null,
        }
    }

    fn follow(&self, relation: &Relation) -> Vec<Box<dyn Tuple + '_>> {
        match relation.link {
            Link::Inside { here, at, many } => inside(&self.0[here], at, many),
            _ => Vec::new(),
        }
    }
}

pub(super) fn inside<'w>(
    document: &serde_json::Value,
    at: &[&str],
    many: bool,
) -> Vec<Box<dyn Tuple + 'w>> {
    let found = at.iter().fold(document, |value, name| &value[*name]);
    let values = match found {
        serde_json::Value::Array(items) if many => items.clone(),
        serde_json::Value::Object(members) if many => members
            .get("items")
            .and_then(serde_json::Value::as_array)
            .cloned()
            .unwrap_or_default(),
        _ if many => Vec::new(),
        one => vec![one.clone()],
    };
    values
        .into_iter()
        .map(|value| Box::new(Item(value)) as Box<dyn Tuple + 'w>)
        .collect()
}

/// The near and the far value of a pair, which is kept with its column names.
pub(super) fn ends<'v>(
    near: &str,
    first: (&'v Value, &'v Value),
    second: (&'v Value, &'v Value),
) -> (&'v Value, &'v Value) {
    if first.0.as_text() == Some(near) {
        (first.1, second.1)
    } else {
        (second.1, first.1)
    }
}

pub(super) fn world(store: &Store) -> World {
    let mut rows = BTreeMap::new();
    for entity in model::ENTITIES {
        let page = read(store, &everything(entity));
        let named = |record: Record| {
            entity
                .fields
                .iter()
                .map(|field| field.name)
                .zip(record.values)
                .collect()
        };
        rows.insert(entity.name, page.rows.into_iter().map(named).collect());
    }
    let mut pairs = BTreeMap::new();
    for (table, left, right) in [
        ("group_member", "group_id", "member_id"),
        (
            "incompatible_access_package",
            "access_package_id",
            "incompatible_id",
        ),
    ] {
        let sql = format!("SELECT {left}, {right} FROM {table}");
        let found: Result<Vec<(String, String)>, Error> = store.read_blocking(move |tx| {
            tx.query_map(&sql, &[], |row| {
                Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))
            })
        });
        let kept = found
            .unwrap()
            .into_iter()
            .map(|(a, b)| {
                (
                    Value::Text(left.to_owned()),
                    Value::Text(a),
                    Value::Text(right.to_owned()),
                    Value::Text(b),
                )
            })
            .collect();
        pairs.insert(table, kept);
    }
    World { rows, pairs }
}

pub(super) fn members<'w>(world: &'w World, entity: &'static Entity) -> Vec<Member<'w>> {
    world.rows[entity.name]
        .iter()
        .map(|row| Member { world, row })
        .collect()
}

//! Bringing one change to a resource at hand.

use serde_json::{Map, Value as Json};

use super::{Change, Operation};
use crate::error::{ErrorType, Invalid};
use crate::filter::{Filter, Literal, Operator, matches};
use crate::locate::Located;
use crate::resource::{Unknown, read_members, read_one, read_value};
use crate::schema::{Attribute, Kind, Schema};

/// Brings a change to the resource.
pub fn apply(
    resource: &mut Map<String, Json>,
    change: &Change,
    unknown: Unknown,
) -> Result<(), Invalid> {
    match change.place {
        Located::Extension(schema) => whole(resource, change, schema, unknown),
        Located::Attribute {
            extension,
            attribute,
            sub,
        } => {
            let edit = Edit {
                change,
                attribute,
                sub,
                path: change.place.name(),
                unknown,
            };
            let Some(schema) = extension else {
                return edit.apply(resource);
            };
            let mut members = take_object(resource, schema.urn);
            edit.apply(&mut members)?;
            put_object(resource, schema.urn, members);
            Ok(())
        }
    }
}

/// An extension as a whole.
fn whole(
    resource: &mut Map<String, Json>,
    change: &Change,
    schema: &'static Schema,
    unknown: Unknown,
) -> Result<(), Invalid> {
    let mut members = take_object(resource, schema.urn);
    if change.operation != Operation::Add {
        members.clear();
    }
    if change.operation != Operation::Remove {
        let Some(given) = change.value.as_object() else {
            return Err(Invalid::value(schema.urn, "an object"));
        };
        let read = read_members(given, schema.attributes, schema.urn, ':', unknown)?;
        members.extend(read);
    }
    put_object(resource, schema.urn, members);
    Ok(())
}

/// A change of one attribute.
struct Edit<'c> {
    change: &'c Change,
    attribute: &'static Attribute,
    sub: Option<&'static Attribute>,
    path: String,
    unknown: Unknown,
}

impl Edit<'_> {
    fn apply(&self, members: &mut Map<String, Json>) -> Result<(), Invalid> {
        if self.attribute.is_multi_valued {
            let mut values = take_array(members, self.attribute.name);
            self.change_values(&mut values)?;
            values.retain(|value| value.as_object().is_none_or(|value| !value.is_empty()));
            if !values.is_empty() {
                members.insert(self.attribute.name.to_owned(), Json::Array(values));
            }
            return Ok(());
        }
        match (self.attribute.kind, self.sub) {
            (Kind::Complex(_), Some(sub)) => {
                let mut value = take_object(members, self.attribute.name);
                self.set(&mut value, sub)?;
                put_object(members, self.attribute.name, value);
                Ok(())
            }
            // Sub-attributes that are not named stay (RFC 7644, section 3.5.2.3).
            (Kind::Complex(_), None) if self.change.operation != Operation::Remove => {
                let mut value = take_object(members, self.attribute.name);
                match read_one(self.attribute, &self.path, &self.change.value, self.unknown)? {
                    Some(Json::Object(given)) => {
                        for (name, part) in given {
                            value.insert(name, part);
                        }
                    }
                    _ => value.clear(),
                }
                put_object(members, self.attribute.name, value);
                Ok(())
            }
            _ => self.set(members, self.attribute),
        }
    }

    /// Sets an attribute with one value, or takes it away.
    fn set(
        &self,
        members: &mut Map<String, Json>,
        attribute: &'static Attribute,
    ) -> Result<(), Invalid> {
        let value = match self.change.operation {
            Operation::Remove => None,
            Operation::Add | Operation::Replace => {
                read_value(attribute, &self.path, &self.change.value, self.unknown)?
            }
        };
        match value {
            Some(value) => members.insert(attribute.name.to_owned(), value),
            None => members.remove(attribute.name),
        };
        Ok(())
    }

    fn change_values(&self, values: &mut Vec<Json>) -> Result<(), Invalid> {
        match (&self.change.only, self.sub) {
            (None, None) => self.change_all(values),
            (only, sub) => self.change_some(values, only.as_ref(), sub),
        }
    }

    /// The values as a whole.
    fn change_all(&self, values: &mut Vec<Json>) -> Result<(), Invalid> {
        let given = read_value(self.attribute, &self.path, &self.change.value, self.unknown)?;
        let given = match given {
            Some(Json::Array(given)) => given,
            _ => Vec::new(),
        };
        match self.change.operation {
            // Some clients name the values to remove beside the path.
            Operation::Remove if !given.is_empty() => {
                values.retain(|value| !given.iter().any(|gone| is_same(value, gone)));
            }
            Operation::Remove => values.clear(),
            Operation::Replace => *values = given,
            Operation::Add => {
                for value in given {
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
            }
        }
        Ok(())
    }

    /// The values that the filter picks, or a sub-attribute of each.
    fn change_some(
        &self,
        values: &mut Vec<Json>,
        only: Option<&Filter>,
        sub: Option<&'static Attribute>,
    ) -> Result<(), Invalid> {
        let picked = |value: &Json| only.is_none_or(|filter| matches(filter, value));
        if !values.iter().any(picked) {
            return match self.change.operation {
                // What is not there needs not be removed.
                Operation::Remove => Ok(()),
                Operation::Add => {
                    let mut value = Json::Object(
                        only.map_or_else(Map::new, |filter| implied(filter, self.attribute)),
                    );
                    self.change_one(&mut value, sub)?;
                    values.push(value);
                    Ok(())
                }
                Operation::Replace => Err(Invalid::new(
                    ErrorType::NoTarget,
                    format!("`{}` has no such value", self.path),
                )),
            };
        }
        if self.change.operation == Operation::Remove && sub.is_none() {
            values.retain(|value| !picked(value));
            return Ok(());
        }
        for value in values.iter_mut().filter(|value| picked(value)) {
            self.change_one(value, sub)?;
        }
        Ok(())
    }

    fn change_one(&self, value: &mut Json, sub: Option<&'static Attribute>) -> Result<(), Invalid> {
        let Some(members) = value.as_object_mut() else {
            return Err(Invalid::value(&self.path, "complex"));
        };
        if let Some(sub) = sub {
            return self.set(members, sub);
        }
        let given = read_one(self.attribute, &self.path, &self.change.value, self.unknown)?;
        let Some(Json::Object(given)) = given else {
            return Err(Invalid::value(&self.path, "an object"));
        };
        if self.change.operation == Operation::Replace {
            members.clear();
        }
        members.extend(given);
        Ok(())
    }
}

/// What a value must be for the filter to pick it, as far as its equalities tell.
fn implied(filter: &Filter, attribute: &Attribute) -> Map<String, Json> {
    let mut members = Map::new();
    match filter {
        Filter::And(left, right) => {
            members.extend(implied(left, attribute));
            members.extend(implied(right, attribute));
        }
        Filter::Compare(path, Operator::Eq, literal) => {
            let value = match literal {
                Literal::Text(text) => Json::from(text.as_str()),
                Literal::Bool(flag) => Json::Bool(*flag),
                Literal::Number(_) | Literal::Null => Json::Null,
            };
            if let (Some(sub), false) = (attribute.sub(&path.name), value.is_null()) {
                members.insert(sub.name.to_owned(), value);
            }
        }
        _ => {}
    }
    members
}

/// Whether two values are about the same thing: equal, or of the same `value`.
fn is_same(value: &Json, other: &Json) -> bool {
    match (value.get("value"), other.get("value")) {
        (Some(one), Some(another)) => one == another,
        _ => value == other,
    }
}

fn take_object(members: &mut Map<String, Json>, name: &str) -> Map<String, Json> {
    match members.remove(name) {
        Some(Json::Object(value)) => value,
        _ => Map::new(),
    }
}

fn put_object(members: &mut Map<String, Json>, name: &str, value: Map<String, Json>) {
    if !value.is_empty() {
        members.insert(name.to_owned(), Json::Object(value));
    }
}

fn take_array(members: &mut Map<String, Json>, name: &str) -> Vec<Json> {
    match members.remove(name) {
        Some(Json::Array(values)) => values,
        _ => Vec::new(),
    }
}

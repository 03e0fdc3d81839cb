//! Changes of a resource (RFC 7644, section 3.5.2): read from the body of a PATCH, and brought to a resource at hand.
//!
//! **Invariant:** a resource that was as [`crate::resource::read`] leaves it is so after each change.

mod apply;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value as Json};

use crate::error::{ErrorType, Invalid};
use crate::filter::{self, Filter};
use crate::locate::{Located, locate};
use crate::member;
use crate::path::AttributePath;
use crate::resource::Unknown;
use crate::schema::{Attribute, Mutability, ResourceType};

pub use apply::apply;

/// The schema of a PATCH.
pub const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// How many operations one PATCH may have.
const MOST_OPERATIONS: usize = 1000;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Values are added, and a single value is set.
    Add,
    /// Values are taken away.
    Remove,
    /// Values are set.
    Replace,
}

/// One change of one attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What is done.
    pub operation: Operation,
    /// To what.
    pub place: Located,
    /// To which of its values; none: to all of them.
    pub only: Option<Filter>,
    /// The value, as the client wrote it; null where there is none.
    pub value: Json,
}

impl Change {
    /// Whether the change is one of this attribute of the resource's own.
    pub fn is_of(&self, name: &str) -> bool {
        matches!(
            self.place,
            Located::Attribute { extension: None, attribute, .. } if attribute.name == name
        )
    }
}

/// Reads the body of a PATCH. An operation without a path becomes one change for each attribute of its value.
pub fn read(
    resource_type: &ResourceType,
    body: &Map<String, Json>,
    unknown: Unknown,
) -> Result<Vec<Change>, Invalid> {
    let schemas = member::find(body, "schemas").and_then(Json::as_array);
    let names = |schema: &Json| {
        schema
            .as_str()
            .is_some_and(|urn| urn.eq_ignore_ascii_case(SCHEMA))
    };
    if !schemas.is_some_and(|schemas| schemas.iter().any(names)) {
        return Err(syntax(format!("`schemas` must name `{SCHEMA}`")));
    }
    let Some(Json::Array(operations)) = member::find(body, "Operations") else {
        return Err(syntax("`Operations` must be a list"));
    };
    if operations.is_empty() || operations.len() > MOST_OPERATIONS {
        let detail = format!("`Operations` must have 1 to {MOST_OPERATIONS} entries");
        return Err(syntax(detail));
    }
    let mut changes = Vec::new();
    for operation in operations {
        read_operation(resource_type, operation, unknown, &mut changes)?;
    }
    Ok(changes)
}

fn read_operation(
    resource_type: &ResourceType,
    body: &Json,
    unknown: Unknown,
    changes: &mut Vec<Change>,
) -> Result<(), Invalid> {
    let Some(body) = body.as_object() else {
        return Err(syntax("each of `Operations` must be an object"));
    };
    let word = member::text(body, "op").unwrap_or_default();
    let operation = match word.to_ascii_lowercase().as_str() {
        "add" => Operation::Add,
        "remove" => Operation::Remove,
        "replace" => Operation::Replace,
        _ => return Err(syntax("`op` must be `add`, `remove` or `replace`")),
    };
    let value = member::find(body, "value").unwrap_or(&Json::Null);
    let path = match member::find(body, "path") {
        None | Some(Json::Null) => None,
        Some(Json::String(path)) if path.trim().is_empty() => None,
        Some(Json::String(path)) => Some(path),
        Some(_) => return Err(invalid_path("`path` must be a text")),
    };
    match (path, operation, value) {
        (Some(path), _, _) => {
            let change = located(resource_type, operation, path, value)?;
            if is_read_only(change.place) {
                let detail = format!("`{path}` can be read only");
                return Err(Invalid::new(ErrorType::Mutability, detail));
            }
            changes.push(change);
            Ok(())
        }
        (None, Operation::Remove, _) => {
            Err(Invalid::new(ErrorType::NoTarget, "`remove` needs a `path`"))
        }
        (None, _, Json::Object(members)) => {
            for (name, value) in members {
                spread(resource_type, operation, name, value, unknown, changes)?;
            }
            Ok(())
        }
        (None, _, _) => Err(Invalid::new(
            ErrorType::InvalidValue,
            "without a `path`, `value` must be an object",
        )),
    }
}

/// A member of a value without a path. What the server alone writes is passed over, as in a whole resource.
fn spread(
    resource_type: &ResourceType,
    operation: Operation,
    name: &str,
    value: &Json,
    unknown: Unknown,
    changes: &mut Vec<Change>,
) -> Result<(), Invalid> {
    if name.eq_ignore_ascii_case("schemas") {
        return Ok(());
    }
    match located(resource_type, operation, name, value) {
        Ok(change) if is_read_only(change.place) => Ok(()),
        Ok(change) => {
            changes.push(change);
            Ok(())
        }
        Err(_) if unknown == Unknown::Ignored => Ok(()),
        Err(refusal) => Err(refusal),
    }
}

fn located(
    resource_type: &ResourceType,
    operation: Operation,
    path: &str,
    value: &Json,
) -> Result<Change, Invalid> {
    // The name of an extension as a whole may end in what looks like an attribute.
    let (attribute, only, sub) = filter::parse_value_path(path)
        .map_err(|error| invalid_path(format!("`{path}` is no path: {error}")))?;
    let attribute = match sub {
        Some(sub) if attribute.sub.is_none() => AttributePath {
            sub: Some(sub),
            ..attribute
        },
        Some(_) => return Err(invalid_path(format!("`{path}` is no path"))),
        None => attribute,
    };
    let place = locate(resource_type, &attribute)
        .ok_or_else(|| invalid_path(format!("`{path}` names no attribute of the resource")))?;
    let picks_values = match place {
        Located::Attribute { attribute, .. } => attribute.is_multi_valued,
        Located::Extension(_) => false,
    };
    if only.is_some() && !picks_values {
        let detail = format!("`{path}` picks from an attribute that has one value only");
        return Err(invalid_path(detail));
    }
    Ok(Change {
        operation,
        place,
        only,
        value: value.clone(),
    })
}

fn is_read_only(place: Located) -> bool {
    let read_only = |attribute: &Attribute| attribute.mutability == Mutability::ReadOnly;
    match place {
        Located::Extension(_) => false,
        Located::Attribute { attribute, sub, .. } => {
            read_only(attribute) || sub.is_some_and(read_only) || attribute.name == "schemas"
        }
    }
}

fn syntax(detail: impl Into<String>) -> Invalid {
    Invalid::new(ErrorType::InvalidSyntax, detail)
}

fn invalid_path(detail: impl Into<String>) -> Invalid {
    Invalid::new(ErrorType::InvalidPath, detail)
}

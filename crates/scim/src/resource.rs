//! Reading the body of a resource: what a client may write of it, spelled as the schema spells it.
//!
//! **Invariant:** what comes out has only attributes of the type's schemas, each with a value of its kind. What the
//! server alone writes is passed over, as the protocol asks (RFC 7644, section 3.5.1); no attribute is null.

use serde_json::{Map, Value as Json};

use crate::error::{ErrorType, Invalid};
use crate::member;
use crate::schema::{Attribute, COMMON, Kind, Mutability, ResourceType, named};

/// What becomes of members that no schema names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// They are passed over.
    Ignored,
    /// They are an error.
    Refused,
}

/// Reads a resource.
pub fn read(
    resource_type: &ResourceType,
    body: &Map<String, Json>,
    unknown: Unknown,
) -> Result<Map<String, Json>, Invalid> {
    check_schemas(resource_type, body)?;
    let mut resource = Map::new();
    for (name, value) in body {
        if let Some(schema) = resource_type.extension(name) {
            let members = object(schema.urn, value)?;
            let read = read_members(members, schema.attributes, schema.urn, ':', unknown)?;
            if !read.is_empty() {
                resource.insert(schema.urn.to_owned(), Json::Object(read));
            }
            continue;
        }
        let attribute = named(COMMON, name).or_else(|| resource_type.schema.attribute(name));
        read_member(&mut resource, attribute, name, name, value, unknown)?;
    }
    resource.remove("schemas");
    Ok(resource)
}

/// The attributes of a complex value or an extension.
pub(crate) fn read_members(
    members: &Map<String, Json>,
    attributes: &'static [Attribute],
    parent: &str,
    separator: char,
    unknown: Unknown,
) -> Result<Map<String, Json>, Invalid> {
    let mut read = Map::new();
    for (name, value) in members {
        let path = format!("{parent}{separator}{name}");
        read_member(
            &mut read,
            named(attributes, name),
            name,
            &path,
            value,
            unknown,
        )?;
    }
    Ok(read)
}

fn read_member(
    into: &mut Map<String, Json>,
    attribute: Option<&'static Attribute>,
    name: &str,
    path: &str,
    value: &Json,
    unknown: Unknown,
) -> Result<(), Invalid> {
    let Some(attribute) = attribute else {
        return match unknown {
            Unknown::Ignored => Ok(()),
            Unknown::Refused => Err(Invalid::new(
                ErrorType::InvalidSyntax,
                format!("`{path}` is no attribute of the resource"),
            )),
        };
    };
    if attribute.mutability == Mutability::ReadOnly {
        return Ok(());
    }
    if into.contains_key(attribute.name) {
        return Err(Invalid::new(
            ErrorType::InvalidSyntax,
            format!("`{name}` is there twice"),
        ));
    }
    if let Some(value) = read_value(attribute, path, value, unknown)? {
        into.insert(attribute.name.to_owned(), value);
    }
    Ok(())
}

/// The value or values of an attribute; `None` if there is none.
pub(crate) fn read_value(
    attribute: &'static Attribute,
    path: &str,
    value: &Json,
    unknown: Unknown,
) -> Result<Option<Json>, Invalid> {
    if !attribute.is_multi_valued {
        return read_one(attribute, path, value, unknown);
    }
    // Some clients leave out the brackets around a single value.
    let values = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    let read: Result<Vec<Option<Json>>, Invalid> = values
        .iter()
        .map(|one| read_one(attribute, path, one, unknown))
        .collect();
    let read: Vec<Json> = read?.into_iter().flatten().collect();
    Ok((!read.is_empty()).then_some(Json::Array(read)))
}

/// One value of an attribute; `None` if it is null or has nothing in it.
pub(crate) fn read_one(
    attribute: &'static Attribute,
    path: &str,
    value: &Json,
    unknown: Unknown,
) -> Result<Option<Json>, Invalid> {
    if value.is_null() {
        return Ok(None);
    }
    match attribute.kind {
        Kind::Text | Kind::DateTime | Kind::Reference(_) => match value {
            Json::String(_) => Ok(Some(value.clone())),
            _ => Err(Invalid::value(path, "a text")),
        },
        Kind::Boolean => flag(value)
            .map(|flag| Some(Json::Bool(flag)))
            .ok_or_else(|| Invalid::value(path, "`true` or `false`")),
        Kind::Complex(attributes) => {
            // Some clients write the `value` of a complex attribute alone.
            if let (Json::String(_), Some(own)) = (value, attribute.sub("value")) {
                let alone = Map::from_iter([(own.name.to_owned(), value.clone())]);
                return Ok(Some(Json::Object(alone)));
            }
            let read = read_members(object(path, value)?, attributes, path, '.', unknown)?;
            Ok((!read.is_empty()).then_some(Json::Object(read)))
        }
    }
}

/// A flag, also as the text that some clients write.
fn flag(value: &Json) -> Option<bool> {
    match value {
        Json::Bool(flag) => Some(*flag),
        Json::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Json::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn object<'v>(path: &str, value: &'v Json) -> Result<&'v Map<String, Json>, Invalid> {
    value
        .as_object()
        .ok_or_else(|| Invalid::value(path, "an object"))
}

/// A body names the schema of its type, and may name those of extensions.
fn check_schemas(resource_type: &ResourceType, body: &Map<String, Json>) -> Result<(), Invalid> {
    let invalid = |detail: String| Invalid::new(ErrorType::InvalidSyntax, detail);
    let Some(Json::Array(schemas)) = member::find(body, "schemas") else {
        return Err(invalid(format!(
            "`schemas` must be a list with `{}` in it",
            resource_type.schema.urn
        )));
    };
    let names = |schema: &Json| {
        schema
            .as_str()
            .is_some_and(|urn| urn.eq_ignore_ascii_case(resource_type.schema.urn))
    };
    if schemas.iter().any(names) {
        Ok(())
    } else {
        Err(invalid(format!(
            "`schemas` must name `{}`",
            resource_type.schema.urn
        )))
    }
}

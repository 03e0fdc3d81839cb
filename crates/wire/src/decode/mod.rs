//! Bodies to commands, one module per entity.
//!
//! Bodies are read leniently (semantics 1.2, HT-1): names of either version are understood in either version, words in
//! any case; control information and members that mean nothing are passed over.
//!
//! **Invariant:** what cannot be read is an error that names the member; nothing is guessed.

pub mod access_package;
pub mod app_role_assignment;
pub mod application;
pub mod assignment_request;
pub mod callback;
pub mod catalog;
pub mod connected_organization;
pub mod control_configuration;
pub mod custom_extension;
pub mod decision;
pub mod entitlement_settings;
pub mod external_connector;
pub mod group;
pub mod reference;
pub mod resource_request;
pub mod resource_role_scope;
pub mod role_assignment;
pub mod role_schedule_request;
pub mod service_principal;
pub mod subject;
pub mod subscription;
pub mod upload;
pub mod user;

use std::str::FromStr;

use domain::change::Change;
use domain::directory::DetailChanges;
use domain::flaw::Flaw;
use serde_json::Value as Json;

use crate::body::{InvalidField, Node};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeCode {
    /// The body as a whole cannot be read (ER-3).
    BadRequest,
    /// A member breaks the model (ER-4).
    InvalidModel,
}

/// Why a body could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DecodeError {
    /// The member at fault, with `/` between levels; empty for the body itself.
    pub target: String,
    /// What was expected.
    pub message: String,
    /// How bad it is.
    pub code: DecodeCode,
}

impl From<InvalidField> for DecodeError {
    fn from(field: InvalidField) -> Self {
        Self {
            message: field.to_string(),
            target: field.target,
            code: DecodeCode::InvalidModel,
        }
    }
}

impl From<Flaw> for DecodeError {
    fn from(flaw: Flaw) -> Self {
        Self {
            target: flaw.target,
            message: flaw.message,
            code: DecodeCode::InvalidModel,
        }
    }
}

/// The body, which has to be an object.
pub fn root(body: &Json) -> Result<Node<'_>, DecodeError> {
    if body.is_object() {
        return Ok(Node::root(body));
    }
    Err(DecodeError {
        target: String::new(),
        message: "the body must be a JSON object".to_owned(),
        code: DecodeCode::BadRequest,
    })
}

/// The first of these members that the body has with a value, or the first of them all.
pub fn either<'n>(object: &'n Node<'_>, names: &[&str]) -> Node<'n> {
    names
        .iter()
        .map(|name| object.member(name))
        .find(|node| !node.is_null())
        .unwrap_or_else(|| object.member(names.first().copied().unwrap_or_default()))
}

/// The id here, if there is one. An empty text counts as none: clients send it where they have nothing to say.
pub fn id<T: FromStr>(node: &Node<'_>) -> Result<Option<T>, DecodeError> {
    let Some(text) = node.text()?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(id) => Ok(Some(id)),
        Err(_) => Err(node.invalid("must be a GUID").into()),
    }
}

/// The id here, which has to be there.
pub fn required_id<T: FromStr>(node: &Node<'_>) -> Result<T, DecodeError> {
    id(node)?.ok_or_else(|| node.invalid("is required").into())
}

/// The text here, owned.
pub fn text(node: &Node<'_>) -> Result<Option<String>, DecodeError> {
    Ok(node.text()?.map(str::to_owned))
}

/// The word here, if there is one; `from_name` reads it in any case.
pub fn word<T>(
    node: &Node<'_>,
    from_name: impl Fn(&str) -> Option<T>,
    all: &[&str],
) -> Result<Option<T>, DecodeError> {
    let Some(text) = node.text()? else {
        return Ok(None);
    };
    let read = from_name(text)
        .ok_or_else(|| node.invalid(format!("must be one of {}, not `{text}`", all.join(", "))))?;
    Ok(Some(read))
}

/// What a partial update says about an optional text: absent keeps it, null clears it.
pub fn changed_text(object: &Node<'_>, name: &str) -> Result<Change<String>, DecodeError> {
    if !object.has(name) {
        return Ok(Change::Keep);
    }
    Ok(text(&object.member(name))?.map_or(Change::Clear, Change::Set))
}

/// What a partial update says about a property that always has a value: absent keeps it, null is refused.
pub fn changed<T>(
    object: &Node<'_>,
    name: &str,
    read: impl Fn(&Node<'_>) -> Result<Option<T>, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    if !object.has(name) {
        return Ok(None);
    }
    let member = object.member(name);
    match read(&member)? {
        Some(value) => Ok(Some(value)),
        None => Err(member.invalid("must not be null").into()),
    }
}

/// What a body says about a property that always has a value: null says as little as absence.
pub fn given<T>(
    object: &Node<'_>,
    name: &str,
    read: impl Fn(&Node<'_>) -> Result<Option<T>, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    read(&object.member(name))
}

/// The texts of the array here; `None` for null.
pub fn texts(node: &Node<'_>) -> Result<Option<Vec<String>>, DecodeError> {
    if node.is_null() {
        return Ok(None);
    }
    let mut texts = Vec::new();
    for item in node.items()? {
        texts.push(text(&item)?.ok_or_else(|| item.invalid("must be a string"))?);
    }
    Ok(Some(texts))
}

/// What a body says about members that are only kept and served, whatever they hold.
pub fn details(object: &Node<'_>, names: &[&str]) -> DetailChanges {
    let mut changes = DetailChanges::new();
    for name in names.iter().copied().filter(|name| object.has(name)) {
        let member = object.member(name);
        let change = if member.is_null() {
            Change::Clear
        } else {
            Change::Set(member.json().to_string())
        };
        changes.insert(name.to_owned(), change);
    }
    changes
}

/// The flag here.
pub fn flag(node: &Node<'_>) -> Result<Option<bool>, DecodeError> {
    Ok(node.flag()?)
}

#[cfg(test)]
mod tests {
    use domain::id::CatalogId;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_that_is_no_object_is_a_bad_request() {
        for body in [json!(null), json!([]), json!("x"), json!(7)] {
            assert_eq!(root(&body).unwrap_err().code, DecodeCode::BadRequest);
        }
    }

    #[test]
    fn absent_null_and_a_value_are_told_apart() {
        let body = json!({"description": null, "displayName": "x", "isHidden": null});
        let root = root(&body).unwrap();

        assert_eq!(changed_text(&root, "uniqueName").unwrap(), Change::Keep);
        assert_eq!(changed_text(&root, "description").unwrap(), Change::Clear);
        assert_eq!(
            changed_text(&root, "displayName").unwrap(),
            Change::Set("x".to_owned())
        );
        assert_eq!(
            changed(&root, "displayName", text).unwrap(),
            Some("x".to_owned())
        );
        assert_eq!(changed(&root, "state", text).unwrap(), None);
        assert_eq!(
            changed(&root, "isHidden", flag).unwrap_err().target,
            "isHidden"
        );
    }

    #[test]
    fn ids_are_guids_and_an_empty_text_is_none() {
        let body = json!({"a": "AE79F266-94D4-4DAB-B730-FECA7E132178", "b": "", "c": "x", "d": 5});
        let root = root(&body).unwrap();
        let read = |name: &str| id::<CatalogId>(&root.member(name));

        assert!(read("a").unwrap().is_some());
        assert_eq!(read("b").unwrap(), None);
        assert_eq!(read("missing").unwrap(), None);
        assert_eq!(read("c").unwrap_err().target, "c");
        assert_eq!(read("d").unwrap_err().target, "d");
        assert_eq!(
            required_id::<CatalogId>(&root.member("b"))
                .unwrap_err()
                .target,
            "b"
        );
    }
}

//! Members of the bodies of Reeve's own API.
//!
//! **Invariant:** a refusal names the member at fault (`error.target`).

use serde_json::{Map, Value as Json};

use crate::error::Error;

/// A member that is there and not null.
pub(super) fn set<'b>(body: &'b Json, name: &str) -> Option<&'b Json> {
    body.get(name).filter(|value| !value.is_null())
}

/// A text of at most so many characters, if it is there; no database stores the NUL character.
pub(super) fn text(body: &Json, name: &str, most: usize) -> Result<Option<String>, Error> {
    match set(body, name) {
        None => Ok(None),
        Some(Json::String(text)) if text.contains('\0') => {
            let message = format!("`{name}` must not contain the NUL character");
            Err(invalid(name, message))
        }
        Some(Json::String(text)) if text.chars().count() <= most => Ok(Some(text.clone())),
        Some(_) => {
            let message = format!("`{name}` must be a text of at most {most} characters");
            Err(invalid(name, message))
        }
    }
}

/// A member that is misspelled must not mean its default.
pub(super) fn known(body: &Json, within: &str, known: &[&str]) -> Result<(), Error> {
    let names = body.as_object().into_iter().flat_map(Map::keys);
    match names
        .into_iter()
        .find(|name| !known.contains(&name.as_str()))
    {
        None => Ok(()),
        Some(name) => {
            let target = format!("{within}{name}");
            let message = format!(
                "`{target}` is not known here; expected {}",
                known.join(", ")
            );
            Err(invalid(target, message))
        }
    }
}

/// A refusal of a member.
pub(super) fn invalid(target: impl Into<String>, message: impl Into<String>) -> Error {
    Error::InvalidModel {
        target: target.into(),
        message: message.into(),
    }
}

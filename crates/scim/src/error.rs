//! Why a request is not answered as asked, in the protocol's words (RFC 7644, section 3.12).

use serde_json::{Value as Json, json};

/// The schema of an error's body.
pub const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// What a client can tell errors of one status apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorType {
    /// The filter cannot be read, or asks for what cannot be searched.
    InvalidFilter,
    /// Another resource has the value.
    Uniqueness,
    /// The attribute can be read only.
    Mutability,
    /// The body is not what the protocol asks for.
    InvalidSyntax,
    /// The path cannot be read, or names no attribute.
    InvalidPath,
    /// The path fits no value that could be changed.
    NoTarget,
    /// A value is missing, or is not what the attribute can hold.
    InvalidValue,
}

impl ErrorType {
    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
        }
    }
}

/// A request that the client has to change: always a 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Invalid {
    /// What kind of fault it is.
    pub error_type: ErrorType,
    /// One sentence.
    pub detail: String,
}

impl Invalid {
    /// A fault of this kind.
    pub fn new(error_type: ErrorType, detail: impl Into<String>) -> Self {
        Self {
            error_type,
            detail: detail.into(),
        }
    }

    /// A value that `attribute` cannot hold.
    pub fn value(attribute: &str, expected: &str) -> Self {
        Self::new(
            ErrorType::InvalidValue,
            format!("`{attribute}` must be {expected}"),
        )
    }
}

/// The body of an error.
pub fn body(status: u16, error_type: Option<ErrorType>, detail: &str) -> Json {
    let mut body = json!({
        "schemas": [SCHEMA],
        "status": status.to_string(),
    });
    if let Some(error_type) = error_type {
        set(&mut body, "scimType", error_type.as_str());
    }
    set(&mut body, "detail", detail);
    body
}

fn set(body: &mut Json, name: &str, value: &str) {
    if let Some(members) = body.as_object_mut() {
        members.insert(name.to_owned(), Json::from(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_an_error_is_a_text_and_its_type_is_optional() {
        assert_eq!(
            body(400, Some(ErrorType::NoTarget), "nothing fits"),
            json!({"schemas": [SCHEMA], "status": "400", "scimType": "noTarget", "detail": "nothing fits"})
        );
        assert_eq!(body(404, None, "gone").get("scimType"), None);
    }
}

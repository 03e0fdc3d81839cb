//! Reading members of a JSON body with errors that name the place.
//!
//! **Invariant:** names match in any case, an absent member reads as null, and control information is never an error
//! (HT-1).

use std::borrow::Cow;

use domain::time::{Duration, Timestamp};
use serde_json::Value as Json;

use crate::words::Words;

/// A member of a body is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{target}` {reason}")]
pub struct InvalidField {
    /// The member as the wire names it, with `/` between levels: `requestApprovalSettings/stages/0`.
    pub target: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A place in a body.
#[derive(Debug, Clone)]
pub struct Node<'j> {
    path: String,
    value: Cow<'j, Json>,
}

static NULL: Json = Json::Null;

impl<'j> Node<'j> {
    /// The whole body.
    pub fn root(body: &'j Json) -> Self {
        Self {
            path: String::new(),
            value: Cow::Borrowed(body),
        }
    }

    /// The value here.
    pub fn json(&self) -> &Json {
        &self.value
    }

    /// Whether there is nothing here.
    pub fn is_null(&self) -> bool {
        self.value.is_null()
    }

    /// The place, for messages.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong here.
    pub fn invalid(&self, reason: impl Into<String>) -> InvalidField {
        InvalidField {
            target: self.path.clone(),
            reason: reason.into(),
        }
    }

    /// A member of the object here; null if it is absent or this is no object.
    pub fn member(&self, name: &str) -> Node<'_> {
        let found = self.value.as_object().and_then(|members| {
            members.get(name).or_else(|| {
                members
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value)
            })
        });
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.path)
        };
        Node {
            path,
            value: Cow::Borrowed(found.unwrap_or(&NULL)),
        }
    }

    /// Whether the object here has such a member, be it null.
    pub fn has(&self, name: &str) -> bool {
        self.value
            .as_object()
            .is_some_and(|members| members.keys().any(|key| key.eq_ignore_ascii_case(name)))
    }

    /// The object here, or `None` for null.
    pub fn object(&self) -> Result<Option<&Self>, InvalidField> {
        match &*self.value {
            Json::Null => Ok(None),
            Json::Object(_) => Ok(Some(self)),
            Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                Err(self.invalid("must be an object"))
            }
        }
    }

    /// The items of the array here; null is an empty one.
    pub fn items(&self) -> Result<Vec<Node<'_>>, InvalidField> {
        match &*self.value {
            Json::Null => Ok(Vec::new()),
            Json::Array(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(index, value)| Node {
                    path: format!("{}/{index}", self.path),
                    value: Cow::Borrowed(value),
                })
                .collect()),
            Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => {
                Err(self.invalid("must be an array"))
            }
        }
    }

    /// The text here.
    pub fn text(&self) -> Result<Option<&str>, InvalidField> {
        match &*self.value {
            Json::Null => Ok(None),
            // No database stores it in a text.
            Json::String(text) if text.contains('\0') => {
                Err(self.invalid("must not contain the NUL character"))
            }
            Json::String(text) => Ok(Some(text)),
            Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
                Err(self.invalid("must be a string"))
            }
        }
    }

    /// The text here, which must not be absent or blank.
    pub fn required_text(&self) -> Result<&str, InvalidField> {
        match self.text()? {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => Err(self.invalid("is required")),
        }
    }

    /// The flag here.
    pub fn flag(&self) -> Result<Option<bool>, InvalidField> {
        match &*self.value {
            Json::Null => Ok(None),
            Json::Bool(flag) => Ok(Some(*flag)),
            Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Object(_) => {
                Err(self.invalid("must be true or false"))
            }
        }
    }

    /// The whole number here.
    pub fn int(&self) -> Result<Option<i64>, InvalidField> {
        if self.is_null() {
            return Ok(None);
        }
        self.value
            .as_i64()
            .map(Some)
            .ok_or_else(|| self.invalid("must be a whole number"))
    }

    /// The duration here.
    pub fn duration(&self) -> Result<Option<Duration>, InvalidField> {
        let parse = |text| {
            Duration::parse(text).map_err(|error| self.invalid(format!("is invalid: {error}")))
        };
        self.text()?.map(parse).transpose()
    }

    /// The instant here.
    pub fn instant(&self) -> Result<Option<Timestamp>, InvalidField> {
        let parse = |text| {
            Timestamp::parse(text).map_err(|error| self.invalid(format!("is invalid: {error}")))
        };
        self.text()?.map(parse).transpose()
    }

    /// The word here, in its stored spelling; some clients write an empty text for none.
    pub fn word(&self, words: &Words) -> Result<Option<&'static str>, InvalidField> {
        let parse = |text: &str| {
            words.parse(text).ok_or_else(|| {
                self.invalid(format!(
                    "must be one of {}, not `{text}`",
                    words.members.join(", ")
                ))
            })
        };
        let text = self.text()?.filter(|text| !text.is_empty());
        text.map(parse).transpose()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_match_in_any_case_and_errors_name_the_place() {
        let body = json!({"Outer": [{"inner": 1}]});
        let root = Node::root(&body);
        let outer = root.member("outer");
        let items = outer.items().unwrap();

        let error = items[0].member("inner").text().unwrap_err();

        assert_eq!(error.target, "outer/0/inner");
        assert_eq!(error.to_string(), "`outer/0/inner` must be a string");
    }

    #[test]
    fn what_is_absent_reads_as_null() {
        let body = json!({});
        let root = Node::root(&body);

        assert_eq!(root.member("a").text().unwrap(), None);
        assert!(root.member("a").items().unwrap().is_empty());
        assert!(root.member("a").required_text().is_err());
    }
}

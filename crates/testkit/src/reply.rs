//! What the server answered.

use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Reply {
    /// What was asked, for messages.
    pub asked: String,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Fails unless the status is this one; gives itself on.
    #[track_caller]
    pub fn assert_status(self, expected: u16) -> Self {
        assert!(self.status == expected, "expected {expected}: {self}");
        self
    }

    /// Fails unless the answer is an error of this status and code (code in any case).
    #[track_caller]
    pub fn assert_error(self, status: u16, code: &str) -> Self {
        let reply = self.assert_status(status);
        assert!(
            reply.code().eq_ignore_ascii_case(code),
            "expected {code}: {reply}"
        );
        reply
    }

    /// Fails unless there is no body.
    #[track_caller]
    pub fn assert_empty(self) -> Self {
        assert!(self.body.is_empty(), "expected no body: {self}");
        self
    }

    /// The document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self}"))
    }

    /// The rows of a list.
    #[track_caller]
    pub fn rows(&self) -> Vec<Value> {
        let json = self.json();
        let rows = json.get("value").and_then(Value::as_array);
        rows.unwrap_or_else(|| panic!("no list: {self}")).clone()
    }

    /// A member of the document that is text; empty if it is null.
    #[track_caller]
    pub fn text(&self, member: &str) -> String {
        text(&self.json(), member)
    }

    /// The `error.code`; empty if the answer is no error.
    pub fn code(&self) -> String {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let code = json.pointer("/error/code").and_then(Value::as_str);
        code.unwrap_or_default().to_owned()
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "{} was answered {} {body}", self.asked, self.status)
    }
}

/// A member that has to be there; empty if it is null.
#[track_caller]
pub(crate) fn text(json: &Value, member: &str) -> String {
    match json.get(member) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) => String::new(),
        _ => panic!("no text `{member}` in {json}"),
    }
}

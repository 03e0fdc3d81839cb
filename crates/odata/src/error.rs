//! The body of every answer that is an error (semantics 8.6).
//!
//! **Invariant:** code and message are never empty, in the body and in each of
//! its details: clients crash on an empty code.

use jiff::Timestamp;

use crate::json::JsonWriter;

const CODE_IF_EMPTY: &str = "UnknownError";
const MESSAGE_IF_EMPTY: &str = "The request failed.";

/// What went wrong, in the words of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorBody {
    /// The stable code, such as `BadRequest`.
    pub code: String,
    /// One English sentence.
    pub message: String,
    /// The property or parameter at fault, as the wire names it.
    pub target: Option<String>,
    /// One entry per fault when there are several.
    pub details: Vec<ErrorDetail>,
    /// What ties the answer to the request.
    pub inner: InnerError,
}

/// One of several faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorDetail {
    /// The stable code.
    pub code: String,
    /// One English sentence.
    pub message: String,
    /// The property or parameter at fault.
    pub target: Option<String>,
}

/// `innerError`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InnerError {
    /// When the error was answered.
    pub date: Timestamp,
    /// The server's id of the request.
    pub request_id: String,
    /// The client's id of the request, or the server's again.
    pub client_request_id: String,
}

impl ErrorBody {
    /// An error without target and details.
    pub fn new(code: impl Into<String>, message: impl Into<String>, inner: InnerError) -> Self {
        ErrorBody {
            code: code.into(),
            message: message.into(),
            target: None,
            details: Vec::new(),
            inner,
        }
    }

    /// The JSON text.
    pub fn to_json(&self) -> String {
        let mut json = JsonWriter::with_capacity(256);
        self.write(&mut json);
        json.into_text()
    }

    /// Writes the envelope as one value.
    pub fn write(&self, json: &mut JsonWriter) {
        json.begin_object().key("error").begin_object();
        fault(json, &self.code, &self.message, self.target.as_deref());
        if !self.details.is_empty() {
            json.key("details").begin_array();
            for detail in &self.details {
                json.begin_object();
                fault(
                    json,
                    &detail.code,
                    &detail.message,
                    detail.target.as_deref(),
                );
                json.end_object();
            }
            json.end_array();
        }
        json.key("innerError").begin_object();
        let date = self.inner.date.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        json.key("date").str(&date);
        json.key("request-id").str(&self.inner.request_id);
        json.key("client-request-id")
            .str(&self.inner.client_request_id);
        json.end_object().end_object().end_object();
    }
}

fn fault(json: &mut JsonWriter, code: &str, message: &str, target: Option<&str>) {
    json.key("code").str(or_else(code, CODE_IF_EMPTY));
    json.key("message").str(or_else(message, MESSAGE_IF_EMPTY));
    if let Some(target) = target {
        json.key("target").str(target);
    }
}

fn or_else<'a>(text: &'a str, fallback: &'a str) -> &'a str {
    if text.trim().is_empty() {
        fallback
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn inner() -> InnerError {
        InnerError {
            date: "2026-01-02T03:04:05.678Z".parse().unwrap(),
            request_id: "r".to_owned(),
            client_request_id: "c".to_owned(),
        }
    }

    fn parsed(body: &ErrorBody) -> Value {
        serde_json::from_str(&body.to_json()).unwrap()
    }

    #[test]
    fn a_plain_error_has_code_message_and_inner_error_only() {
        let body = ErrorBody::new("BadRequest", "The id is \"not\" well formed.", inner());

        assert_eq!(
            parsed(&body),
            json!({"error": {
                "code": "BadRequest",
                "message": "The id is \"not\" well formed.",
                "innerError": {
                    "date": "2026-01-02T03:04:05Z",
                    "request-id": "r",
                    "client-request-id": "c",
                },
            }})
        );
    }

    #[test]
    fn target_and_details_are_shown_when_there_are_any() {
        let mut body = ErrorBody::new("InvalidModel", "Two properties are invalid.", inner());
        body.target = Some("displayName".to_owned());
        body.details = vec![ErrorDetail {
            code: "InvalidModel".to_owned(),
            message: "Must not be empty.".to_owned(),
            target: Some("displayName".to_owned()),
        }];

        let error = &parsed(&body)["error"];

        assert_eq!(error["target"], "displayName");
        assert_eq!(
            error["details"],
            json!([{"code": "InvalidModel", "message": "Must not be empty.", "target": "displayName"}])
        );
    }

    #[test]
    fn code_and_message_are_never_empty() {
        let mut body = ErrorBody::new("", "  ", inner());
        body.details = vec![ErrorDetail {
            code: String::new(),
            message: String::new(),
            target: None,
        }];

        let error = &parsed(&body)["error"];

        for fault in [error, &error["details"][0]] {
            assert_eq!(fault["code"], CODE_IF_EMPTY);
            assert_eq!(fault["message"], MESSAGE_IF_EMPTY);
        }
    }
}

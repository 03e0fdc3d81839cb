//! An answer on its way out: status, headers and a whole body.
//!
//! **Invariant:** an answer with a body says what it is by its `Content-Type`; one without has none.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};
use odata::accept::MetadataLevel;
use serde_json::Value;

/// The type of JSON that is not a document of the Graph API.
const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=utf-8");

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// An answer without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// 204, the answer to most changes.
    pub(crate) fn no_content() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    /// A document of the Graph API (semantics 8.5).
    pub(crate) fn graph(status: StatusCode, level: MetadataLevel, json: Vec<u8>) -> Self {
        Self::typed(status, graph_json(level), json)
    }

    /// Any other JSON document.
    pub(crate) fn json(status: StatusCode, document: &Value) -> Self {
        Self::typed(status, JSON, document.to_string().into_bytes())
    }

    /// A body of the given type.
    pub(crate) fn typed(
        status: StatusCode,
        content_type: HeaderValue,
        body: impl Into<Bytes>,
    ) -> Self {
        let mut reply = Self::empty(status);
        reply.headers.insert(CONTENT_TYPE, content_type);
        reply.body = body.into();
        reply
    }

    /// The same with a header more; a value that cannot be one is left out.
    #[must_use]
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

/// The content type of the Graph API's documents.
fn graph_json(level: MetadataLevel) -> HeaderValue {
    HeaderValue::from_static(match level {
        MetadataLevel::None => {
            "application/json;odata.metadata=none;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
        }
        MetadataLevel::Minimal => {
            "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
        }
        MetadataLevel::Full => {
            "application/json;odata.metadata=full;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
        }
    })
}

impl From<Reply> for axum::response::Response {
    fn from(reply: Reply) -> Self {
        let mut response = Self::new(axum::body::Body::from(reply.body));
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        response
    }
}

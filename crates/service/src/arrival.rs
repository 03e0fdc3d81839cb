//! What is known of a call of a browser before anybody looks at what it asks for: what the server tells whoever answers
//! with pages.

use uuid::Uuid;

/// A call of a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The server's id of the call.
    pub request_id: Uuid,
    /// The client's own id of the call, if it sent one.
    pub client_request_id: Option<String>,
    /// Scheme, host and port under which the browser reached the server, without a slash at the end.
    pub origin: String,
}

impl Arrival {
    /// Whether the browser came over TLS, as far as it knows.
    pub fn is_secure(&self) -> bool {
        self.origin.starts_with("https://")
    }
}

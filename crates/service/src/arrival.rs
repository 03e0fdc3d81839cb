//! What is known of a call of a browser before anybody looks at what it asks for: what the server tells whoever answers
//! with pages.

use std::fmt;
use std::sync::Arc;

use auth::principal::Principal;
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

/// Lets somebody who is signed in come in, as far as the limits of the server go.
#[derive(Clone)]
pub struct Admission(Arc<Admit>);

type Admit = dyn Fn(&Principal, bool) -> Result<(), u64> + Send + Sync;

impl Admission {
    /// By this: who comes, and whether they change something; or how many seconds they have to wait.
    pub fn new(
        admit: impl Fn(&Principal, bool) -> Result<(), u64> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(admit))
    }

    /// Lets them in, or says how many seconds they have to wait.
    pub fn admit(&self, who: &Principal, is_write: bool) -> Result<(), u64> {
        (self.0)(who, is_write)
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admission")
    }
}

impl Arrival {
    /// Whether the browser came over TLS, as far as it knows.
    pub fn is_secure(&self) -> bool {
        self.origin.starts_with("https://")
    }
}

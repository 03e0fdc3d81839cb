//! Whoever is to receive notifications is asked first. The server calls nobody itself: it is given who does.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use service::{Code, ServiceError};

/// Asks a receiver whether it is meant; the error says in one sentence why it is not.
pub type Greet = Arc<dyn Fn(String) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// Who asks receivers.
#[derive(Clone)]
pub struct Receivers(Greet);

impl Receivers {
    /// Receivers are asked so.
    pub fn new(greet: Greet) -> Self {
        Self(greet)
    }

    /// Asks the receiver that the member `target` names.
    pub(crate) async fn greet(&self, target: &'static str, url: &str) -> Result<(), ServiceError> {
        (self.0)(url.to_owned()).await.map_err(|reason| {
            let message = format!("`{target}` did not pass the validation: {reason}");
            ServiceError::invalid(Code::SubscriptionValidationFailed, target, message)
        })
    }
}

impl fmt::Debug for Receivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receivers")
    }
}

//! What the target says that it can do: `/ServiceProviderConfig` (RFC 7643 section 5).

use std::sync::{Mutex, MutexGuard, PoisonError};

use connector_api::Outcome;
use serde_json::Value;

use crate::client::{Client, Request};

/// What the target can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Features {
    pub(crate) patch: bool,
    pub(crate) filter: bool,
    pub(crate) etag: bool,
    pub(crate) bulk: Option<BulkLimits>,
}

/// How much fits into one bulk request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BulkLimits {
    pub(crate) max_operations: usize,
    pub(crate) max_payload: usize,
}

/// For a target without the document: filters are tried, since their answers are checked anyway.
const UNKNOWN: Features = Features {
    patch: true,
    filter: true,
    etag: false,
    bulk: None,
};

/// The document, read once and forgotten after any failure.
///
/// Nothing is locked while it is read: calls that start together may each read it, but none waits for another's timeout.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    known: Mutex<Option<Features>>,
}

impl Discovery {
    pub(crate) async fn features(&self, client: &Client) -> Result<Features, Outcome> {
        if let Some(features) = *self.lock() {
            return Ok(features);
        }
        let features = read(client).await?;
        *self.lock() = Some(features);
        Ok(features)
    }

    pub(crate) fn forget(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Features>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(client: &Client) -> Result<Features, Outcome> {
    let reply = client.send(Request::get("/ServiceProviderConfig")).await?;
    if !reply.is_success() {
        return Ok(UNKNOWN);
    }
    reply.expect_object().map(features)
}

fn features(document: &Value) -> Features {
    let supported = |name: &str| {
        let feature = document.get(name)?;
        feature.get("supported")?.as_bool()?.then_some(feature)
    };
    let bulk = supported("bulk").and_then(|bulk| {
        let limit = |name: &str| {
            usize::try_from(bulk.get(name)?.as_u64()?)
                .ok()
                .filter(|limit| *limit > 0)
        };
        Some(BulkLimits {
            max_operations: limit("maxOperations")?,
            max_payload: limit("maxPayloadSize")?,
        })
    });
    Features {
        patch: supported("patch").is_some(),
        filter: supported("filter").is_some(),
        etag: supported("etag").is_some(),
        bulk,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_announced_is_not_there() {
        let none = Features {
            patch: false,
            filter: false,
            etag: false,
            bulk: None,
        };

        assert_eq!(features(&json!({})), none);
        assert_eq!(
            features(&json!({ "patch": { "supported": "yes" }, "bulk": 3 })),
            none
        );
    }

    #[test]
    fn bulk_without_usable_limits_is_not_used() {
        let read = features(&json!({
            "bulk": { "supported": true, "maxOperations": 0, "maxPayloadSize": 1000 }
        }));

        assert_eq!(read.bulk, None);
    }
}

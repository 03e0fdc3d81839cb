//! What a server says about itself (RFC 7643, section 5).

use serde_json::{Value as Json, json};

/// The schema of the description of a server.
const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// What differs from server to server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider<'p> {
    /// Most resources of a list.
    pub max_results: u64,
    /// Where people read about it.
    pub documentation: Option<&'p str>,
}

impl Provider<'_> {
    /// The document: everything is supported but bulk operations.
    pub fn document(&self, base: &str) -> Json {
        let mut document = json!({
            "schemas": [SCHEMA],
            "patch": {"supported": true},
            "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
            "filter": {"supported": true, "maxResults": self.max_results},
            "changePassword": {"supported": true},
            "sort": {"supported": true},
            "etag": {"supported": true},
            "authenticationSchemes": [{
                "type": "oauthbearertoken",
                "name": "OAuth Bearer Token",
                "description": "An access token of an issuer that the server trusts.",
                "primary": true,
            }],
            "meta": {
                "resourceType": "ServiceProviderConfig",
                "location": format!("{base}/ServiceProviderConfig"),
            },
        });
        if let (Some(address), Some(members)) = (self.documentation, document.as_object_mut()) {
            members.insert("documentationUri".to_owned(), Json::from(address));
        }
        document
    }
}

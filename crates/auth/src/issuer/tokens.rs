//! The answer of the token endpoint.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::ObjectId;
use serde_json::{Value, json};

use super::TOKEN_LIFE;

/// What a client gets.
#[derive(Clone, Default)]
pub struct Tokens {
    /// The access token.
    pub access_token: String,
    /// What it is good for, where a user signed in.
    pub scope: Option<String>,
    /// Who signed in.
    pub id_token: Option<String>,
    /// What to get the next tokens with.
    pub refresh_token: Option<String>,
    /// Who signed in, as some clients want it without looking into a token.
    pub client_info: Option<String>,
}

impl Tokens {
    /// The body of the answer.
    pub fn body(&self) -> Value {
        // One second less than the life, so that no client uses a token in its last moment.
        let expires_in = TOKEN_LIFE.micros() / 1_000_000 - 1;
        let mut body = json!({
            "token_type": "Bearer",
            "expires_in": expires_in,
            "ext_expires_in": expires_in,
            "access_token": self.access_token,
        });
        for (name, value) in [
            ("scope", &self.scope),
            ("id_token", &self.id_token),
            ("refresh_token", &self.refresh_token),
            ("client_info", &self.client_info),
        ] {
            if let (Some(value), Some(members)) = (value, body.as_object_mut()) {
                members.insert(name.to_owned(), json!(value));
            }
        }
        body
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// The `client_info` of a user.
pub fn client_info(user: ObjectId, tenant: &str) -> String {
    let info = json!({ "uid": user.to_string(), "utid": tenant });
    URL_SAFE_NO_PAD.encode(info.to_string())
}

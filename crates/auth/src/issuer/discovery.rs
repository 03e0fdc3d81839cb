//! The `OpenID` configuration of the development issuer.
//!
//! **Invariant:** `issuer` has scheme, host and port of the authority that clients were given; some compare them.

use serde_json::{Value, json};

use super::ResponseMode;
use crate::token::Algorithm;

/// A way to come by a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    /// An application with its secret.
    ClientCredentials,
    /// A user with name and password.
    Password,
    /// A user who signed in with a browser.
    AuthorizationCode,
    /// A token that lasts longer than the access token.
    RefreshToken,
    /// A device without a browser, for a user who signed in elsewhere.
    DeviceCode,
}

impl GrantType {
    /// Every way.
    pub const ALL: [Self; 5] = [
        Self::ClientCredentials,
        Self::Password,
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::DeviceCode,
    ];

    /// The `grant_type` of the token request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }

    /// The grant that a token request names; some clients call the last one by an earlier name.
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "device_code" {
            return Some(Self::DeviceCode);
        }
        Self::ALL.into_iter().find(|grant| grant.as_str() == name)
    }
}

/// The `iss` of the tenant's tokens.
pub fn issuer_url(authority: &str, tenant: &str) -> String {
    format!("{}/{tenant}/v2.0", authority.trim_end_matches('/'))
}

/// The document at `{authority}/{tenant}/v2.0/.well-known/openid-configuration`. The routes that it names are
/// `oauth2/v2.0/{authorize,token,devicecode,logout}` and `discovery/v2.0/keys` below `{authority}/{tenant}`.
pub fn openid_configuration(authority: &str, tenant: &str, algorithm: Algorithm) -> Value {
    let base = format!("{}/{tenant}", authority.trim_end_matches('/'));
    let grants = GrantType::ALL.map(GrantType::as_str);
    let modes = ResponseMode::ALL.map(ResponseMode::as_str);
    json!({
        "issuer": issuer_url(authority, tenant),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": [
            "client_secret_post", "client_secret_basic", "none",
        ],
        "grant_types_supported": grants,
        "response_types_supported": ["code"],
        "response_modes_supported": modes,
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [algorithm.as_str()],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": [
            "aud", "auth_time", "email", "exp", "iat", "iss", "name", "nonce", "oid", "preferred_username", "sub",
            "tid", "ver",
        ],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    })
}

//! Refusals of the token endpoint, in the form that Graph clients know.
//!
//! **Invariant:** every refusal is a 4xx, because clients retry a 5xx; unknown client and wrong secret are told
//! apart only by code, never by secrets.

use domain::time::Timestamp;
use serde_json::{Value, json};

/// Why a token request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OAuthRefusal {
    /// No client of that id.
    UnknownClient,
    /// The client's secret is wrong or missing.
    WrongSecret,
    /// The user's name or password is wrong.
    WrongPassword,
    /// The authorization code or refresh token is not valid any more.
    InvalidGrant,
    /// The grant is not one that we know.
    UnsupportedGrant,
    /// A parameter is missing.
    MissingParameter(&'static str),
    /// The scope cannot be granted.
    InvalidScope,
    /// The tenant is not ours.
    UnknownTenant,
}

impl OAuthRefusal {
    /// The `error` of RFC 6749.
    pub const fn error(self) -> &'static str {
        match self {
            Self::UnknownClient => "unauthorized_client",
            Self::WrongSecret => "invalid_client",
            Self::WrongPassword | Self::InvalidGrant => "invalid_grant",
            Self::UnsupportedGrant => "unsupported_grant_type",
            Self::MissingParameter(_) | Self::UnknownTenant => "invalid_request",
            Self::InvalidScope => "invalid_scope",
        }
    }

    /// The number behind `AADSTS`.
    pub const fn code(self) -> u32 {
        match self {
            Self::UnknownClient => 700_016,
            Self::WrongSecret => 7_000_215,
            Self::WrongPassword => 50_126,
            Self::InvalidGrant => 70_000,
            Self::UnsupportedGrant => 70_003,
            Self::MissingParameter(_) => 900_144,
            Self::InvalidScope => 70_011,
            Self::UnknownTenant => 90_002,
        }
    }

    /// The status of the answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::WrongSecret => 401,
            _ => 400,
        }
    }
}

/// A refusal as an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("AADSTS{}: {}", refusal.code(), description(*.refusal))]
pub struct OAuthError {
    /// Why.
    pub refusal: OAuthRefusal,
}

impl OAuthError {
    /// The error for a refusal.
    pub const fn new(refusal: OAuthRefusal) -> Self {
        Self { refusal }
    }

    /// The body of the answer.
    pub fn body(&self, now: Timestamp, trace_id: &str, correlation_id: &str) -> Value {
        let second = Timestamp::from_micros(now.micros() - now.micros().rem_euclid(1_000_000));
        json!({
            "error": self.refusal.error(),
            "error_description": self.to_string(),
            "error_codes": [self.refusal.code()],
            "timestamp": second.to_string().replace('T', " "),
            "trace_id": trace_id,
            "correlation_id": correlation_id,
        })
    }
}

fn description(refusal: OAuthRefusal) -> String {
    match refusal {
        OAuthRefusal::UnknownClient => "no application of this client id is known".to_owned(),
        OAuthRefusal::WrongSecret => "the client secret is not valid".to_owned(),
        OAuthRefusal::WrongPassword => "the user name or password is not valid".to_owned(),
        OAuthRefusal::InvalidGrant => "the code or refresh token is not valid".to_owned(),
        OAuthRefusal::UnsupportedGrant => "the grant type is not supported".to_owned(),
        OAuthRefusal::MissingParameter(name) => format!("the parameter {name} is missing"),
        OAuthRefusal::InvalidScope => {
            "the scope is not valid: ask for one resource, by its /.default or by permissions"
                .to_owned()
        }
        OAuthRefusal::UnknownTenant => "the tenant is not known".to_owned(),
    }
}

//! Refusals of the issuer, in the form that Graph clients know.
//!
//! **Invariant:** every refusal is a 4xx, because clients retry a 5xx; unknown client and wrong secret are told
//! apart only by code, never by secrets.

use domain::time::Timestamp;
use serde_json::{Value, json};

/// Why a request to the issuer was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OAuthRefusal {
    /// No client of that id.
    UnknownClient,
    /// The client's secret is wrong.
    WrongSecret,
    /// The client has to show a secret.
    SecretRequired,
    /// The user's name or password is wrong.
    WrongPassword,
    /// Too many wrong passwords in a row.
    TooManyGuesses,
    /// The authorization code, refresh token or device code is not one of ours, or another client's.
    InvalidGrant,
    /// It has expired.
    GrantExpired,
    /// It was used before.
    GrantUsed,
    /// It was revoked.
    GrantRevoked,
    /// The verifier does not belong to the challenge.
    WrongVerifier,
    /// The user is deleted or may not sign in.
    UserGone,
    /// The grant is not one that we know.
    UnsupportedGrant,
    /// The answer asked for is not a code.
    UnsupportedResponseType,
    /// The request is in an object.
    RequestObject,
    /// The request is elsewhere.
    RequestAddress,
    /// A client without a secret has to send a challenge.
    ChallengeRequired,
    /// The address is not registered.
    UnregisteredAddress,
    /// Nobody is signed in, and nobody may be asked.
    LoginRequired,
    /// The user said no.
    AccessDenied,
    /// The user has not decided yet.
    AuthorizationPending,
    /// The client asks too often.
    SlowDown,
    /// The device code has expired.
    DeviceExpired,
    /// A parameter is missing.
    MissingParameter(&'static str),
    /// A parameter is not what it should be.
    InvalidParameter(&'static str),
    /// The scope cannot be granted.
    InvalidScope,
    /// The tenant is not ours.
    UnknownTenant,
}

impl OAuthRefusal {
    /// The `error` of RFC 6749, of `OpenID` Connect or of RFC 8628.
    pub const fn error(self) -> &'static str {
        match self {
            Self::UnknownClient => "unauthorized_client",
            Self::WrongSecret | Self::SecretRequired => "invalid_client",
            Self::WrongPassword
            | Self::TooManyGuesses
            | Self::InvalidGrant
            | Self::GrantExpired
            | Self::GrantUsed
            | Self::GrantRevoked
            | Self::WrongVerifier
            | Self::UserGone => "invalid_grant",
            Self::UnsupportedGrant => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::RequestObject => "request_not_supported",
            Self::RequestAddress => "request_uri_not_supported",
            Self::ChallengeRequired
            | Self::UnregisteredAddress
            | Self::MissingParameter(_)
            | Self::InvalidParameter(_)
            | Self::UnknownTenant => "invalid_request",
            Self::LoginRequired => "login_required",
            Self::AccessDenied => "access_denied",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::DeviceExpired => "expired_token",
            Self::InvalidScope => "invalid_scope",
        }
    }

    /// The number behind `AADSTS`.
    pub const fn code(self) -> u32 {
        match self {
            Self::UnknownClient => 700_016,
            Self::WrongSecret => 7_000_215,
            Self::SecretRequired => 7_000_218,
            Self::WrongPassword => 50_126,
            Self::TooManyGuesses => 50_053,
            Self::InvalidGrant => 70_000,
            Self::GrantExpired => 70_008,
            Self::GrantUsed => 54_005,
            Self::GrantRevoked => 50_173,
            Self::WrongVerifier => 501_481,
            Self::UserGone => 50_057,
            Self::UnsupportedGrant => 70_003,
            Self::UnsupportedResponseType => 700_054,
            Self::RequestObject | Self::RequestAddress => 90_095,
            Self::ChallengeRequired => 9_002_325,
            Self::UnregisteredAddress => 50_011,
            Self::LoginRequired => 50_058,
            Self::AccessDenied => 65_004,
            Self::AuthorizationPending | Self::SlowDown => 70_016,
            Self::DeviceExpired => 70_020,
            Self::MissingParameter(_) => 900_144,
            Self::InvalidParameter(_) => 9_002_313,
            Self::InvalidScope => 70_011,
            Self::UnknownTenant => 90_002,
        }
    }

    /// The status of the answer.
    pub const fn status(self) -> u16 {
        match self {
            Self::WrongSecret | Self::SecretRequired => 401,
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
    let text = match refusal {
        OAuthRefusal::UnknownClient => "no application of this client id is known",
        OAuthRefusal::WrongSecret => "the client secret is not valid",
        OAuthRefusal::SecretRequired => {
            "the client has to show its secret: it asked from an address of the platform `web`, or its registration does not set isFallbackPublicClient"
        }
        OAuthRefusal::WrongPassword => "the user name or password is not valid",
        OAuthRefusal::TooManyGuesses => "too many wrong passwords: wait a minute and try again",
        OAuthRefusal::InvalidGrant => "the code or refresh token is not valid",
        OAuthRefusal::GrantExpired => "the code or refresh token has expired: sign in again",
        OAuthRefusal::GrantUsed => {
            "the code or refresh token was used before, so whatever came of it is revoked: sign in again"
        }
        OAuthRefusal::GrantRevoked => "the code or refresh token is revoked: sign in again",
        OAuthRefusal::WrongVerifier => "the code_verifier does not match the code_challenge",
        OAuthRefusal::UserGone => "the user is deleted or blocked from sign-in",
        OAuthRefusal::UnsupportedGrant => "the grant type is not supported",
        OAuthRefusal::UnsupportedResponseType => {
            "the response_type is not supported: ask for a code"
        }
        OAuthRefusal::RequestObject => {
            "the parameter request is not supported: send its members as parameters"
        }
        OAuthRefusal::RequestAddress => {
            "the parameter request_uri is not supported: send the request's members as parameters"
        }
        OAuthRefusal::ChallengeRequired => {
            "the client keeps no secret, so code_challenge with the method S256 is required"
        }
        OAuthRefusal::UnregisteredAddress => {
            "the redirect_uri is not registered for the application: add it to web, spa or publicClient of the application"
        }
        OAuthRefusal::LoginRequired => "no user is signed in, and the request says not to ask",
        OAuthRefusal::AccessDenied => "the user declined",
        OAuthRefusal::AuthorizationPending => "the user has not entered the code yet",
        OAuthRefusal::SlowDown => {
            "the client asks too often: wait five seconds more between two questions"
        }
        OAuthRefusal::DeviceExpired => "the device code has expired: begin again",
        OAuthRefusal::MissingParameter(name) => {
            return format!("the parameter {name} is missing");
        }
        OAuthRefusal::InvalidParameter(name) => {
            return format!("the parameter {name} is not valid");
        }
        OAuthRefusal::InvalidScope => {
            "the scope is not valid: ask for one resource, by its /.default or by permissions"
        }
        OAuthRefusal::UnknownTenant => "the tenant is not known",
    };
    text.to_owned()
}

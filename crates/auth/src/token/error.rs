//! Why a token was refused.
//!
//! **Invariant:** a message is stable, short, ASCII without quotes, and holds nothing that the token brought.

/// Why a token was refused. `Display` fits into `WWW-Authenticate`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is none.
    #[error("no access token was sent")]
    Missing,
    /// The header is not of the form `Bearer …`.
    #[error("the authorization header is not of the form Bearer and token")]
    NotBearer,
    /// Longer than [`super::MAX_TOKEN_BYTES`].
    #[error("the token is too large")]
    TooLarge,
    /// Not three base64url parts with JSON in the first two, nor a text that its issuer could be asked about.
    #[error("the token is not a well-formed JSON Web Token")]
    Malformed,
    /// A member of the header or a claim occurs twice.
    #[error("the token names a claim or header twice")]
    Duplicate,
    /// The header demands an extension (`crit`) that we do not know.
    #[error("the token demands an unknown extension")]
    CriticalExtension,
    /// The algorithm is `none`, symmetric, not configured, or not that of the key.
    #[error("the signing algorithm of the token is not allowed")]
    AlgorithmNotAllowed,
    /// No configured issuer says `iss`.
    #[error("the issuer of the token is not known")]
    UnknownIssuer,
    /// The header names no key.
    #[error("the token names no signing key")]
    MissingKeyId,
    /// The issuer has no such key.
    #[error("the signing key of the token is not known")]
    UnknownKey,
    /// The issuer's keys could not be had yet: not the caller's fault.
    #[error("the keys of the issuer cannot be had at the moment")]
    KeysUnavailable,
    /// The issuer could not be asked about the token: not the caller's fault.
    #[error("the issuer cannot be asked about the token at the moment")]
    IssuerUnavailable,
    /// The issuer says that the token is not active.
    #[error("the issuer says that the token is not active")]
    Inactive,
    /// The signature is not by that key.
    #[error("the signature of the token is not valid")]
    BadSignature,
    /// The token is for somebody else.
    #[error("the audience of the token is not this service")]
    WrongAudience,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` lies ahead.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The tenant is not ours.
    #[error("the tenant of the token is not this one")]
    WrongTenant,
    /// A personal account (AZ-1).
    #[error("personal accounts are not supported")]
    PersonalAccount,
    /// Neither a user's nor an application's access token.
    #[error("the token is not an access token of a supported kind")]
    UnsupportedKind,
    /// The client id is no `appId`, and the configuration does not say whose it is.
    #[error(
        "the claim {name} names a client that has no application here; name it in applications of the issuer"
    )]
    UnknownClient {
        /// The claim, as configured.
        name: String,
    },
    /// A claim that is needed is absent.
    #[error("the claim {name} is missing")]
    MissingClaim {
        /// The claim, as configured.
        name: String,
    },
    /// A claim has the wrong type or form.
    #[error("the claim {name} is malformed")]
    MalformedClaim {
        /// The claim, as configured.
        name: String,
    },
}

impl TokenError {
    /// The value of `WWW-Authenticate` for a 401. Never names `claims`, which would start a retry in clients.
    pub fn challenge(&self) -> String {
        match self {
            Self::Missing => "Bearer".to_owned(),
            Self::NotBearer => challenge("invalid_request", &self.to_string()),
            _ => Self::challenge_because(&self.to_string()),
        }
    }

    /// The same for a token that is in order, but not its bearer.
    pub fn challenge_because(reason: &str) -> String {
        challenge("invalid_token", reason)
    }

    /// Whether the same token may be accepted later: the answer is 503, not 401.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::KeysUnavailable | Self::IssuerUnavailable)
    }

    pub(super) fn missing(name: &str) -> Self {
        Self::MissingClaim {
            name: name.to_owned(),
        }
    }

    pub(super) fn unknown_client(name: &str) -> Self {
        Self::UnknownClient {
            name: name.to_owned(),
        }
    }

    pub(super) fn malformed(name: &str) -> Self {
        Self::MalformedClaim {
            name: name.to_owned(),
        }
    }
}

fn challenge(code: &str, reason: &str) -> String {
    // Claim names come from the configuration; what cannot stand in a quoted string is left out.
    let description: String = reason
        .chars()
        .filter(|c| (' '..='~').contains(c) && !matches!(c, '"' | '\\'))
        .collect();
    format!("Bearer error=\"{code}\", error_description=\"{description}\"")
}

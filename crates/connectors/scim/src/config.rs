//! What an operator says about one SCIM target.

use std::time::Duration;

use secrecy::SecretString;

/// One SCIM target.
#[derive(Debug, Clone)]
pub struct ScimConfig {
    /// Where the service begins, such as `https://idm.example.com/scim/v2`.
    pub base_url: String,
    /// The bearer token.
    pub token: SecretString,
    /// PEM certificates to trust instead of the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// The longest one request may take.
    pub timeout: Duration,
    /// How a subject is recognised in the target.
    pub match_by: MatchBy,
    /// Whether subjects that the target does not know are created, and `active` is kept in step.
    pub provision_users: bool,
    /// Whether groups that the target does not know are created. A group with a fixed address never is.
    pub create_groups: bool,
    /// Whether a subject that the target does not know yet is tried again instead of refused; for targets whose users
    /// come from elsewhere with a delay.
    pub retry_missing_users: bool,
    /// Most subjects in one change.
    pub max_subjects: usize,
    /// Most requests in flight.
    pub max_in_flight: usize,
    /// Most resources to read when the target cannot filter.
    pub scan_cap: usize,
}

/// How a subject is recognised in the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchBy {
    /// `userName` is the sign-in name, in any case.
    UserName,
    /// `externalId` is the directory id.
    ExternalId,
}

impl ScimConfig {
    /// A target with everything but address and token at its default.
    pub fn new(base_url: impl Into<String>, token: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            token: SecretString::from(token.into()),
            ca_pem: None,
            timeout: Duration::from_secs(30),
            match_by: MatchBy::UserName,
            provision_users: true,
            create_groups: true,
            retry_missing_users: false,
            max_subjects: 100,
            max_in_flight: 4,
            scan_cap: 10_000,
        }
    }
}

/// What is wrong with a [`ScimConfig`].
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The base URL cannot be used.
    #[error("`base_url` has to be an absolute http or https URL without query: `{0}`")]
    BaseUrl(String),
    /// The token has characters that no header can carry.
    #[error("`token` has to be visible ASCII without spaces")]
    Token,
    /// A cap is zero.
    #[error("`{0}` has to be at least 1")]
    Zero(&'static str),
    /// The CA file cannot be read.
    #[error("`ca_pem` holds no usable certificate")]
    Ca(#[source] reqwest::Error),
    /// The CA file is empty.
    #[error("`ca_pem` holds no certificate")]
    NoCa,
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

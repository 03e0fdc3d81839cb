//! What is configured for an issuer.
//!
//! **Invariant:** a configuration that passed [`IssuerConfig::check`] names keys that cannot be read or changed on
//! the way: https, or this very machine.

use std::net::IpAddr;

use domain::time::Duration;
use reqwest::Url;
use serde_json::Value;

use crate::principal::PermissionSet;

/// A signing algorithm that we accept and issue. Symmetric ones and `none` do not exist here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// The name in the `alg` header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    pub(crate) const fn jose(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
        }
    }
}

/// Where the keys of an issuer come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A JWK set that is given, such as that of the built-in issuer.
    Static(Value),
    /// `{issuer}/.well-known/openid-configuration` and the `jwks_uri` in it.
    Discovery {
        /// Trust these certificate authorities (PEM, one or more each) and no others; empty: those of the system.
        authorities: Vec<Vec<u8>>,
    },
}

/// Which claim tells who the user is, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserClaim {
    /// The claim holds the id of the directory object.
    ObjectId(String),
    /// The claim holds a name that is looked up in the directory.
    Name(String),
}

/// One issuer whose tokens are accepted.
#[derive(Debug, Clone)]
pub struct IssuerConfig {
    /// The exact `iss`.
    pub issuer: String,
    /// The audiences, any of which is us.
    pub audiences: Vec<String>,
    /// Where the keys come from.
    pub keys: KeySource,
    /// The algorithms that the issuer may sign with.
    pub algorithms: Vec<Algorithm>,
    /// How far clocks may be apart.
    pub clock_skew: Duration,
    /// Who the user is.
    pub user: UserClaim,
    /// The claim with the app roles, a list of strings.
    pub roles_claim: String,
    /// The claim with the delegated scopes, with spaces between.
    pub scopes_claim: String,
    /// The claim with the tenant.
    pub tenant_claim: String,
    /// The only tenant whose tokens count, where the issuer has several.
    pub tenant: Option<String>,
    /// What a user may do with a token that has no scopes claim, for issuers that know nothing of our scopes.
    pub implied_scopes: PermissionSet,
}

impl IssuerConfig {
    /// The defaults: ES256 and RS256, 60 seconds of skew, the claims as Entra names them.
    pub fn new(issuer: &str, audiences: &[&str], keys: KeySource) -> Self {
        Self {
            issuer: issuer.to_owned(),
            audiences: audiences
                .iter()
                .map(|&audience| audience.to_owned())
                .collect(),
            keys,
            algorithms: vec![Algorithm::Es256, Algorithm::Rs256],
            clock_skew: Duration::from_secs(60),
            user: UserClaim::ObjectId("oid".to_owned()),
            roles_claim: "roles".to_owned(),
            scopes_claim: "scp".to_owned(),
            tenant_claim: "tid".to_owned(),
            tenant: None,
            implied_scopes: PermissionSet::EMPTY,
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let issuer = || self.issuer.clone();
        if self.audiences.is_empty() {
            return Err(ConfigError::NoAudience { issuer: issuer() });
        }
        if self.algorithms.is_empty() {
            return Err(ConfigError::NoAlgorithm { issuer: issuer() });
        }
        if self.clock_skew < Duration::default() {
            return Err(ConfigError::NegativeSkew { issuer: issuer() });
        }
        match self.keys {
            KeySource::Static(_) => Ok(()),
            KeySource::Discovery { .. } => trustworthy(&self.issuer)
                .map(|_| ())
                .ok_or(ConfigError::Insecure { issuer: issuer() }),
        }
    }
}

/// The address, where nobody on the way can change what it answers.
pub(super) fn trustworthy(address: &str) -> Option<Url> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']);
    let is_here = host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback());
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here);
    is_safe.then_some(url)
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The same issuer twice.
    #[error("issuer `{issuer}` is configured twice")]
    DuplicateIssuer {
        /// The issuer.
        issuer: String,
    },
    /// Nobody could ever be let in.
    #[error("issuer `{issuer}` has no audience")]
    NoAudience {
        /// The issuer.
        issuer: String,
    },
    /// Nobody could ever be let in.
    #[error("issuer `{issuer}` has no signing algorithm")]
    NoAlgorithm {
        /// The issuer.
        issuer: String,
    },
    /// A skew below nothing.
    #[error("issuer `{issuer}` has a negative clock skew")]
    NegativeSkew {
        /// The issuer.
        issuer: String,
    },
    /// Keys would travel unprotected.
    #[error("issuer `{issuer}` must be an https address; http is for this machine only")]
    Insecure {
        /// The issuer.
        issuer: String,
    },
    /// The given key set has no usable key.
    #[error("issuer `{issuer}` has no usable key in its key set")]
    NoKeys {
        /// The issuer.
        issuer: String,
    },
    /// The certificate authorities or the HTTP client are unusable.
    #[error("issuer `{issuer}` cannot be asked for its keys")]
    Client {
        /// The issuer.
        issuer: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

//! What is configured for an issuer.
//!
//! **Invariant:** a configuration that passed [`IssuerConfig::check`] names keys that cannot be read or changed on
//! the way: https, or this very machine.

use std::collections::BTreeMap;
use std::net::IpAddr;

use domain::id::AppId;
use domain::time::Duration;
use reqwest::Url;
use serde_json::Value;

use super::introspection::IntrospectionConfig;
use super::{KeyRing, SignatureAlgorithm};
use crate::principal::{DirectoryRole, PermissionSet, UserAttribute};

/// The tenant of personal accounts, which never get in (AZ-1).
pub(super) const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
/// What stands for the tenant in the `iss` of an issuer of many tenants.
const TENANT_PLACE: &str = "{tenantid}";
/// What stands in addresses instead of a tenant, and the tenant that is none.
const NO_TENANTS: &[&str] = &["", "common", "organizations", "consumers", CONSUMERS];

/// Where the keys of an issuer come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A JWK set that is given and never changes.
    Static(Value),
    /// Keys that whoever shares the ring replaces, such as those of the built-in issuer.
    Shared(KeyRing),
    /// `{issuer}/.well-known/openid-configuration` and the `jwks_uri` in it.
    Discovery {
        /// Trust these certificate authorities (PEM, one or more each) and no others; empty: those of the system.
        authorities: Vec<Vec<u8>>,
    },
}

/// Which claim tells who the user is, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserBinding {
    /// The claim.
    pub claim: String,
    /// What it holds.
    pub by: UserAttribute,
}

/// What tells an application's token from a user's, where the token itself (`idtyp`) does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplicationSign {
    /// Subject and object are the same and there are no scopes, as Entra writes it; it means something only where
    /// users are told by `oid`.
    SubjectIsObject,
    /// The subject is the client (RFC 9068).
    SubjectIsClient,
    /// The claim that tells the user is absent.
    NoUser,
    /// This claim is there.
    Claim {
        /// The claim.
        name: String,
        /// What it has to hold; anything, if not given.
        value: Option<String>,
    },
    /// Applications of this issuer never call for themselves.
    Never,
}

/// Which application a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationBinding {
    /// What tells an application's token from a user's.
    pub sign: ApplicationSign,
    /// The claim with the client id; where it is not given, the first of `appid`, `azp` and `client_id`.
    pub claim: Option<String>,
    /// The `appId` of clients that the issuer knows by another id.
    pub known: BTreeMap<String, AppId>,
}

/// One issuer whose tokens are accepted.
#[derive(Debug, Clone)]
pub struct IssuerConfig {
    /// The exact `iss`; `{tenantid}` in it stands for the tenant.
    pub issuer: String,
    /// The audiences, any of which is us.
    pub audiences: Vec<String>,
    /// Where the keys come from.
    pub keys: KeySource,
    /// How long keys count that cannot be confirmed, because the issuer is out.
    pub keys_kept_for: Duration,
    /// The algorithms that the issuer may sign with.
    pub algorithms: Vec<SignatureAlgorithm>,
    /// Whether the header has to say `at+jwt`, as access tokens of RFC 9068 do.
    pub requires_token_type: bool,
    /// How far clocks may be apart.
    pub clock_skew: Duration,
    /// Who the user is.
    pub user: UserBinding,
    /// Which application it is.
    pub application: ApplicationBinding,
    /// The claim with the app roles: a list, or a text with spaces between.
    pub roles_claim: String,
    /// What an application may do whose token names no permission, for issuers that know nothing of ours.
    pub implied_roles: PermissionSet,
    /// The claim with the delegated scopes: a text with spaces between, or a list. Where it is not given, `scp` or,
    /// without that, `scope`.
    pub scopes_claim: Option<String>,
    /// What a user may do whose token names no permission, for issuers that know nothing of ours.
    pub implied_scopes: PermissionSet,
    /// The claim with the groups.
    pub groups_claim: String,
    /// The directory roles that groups of the issuer stand for.
    pub group_roles: BTreeMap<String, Vec<DirectoryRole>>,
    /// The claim with the tenant.
    pub tenant_claim: String,
    /// The only tenant whose tokens count, where the issuer has several.
    pub tenant: Option<String>,
    /// Where tokens are asked about that are no JSON Web Tokens.
    pub introspection: Option<IntrospectionConfig>,
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
            keys_kept_for: Duration::from_secs(24 * 3_600),
            algorithms: SignatureAlgorithm::USUAL.to_vec(),
            requires_token_type: false,
            clock_skew: Duration::from_secs(60),
            user: UserBinding {
                claim: "oid".to_owned(),
                by: UserAttribute::ObjectId,
            },
            application: ApplicationBinding {
                sign: ApplicationSign::SubjectIsObject,
                claim: None,
                known: BTreeMap::new(),
            },
            roles_claim: "roles".to_owned(),
            implied_roles: PermissionSet::EMPTY,
            scopes_claim: None,
            implied_scopes: PermissionSet::EMPTY,
            groups_claim: "groups".to_owned(),
            group_roles: BTreeMap::new(),
            tenant_claim: "tid".to_owned(),
            tenant: None,
            introspection: None,
        }
    }

    /// The same with the tenant at its place in the issuer.
    pub(super) fn with_tenant_in_issuer(mut self) -> Self {
        if let Some(tenant) = &self.tenant {
            self.issuer = self.issuer.replace(TENANT_PLACE, tenant);
        }
        self
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
        if self.keys_kept_for < Duration::default() {
            return Err(ConfigError::NegativeKeeping { issuer: issuer() });
        }
        if self.issuer.contains(['{', '}']) {
            return Err(ConfigError::NoTenant { issuer: issuer() });
        }
        let names_tenant = self
            .tenant
            .as_ref()
            .is_none_or(|tenant| !NO_TENANTS.contains(&tenant.to_ascii_lowercase().as_str()));
        if !names_tenant {
            return Err(ConfigError::NotATenant { issuer: issuer() });
        }
        if let Some(introspection) = &self.introspection {
            introspection.check(&self.issuer)?;
        }
        match self.keys {
            KeySource::Static(_) | KeySource::Shared(_) => Ok(()),
            KeySource::Discovery { .. } => trustworthy(&self.issuer)
                .map(|_| ())
                .ok_or(ConfigError::Insecure { issuer: issuer() }),
        }
    }
}

/// The address, where nobody on the way can change what it answers.
pub(super) fn trustworthy(address: &str) -> Option<Url> {
    let url = egress::check(address, egress::Reach::Configured).ok()?;
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
    /// Keys that count for less than no time.
    #[error("issuer `{issuer}` keeps keys for less than no time")]
    NegativeKeeping {
        /// The issuer.
        issuer: String,
    },
    /// An issuer of many tenants, without the one that counts.
    #[error(
        "issuer `{issuer}` has a place for the tenant: name the only tenant that counts in `tenant`"
    )]
    NoTenant {
        /// The issuer.
        issuer: String,
    },
    /// The tenant stands for many, or for personal accounts.
    #[error("issuer `{issuer}` needs the id of one tenant; personal accounts are not supported")]
    NotATenant {
        /// The issuer.
        issuer: String,
    },
    /// The token would travel unprotected.
    #[error(
        "issuer `{issuer}` must be asked about tokens at an https address; http is for this machine only"
    )]
    InsecureIntrospection {
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
    #[error("issuer `{issuer}` cannot be asked")]
    Client {
        /// The issuer.
        issuer: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

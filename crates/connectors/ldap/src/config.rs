//! What an operator says about one LDAP target.

use std::time::Duration;

use secrecy::SecretString;

use crate::template::TemplateError;

/// One LDAP target.
#[derive(Debug, Clone)]
pub struct LdapConfig {
    /// `ldap://host[:port]` or `ldaps://host[:port]`.
    pub url: String,
    /// Whether to switch to TLS on an `ldap://` connection before anything else is said.
    pub starttls: bool,
    /// PEM certificates to trust instead of the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// The account to bind as.
    pub bind_dn: String,
    /// Its password.
    pub password: SecretString,
    /// The longest that connecting, or one operation, may take.
    pub timeout: Duration,
    /// How a subject's entry is found.
    pub users: UserLookup,
    /// Where groups are and what they look like.
    pub groups: Groups,
    /// Whether a subject without an entry is tried again instead of refused; for directories that are filled from
    /// elsewhere with a delay.
    pub retry_missing_users: bool,
    /// Most subjects in one change.
    pub max_subjects: usize,
    /// Most calls in flight; one connection each. A server with one writer gains nothing past a few.
    pub max_in_flight: usize,
}

/// How a subject's entry is found.
///
/// Templates know `{userName}` (the sign-in name), `{localPart}` (what stands before its `@`), `{mail}`, `{objectId}` and
/// `{displayName}`; what is put in is escaped for the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserLookup {
    /// By a search below `base`; exactly one entry has to match.
    Search {
        /// Where to search.
        base: String,
        /// The filter, such as `(uid={localPart})`.
        filter: String,
    },
    /// By a DN, such as `uid={localPart},ou=people,dc=example,dc=com`.
    Dn(String),
    /// Not at all: entries are not needed, because the member value is not a DN.
    Unchecked,
}

/// Where groups are and what they look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// The DN of a group without a fixed address; knows `{resourceId}`, `{resourceName}`, `{roleId}` and `{roleName}`.
    /// Without it, every resource needs an address.
    pub dn: Option<String>,
    /// The attribute that holds the members, such as `member` or `memberUid`.
    pub member_attribute: String,
    /// What its values are.
    pub member_value: MemberValue,
    /// A member that keeps a group alive which may not be empty: put in when the last one leaves, taken out when
    /// somebody joins.
    pub placeholder_member: Option<String>,
    /// The object class of groups to create when they are missing; `None` creates none. It may ask for no other
    /// attributes than the naming one and the members. A group with a fixed address is never created.
    pub create_as: Option<String>,
}

/// What the values of the member attribute are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberValue {
    /// The DN of the subject's entry.
    Dn,
    /// A text, such as `{localPart}` for `memberUid`.
    Text(String),
}

impl LdapConfig {
    /// A target with `groupOfNames` groups and everything else at its default.
    pub fn new(
        url: impl Into<String>,
        bind_dn: impl Into<String>,
        password: impl Into<String>,
        users: UserLookup,
    ) -> Self {
        Self {
            url: url.into(),
            starttls: false,
            ca_pem: None,
            bind_dn: bind_dn.into(),
            password: SecretString::from(password.into()),
            timeout: Duration::from_secs(15),
            users,
            groups: Groups {
                dn: None,
                member_attribute: "member".to_owned(),
                member_value: MemberValue::Dn,
                placeholder_member: None,
                create_as: None,
            },
            retry_missing_users: false,
            max_subjects: 200,
            max_in_flight: 2,
        }
    }
}

/// What is wrong with an [`LdapConfig`].
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The URL cannot be used.
    #[error("`url` has to be `ldap://host[:port]` or `ldaps://host[:port]`: `{0}`")]
    Url(String),
    /// `StartTLS` within TLS.
    #[error("`starttls` is for `ldap://` only; `ldaps://` is encrypted from the start")]
    StartTlsWithinTls,
    /// A bind without password is anonymous, whatever the DN says (RFC 4513 section 5.1.2).
    #[error("`bind_dn` and `password` are required: without them the bind would be anonymous")]
    AnonymousBind,
    /// A template cannot be read.
    #[error("`{setting}` is not usable")]
    Template {
        /// Which one.
        setting: &'static str,
        /// What is wrong with it.
        #[source]
        source: TemplateError,
    },
    /// DN values need entries.
    #[error("members are DNs, so `users` has to say how entries are found")]
    UncheckedDn,
    /// Groups are to be created nowhere.
    #[error("`create_as` needs `dn`, the place to create groups at")]
    CreateNowhere,
    /// A cap is zero.
    #[error("`{0}` has to be at least 1")]
    Zero(&'static str),
    /// The CA file cannot be read.
    #[error("`ca_pem` holds no usable certificate")]
    Ca(#[source] Box<dyn std::error::Error + Send + Sync>),
}

//! One struct for each section, with its keys and defaults.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use auth::token::SignatureAlgorithm;
use domain::cloud::Cloud;
use domain::extension::HostPolicy;
use domain::time::Duration;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use service::settings::{ExtensionSettings, PayloadShape, Settings, SweepSettings, UnknownMembers};

use super::value::{Gaps, Iso, Listen};

/// `[server]`: where the server is reached.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct ServerSection {
    /// Where plain HTTP is spoken.
    pub(crate) http: Listen,
    /// Where TLS is spoken; not at all, if not given, but for development tenants.
    pub(crate) https: Option<Listen>,
    /// The certificate for TLS and those between it and its authority, in PEM.
    pub(crate) certificate_file: Option<PathBuf>,
    /// Its private key, in PEM.
    pub(crate) key_file: Option<PathBuf>,
    /// The address that links are made of, if clients do not reach the server directly.
    pub(crate) public_url: Option<String>,
    /// Which cloud's API is shown.
    pub(crate) cloud_profile: CloudProfile,
}

impl Default for ServerSection {
    fn default() -> Self {
        Self {
            http: Listen::At(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
            https: None,
            certificate_file: None,
            key_file: None,
            public_url: None,
            cloud_profile: CloudProfile::Global,
        }
    }
}

/// Which cloud's API is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum CloudProfile {
    /// All of it.
    #[serde(rename = "global")]
    Global,
    /// That of the US government.
    #[serde(rename = "usGov")]
    UsGov,
    /// That of its department of defence.
    #[serde(rename = "usGovDoD")]
    UsGovDoD,
    /// That of China.
    #[serde(rename = "china")]
    China,
}

impl CloudProfile {
    /// As the rules say it.
    pub(crate) const fn cloud(self) -> Cloud {
        match self {
            Self::Global => Cloud::Global,
            Self::UsGov => Cloud::UsGov,
            Self::UsGovDoD => Cloud::UsGovDoD,
            Self::China => Cloud::China,
        }
    }
}

/// `[database]`: where the data is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct DatabaseSection {
    /// The folder of the built-in database and of keys that the server makes.
    pub(crate) data_folder: PathBuf,
    /// A PostgreSQL server, as libpq writes it; then the data is there.
    #[serde(deserialize_with = "secret")]
    pub(crate) url: Option<Hidden>,
    /// The same, in a file.
    pub(crate) url_file: Option<PathBuf>,
    /// The authorities that the database server's certificate may come from.
    pub(crate) ca_file: Option<PathBuf>,
}

impl Default for DatabaseSection {
    fn default() -> Self {
        Self {
            data_folder: PathBuf::from("reeve-data"),
            url: None,
            url_file: None,
            ca_file: None,
        }
    }
}

/// A secret in the configuration: equal to another of the same text, and never shown.
#[derive(Debug, Clone)]
pub(crate) struct Hidden(pub(crate) SecretString);

impl PartialEq for Hidden {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Hidden>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(|text| Hidden(SecretString::from(text))))
}

/// `[[issuer]]`: whose tokens are accepted, and what their claims mean.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct IssuerSection {
    /// The exact `iss`; its discovery document is below it.
    pub(crate) issuer: String,
    /// The values of `aud` that mean this server; those of Graph in the cloud that is shown, if not given.
    #[serde(default)]
    pub(crate) audiences: Option<Vec<String>>,
    /// Authorities that the issuer's certificate may come from; the system's, if none is given.
    #[serde(default)]
    pub(crate) ca_files: Vec<PathBuf>,
    /// The algorithms that the issuer may sign with.
    #[serde(default = "usual_algorithms")]
    pub(crate) algorithms: Vec<String>,
    /// Whether only tokens count whose header says `at+jwt` (RFC 9068).
    #[serde(default)]
    pub(crate) require_token_type: bool,
    /// How long keys count that cannot be confirmed, because the issuer is out.
    #[serde(default = "day")]
    pub(crate) keys_kept_for: Iso,
    /// The claim that tells the user.
    #[serde(default = "oid")]
    pub(crate) user_claim: String,
    /// What that claim holds.
    #[serde(default)]
    pub(crate) user_by: UserBy,
    /// What tells an application's token from a user's.
    #[serde(default)]
    pub(crate) application_by: ApplicationBy,
    /// The claim that marks an application's token, with `=` and its value if that counts too.
    #[serde(default)]
    pub(crate) application_mark: Option<String>,
    /// The claim with the client id; `appid`, `azp` or `client_id`, if not given.
    #[serde(default)]
    pub(crate) application_claim: Option<String>,
    /// The `appId` of clients that the issuer knows by another id.
    #[serde(default)]
    pub(crate) applications: BTreeMap<String, String>,
    /// The claim with the application permissions.
    #[serde(default = "roles")]
    pub(crate) roles_claim: String,
    /// What an application may do whose token names no permission.
    #[serde(default)]
    pub(crate) implied_roles: Vec<String>,
    /// The claim with the delegated permissions; `scp` or else `scope`, if not given.
    #[serde(default)]
    pub(crate) scopes_claim: Option<String>,
    /// What a user may do whose token names no permission.
    #[serde(default)]
    pub(crate) implied_scopes: Vec<String>,
    /// The claim with the groups.
    #[serde(default = "groups")]
    pub(crate) groups_claim: String,
    /// The directory roles that groups of the issuer stand for.
    #[serde(default)]
    pub(crate) group_roles: BTreeMap<String, OneOrMore>,
    /// The claim with the tenant.
    #[serde(default = "tid")]
    pub(crate) tenant_claim: String,
    /// The only tenant that counts.
    #[serde(default)]
    pub(crate) tenant: Option<String>,
    /// How far clocks may be apart.
    #[serde(default = "minute")]
    pub(crate) clock_skew: Iso,
    /// How the issuer is asked about tokens that only it can read.
    #[serde(default)]
    pub(crate) introspection: Option<IntrospectionSection>,
}

/// How an issuer is asked about tokens (RFC 7662).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct IntrospectionSection {
    /// Where; as the issuer's discovery document says, if not given.
    #[serde(default)]
    pub(crate) endpoint: Option<String>,
    /// Who asks.
    pub(crate) client_id: String,
    /// The file with the secret of who asks.
    pub(crate) client_secret_file: PathBuf,
    /// How long an answer counts at most.
    #[serde(default = "minute")]
    pub(crate) cache_for: Iso,
}

/// One text, or several.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    More(Vec<String>),
}

impl OneOrMore {
    /// All of them.
    pub(crate) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

fn usual_algorithms() -> Vec<String> {
    let usual = SignatureAlgorithm::USUAL.iter();
    usual
        .map(|algorithm| algorithm.as_str().to_owned())
        .collect()
}

fn day() -> Iso {
    Iso(Duration::from_secs(24 * 3_600))
}

fn groups() -> String {
    "groups".to_owned()
}

fn oid() -> String {
    "oid".to_owned()
}

fn roles() -> String {
    "roles".to_owned()
}

fn tid() -> String {
    "tid".to_owned()
}

fn minute() -> Iso {
    Iso(Duration::from_secs(60))
}

/// What the user claim of an issuer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum UserBy {
    /// The id of the user's directory object.
    #[default]
    ObjectId,
    /// The sign-in name.
    #[serde(alias = "name")]
    UserPrincipalName,
    /// The mail address.
    Mail,
    /// The employee number.
    EmployeeId,
    /// The id that the outside directory gave when it provisioned the user.
    ExternalId,
}

/// What tells an application's token from a user's, where `idtyp` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ApplicationBy {
    /// `sub` and `oid` are the same, as Entra writes it.
    #[default]
    SubjectIsObject,
    /// `sub` is the client id.
    SubjectIsClient,
    /// The user claim is absent.
    NoUser,
    /// The claim that `applicationMark` names is there.
    Mark,
    /// Applications never call for themselves.
    Never,
}

/// `[reprocess]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct ReprocessSection {
    pub(crate) request_window: Iso,
    pub(crate) tracking_requests: bool,
    pub(crate) per_minute_per_tenant: Option<u32>,
    pub(crate) job_chunk: u32,
}

impl Default for ReprocessSection {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            request_window: Iso(settings.reprocess_request_window),
            tracking_requests: settings.reprocess_tracking_requests,
            per_minute_per_tenant: settings.reprocess_per_minute,
            job_chunk: settings.reprocess_job_chunk,
        }
    }
}

/// `[delivery]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct DeliverySection {
    pub(crate) retry_schedule: Gaps,
    pub(crate) poll_interval: Iso,
    /// How long claimed work is a process's own.
    pub(crate) lease: Iso,
    /// How long a request waits until its target is in the directory.
    pub(crate) guest_wait: Iso,
}

impl Default for DeliverySection {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            retry_schedule: Gaps(
                settings
                    .delivery_retry_schedule
                    .into_iter()
                    .map(Iso)
                    .collect(),
            ),
            poll_interval: Iso(settings.delivery_poll_interval),
            lease: Iso(delivery::TargetOptions::default().lease),
            guest_wait: Iso(settings.guests.wait),
        }
    }
}

/// `[sweeps]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct SweepsSection {
    /// How often a configured target is swept that says nothing of it; `PT0S`: never.
    pub(crate) every: Iso,
    /// How often the built-in directory is; `PT0S`: never.
    pub(crate) directory: Iso,
    pub(crate) max_removals: u32,
    pub(crate) keep: u32,
}

impl Default for SweepsSection {
    fn default() -> Self {
        let settings = SweepSettings::default();
        Self {
            every: Iso(Duration::from_days(1)),
            directory: Iso(Duration::default()),
            max_removals: u32::try_from(settings.max_removals).unwrap_or(u32::MAX),
            keep: u32::try_from(settings.keep).unwrap_or(u32::MAX),
        }
    }
}

impl SweepsSection {
    pub(crate) fn settings(&self) -> SweepSettings {
        SweepSettings {
            max_removals: self.max_removals.into(),
            keep: self.keep.into(),
        }
    }

    /// How often a target is swept that says this of itself.
    pub(crate) fn of_target(&self, own: Option<Iso>) -> Option<Duration> {
        some_time(own.unwrap_or(self.every))
    }

    /// How often the built-in directory is.
    pub(crate) fn of_directory(&self) -> Option<Duration> {
        some_time(self.directory)
    }
}

/// Nothing, where the time is none.
fn some_time(every: Iso) -> Option<Duration> {
    (every.0 > Duration::default()).then_some(every.0)
}

/// `[requests]`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct RequestsSection {
    pub(crate) delete_with_live_assignment: bool,
}

/// `[autoAssignment]`: policies that assign by rule.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct AutoAssignmentSection {
    /// How many may have an access package by one policy.
    pub(crate) max_targets: u32,
}

impl Default for AutoAssignmentSection {
    fn default() -> Self {
        Self {
            max_targets: 15_000,
        }
    }
}

/// `[compat]`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, named by the semantics"
)]
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct CompatSection {
    pub(crate) admin_add_auto_approves: bool,
    pub(crate) symmetric_incompatibility: bool,
    pub(crate) legacy_v1_reprocess_path: bool,
    pub(crate) deprecation_headers: bool,
    pub(crate) require_scoped_filter: bool,
}

impl Default for CompatSection {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            admin_add_auto_approves: settings.admin_add_auto_approves,
            symmetric_incompatibility: settings.symmetric_incompatibility,
            legacy_v1_reprocess_path: settings.legacy_v1_reprocess_path,
            deprecation_headers: settings.deprecation_headers,
            require_scoped_filter: settings.require_scoped_filter,
        }
    }
}

/// `[provisioning]`: how an outside directory feeds this one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct ProvisioningSection {
    /// Whether it may.
    pub(crate) inbound: bool,
    /// The domain of sign-in names that are made of user names without one.
    pub(crate) domain: Option<String>,
    /// What becomes of members whom nobody here knows.
    pub(crate) unknown_members: Unknown,
}

/// What becomes of members whom nobody here knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Unknown {
    /// They are refused, and the whole request with them.
    #[default]
    Refuse,
    /// They are left out.
    Ignore,
}

impl Unknown {
    /// As the rules say it.
    pub(crate) const fn setting(self) -> UnknownMembers {
        match self {
            Self::Refuse => UnknownMembers::Refuse,
            Self::Ignore => UnknownMembers::Ignore,
        }
    }
}

impl Default for ProvisioningSection {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            inbound: settings.provisioning_inbound,
            domain: settings.provisioning_domain,
            unknown_members: Unknown::default(),
        }
    }
}

/// `[extensions]`: receivers outside that are called at stages of requests.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in the file"
)]
pub(crate) struct ExtensionsSection {
    /// How the body of a callout looks.
    pub(crate) payload_shape: Shape,
    /// Which hosts may be called.
    pub(crate) allowed_hosts: Vec<String>,
    /// Whether private networks, and this machine, may be.
    pub(crate) allow_private_addresses: bool,
    /// Whether receivers may be without TLS.
    pub(crate) allow_plain_http: bool,
    /// Whether an extension is called once when it is made.
    pub(crate) probe_on_create: bool,
    /// Whether receivers are sent a secret that they may answer with.
    pub(crate) callback_tokens: bool,
    /// The authorities that receivers' certificates may come from; the system's, if not given.
    pub(crate) ca_file: Option<PathBuf>,
    /// The folder of the key that callouts are signed with; the data folder, if not given.
    pub(crate) key_folder: Option<PathBuf>,
    /// Files with the secrets that receivers share, by host.
    pub(crate) webhook_secret_files: BTreeMap<String, PathBuf>,
}

/// How the body of a callout looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Shape {
    /// No envelope, names with a capital.
    #[default]
    FlatPascal,
    /// The documented envelope.
    Graph,
}

impl ExtensionsSection {
    /// What the rules read of it.
    pub(crate) fn settings(&self) -> ExtensionSettings {
        ExtensionSettings {
            hosts: HostPolicy {
                allowed_hosts: self.allowed_hosts.clone(),
                allow_private_addresses: self.allow_private_addresses,
                allow_plain_http: self.allow_plain_http,
            },
            payload_shape: match self.payload_shape {
                Shape::FlatPascal => PayloadShape::FlatPascal,
                Shape::Graph => PayloadShape::Graph,
            },
            probe_on_create: self.probe_on_create,
            callback_tokens: self.callback_tokens,
        }
    }
}

/// `[odata]`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct ODataSection {
    pub(crate) strict_bodies: bool,
}

/// `[[target]]`: a system that access is delivered to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(crate) enum TargetSection {
    /// It speaks SCIM 2.0.
    Scim(ScimTarget),
    /// It speaks LDAP.
    Ldap(Box<LdapTarget>),
}

impl TargetSection {
    /// What groups and applications are bound to.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Scim(target) => &target.name,
            Self::Ldap(target) => &target.name,
        }
    }

    /// How often it is swept, if it says so itself.
    pub(crate) const fn sweep(&self) -> Option<Iso> {
        match self {
            Self::Scim(target) => target.sweep,
            Self::Ldap(target) => target.sweep,
        }
    }

    /// Most calls a second.
    pub(crate) const fn rate_per_second(&self) -> Option<f64> {
        match self {
            Self::Scim(target) => target.rate_per_second,
            Self::Ldap(target) => target.rate_per_second,
        }
    }
}

/// A target that speaks SCIM 2.0. What is not given is as the connector has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ScimTarget {
    pub(crate) name: String,
    pub(crate) url: String,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) token: Option<Hidden>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) timeout: Option<Iso>,
    pub(crate) match_by: Option<MatchBy>,
    pub(crate) provision_users: Option<bool>,
    pub(crate) create_groups: Option<bool>,
    pub(crate) retry_missing_users: Option<bool>,
    pub(crate) max_subjects: Option<usize>,
    pub(crate) max_in_flight: Option<usize>,
    pub(crate) rate_per_second: Option<f64>,
    /// How often it is swept.
    pub(crate) sweep: Option<Iso>,
}

/// How a SCIM target knows a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum MatchBy {
    /// `userName` is the sign-in name.
    UserName,
    /// `externalId` is the directory id.
    ExternalId,
}

/// A target that speaks LDAP. What is not given is as the connector has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LdapTarget {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) bind_dn: String,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) password: Option<Hidden>,
    pub(crate) password_file: Option<PathBuf>,
    #[serde(default)]
    pub(crate) start_tls: bool,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) timeout: Option<Iso>,
    /// The DN of a subject's entry, a template.
    pub(crate) user_dn: Option<String>,
    /// Where subjects are searched, if not by DN.
    pub(crate) user_base: Option<String>,
    /// The filter of that search, a template.
    pub(crate) user_filter: Option<String>,
    /// The DN of a group without an address of its own, a template.
    pub(crate) group_dn: Option<String>,
    pub(crate) member_attribute: Option<String>,
    /// The text of a member, where it is no DN.
    pub(crate) member_value: Option<String>,
    pub(crate) placeholder_member: Option<String>,
    pub(crate) create_groups_as: Option<String>,
    pub(crate) retry_missing_users: Option<bool>,
    pub(crate) max_subjects: Option<usize>,
    pub(crate) max_in_flight: Option<usize>,
    pub(crate) rate_per_second: Option<f64>,
    /// How often it is swept.
    pub(crate) sweep: Option<Iso>,
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct LogSection {
    pub(crate) format: LogFormat,
    /// Which events, as `tracing` filters are written.
    pub(crate) filter: String,
}

impl Default for LogSection {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info".to_owned(),
        }
    }
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

impl DeliverySection {
    /// Replaces the gaps before attempts.
    pub(crate) fn set_retry_schedule(&mut self, gaps: &[Duration]) {
        self.retry_schedule = Gaps(gaps.iter().copied().map(Iso).collect());
    }
}

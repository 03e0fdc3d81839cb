//! The configuration: one TOML file, then the environment, checked whole before anything starts.
//!
//! **Invariant:** a [`Config`] that exists is usable as far as its text can tell; what is wrong is told by the key's own
//! name, and unknown keys are refused.

mod audit;
mod check;
mod environment;
mod guests;
mod limits;
mod notices;
mod portal;
pub(crate) mod secret;
mod sections;
mod value;

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use config::{File, FileFormat};
use secrecy::ExposeSecret;
use serde::Deserialize;

pub(crate) use notices::{MailEncryption, NoticeSink, NoticesSection};
pub(crate) use sections::{
    ApplicationBy, AutoAssignmentSection, CompatSection, DatabaseSection, DeliverySection,
    ExtensionsSection, IssuerSection, LdapTarget, LogFormat, LogSection, MatchBy, ODataSection,
    ProvisioningSection, ReprocessSection, RequestsSection, ScimTarget, ServerSection,
    SweepsSection, TargetSection, UserBy,
};
pub(crate) use value::{Iso, Listen};

/// The documented default file: what `reeve config` prints.
pub(crate) const DEFAULT_FILE: &str = include_str!("../../reeve.default.toml");

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) server: ServerSection,
    pub(crate) limits: limits::LimitsSection,
    pub(crate) database: DatabaseSection,
    /// Whose tokens are accepted: `[[issuer]]`.
    pub(crate) issuer: Vec<IssuerSection>,
    pub(crate) portal: portal::PortalSection,
    pub(crate) reprocess: ReprocessSection,
    pub(crate) delivery: DeliverySection,
    pub(crate) sweeps: SweepsSection,
    pub(crate) requests: RequestsSection,
    pub(crate) auto_assignment: AutoAssignmentSection,
    pub(crate) compat: CompatSection,
    pub(crate) odata: ODataSection,
    pub(crate) extensions: ExtensionsSection,
    pub(crate) notices: notices::NoticesSection,
    pub(crate) provisioning: ProvisioningSection,
    pub(crate) guests: guests::GuestsSection,
    pub(crate) directory: guests::DirectorySection,
    /// What access is delivered to besides the built-in directory: `[[target]]`.
    pub(crate) target: Vec<TargetSection>,
    pub(crate) audit: audit::AuditSection,
    pub(crate) retention: audit::RetentionSection,
    pub(crate) log: LogSection,
}

/// What a parser says, without the lines of the file that it quotes: they may hold secrets.
fn without_source(message: &str) -> String {
    let lines: Vec<&str> = message
        .lines()
        .filter(|line| {
            let front = line
                .trim_start()
                .trim_start_matches(|c: char| c.is_ascii_digit());
            !front.trim_start().starts_with('|')
        })
        .collect();
    lines.join("\n")
}

impl Config {
    /// Reads the file, if one is named, and the environment over it.
    pub(crate) fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let text = file
            .map(|path| {
                std::fs::read_to_string(path).with_context(|| {
                    format!("cannot read the configuration file `{}`", path.display())
                })
            })
            .transpose()?;
        let config = Self::parse(text.as_deref().unwrap_or_default(), std::env::vars_os())
            .with_context(|| match file {
                Some(path) => format!(
                    "the configuration (`{}` and the environment) cannot be used",
                    path.display()
                ),
                None => "the configuration in the environment cannot be used".to_owned(),
            })?;
        if let Some(path) = file {
            keep_to_private_file(text.as_deref().unwrap_or_default(), path)?;
        }
        Ok(config)
    }

    /// Reads the text of a file, and variables over it.
    fn parse(
        text: &str,
        variables: impl IntoIterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
    ) -> anyhow::Result<Self> {
        let mut builder =
            config::Config::builder().add_source(File::from_str(text, FileFormat::Toml));
        for (key, value) in environment::overrides(variables)? {
            builder = builder.set_override(key, value)?;
        }
        let config: Self = builder
            .build()
            .and_then(config::Config::try_deserialize)
            .map_err(|error| anyhow!(without_source(&error.to_string())))?;
        let flaws = check::flaws(&config);
        if !flaws.is_empty() {
            bail!("{}", flaws.join("\n"));
        }
        Ok(config)
    }

    /// The keys that hold a secret in their own text.
    fn secrets_inside(&self) -> Vec<String> {
        let mut keys = Vec::new();
        let url = self.database.url.as_ref();
        if url.is_some_and(|url| secret::holds_password(url.0.expose_secret())) {
            keys.push("database.url".to_owned());
        }
        for (index, target) in self.target.iter().enumerate() {
            match target {
                TargetSection::Scim(target) if target.token.is_some() => {
                    keys.push(format!("target[{index}].token"));
                }
                TargetSection::Ldap(target) if target.password.is_some() => {
                    keys.push(format!("target[{index}].password"));
                }
                TargetSection::Scim(_) | TargetSection::Ldap(_) => {}
            }
        }
        keys
    }

    /// The folder for data that is not in a database server.
    pub(crate) fn data_folder(&self, from_command_line: Option<&Path>) -> PathBuf {
        from_command_line.map_or_else(|| self.database.data_folder.clone(), Path::to_owned)
    }

    /// The settings that the rules read.
    pub(crate) fn settings(&self) -> service::settings::Settings {
        service::settings::Settings {
            cloud: self.server.cloud_profile.cloud(),
            reprocess_request_window: self.reprocess.request_window.0,
            reprocess_tracking_requests: self.reprocess.tracking_requests,
            reprocess_per_minute: self.reprocess.per_minute_per_tenant,
            reprocess_job_chunk: self.reprocess.job_chunk,
            delivery_retry_schedule: self
                .delivery
                .retry_schedule
                .0
                .iter()
                .map(|gap| gap.0)
                .collect(),
            delivery_poll_interval: self.delivery.poll_interval.0,
            delete_with_live_assignment: self.requests.delete_with_live_assignment,
            auto_assignment_max_targets: self.auto_assignment.max_targets.into(),
            admin_add_auto_approves: self.compat.admin_add_auto_approves,
            symmetric_incompatibility: self.compat.symmetric_incompatibility,
            legacy_v1_reprocess_path: self.compat.legacy_v1_reprocess_path,
            deprecation_headers: self.compat.deprecation_headers,
            require_scoped_filter: self.compat.require_scoped_filter,
            strict_bodies: self.odata.strict_bodies,
            retention_audit: self.retention.audit(),
            retention_requests: self.retention.requests(),
            retention_assignments: self.retention.assignments(),
            retention_jobs: self.retention.reprocess_jobs(),
            delta_retention: self.retention.delta(),
            extensions: self.extensions.settings(),
            notices: self.notices.settings(),
            sweeps: self.sweeps.settings(),
            guests: guests::settings(self),
            provisioning_inbound: self.provisioning.inbound,
            provisioning_domain: self.provisioning.domain.clone(),
            provisioning_unknown_members: self.provisioning.unknown_members.setting(),
        }
    }
}

/// A configuration file that holds secrets has to be as private as a file of their own.
fn keep_to_private_file(text: &str, path: &Path) -> anyhow::Result<()> {
    let metadata =
        std::fs::metadata(path).with_context(|| format!("cannot look at `{}`", path.display()))?;
    if secret::is_private(&metadata) {
        return Ok(());
    }
    let inside: Config = config::Config::builder()
        .add_source(File::from_str(text, FileFormat::Toml))
        .build()?
        .try_deserialize()?;
    let keys = inside.secrets_inside();
    if keys.is_empty() {
        return Ok(());
    }
    bail!(
        "`{path}` holds secrets (`{}`), and others than its owner may read it: `chmod 600 {path}` mends that, or put each \
         secret into a private file of its own (`{}File`)",
        keys.join("`, `"),
        keys.first().map_or("", String::as_str),
        path = path.display(),
    )
}

#[cfg(test)]
mod tests;

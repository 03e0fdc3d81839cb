//! From the `[[target]]` sections to connectors.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use connector_api::Connector;
use connector_ldap::{LdapConfig, LdapConnector, MemberValue, UserLookup};
use connector_scim::{ScimConfig, ScimConnector};
use delivery::{Registry, TargetOptions};
use domain::time::Duration;
use secrecy::{ExposeSecret, SecretString};

use crate::config::{LdapTarget, MatchBy, ScimTarget, SweepsSection, TargetSection, secret};

/// Adds the targets of the configuration.
pub(crate) fn register(
    mut registry: Registry,
    targets: &[TargetSection],
    sweeps: &SweepsSection,
    lease: Duration,
) -> anyhow::Result<Registry> {
    for target in targets {
        let connector = connector(target)
            .with_context(|| format!("the target `{}` cannot be used", target.name()))?;
        let options = TargetOptions {
            max_in_flight: connector.limits().max_in_flight,
            rate: target.rate_per_second(),
            sweep: sweeps.of_target(target.sweep()),
            ..TargetOptions::default().leased_for(lease)
        };
        registry = registry.with(target.name(), connector, options)?;
    }
    Ok(registry
        .sweeping_directory(sweeps.of_directory())
        .leasing_directory(lease))
}

/// The connector of one section.
pub(crate) fn connector(target: &TargetSection) -> anyhow::Result<Arc<dyn Connector>> {
    Ok(match target {
        TargetSection::Scim(target) => Arc::new(ScimConnector::new(scim(target)?)?),
        TargetSection::Ldap(target) => Arc::new(LdapConnector::new(&ldap(target)?)?),
    })
}

fn scim(target: &ScimTarget) -> anyhow::Result<ScimConfig> {
    let token = needed(
        "token",
        target.token.as_ref().map(|hidden| &hidden.0),
        target.token_file.as_deref(),
    )?;
    let mut config = ScimConfig::new(target.url.as_str(), token.expose_secret());
    config.ca_pem = pem(target.ca_file.as_deref())?;
    if let Some(match_by) = target.match_by {
        config.match_by = match match_by {
            MatchBy::UserName => connector_scim::MatchBy::UserName,
            MatchBy::ExternalId => connector_scim::MatchBy::ExternalId,
        };
    }
    set(
        &mut config.timeout,
        target.timeout.map(crate::config::Iso::real),
    );
    set(&mut config.provision_users, target.provision_users);
    set(&mut config.create_groups, target.create_groups);
    set(&mut config.retry_missing_users, target.retry_missing_users);
    set(&mut config.max_subjects, target.max_subjects);
    set(&mut config.max_in_flight, target.max_in_flight);
    Ok(config)
}

fn ldap(target: &LdapTarget) -> anyhow::Result<LdapConfig> {
    let password = needed(
        "password",
        target.password.as_ref().map(|hidden| &hidden.0),
        target.password_file.as_deref(),
    )?;
    let users = match (&target.user_dn, &target.user_base, &target.user_filter) {
        (Some(dn), _, _) => UserLookup::Dn(dn.clone()),
        (None, Some(base), Some(filter)) => UserLookup::Search {
            base: base.clone(),
            filter: filter.clone(),
        },
        _ => UserLookup::Unchecked,
    };
    let mut config = LdapConfig::new(
        target.url.as_str(),
        target.bind_dn.as_str(),
        password.expose_secret(),
        users,
    );
    config.ca_pem = pem(target.ca_file.as_deref())?;
    config.starttls = target.start_tls;
    config.groups.dn.clone_from(&target.group_dn);
    config
        .groups
        .placeholder_member
        .clone_from(&target.placeholder_member);
    config.groups.create_as.clone_from(&target.create_groups_as);
    set(
        &mut config.groups.member_attribute,
        target.member_attribute.clone(),
    );
    set(
        &mut config.groups.member_value,
        target.member_value.clone().map(MemberValue::Text),
    );
    set(
        &mut config.timeout,
        target.timeout.map(crate::config::Iso::real),
    );
    set(&mut config.retry_missing_users, target.retry_missing_users);
    set(&mut config.max_subjects, target.max_subjects);
    set(&mut config.max_in_flight, target.max_in_flight);
    Ok(config)
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn needed(
    key: &str,
    inline: Option<&SecretString>,
    file: Option<&Path>,
) -> anyhow::Result<SecretString> {
    match secret::resolve(key, inline, file)? {
        Some(secret) => Ok(secret),
        None => bail!("`{key}` or `{key}File` is needed"),
    }
}

fn pem(file: Option<&Path>) -> anyhow::Result<Option<Vec<u8>>> {
    file.map(|path| {
        std::fs::read(path)
            .with_context(|| format!("`caFile` names `{}`, which cannot be read", path.display()))
    })
    .transpose()
}

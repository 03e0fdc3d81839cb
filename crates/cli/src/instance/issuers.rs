//! From the `[[issuer]]` sections to what the verifier is told.

use anyhow::Context;
use auth::principal::{DirectoryRole, PermissionSet, UserAttribute};
use auth::token::{
    ApplicationBinding, ApplicationSign, IntrospectionConfig, IssuerConfig, KeySource,
    SignatureAlgorithm, UserBinding,
};

use crate::config::{ApplicationBy, Config, IssuerSection, UserBy, secret};

/// The configured issuers.
pub(crate) fn verifier_configs(config: &Config) -> anyhow::Result<Vec<IssuerConfig>> {
    let sections = config.issuer.iter();
    sections
        .map(|section| verifier_config(section, config))
        .collect()
}

/// The values of `aud` that mean this server: those of the section, or else those of Graph in the cloud that is shown and
/// the server's own address (semantics 9.1).
fn audiences<'c>(section: &'c IssuerSection, config: &'c Config) -> Vec<&'c str> {
    if let Some(given) = &section.audiences {
        return given.iter().map(String::as_str).collect();
    }
    let mut audiences = config.server.cloud_profile.cloud().audiences().to_vec();
    let own = config.server.public_url.as_deref();
    audiences.extend(own.map(|url| url.trim_end_matches('/')));
    audiences
}

/// Where people sign in, if an issuer is that of the cloud: then it is known without asking.
pub(super) fn authorization_uri(config: &Config) -> Option<String> {
    let cloud = config.server.cloud_profile.cloud();
    let issuer = config
        .issuer
        .iter()
        .find(|section| cloud.issues(&section.issuer))?;
    let path = reqwest::Url::parse(&issuer.issuer).ok()?;
    let tenant = path.path_segments()?.next().filter(|part| !part.is_empty());
    let tenant = issuer.tenant.as_deref().or(tenant).unwrap_or("common");
    Some(format!(
        "{}/{tenant}/oauth2/v2.0/authorize",
        cloud.authority()
    ))
}

/// One of them.
pub(crate) fn verifier_config(
    section: &IssuerSection,
    config: &Config,
) -> anyhow::Result<IssuerConfig> {
    let authorities = section
        .ca_files
        .iter()
        .map(|path| {
            std::fs::read(path).with_context(|| {
                format!(
                    "`caFiles` of the issuer `{}` names `{}`, which cannot be read",
                    section.issuer,
                    path.display()
                )
            })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(IssuerConfig {
        keys_kept_for: section.keys_kept_for.0,
        algorithms: section
            .algorithms
            .iter()
            .filter_map(|name| SignatureAlgorithm::from_name(name))
            .collect(),
        requires_token_type: section.require_token_type,
        clock_skew: section.clock_skew.0,
        user: UserBinding {
            claim: section.user_claim.clone(),
            by: attribute(section.user_by),
        },
        application: application(section),
        roles_claim: section.roles_claim.clone(),
        implied_roles: permissions(&section.implied_roles),
        scopes_claim: section.scopes_claim.clone(),
        implied_scopes: permissions(&section.implied_scopes),
        groups_claim: section.groups_claim.clone(),
        group_roles: section
            .group_roles
            .iter()
            .map(|(group, roles)| (group.clone(), directory_roles(roles.as_slice())))
            .collect(),
        tenant_claim: section.tenant_claim.clone(),
        tenant: section.tenant.clone(),
        introspection: introspection(section)?,
        ..IssuerConfig::new(
            &section.issuer,
            &audiences(section, config),
            KeySource::Discovery { authorities },
        )
    })
}

const fn attribute(by: UserBy) -> UserAttribute {
    match by {
        UserBy::ObjectId => UserAttribute::ObjectId,
        UserBy::UserPrincipalName => UserAttribute::UserPrincipalName,
        UserBy::Mail => UserAttribute::Mail,
        UserBy::EmployeeId => UserAttribute::EmployeeId,
        UserBy::ExternalId => UserAttribute::ExternalId,
    }
}

fn application(section: &IssuerSection) -> ApplicationBinding {
    let mark = || {
        let mark = section.application_mark.as_deref().unwrap_or_default();
        let (name, value) = match mark.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (mark, None),
        };
        ApplicationSign::Claim {
            name: name.to_owned(),
            value,
        }
    };
    ApplicationBinding {
        sign: match section.application_by {
            ApplicationBy::SubjectIsObject => ApplicationSign::SubjectIsObject,
            ApplicationBy::SubjectIsClient => ApplicationSign::SubjectIsClient,
            ApplicationBy::NoUser => ApplicationSign::NoUser,
            ApplicationBy::Mark => mark(),
            ApplicationBy::Never => ApplicationSign::Never,
        },
        claim: section.application_claim.clone(),
        known: section
            .applications
            .iter()
            .filter_map(|(client, app_id)| Some((client.clone(), app_id.parse().ok()?)))
            .collect(),
    }
}

fn permissions(names: &[String]) -> PermissionSet {
    PermissionSet::from_names(names.iter().map(String::as_str))
}

/// The roles of these names or well-known ids.
fn directory_roles(names: &[String]) -> Vec<DirectoryRole> {
    names
        .iter()
        .filter_map(|name| directory_role(name))
        .collect()
}

/// The role of this name or well-known id.
pub(crate) fn directory_role(name: &str) -> Option<DirectoryRole> {
    DirectoryRole::from_display_name(name).or_else(|| DirectoryRole::from_template_id(name))
}

fn introspection(section: &IssuerSection) -> anyhow::Result<Option<IntrospectionConfig>> {
    let Some(own) = &section.introspection else {
        return Ok(None);
    };
    let key = "introspection.clientSecretFile";
    let secret = secret::from_file(key, &own.client_secret_file).with_context(|| {
        format!(
            "the issuer `{}` cannot be asked about tokens",
            section.issuer
        )
    })?;
    Ok(Some(IntrospectionConfig {
        endpoint: own.endpoint.clone(),
        client_id: own.client_id.clone(),
        client_secret: secret,
        cache_for: own.cache_for.0,
    }))
}

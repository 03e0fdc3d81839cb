//! From the `[[issuer]]` sections to what the verifier is told.

use anyhow::Context;
use auth::principal::PermissionSet;
use auth::token::{IssuerConfig, KeySource, UserClaim};

use crate::config::{IssuerSection, UserBy};

/// The audience that tokens for Graph have everywhere.
pub(crate) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// The configured issuers.
pub(crate) fn verifier_configs(sections: &[IssuerSection]) -> anyhow::Result<Vec<IssuerConfig>> {
    sections.iter().map(config).collect()
}

fn config(section: &IssuerSection) -> anyhow::Result<IssuerConfig> {
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
    let audiences: Vec<&str> = section.audiences.iter().map(String::as_str).collect();
    let claim = section.user_claim.clone();
    Ok(IssuerConfig {
        clock_skew: section.clock_skew.0,
        user: match section.user_by {
            UserBy::ObjectId => UserClaim::ObjectId(claim),
            UserBy::Name => UserClaim::Name(claim),
        },
        roles_claim: section.roles_claim.clone(),
        scopes_claim: section.scopes_claim.clone(),
        tenant_claim: section.tenant_claim.clone(),
        tenant: section.tenant.clone(),
        implied_scopes: PermissionSet::from_names(
            section.implied_scopes.iter().map(String::as_str),
        ),
        ..IssuerConfig::new(
            &section.issuer,
            &audiences,
            KeySource::Discovery { authorities },
        )
    })
}

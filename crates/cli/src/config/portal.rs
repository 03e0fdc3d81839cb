//! `[portal]`: the pages for people, and where these sign in.

use std::path::PathBuf;

use domain::time::Duration;
use serde::Deserialize;
use service::portal_sessions::Life;

use super::Config;
use super::value::Iso;

/// `[portal]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct PortalSection {
    /// One of the `[[issuer]]`; without one there is no portal, but in a development tenant.
    pub(crate) issuer: Option<String>,
    /// What the issuer calls the portal.
    pub(crate) client_id: Option<String>,
    /// The secret that the issuer gave it, if it did.
    pub(crate) client_secret_file: Option<PathBuf>,
    /// How long a session lasts.
    pub(crate) session: Iso,
    /// How long it lasts without use.
    pub(crate) idle: Iso,
}

impl Default for PortalSection {
    fn default() -> Self {
        let life = Life::default();
        Self {
            issuer: None,
            client_id: None,
            client_secret_file: None,
            session: Iso(life.longest),
            idle: Iso(life.idle),
        }
    }
}

impl PortalSection {
    /// How long sessions last.
    pub(crate) fn life(&self) -> Life {
        Life {
            longest: self.session.0,
            idle: self.idle.0,
        }
    }
}

/// What is wrong with the section.
pub(super) fn flaws(config: &Config, flaws: &mut Vec<String>) {
    let portal = &config.portal;
    for (key, value) in [("session", portal.session), ("idle", portal.idle)] {
        if value.0 <= Duration::default() {
            flaws.push(format!("`portal.{key}` must be above zero"));
        }
    }
    let Some(issuer) = &portal.issuer else {
        if portal.client_id.is_some() || portal.client_secret_file.is_some() {
            flaws.push("`portal.issuer` is missing: it says where people sign in".to_owned());
        }
        return;
    };
    if portal.client_id.is_none() {
        flaws.push(
            "`portal.clientId` is missing: it says what the issuer calls the portal".to_owned(),
        );
    }
    if config
        .issuer
        .iter()
        .all(|section| section.issuer != *issuer)
    {
        flaws.push(format!(
            "`portal.issuer` must be one of the `[[issuer]]` sections: `{issuer}`"
        ));
    }
    if config.server.public_url.is_none() {
        flaws.push(
            "`portal.issuer` needs `server.publicUrl`: the issuer sends browsers back there"
                .to_owned(),
        );
    }
}

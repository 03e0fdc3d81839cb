//! `[guests]`: how people from outside come into the directory; `[directory]`: how long deleted users can be restored.

use std::sync::Arc;

use domain::guest::{InvitationRules, is_pattern};
use domain::time::Duration;
use serde::Deserialize;
use service::settings::GuestSettings;

use super::Config;
use super::value::Iso;

/// `[guests]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct GuestsSection {
    /// Whether guests are created here.
    pub(crate) invite: bool,
    /// Where guests have their sign-in names.
    pub(crate) domain: Option<String>,
    pub(crate) allowed_domains: Vec<String>,
    pub(crate) blocked_domains: Vec<String>,
    pub(crate) only_connected_organizations: bool,
}

impl Default for GuestsSection {
    fn default() -> Self {
        let settings = GuestSettings::default();
        Self {
            invite: settings.invites,
            domain: settings.domain,
            allowed_domains: settings.invitations.allowed,
            blocked_domains: settings.invitations.blocked,
            only_connected_organizations: settings.invitations.only_connected,
        }
    }
}

/// `[directory]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct DirectorySection {
    /// How long deleted users can be restored.
    pub(crate) restorable: Iso,
}

impl Default for DirectorySection {
    fn default() -> Self {
        Self {
            restorable: Iso(GuestSettings::default().restorable),
        }
    }
}

/// The settings that the rules read.
pub(super) fn settings(config: &Config) -> Arc<GuestSettings> {
    let guests = &config.guests;
    let domain = guests
        .domain
        .as_ref()
        .or(config.provisioning.domain.as_ref());
    Arc::new(GuestSettings {
        invites: guests.invite,
        domain: domain.cloned(),
        invitations: InvitationRules {
            allowed: guests.allowed_domains.clone(),
            blocked: guests.blocked_domains.clone(),
            only_connected: guests.only_connected_organizations,
        },
        wait: config.delivery.guest_wait.0,
        restorable: config.directory.restorable.0,
    })
}

/// What is wrong with these sections.
pub(super) fn flaws(config: &Config, flaws: &mut Vec<String>) {
    let guests = &config.guests;
    for (key, list) in [
        ("allowedDomains", &guests.allowed_domains),
        ("blockedDomains", &guests.blocked_domains),
    ] {
        for pattern in list.iter().filter(|pattern| !is_pattern(pattern)) {
            flaws.push(format!(
                "`guests.{key}` must hold domains such as `example.com`, or `*.example.com` for those below: `{pattern}`"
            ));
        }
    }
    if let Some(domain) = guests.domain.as_ref().filter(|domain| !is_pattern(domain)) {
        flaws.push(format!(
            "`guests.domain` must be a domain such as `example.com`: `{domain}`"
        ));
    }
    for (key, time) in [
        ("delivery.guestWait", config.delivery.guest_wait.0),
        ("directory.restorable", config.directory.restorable.0),
    ] {
        if time <= Duration::default() {
            flaws.push(format!("`{key}` must be above zero"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaws_of(config: &Config) -> Vec<String> {
        let mut found = Vec::new();
        flaws(config, &mut found);
        found
    }

    #[test]
    fn guests_have_their_names_where_provisioned_users_have_them_unless_said_otherwise() {
        let mut config = Config::default();
        assert_eq!(settings(&config).domain, None);
        config.provisioning.domain = Some("example.com".to_owned());
        assert_eq!(settings(&config).domain.as_deref(), Some("example.com"));
        config.guests.domain = Some("guests.example.com".to_owned());
        assert_eq!(
            settings(&config).domain.as_deref(),
            Some("guests.example.com")
        );
    }

    #[test]
    fn what_is_no_domain_and_no_time_is_named_by_its_key() {
        let mut config = Config::default();
        assert!(flaws_of(&config).is_empty());
        config.guests.allowed_domains = vec!["example.com".to_owned(), "*".to_owned()];
        config.guests.blocked_domains = vec!["a@b.com".to_owned()];
        config.guests.domain = Some("here".to_owned());
        config.delivery.guest_wait = Iso(Duration::default());

        let found = flaws_of(&config);

        assert_eq!(found.len(), 4);
        for (key, flaw) in [
            "guests.allowedDomains",
            "guests.blockedDomains",
            "guests.domain",
            "delivery.guestWait",
        ]
        .into_iter()
        .zip(&found)
        {
            assert!(flaw.contains(key), "{flaw}");
        }
    }
}

//! Connected organizations: partners whose people may be let in, and who of us speaks for them (sections 1.1 and 3.4).
//!
//! **Invariant:** a mail domain or an issuer of identities belongs to one organization at most, so that everybody
//! outside belongs to one at most.

use std::collections::BTreeSet;

use crate::change::Change;
use crate::cloud::Cloud;
use crate::flaw::{Flaw, check_description, check_name};
use crate::word::words;

words! {
    /// Whether somebody looked at the organization (EX-2).
    pub enum OrganizationState {
        /// An administrator did: it counts as configured.
        Configured = "configured",
        /// It came with a request of somebody outside.
        Proposed = "proposed",
    }
}

words! {
    /// Who signs people in who have no account of their own organization.
    pub enum SocialSource {
        /// Facebook.
        Facebook = "facebook",
    }
}

words! {
    /// By what kind of fact a source knows its people.
    pub enum SourceKind {
        /// Their mail address ends in it.
        Domain = "domain",
        /// The issuer of one of their identities contains it.
        Issuer = "issuer",
    }
}

words! {
    /// Which of the two lists of sponsors.
    pub enum SponsorKind {
        /// People of our own who look after the organization.
        Internal = "internal",
        /// People of the organization itself.
        External = "external",
    }
}

/// Where the people of an organization sign in (EX-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentitySource {
    /// A tenant of the same cloud.
    Tenant {
        /// Its name.
        display_name: Option<String>,
        /// Its id.
        tenant_id: String,
    },
    /// A tenant of another cloud.
    CrossCloudTenant {
        /// Its name.
        display_name: Option<String>,
        /// Its id.
        tenant_id: String,
        /// The cloud's host name.
        cloud_instance: String,
    },
    /// A mail domain.
    Domain {
        /// Its name.
        display_name: Option<String>,
        /// The domain.
        domain_name: String,
    },
    /// A mail domain whose people sign in at a provider of its own.
    Federation {
        /// Its name.
        display_name: Option<String>,
        /// The domain.
        domain_name: String,
        /// The provider.
        issuer_uri: Option<String>,
    },
    /// A provider for everybody.
    Social {
        /// Its name.
        display_name: Option<String>,
        /// Which one.
        source: SocialSource,
    },
}

/// A fact by which people are known, in lower case.
pub type SourceKey = (SourceKind, String);

impl IdentitySource {
    /// What makes somebody a member of the organization: one of these facts is enough.
    pub fn keys(&self) -> Vec<SourceKey> {
        match self {
            Self::Tenant { tenant_id, .. } | Self::CrossCloudTenant { tenant_id, .. } => {
                vec![(SourceKind::Issuer, tenant_id.to_lowercase())]
            }
            Self::Domain { domain_name, .. } => {
                vec![(SourceKind::Domain, domain_name.to_lowercase())]
            }
            Self::Federation {
                domain_name,
                issuer_uri,
                ..
            } => std::iter::once((SourceKind::Domain, domain_name.to_lowercase()))
                .chain(
                    issuer_uri
                        .iter()
                        .map(|uri| (SourceKind::Issuer, uri.to_lowercase())),
                )
                .collect(),
            Self::Social { source, .. } => vec![(SourceKind::Issuer, format!("{source}.com"))],
        }
    }

    fn check(&self, place: &str) -> Result<(), Flaw> {
        match self {
            Self::Tenant {
                display_name,
                tenant_id,
            } => {
                check_tenant(place, tenant_id)?;
                check_description(&format!("{place}/displayName"), display_name.as_deref())
            }
            Self::CrossCloudTenant {
                display_name,
                tenant_id,
                cloud_instance,
            } => {
                check_tenant(place, tenant_id)?;
                check_cloud(place, cloud_instance)?;
                check_description(&format!("{place}/displayName"), display_name.as_deref())
            }
            Self::Domain {
                display_name,
                domain_name,
            } => {
                check_domain(place, domain_name)?;
                check_description(&format!("{place}/displayName"), display_name.as_deref())
            }
            Self::Federation {
                display_name,
                domain_name,
                issuer_uri,
            } => {
                check_domain(place, domain_name)?;
                if let Some(uri) = issuer_uri {
                    check_name(&format!("{place}/issuerUri"), uri)?;
                }
                check_description(&format!("{place}/displayName"), display_name.as_deref())
            }
            Self::Social { display_name, .. } => {
                check_description(&format!("{place}/displayName"), display_name.as_deref())
            }
        }
    }
}

fn check_tenant(place: &str, id: &str) -> Result<(), Flaw> {
    if uuid::Uuid::try_parse(id).is_ok() && id.len() == 36 {
        return Ok(());
    }
    let target = format!("{place}/tenantId");
    Err(Flaw::new(&target, format!("`{target}` must be a GUID")))
}

fn check_cloud(place: &str, instance: &str) -> Result<(), Flaw> {
    if Cloud::is_instance(instance) {
        return Ok(());
    }
    let target = format!("{place}/cloudInstance");
    let known: BTreeSet<_> = Cloud::ALL.iter().map(|cloud| cloud.instance()).collect();
    let known: Vec<_> = known.into_iter().collect();
    let message = format!("`{target}` must be a cloud: {}", known.join(", "));
    Err(Flaw::new(&target, message))
}

fn check_domain(place: &str, domain: &str) -> Result<(), Flaw> {
    let target = format!("{place}/domainName");
    check_name(&target, domain)?;
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    if domain.contains('.') && domain.split('.').all(is_label) {
        return Ok(());
    }
    let message = format!("`{target}` must be a mail domain such as `contoso.com`");
    Err(Flaw::new(target, message))
}

/// Most sources of one organization.
const MOST_SOURCES: usize = 100;

/// The facts by which these sources know people, each once.
pub fn keys(sources: &[IdentitySource]) -> BTreeSet<SourceKey> {
    sources.iter().flat_map(IdentitySource::keys).collect()
}

fn check_sources(sources: &[IdentitySource]) -> Result<(), Flaw> {
    if sources.len() > MOST_SOURCES {
        let message = format!("`identitySources` must not have more than {MOST_SOURCES} items");
        return Err(Flaw::new("identitySources", message));
    }
    for (position, source) in sources.iter().enumerate() {
        source.check(&format!("identitySources/{position}"))?;
    }
    Ok(())
}

/// A connected organization that somebody wants to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConnectedOrganization {
    /// Its name.
    pub display_name: String,
    /// What it is.
    pub description: Option<String>,
    /// An administrator's is configured unless the body says otherwise (EX-2).
    pub state: OrganizationState,
    /// Where its people sign in.
    pub identity_sources: Vec<IdentitySource>,
}

impl NewConnectedOrganization {
    /// Whether it can be stored.
    pub fn check(&self) -> Result<(), Flaw> {
        check_name("displayName", &self.display_name)?;
        check_description("description", self.description.as_deref())?;
        check_sources(&self.identity_sources)
    }

    /// What a request of somebody outside proposes (EX-2): the organization of their mail domain. `None` if the address
    /// has none that could be one.
    pub fn proposed_for(mail: &str) -> Option<Self> {
        let (_, domain) = mail.rsplit_once('@')?;
        let domain_name = domain.to_lowercase();
        let proposed = Self {
            display_name: domain_name.clone(),
            description: None,
            state: OrganizationState::Proposed,
            identity_sources: vec![IdentitySource::Domain {
                display_name: Some(domain_name.clone()),
                domain_name,
            }],
        };
        proposed.check().is_ok().then_some(proposed)
    }
}

/// What somebody wants to change of a connected organization.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnectedOrganizationChange {
    /// Another name.
    pub display_name: Option<String>,
    /// Another description.
    pub description: Change<String>,
    /// Accept a proposed one, or the other way round.
    pub state: Option<OrganizationState>,
    /// All its sources from now on.
    pub identity_sources: Option<Vec<IdentitySource>>,
}

impl ConnectedOrganizationChange {
    /// Whether it can be stored.
    pub fn check(&self) -> Result<(), Flaw> {
        if let Some(name) = &self.display_name {
            check_name("displayName", name)?;
        }
        if let Change::Set(description) = &self.description {
            check_description("description", Some(description))?;
        }
        check_sources(self.identity_sources.as_deref().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "AE79F266-94D4-4DAB-B730-FECA7E132178";

    fn domain(name: &str) -> IdentitySource {
        IdentitySource::Domain {
            display_name: None,
            domain_name: name.to_owned(),
        }
    }

    fn organization(sources: Vec<IdentitySource>) -> NewConnectedOrganization {
        NewConnectedOrganization {
            display_name: "Contoso".to_owned(),
            description: None,
            state: OrganizationState::Configured,
            identity_sources: sources,
        }
    }

    #[test]
    fn ex_1_each_kind_of_source_says_by_what_it_knows_people() {
        let federation = IdentitySource::Federation {
            display_name: None,
            domain_name: "Contoso.com".to_owned(),
            issuer_uri: Some("https://sts.Contoso.com".to_owned()),
        };
        let tenant = IdentitySource::Tenant {
            display_name: None,
            tenant_id: TENANT.to_owned(),
        };
        let social = IdentitySource::Social {
            display_name: None,
            source: SocialSource::Facebook,
        };

        let known = keys(&[domain("contoso.COM"), federation, tenant, social]);

        let issuer = |text: &str| (SourceKind::Issuer, text.to_owned());
        assert_eq!(
            known.into_iter().collect::<Vec<_>>(),
            [
                (SourceKind::Domain, "contoso.com".to_owned()),
                issuer(&TENANT.to_lowercase()),
                issuer("facebook.com"),
                issuer("https://sts.contoso.com"),
            ]
        );
    }

    #[test]
    fn flaws_name_the_source_and_its_member() {
        let tenant = IdentitySource::Tenant {
            display_name: None,
            tenant_id: "contoso".to_owned(),
        };
        for (source, target) in [
            (tenant, "identitySources/1/tenantId"),
            (domain("contoso"), "identitySources/1/domainName"),
            (domain("a@contoso.com"), "identitySources/1/domainName"),
            (domain("-x.com"), "identitySources/1/domainName"),
            (domain(" "), "identitySources/1/domainName"),
        ] {
            let wanted = organization(vec![domain("fabrikam.com"), source]);

            assert_eq!(wanted.check().unwrap_err().target, target);
        }
        let many = organization(vec![domain("x.com"); MOST_SOURCES + 1]);
        assert_eq!(many.check().unwrap_err().target, "identitySources");
        assert!(organization(vec![domain("bücher.example")]).check().is_ok());
    }

    #[test]
    fn ex_2_a_proposed_organization_is_that_of_the_mail_domain() {
        let proposed = NewConnectedOrganization::proposed_for("bob@Fabrikam.com").unwrap();

        assert_eq!(proposed.state, OrganizationState::Proposed);
        assert_eq!(proposed.display_name, "fabrikam.com");
        for mail in ["", "bob", "bob@", "bob@localhost"] {
            assert_eq!(NewConnectedOrganization::proposed_for(mail), None, "{mail}");
        }
    }
}

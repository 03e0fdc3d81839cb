//! Connected organizations and where their people sign in: the same members in both versions.

use domain::connected_organization::{
    ConnectedOrganizationChange, IdentitySource, NewConnectedOrganization, OrganizationState,
    SocialSource,
};
use serde_json::Value as Json;

use super::{DecodeError, changed, changed_text, root, text, word};
use crate::body::Node;

/// Reads a connected organization to create.
pub fn create(body: &Json) -> Result<NewConnectedOrganization, DecodeError> {
    let root = root(body)?;
    Ok(NewConnectedOrganization {
        display_name: root.member("displayName").required_text()?.to_owned(),
        description: text(&root.member("description"))?,
        state: state(&root.member("state"))?.unwrap_or(OrganizationState::Configured),
        identity_sources: sources(&root.member("identitySources"))?.unwrap_or_default(),
    })
}

/// Reads what to change of a connected organization.
pub fn update(body: &Json) -> Result<ConnectedOrganizationChange, DecodeError> {
    let root = root(body)?;
    Ok(ConnectedOrganizationChange {
        display_name: changed(&root, "displayName", text)?,
        description: changed_text(&root, "description")?,
        state: changed(&root, "state", state)?,
        identity_sources: changed(&root, "identitySources", sources)?,
    })
}

fn state(node: &Node<'_>) -> Result<Option<OrganizationState>, DecodeError> {
    let all: Vec<_> = OrganizationState::ALL
        .iter()
        .map(|one| one.as_str())
        .collect();
    word(node, OrganizationState::from_name, &all)
}

fn sources(node: &Node<'_>) -> Result<Option<Vec<IdentitySource>>, DecodeError> {
    if node.is_null() {
        return Ok(None);
    }
    let mut sources = Vec::new();
    for item in node.items()? {
        sources.push(source(&item)?);
    }
    Ok(Some(sources))
}

fn source(item: &Node<'_>) -> Result<IdentitySource, DecodeError> {
    if item.object()?.is_none() {
        return Err(item.invalid("must be an object").into());
    }
    let display_name = text(&item.member("displayName"))?;
    let required = |name: &str| -> Result<String, DecodeError> {
        Ok(item.member(name).required_text()?.to_owned())
    };
    let annotation = item.member("@odata.type");
    let kind = annotation.required_text()?;
    let kind = kind.strip_prefix('#').unwrap_or(kind);
    let kind = kind.rsplit('.').next().unwrap_or(kind);
    match kind.to_ascii_lowercase().as_str() {
        "azureactivedirectorytenant" => Ok(IdentitySource::Tenant {
            display_name,
            tenant_id: required("tenantId")?,
        }),
        "crosscloudazureactivedirectorytenant" => Ok(IdentitySource::CrossCloudTenant {
            display_name,
            tenant_id: required("tenantId")?,
            cloud_instance: required("cloudInstance")?,
        }),
        "domainidentitysource" => Ok(IdentitySource::Domain {
            display_name,
            domain_name: required("domainName")?,
        }),
        "externaldomainfederation" => Ok(IdentitySource::Federation {
            display_name,
            domain_name: required("domainName")?,
            issuer_uri: text(&item.member("issuerUri"))?,
        }),
        "socialidentitysource" => Ok(IdentitySource::Social {
            display_name,
            source: social(&item.member("socialIdentitySourceType"))?,
        }),
        _ => Err(annotation
            .invalid("must be a type of identity source, such as `#microsoft.graph.domainIdentitySource`")
            .into()),
    }
}

fn social(node: &Node<'_>) -> Result<SocialSource, DecodeError> {
    let all: Vec<_> = SocialSource::ALL.iter().map(|one| one.as_str()).collect();
    word(node, SocialSource::from_name, &all)?.ok_or_else(|| node.invalid("is required").into())
}

#[cfg(test)]
mod tests {
    use domain::change::Change;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_source_is_read_by_its_type_in_any_case() {
        let body = json!({
            "displayName": "Contoso", "description": "A partner",
            "identitySources": [
                {"@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "contoso.com", "displayName": "Contoso"},
                {"@odata.type": "microsoft.graph.azureActiveDirectoryTenant", "tenantId": "t"},
                {"@odata.type": "CrossCloudAzureActiveDirectoryTenant", "tenantId": "t", "cloudInstance": "microsoftonline.us"},
                {"@odata.type": "#microsoft.graph.externalDomainFederation", "domainName": "f.com", "issuerUri": "i"},
                {"@odata.type": "#microsoft.graph.socialIdentitySource", "socialIdentitySourceType": "Facebook"},
            ],
        });

        let read = create(&body).unwrap();

        assert_eq!(read.state, OrganizationState::Configured);
        assert_eq!(read.identity_sources.len(), 5);
        assert_eq!(
            read.identity_sources[0],
            IdentitySource::Domain {
                display_name: Some("Contoso".to_owned()),
                domain_name: "contoso.com".to_owned(),
            }
        );
        assert_eq!(
            read.identity_sources[4],
            IdentitySource::Social {
                display_name: None,
                source: SocialSource::Facebook,
            }
        );
    }

    #[test]
    fn flaws_name_the_source_and_its_member() {
        let organization = |source: Json| json!({"displayName": "x", "identitySources": [source]});
        for (body, target) in [
            (json!({}), "displayName"),
            (json!({"displayName": "x", "state": "known"}), "state"),
            (organization(json!("contoso.com")), "identitySources/0"),
            (organization(json!({})), "identitySources/0/@odata.type"),
            (
                organization(json!({"@odata.type": "#microsoft.graph.user"})),
                "identitySources/0/@odata.type",
            ),
            (
                organization(json!({"@odata.type": "domainIdentitySource"})),
                "identitySources/0/domainName",
            ),
            (
                organization(
                    json!({"@odata.type": "socialIdentitySource", "socialIdentitySourceType": "x"}),
                ),
                "identitySources/0/socialIdentitySourceType",
            ),
        ] {
            assert_eq!(create(&body).unwrap_err().target, target, "{body}");
        }
    }

    #[test]
    fn an_update_keeps_what_it_does_not_name() {
        let change = update(&json!({"state": "Configured", "description": null})).unwrap();

        assert_eq!(change.display_name, None);
        assert_eq!(change.description, Change::Clear);
        assert_eq!(change.state, Some(OrganizationState::Configured));
        assert_eq!(change.identity_sources, None);
        let error = update(&json!({"identitySources": null})).unwrap_err();
        assert_eq!(error.target, "identitySources");
    }
}

//! Identity sources as a document: a list of what the wire shows.

use domain::connected_organization::IdentitySource;
use serde_json::{Value as Json, json};

/// The list as it is stored.
pub(super) fn document(sources: &[IdentitySource]) -> Json {
    sources.iter().map(source).collect()
}

fn source(source: &IdentitySource) -> Json {
    match source {
        IdentitySource::Tenant {
            display_name,
            tenant_id,
        } => json!({
            "@odata.type": "#microsoft.graph.azureActiveDirectoryTenant",
            "displayName": display_name,
            "tenantId": tenant_id,
        }),
        IdentitySource::CrossCloudTenant {
            display_name,
            tenant_id,
            cloud_instance,
        } => json!({
            "@odata.type": "#microsoft.graph.crossCloudAzureActiveDirectoryTenant",
            "cloudInstance": cloud_instance,
            "displayName": display_name,
            "tenantId": tenant_id,
        }),
        IdentitySource::Domain {
            display_name,
            domain_name,
        } => json!({
            "@odata.type": "#microsoft.graph.domainIdentitySource",
            "displayName": display_name,
            "domainName": domain_name,
        }),
        IdentitySource::Federation {
            display_name,
            domain_name,
            issuer_uri,
        } => json!({
            "@odata.type": "#microsoft.graph.externalDomainFederation",
            "displayName": display_name,
            "domainName": domain_name,
            "issuerUri": issuer_uri,
        }),
        IdentitySource::Social {
            display_name,
            source,
        } => json!({
            "@odata.type": "#microsoft.graph.socialIdentitySource",
            "displayName": display_name,
            "socialIdentitySourceType": source.as_str(),
        }),
    }
}

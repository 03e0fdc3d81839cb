//! Organizations that are connected, and how their people are recognised.

use super::shape::{Shape, beta, both, complex, entity, instant, many, one, shape, text, ways};

#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    shape(entity("connectedOrganization"), &[
        both(instant("createdDateTime")),
        both(text("description")),
        both(text("displayName")),
        both(many("identitySources", "identitySource")),
        both(instant("modifiedDateTime")),
        both(one("state", "connectedOrganizationState")),
        both(ways("externalSponsors", "directoryObject").contained()),
        both(ways("internalSponsors", "directoryObject").contained()),
        beta(text("createdBy")),
        beta(text("modifiedBy")),
    ]),
    shape(complex("identitySource").is_abstract(), &[]),
    shape(complex("azureActiveDirectoryTenant").from("identitySource"), &[
        both(text("displayName")),
        both(text("tenantId")),
    ]),
    shape(complex("crossCloudAzureActiveDirectoryTenant").from("identitySource"), &[
        both(text("cloudInstance").required()),
        both(text("displayName")),
        both(text("tenantId")),
    ]),
    shape(complex("domainIdentitySource").from("identitySource"), &[
        both(text("displayName")),
        both(text("domainName")),
    ]),
    shape(complex("externalDomainFederation").from("identitySource"), &[
        both(text("displayName")),
        both(text("domainName")),
        both(text("issuerUri")),
    ]),
    shape(complex("socialIdentitySource").from("identitySource"), &[
        both(text("displayName")),
        both(one("socialIdentitySourceType", "socialIdentitySourceType").required()),
    ]),
];

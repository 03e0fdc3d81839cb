//! Resources whose access somebody else grants: uploaded data, and connectors to other systems.

use super::shape::{
    Shape, beta, beta_shape, both, complex, entity, flag, instant, int, long, one, shape, text,
    ways,
};

#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    shape(entity("customDataProvidedResource").from("accessPackageResource"), &[
        both(one("notificationEndpointConfiguration", "customExtensionEndpointConfiguration")),
    ]),
    shape(entity("customDataProvidedResourceUploadSession").is_abstract(), &[
        both(instant("createdDateTime").required()),
        both(one("data", "customDataProvidedResourcePayloads.data")),
        both(flag("isUploadDone").required()),
        both(text("referenceId")),
        both(one("stats", "customDataProvidedResourceUploadStats").required()),
        both(one("status", "customDataProvidedResourceUploadStatus").required()),
        both(ways("files", "customDataProvidedResourceFile")),
    ]),
    shape(entity("customDataProvidedResourceAccessReviewUploadSession").from("customDataProvidedResourceUploadSession"), &[]),
    shape(entity("customDataProvidedResourceFile").has_stream(), &[
        both(text("name").required()),
        both(long("size").required()),
        both(instant("uploadedDateTime").required()),
    ]),
    shape(complex("customDataProvidedResourceUploadStats"), &[
        both(int("filesUploaded").required()),
        both(long("totalBytesUploaded").required()),
    ]),
    shape(complex("customDataProvidedResourcePayloads.data").is_abstract(), &[]),
    shape(complex("customDataProvidedResourcePayloads.accessReviewContextDataBase").from("customDataProvidedResourcePayloads.data").is_abstract(), &[
        both(text("reviewDefinitionId").required()),
        both(text("reviewInstanceId").required()),
    ]),
    shape(complex("customDataProvidedResourcePayloads.accessReviewContextData").from("customDataProvidedResourcePayloads.accessReviewContextDataBase"), &[]),
    shape(complex("customDataProvidedResourcePayloads.applyDecisionContextData").from("customDataProvidedResourcePayloads.accessReviewContextDataBase"), &[]),
    shape(entity("externalOriginResourceConnector"), &[
        both(one("connectionInfo", "connectionInfo")),
        both(one("connectorType", "connectorType")),
        both(text("createdBy")),
        both(instant("createdDateTime")),
        both(text("description")),
        both(text("displayName")),
        both(text("modifiedBy")),
        both(instant("modifiedDateTime")),
    ]),
    beta_shape(complex("externalSapAcConnectionInfo").from("connectionInfo"), &[
        beta(one("authenticationInfo", "authenticationInfo")),
        beta(text("keyVaultName")),
        beta(text("resourceGroup")),
        beta(text("subscriptionId")),
        beta(text("systemId")),
        beta(text("userIdentifier")),
    ]),
    shape(complex("externalTokenBasedSapIagConnectionInfo").from("connectionInfo"), &[
        both(text("accessTokenUrl")),
        both(text("clientId")),
        both(text("keyVaultName")),
        both(text("resourceGroup")),
        both(text("secretName")),
        both(text("subscriptionId")),
    ]),
    beta_shape(complex("authenticationInfo"), &[]),
    beta_shape(complex("clientCredentialAuthenticationInfo").from("authenticationInfo"), &[
        beta(text("accessTokenUrl")),
        beta(text("clientId")),
        beta(text("secretName")),
    ]),
];

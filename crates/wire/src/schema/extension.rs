//! Custom extensions: what is called, how, and what came of it.

use super::shape::{
    Shape, beta, beta_shape, both, complex, duration, entity, instant, int, one, shape, text, way,
};

#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    shape(entity("customCalloutExtension").is_abstract(), &[
        both(one("authenticationConfiguration", "customExtensionAuthenticationConfiguration")),
        both(one("clientConfiguration", "customExtensionClientConfiguration")),
        both(text("description")),
        both(text("displayName")),
        both(one("endpointConfiguration", "customExtensionEndpointConfiguration")),
    ]),
    shape(entity("accessPackageAssignmentRequestWorkflowExtension").from("customCalloutExtension"), &[
        both(one("callbackConfiguration", "customExtensionCallbackConfiguration")),
        both(text("createdBy")),
        both(instant("createdDateTime")),
        both(text("lastModifiedBy")),
        both(instant("lastModifiedDateTime")),
    ]),
    shape(entity("accessPackageAssignmentWorkflowExtension").from("customCalloutExtension"), &[
        both(one("callbackConfiguration", "customExtensionCallbackConfiguration")),
        both(text("createdBy")),
        both(instant("createdDateTime")),
        both(text("lastModifiedBy")),
        both(instant("lastModifiedDateTime")),
    ]),
    beta_shape(entity("customAccessPackageWorkflowExtension").from("customCalloutExtension"), &[
        beta(instant("createdDateTime")),
        beta(instant("lastModifiedDateTime")),
    ]),
    beta_shape(entity("customExtensionHandler"), &[
        beta(one("stage", "accessPackageCustomExtensionStage")),
        beta(way("customExtension", "customAccessPackageWorkflowExtension")),
    ]),
    beta_shape(complex("customExtensionHandlerInstance"), &[
        beta(text("customExtensionId")),
        beta(text("externalCorrelationId")),
        beta(one("stage", "accessPackageCustomExtensionStage")),
        beta(one("status", "accessPackageCustomExtensionHandlerStatus")),
    ]),
    shape(complex("customExtensionCalloutInstance"), &[
        both(text("customExtensionId")),
        both(text("detail")),
        both(text("externalCorrelationId")),
        both(text("id")),
        both(one("status", "customExtensionCalloutInstanceStatus")),
    ]),
    shape(complex("customExtensionAuthenticationConfiguration").is_abstract(), &[]),
    shape(complex("azureAdPopTokenAuthentication").from("customExtensionAuthenticationConfiguration"), &[]),
    shape(complex("azureAdTokenAuthentication").from("customExtensionAuthenticationConfiguration"), &[
        both(text("resourceId")),
    ]),
    shape(complex("customExtensionCallbackConfiguration").is_abstract(), &[
        both(duration("timeoutDuration")),
    ]),
    shape(complex("accessPackageRequestApprovalStageCallbackConfiguration").from("customExtensionCallbackConfiguration"), &[]),
    shape(complex("customExtensionClientConfiguration"), &[
        both(int("maximumRetries")),
        both(int("timeoutInMilliseconds")),
    ]),
    shape(complex("customExtensionEndpointConfiguration").is_abstract(), &[]),
    shape(complex("httpRequestEndpoint").from("customExtensionEndpointConfiguration"), &[
        both(text("targetUrl")),
    ]),
    shape(complex("logicAppTriggerEndpointConfiguration").from("customExtensionEndpointConfiguration"), &[
        both(text("logicAppWorkflowName")),
        both(text("resourceGroupName")),
        both(text("subscriptionId")),
        both(text("url")),
    ]),
];

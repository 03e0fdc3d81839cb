//! Audit events.

use super::shape::{
    Shape, beta, beta_shape, both, complex, entity, instant, many, one, shape, text, two,
};

#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    shape(entity("directoryAudit"), &[
        both(instant("activityDateTime").required()),
        both(text("activityDisplayName").required()),
        both(many("additionalDetails", "keyValue")),
        both(text("category").required()),
        both(text("correlationId")),
        both(one("initiatedBy", "auditActivityInitiator").required()),
        both(text("loggedByService")),
        both(text("operationType")),
        both(one("result", "operationResult")),
        both(text("resultReason")),
        both(many("targetResources", "targetResource")),
        beta(one("performedBy", "auditActivityPerformer")),
        beta(text("userAgent")),
    ]),
    beta_shape(entity("appManagementAudit").from("directoryAudit"), &[
        beta(many("appliedAppManagementPolicyRestrictions", "appliedAppManagementPolicyRestriction")),
    ]),
    shape(complex("auditActivityInitiator"), &[
        both(one("app", "appIdentity")),
        two(one("user", "userIdentity"), one("user", "auditUserIdentity")),
        beta(one("linkableIdentifiers", "linkableIdentifiers")),
    ]),
    beta_shape(complex("auditActivityPerformer"), &[
        beta(text("appId")),
        beta(text("blueprintId")),
        beta(one("identityType", "auditIdentityType")),
    ]),
    beta_shape(complex("auditUserIdentity").from("userIdentity").is_open(), &[
        beta(text("homeTenantId")),
        beta(text("homeTenantName")),
    ]),
    shape(complex("targetResource"), &[
        both(text("displayName")),
        both(one("groupType", "groupType")),
        both(text("id")),
        both(many("modifiedProperties", "modifiedProperty")),
        both(text("type")),
        both(text("userPrincipalName")),
    ]),
    shape(complex("modifiedProperty"), &[
        both(text("displayName")),
        both(text("newValue")),
        both(text("oldValue")),
    ]),
    shape(complex("keyValue"), &[
        both(text("key")),
        both(text("value")),
    ]),
    beta_shape(complex("appliedAppManagementPolicyRestriction"), &[
        beta(one("attemptedChanges", "Dictionary")),
        beta(one("auditResult", "appManagementAuditLogAuditResult")),
        beta(text("policyId")),
        beta(one("policyType", "appManagementAuditLogPolicyType")),
        beta(one("restrictionDetails", "Dictionary")),
        beta(one("restrictionResult", "appManagementAuditLogRestrictionResult")),
        beta(one("restrictionState", "appManagementAuditLogRestrictionState")),
        beta(text("restrictionType")),
    ]),
    beta_shape(complex("linkableIdentifiers"), &[
        beta(text("deviceId")),
        beta(text("sessionId")),
        beta(one("tokenDetails", "tokenDetails")),
    ]),
    shape(complex("tenantInformation"), &[
        both(text("defaultDomainName")),
        both(text("displayName")),
        both(text("federationBrandName")),
        both(text("tenantId").required()),
    ]),
    beta_shape(complex("tokenDetails"), &[
        beta(instant("issuedAtDateTime")),
        beta(text("uniqueTokenIdentifier")),
    ]),
];

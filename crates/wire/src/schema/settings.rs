//! The root of entitlement management and its settings.

use super::shape::{
    Shape, beta, beta_shape, both, duration, entity, flag, instant, int, one, renamed, shape, text,
    two, way, ways,
};

#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    shape(entity("entity").root().is_abstract(), &[
        both(text("id").required()),
    ]),
    shape(entity("entitlementManagement"), &[
        both(ways("accessPackageAssignmentApprovals", "approval").contained()),
        both(ways("accessPackages", "accessPackage").contained()),
        both(ways("accessPackageSuggestions", "accessPackageSuggestion").contained()),
        renamed(ways("assignmentPolicies", "accessPackageAssignmentPolicy").contained(), "accessPackageAssignmentPolicies"),
        renamed(ways("assignmentRequests", "accessPackageAssignmentRequest").contained(), "accessPackageAssignmentRequests"),
        renamed(ways("assignments", "accessPackageAssignment").contained(), "accessPackageAssignments"),
        both(ways("availableAccessPackages", "availableAccessPackage").contained()),
        renamed(ways("catalogs", "accessPackageCatalog").contained(), "accessPackageCatalogs"),
        both(ways("connectedOrganizations", "connectedOrganization").contained()),
        both(ways("controlConfigurations", "controlConfiguration").contained()),
        renamed(ways("resourceEnvironments", "accessPackageResourceEnvironment").contained(), "accessPackageResourceEnvironments"),
        renamed(ways("resourceRequests", "accessPackageResourceRequest").contained(), "accessPackageResourceRequests"),
        renamed(ways("resourceRoleScopes", "accessPackageResourceRoleScope").contained(), "accessPackageResourceRoleScopes"),
        renamed(ways("resources", "accessPackageResource").contained(), "accessPackageResources"),
        both(way("settings", "entitlementManagementSettings").contained()),
        both(ways("subjects", "accessPackageSubject").contained()),
        both(ways("externalOriginResourceConnectors", "externalOriginResourceConnector")),
        beta(ways("accessPackageAssignmentResourceRoles", "accessPackageAssignmentResourceRole").contained()),
        beta(ways("assignmentRequests", "accessPackageAssignmentRequest").contained()),
    ]),
    shape(entity("entitlementManagementSettings"), &[
        two(duration("durationUntilExternalUserDeletedAfterBlocked"), int("daysUntilExternalUserDeletedAfterBlocked")),
        two(one("externalUserLifecycleAction", "accessPackageExternalUserLifecycleAction"), text("externalUserLifecycleAction")),
    ]),
    shape(entity("controlConfiguration").is_abstract(), &[
        both(text("createdBy")),
        both(instant("createdDateTime")),
        two(flag("isEnabled").required(), flag("isEnabled")),
        both(text("modifiedBy")),
        both(instant("modifiedDateTime")),
    ]),
    shape(entity("endUserSettings").from("controlConfiguration"), &[
        both(one("relatedPeopleInsightLevel", "accessPackageSuggestionRelatedPeopleInsightLevel")),
        both(flag("showApproverDetailsToMembers").required()),
    ]),
    beta_shape(entity("entraIdProtectionRiskyUserApproval").from("controlConfiguration"), &[
        beta(flag("isApprovalRequired")),
        beta(one("minimumRiskLevel", "riskLevel")),
    ]),
    beta_shape(entity("insiderRiskyUserApproval").from("controlConfiguration"), &[
        beta(flag("isApprovalRequired")),
        beta(one("minimumRiskLevel", "purviewInsiderRiskManagementLevel")),
    ]),
];

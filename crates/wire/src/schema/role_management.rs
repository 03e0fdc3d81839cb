//! Roles of entitlement management, and who holds them.

use super::shape::{
    Shape, beta, beta_shape, both, complex, entity, flag, many, one, shape, text, texts, way, ways,
};

#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    shape(entity("rbacApplication"), &[
        both(ways("resourceNamespaces", "unifiedRbacResourceNamespace").contained()),
        both(ways("roleAssignments", "unifiedRoleAssignment").contained()),
        both(ways("roleAssignmentScheduleInstances", "unifiedRoleAssignmentScheduleInstance").contained()),
        both(ways("roleAssignmentScheduleRequests", "unifiedRoleAssignmentScheduleRequest").contained()),
        both(ways("roleAssignmentSchedules", "unifiedRoleAssignmentSchedule").contained()),
        both(ways("roleDefinitions", "unifiedRoleDefinition").contained()),
        both(ways("roleEligibilityScheduleInstances", "unifiedRoleEligibilityScheduleInstance").contained()),
        both(ways("roleEligibilityScheduleRequests", "unifiedRoleEligibilityScheduleRequest").contained()),
        both(ways("roleEligibilitySchedules", "unifiedRoleEligibilitySchedule").contained()),
        beta(way("deletedItems", "directoryRoleManagementDeletedItemContainer")),
        beta(ways("roleAssignmentApprovals", "approval").contained()),
        beta(ways("transitiveRoleAssignments", "unifiedRoleAssignment").contained()),
    ]),
    shape(entity("unifiedRoleAssignment"), &[
        both(text("appScopeId")),
        both(text("condition")),
        both(text("directoryScopeId")),
        both(text("principalId")),
        both(text("principalOrganizationId")),
        both(text("roleDefinitionId")),
        both(way("appScope", "appScope").contained()),
        both(way("directoryScope", "directoryObject")),
        both(way("principal", "directoryObject")),
        both(way("roleDefinition", "unifiedRoleDefinition")),
        beta(text("resourceScope")),
    ]),
    shape(entity("unifiedRoleDefinition"), &[
        both(text("description")),
        both(text("displayName")),
        both(flag("isBuiltIn")),
        both(flag("isEnabled")),
        both(texts("resourceScopes").required()),
        both(many("rolePermissions", "unifiedRolePermission").required()),
        both(text("templateId")),
        both(text("version")),
        both(ways("inheritsPermissionsFrom", "unifiedRoleDefinition").contained()),
        beta(many("allowedPrincipalTypes", "allowedRolePrincipalTypes")),
        beta(flag("isPrivileged")),
    ]),
    shape(complex("unifiedRolePermission"), &[
        both(texts("allowedResourceActions").required()),
        both(text("condition")),
        both(texts("excludedResourceActions")),
    ]),
    shape(entity("unifiedRbacResourceNamespace"), &[
        both(text("name").required()),
        both(ways("resourceActions", "unifiedRbacResourceAction").contained()),
    ]),
    shape(entity("unifiedRbacResourceAction"), &[
        both(text("actionVerb")),
        both(text("authenticationContextId")),
        both(text("description")),
        both(flag("isAuthenticationContextSettable")),
        both(text("name").required()),
        both(text("resourceScopeId")),
        beta(flag("isPrivileged")),
        beta(way("authenticationContext", "authenticationContextClassReference")),
        beta(way("resourceScope", "unifiedRbacResourceScope").contained()),
    ]),
    beta_shape(entity("unifiedRbacResourceScope"), &[
        beta(text("displayName")),
        beta(text("scope").required()),
        beta(text("type")),
    ]),
    beta_shape(entity("authenticationContextClassReference"), &[
        beta(text("description")),
        beta(text("displayName")),
        beta(flag("isAvailable")),
    ]),
    beta_shape(entity("directoryRoleManagementDeletedItemContainer"), &[
        beta(ways("roleDefinitions", "unifiedRoleDefinition")),
    ]),
    shape(entity("appScope"), &[
        both(text("displayName")),
        both(text("type")),
    ]),
    beta_shape(entity("customAppScope").from("appScope"), &[
        beta(one("customAttributes", "customAppScopeAttributesDictionary").required()),
    ]),
    beta_shape(complex("customAppScopeAttributesDictionary").from("Dictionary").is_open(), &[]),
    beta_shape(complex("Dictionary").is_open(), &[]),
];

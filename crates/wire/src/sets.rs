//! The entity sets at the roots, and what can be called on an object or a collection.
//!
//! **Invariant:** routes, tests and addresses all read these two tables; a set that is not here is an unknown segment.

use domain::cloud::Cloud;

use crate::cloud::lacks_set;
use crate::table::Type;
use crate::tables;
use crate::version::Version;

/// A collection that a path can begin with.
#[derive(Debug)]
pub struct EntitySet {
    /// The segments in front of it.
    pub root: Root,
    /// Its name in v1.0; `None` if absent there.
    pub v1: Option<&'static str>,
    /// Its name in beta.
    pub beta: Option<&'static str>,
    /// What is in it.
    pub of: &'static Type,
    /// Properties, beside the key, by which one object can be addressed: name on the wire and column.
    pub alternate_keys: &'static [(&'static str, &'static str)],
    /// A column that may stand in place of the id as a key: a sign-in name.
    pub name_key: Option<&'static str>,
    /// Whether it is served only while older v1.0 paths are kept up (P3), and then only for calls.
    pub legacy_v1: Option<&'static str>,
    /// Whether it is one object and no collection: a path that names it is at the object, and no key follows.
    pub is_single: bool,
}

/// Where an entity set hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// Right below the version.
    Directory,
    /// `identityGovernance/entitlementManagement`.
    EntitlementManagement,
    /// `roleManagement/entitlementManagement`.
    RoleManagement,
    /// `roleManagement`.
    RoleProviders,
    /// `auditLogs`.
    AuditLogs,
    /// `directory`: what was deleted.
    Deleted,
}

impl Root {
    /// Every root, the longest first.
    pub const ALL: [Self; 6] = [
        Self::EntitlementManagement,
        Self::RoleManagement,
        Self::RoleProviders,
        Self::AuditLogs,
        Self::Deleted,
        Self::Directory,
    ];

    /// The segments in front of its sets.
    pub const fn segments(self) -> &'static [&'static str] {
        match self {
            Self::Directory => &[],
            Self::EntitlementManagement => &["identityGovernance", "entitlementManagement"],
            Self::RoleManagement => &["roleManagement", "entitlementManagement"],
            Self::RoleProviders => &["roleManagement"],
            Self::AuditLogs => &["auditLogs"],
            Self::Deleted => &["directory"],
        }
    }

    /// The types of those segments.
    pub const fn types(self) -> &'static [&'static str] {
        match self {
            Self::Directory => &[],
            Self::EntitlementManagement => &["identityGovernance", "entitlementManagement"],
            Self::RoleManagement => &["roleManagement", "rbacApplication"],
            Self::RoleProviders => &["roleManagement"],
            Self::AuditLogs => &["auditLogRoot"],
            Self::Deleted => &["directory"],
        }
    }
}

/// Where objects of a type are found on their own, below the version root (OD-13): `directoryObjects` for those of the
/// directory, otherwise their set. `None` for what is found below its parent alone.
pub fn home(cloud: Cloud, version: Version, of: &Type) -> Option<String> {
    if matches!(
        of.entity.name,
        "directory_user" | "directory_group" | "service_principal" | "directory_object"
    ) {
        return Some("directoryObjects".to_owned());
    }
    ENTITY_SETS
        .iter()
        .find(|set| {
            set.of.entity == of.entity
                && set.name(version).is_some()
                && !lacks_set(cloud, version, set)
        })
        .map(|set| set.path(version))
}

impl EntitySet {
    /// Its name in this version.
    pub fn name(&self, version: Version) -> Option<&'static str> {
        match version {
            Version::V1 => self.v1,
            Version::Beta => self.beta,
        }
    }

    /// The path below the version root, as `@odata.context` spells it (OD-10).
    pub fn path(&self, version: Version) -> String {
        let mut path = String::new();
        for segment in self.root.segments() {
            path.push_str(segment);
            path.push('/');
        }
        path.push_str(self.name(version).or(self.legacy_v1).unwrap_or_default());
        path
    }
}

const fn set(root: Root, v1: &'static str, beta: &'static str, of: &'static Type) -> EntitySet {
    EntitySet {
        root,
        v1: Some(v1),
        beta: Some(beta),
        of,
        alternate_keys: &[],
        name_key: None,
        legacy_v1: None,
        is_single: false,
    }
}

const fn single(mut set: EntitySet) -> EntitySet {
    set.is_single = true;
    set
}

const fn beta_set(root: Root, beta: &'static str, of: &'static Type) -> EntitySet {
    EntitySet {
        v1: None,
        ..set(root, "", beta, of)
    }
}

const fn keyed(mut set: EntitySet, keys: &'static [(&'static str, &'static str)]) -> EntitySet {
    set.alternate_keys = keys;
    set
}

const fn named(mut set: EntitySet, column: &'static str) -> EntitySet {
    set.name_key = Some(column);
    set
}

const EM: Root = Root::EntitlementManagement;
const RM: Root = Root::RoleManagement;

/// Every entity set (semantics 1.1; VE-1: beta knows requests by two names).
pub static ENTITY_SETS: &[EntitySet] = &[
    keyed(
        set(EM, "catalogs", "accessPackageCatalogs", &tables::CATALOG),
        UNIQUE_NAME,
    ),
    set(EM, "resources", "accessPackageResources", &tables::RESOURCE),
    set(
        EM,
        "resourceRequests",
        "accessPackageResourceRequests",
        &tables::RESOURCE_REQUEST,
    ),
    set(
        EM,
        "resourceEnvironments",
        "accessPackageResourceEnvironments",
        &tables::RESOURCE_ENVIRONMENT,
    ),
    set(
        EM,
        "resourceRoleScopes",
        "accessPackageResourceRoleScopes",
        &tables::RESOURCE_ROLE_SCOPE,
    ),
    keyed(
        set(
            EM,
            "accessPackages",
            "accessPackages",
            &tables::ACCESS_PACKAGE,
        ),
        UNIQUE_NAME,
    ),
    set(
        EM,
        "assignmentPolicies",
        "accessPackageAssignmentPolicies",
        &tables::ASSIGNMENT_POLICY,
    ),
    set(
        EM,
        "assignmentRequests",
        "assignmentRequests",
        &tables::ASSIGNMENT_REQUEST,
    ),
    beta_set(
        EM,
        "accessPackageAssignmentRequests",
        &tables::ASSIGNMENT_REQUEST,
    ),
    EntitySet {
        legacy_v1: Some("accessPackageAssignments"),
        ..set(
            EM,
            "assignments",
            "accessPackageAssignments",
            &tables::ASSIGNMENT,
        )
    },
    beta_set(
        EM,
        "accessPackageAssignmentResourceRoles",
        &tables::DELIVERED_ROLE,
    ),
    set(
        EM,
        "accessPackageAssignmentApprovals",
        "accessPackageAssignmentApprovals",
        &tables::APPROVAL,
    ),
    set(
        EM,
        "availableAccessPackages",
        "availableAccessPackages",
        &tables::AVAILABLE_ACCESS_PACKAGE,
    ),
    set(
        EM,
        "accessPackageSuggestions",
        "accessPackageSuggestions",
        &tables::ACCESS_PACKAGE_SUGGESTION,
    ),
    keyed(
        set(EM, "subjects", "subjects", &tables::SUBJECT),
        &[("objectId", "object_id")],
    ),
    set(
        EM,
        "connectedOrganizations",
        "connectedOrganizations",
        &tables::CONNECTED_ORGANIZATION,
    ),
    single(set(
        EM,
        "settings",
        "settings",
        &tables::ENTITLEMENT_SETTINGS,
    )),
    set(
        EM,
        "controlConfigurations",
        "controlConfigurations",
        &tables::CONTROL_CONFIGURATION,
    ),
    set(
        EM,
        "externalOriginResourceConnectors",
        "externalOriginResourceConnectors",
        &tables::EXTERNAL_CONNECTOR,
    ),
    set(
        Root::RoleManagement,
        "roleAssignments",
        "roleAssignments",
        &tables::ROLE_ASSIGNMENT,
    ),
    set(
        Root::RoleManagement,
        "roleDefinitions",
        "roleDefinitions",
        &tables::ROLE_DEFINITION,
    ),
    set(
        RM,
        "resourceNamespaces",
        "resourceNamespaces",
        &tables::ROLE_RESOURCE_NAMESPACE,
    ),
    beta_set(
        RM,
        "transitiveRoleAssignments",
        &tables::TRANSITIVE_ROLE_ASSIGNMENT,
    ),
    set(
        RM,
        "roleAssignmentSchedules",
        "roleAssignmentSchedules",
        &tables::ROLE_ASSIGNMENT_SCHEDULE,
    ),
    set(
        RM,
        "roleAssignmentScheduleInstances",
        "roleAssignmentScheduleInstances",
        &tables::ROLE_ASSIGNMENT_SCHEDULE_INSTANCE,
    ),
    set(
        RM,
        "roleAssignmentScheduleRequests",
        "roleAssignmentScheduleRequests",
        &tables::ROLE_ASSIGNMENT_SCHEDULE_REQUEST,
    ),
    set(
        RM,
        "roleEligibilitySchedules",
        "roleEligibilitySchedules",
        &tables::ROLE_ELIGIBILITY_SCHEDULE,
    ),
    set(
        RM,
        "roleEligibilityScheduleInstances",
        "roleEligibilityScheduleInstances",
        &tables::ROLE_ELIGIBILITY_SCHEDULE_INSTANCE,
    ),
    set(
        RM,
        "roleEligibilityScheduleRequests",
        "roleEligibilityScheduleRequests",
        &tables::ROLE_ELIGIBILITY_SCHEDULE_REQUEST,
    ),
    beta_set(
        RM,
        "roleAssignmentApprovals",
        &tables::ROLE_ASSIGNMENT_APPROVAL,
    ),
    single(beta_set(RM, "deletedItems", &tables::ROLE_DELETED_ITEMS)),
    single(set(
        Root::RoleProviders,
        "entitlementManagement",
        "entitlementManagement",
        &tables::ROLE_APPLICATION,
    )),
    set(
        Root::AuditLogs,
        "directoryAudits",
        "directoryAudits",
        &tables::DIRECTORY_AUDIT,
    ),
    set(
        Root::Deleted,
        "deletedItems",
        "deletedItems",
        &tables::DELETED_USER,
    ),
    named(
        keyed(
            set(Root::Directory, "users", "users", &tables::USER),
            &[("userPrincipalName", "user_principal_name_key")],
        ),
        "user_principal_name_key",
    ),
    set(Root::Directory, "groups", "groups", &tables::GROUP),
    keyed(
        set(
            Root::Directory,
            "servicePrincipals",
            "servicePrincipals",
            &tables::SERVICE_PRINCIPAL,
        ),
        &[("appId", "app_id")],
    ),
    keyed(
        set(
            Root::Directory,
            "applications",
            "applications",
            &tables::APPLICATION,
        ),
        &[("appId", "app_id")],
    ),
    set(
        Root::Directory,
        "subscriptions",
        "subscriptions",
        &tables::SUBSCRIPTION,
    ),
    set(
        Root::Directory,
        "directoryObjects",
        "directoryObjects",
        &tables::DIRECTORY_OBJECT,
    ),
];

const UNIQUE_NAME: &[(&str, &str)] = &[("uniqueName", "unique_name")];

/// Something that can be called.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    /// The types that have it, by entity.
    pub bound_to: &'static str,
    /// Whether it is called on a collection, and not on one object.
    pub on_collection: bool,
    /// Whether it changes something, and is called by POST.
    pub is_action: bool,
    /// Whether v1.0 has it; beta has every one.
    pub v1: bool,
    /// The parameters it takes in the path; a function with several forms takes any of them.
    pub parameters: &'static [&'static str],
}

const fn action(name: &'static str, bound_to: &'static str) -> Operation {
    Operation {
        name,
        bound_to,
        on_collection: false,
        is_action: true,
        v1: true,
        parameters: &[],
    }
}

const fn function(
    name: &'static str,
    bound_to: &'static str,
    on_collection: bool,
    parameters: &'static [&'static str],
) -> Operation {
    Operation {
        name,
        bound_to,
        on_collection,
        is_action: false,
        v1: true,
        parameters,
    }
}

const fn only_beta(mut operation: Operation) -> Operation {
    operation.v1 = false;
    operation
}

const fn on_collection(mut operation: Operation) -> Operation {
    operation.on_collection = true;
    operation
}

/// Every action and function, by the entity it is bound to. Transitive memberships are here, too: they are walks and
/// not relations.
pub static OPERATIONS: &[Operation] = &[
    action("reprocess", "assignment"),
    action("reprocess", "assignment_request"),
    action("cancel", "assignment_request"),
    action("resume", "assignment_request"),
    action("refresh", "resource"),
    action("reauthorize", "subscription"),
    action("uploadFile", "upload_session"),
    action("getApplicablePolicyRequirements", "access_package"),
    only_beta(action("moveToCatalog", "access_package")),
    function("filterByCurrentUser", "access_package", true, &["on"]),
    function("filterByCurrentUser", "assignment", true, &["on"]),
    function("filterByCurrentUser", "assignment_request", true, &["on"]),
    function("filterByCurrentUser", "approval", true, &["on"]),
    function(
        "filterByCurrentUser",
        "role_assignment_schedule",
        true,
        &["on"],
    ),
    function(
        "filterByCurrentUser",
        "role_assignment_schedule_instance",
        true,
        &["on"],
    ),
    function(
        "filterByCurrentUser",
        "role_assignment_schedule_request",
        true,
        &["on"],
    ),
    function(
        "filterByCurrentUser",
        "role_eligibility_schedule",
        true,
        &["on"],
    ),
    function(
        "filterByCurrentUser",
        "role_eligibility_schedule_instance",
        true,
        &["on"],
    ),
    function(
        "filterByCurrentUser",
        "role_eligibility_schedule_request",
        true,
        &["on"],
    ),
    only_beta(function(
        "filterByCurrentUser",
        "role_assignment_approval",
        true,
        &["on"],
    )),
    only_beta(function(
        "assignedPrincipals",
        "role_definition",
        false,
        ASSIGNED_PRINCIPALS,
    )),
    only_beta(function(
        "assignedPrincipals",
        "deleted_role_definition",
        false,
        ASSIGNED_PRINCIPALS,
    )),
    only_beta(function(
        "roleSchedules",
        "role_assignment_schedule",
        true,
        ROLE_SCHEDULES,
    )),
    only_beta(function(
        "roleScheduleInstances",
        "role_assignment_schedule_instance",
        true,
        ROLE_SCHEDULES,
    )),
    only_beta(action("restore", "role_definition")),
    only_beta(action("restore", "deleted_role_definition")),
    only_beta(action("importResourceActions", "role_resource_namespace")),
    action("cancel", "role_assignment_schedule_request"),
    action("cancel", "role_eligibility_schedule_request"),
    action("updateRequest", "role_assignment_schedule_request"),
    function(
        "filterByCurrentUser",
        "access_package_suggestion",
        true,
        &["on"],
    ),
    function(
        "additionalAccess",
        "assignment",
        true,
        &["accessPackageId", "incompatibleAccessPackageId"],
    ),
    only_beta(function("Search", "access_package", true, &[])),
    only_beta(function("Search", "catalog", true, &[])),
    only_beta(function("My", "ledger", true, &[])),
    action("restore", "deleted_user"),
    on_collection(action("getByIds", "directory_object")),
    on_collection(action("validateProperties", "directory_object")),
    function("transitiveMemberOf", "directory_user", false, &[]),
    function("transitiveMemberOf", "directory_group", false, &[]),
    function("transitiveMembers", "directory_group", false, &[]),
    action("checkMemberGroups", "directory_user"),
    action("getMemberGroups", "directory_user"),
];

/// Functions that hang at a root and not at a collection, by the root, the name, and the type that the answer is of; they
/// are called as if on a collection of that type. All are of beta.
pub static ROOT_FUNCTIONS: &[(Root, &str, &Type)] = &[
    (RM, "roleSchedules", &tables::ROLE_ASSIGNMENT_SCHEDULE),
    (
        RM,
        "roleScheduleInstances",
        &tables::ROLE_ASSIGNMENT_SCHEDULE_INSTANCE,
    ),
];

const ROLE_SCHEDULES: &[&str] = &[
    "directoryScopeId",
    "appScopeId",
    "principalId",
    "roleDefinitionId",
];
const ASSIGNED_PRINCIPALS: &[&str] = &["transitive", "directoryScopeType", "directoryScopeId"];

/// The operation of this name on an object or a collection of this type.
pub fn operation(
    version: Version,
    of: &Type,
    on_collection: bool,
    name: &str,
) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| {
        (operation.v1 || version == Version::Beta)
            && operation.on_collection == on_collection
            && operation.bound_to == of.entity.name
            && operation.name.eq_ignore_ascii_case(name)
    })
}

//! Access packages, and what a requestor is offered.

use super::shape::{
    Shape, beta, both, complex, entity, flag, instant, int, many, renamed, shape, text, way, ways,
};

#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    shape(entity("accessPackage").also_by(&["uniqueName"]), &[
        both(instant("createdDateTime")),
        both(text("description")),
        both(text("displayName")),
        both(flag("isHidden")),
        both(instant("modifiedDateTime")),
        both(ways("accessPackagesIncompatibleWith", "accessPackage")),
        renamed(ways("assignmentPolicies", "accessPackageAssignmentPolicy").contained(), "accessPackageAssignmentPolicies"),
        renamed(way("catalog", "accessPackageCatalog"), "accessPackageCatalog"),
        both(ways("incompatibleAccessPackages", "accessPackage")),
        both(ways("incompatibleGroups", "group").contained()),
        renamed(ways("resourceRoleScopes", "accessPackageResourceRoleScope").contained(), "accessPackageResourceRoleScopes"),
        beta(text("catalogId")),
        beta(text("createdBy")),
        beta(flag("isRoleScopesVisible")),
        beta(text("modifiedBy")),
        beta(text("uniqueName")),
    ]),
    shape(entity("availableAccessPackage"), &[
        both(text("description")),
        both(text("displayName")),
        both(ways("resourceRoleScopes", "accessPackageResourceRoleScope")),
    ]),
    shape(entity("accessPackageSuggestion"), &[
        both(many("reasons", "accessPackageSuggestionReason").required()),
        both(way("accessPackage", "availableAccessPackage")),
    ]),
    shape(complex("accessPackageSuggestionReason").is_abstract(), &[]),
    shape(complex("accessPackageSuggestionRelatedPeopleBased").from("accessPackageSuggestionReason"), &[
        both(many("relatedPeople", "identity").required()),
        both(int("relatedPeopleAssignmentCount").required()),
    ]),
    shape(complex("accessPackageSuggestionSelfAssignmentHistoryBased").from("accessPackageSuggestionReason"), &[
        both(instant("lastAssignmentDateTime").required()),
        both(int("pastAssignmentCount").required()),
    ]),
];

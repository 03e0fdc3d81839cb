//! The bound actions and functions as they are published: what they take and what they answer.

use super::shape::{Facet, flag, guid, many, one, text, texts};
use crate::version::Version;

/// One form of an action or a function.
#[derive(Debug)]
pub struct Signature {
    /// Its name.
    pub name: &'static str,
    /// The type it is bound to.
    pub bound_to: &'static str,
    /// Whether it is bound to a collection.
    pub on_collection: bool,
    /// Whether it is an action.
    pub is_action: bool,
    /// What it takes.
    pub parameters: &'static [Facet],
    /// What it answers; the name is empty.
    pub returns: Option<Facet>,
    /// The versions that have it.
    pub versions: &'static [Version],
}

impl Signature {
    /// Whether this version has it.
    pub fn is_in(&self, version: Version) -> bool {
        self.versions.contains(&version)
    }

    const fn takes(mut self, parameters: &'static [Facet]) -> Self {
        self.parameters = parameters;
        self
    }

    const fn gives(mut self, result: Facet) -> Self {
        self.returns = Some(result);
        self
    }

    const fn on_collection(mut self) -> Self {
        self.on_collection = true;
        self
    }

    const fn only_v1(mut self) -> Self {
        self.versions = &[Version::V1];
        self
    }

    const fn only_beta(mut self) -> Self {
        self.versions = &[Version::Beta];
        self
    }
}

const fn action(name: &'static str, bound_to: &'static str) -> Signature {
    Signature {
        name,
        bound_to,
        on_collection: false,
        is_action: true,
        parameters: &[],
        returns: None,
        versions: &Version::ALL,
    }
}

const fn function(name: &'static str, bound_to: &'static str) -> Signature {
    Signature {
        is_action: false,
        ..action(name, bound_to)
    }
}

/// A function on a collection that answers some of it.
const fn some_of(name: &'static str, of: &'static str) -> Signature {
    function(name, of).on_collection().gives(many("", of))
}

/// `filterByCurrentUser(on=…)`, with the words that `on` may be.
const fn own(of: &'static str, on: &'static [Facet]) -> Signature {
    some_of("filterByCurrentUser", of).takes(on)
}

const PACKAGE: Facet = text("accessPackageId");
const OTHER_PACKAGE: Facet = text("incompatibleAccessPackageId");
const SCOPES: &[Facet] = &[
    text("directoryScopeId"),
    text("appScopeId"),
    text("principalId"),
    text("roleDefinitionId"),
];

/// Every form of every action and function.
#[rustfmt::skip]
pub static SIGNATURES: &[Signature] = &[
    action("getApplicablePolicyRequirements", "accessPackage").gives(many("", "accessPackageAssignmentRequestRequirements")),
    action("moveToCatalog", "accessPackage").takes(&[text("catalogId").required()]).only_beta(),
    own("accessPackage", &[one("on", "accessPackageFilterByCurrentUserOptions").required()]),
    some_of("Search", "accessPackage").only_beta(),
    some_of("Search", "accessPackageCatalog").only_beta(),
    own("accessPackageSuggestion", &[one("on", "accessPackageSuggestionFilterByCurrentUserOptions")]),
    action("reprocess", "accessPackageAssignment"),
    own("accessPackageAssignment", &[one("on", "accessPackageAssignmentFilterByCurrentUserOptions").required()]),
    some_of("additionalAccess", "accessPackageAssignment"),
    some_of("additionalAccess", "accessPackageAssignment").takes(&[PACKAGE]),
    some_of("additionalAccess", "accessPackageAssignment").takes(&[PACKAGE, OTHER_PACKAGE]),
    some_of("My", "accessPackageAssignmentResourceRole").only_beta(),
    action("cancel", "accessPackageAssignmentRequest"),
    action("reprocess", "accessPackageAssignmentRequest"),
    action("resume", "accessPackageAssignmentRequest").takes(&[text("source"), text("type"), one("data", "customExtensionData")]),
    own("accessPackageAssignmentRequest", &[one("on", "accessPackageAssignmentRequestFilterByCurrentUserOptions").required()]),
    own("approval", &[one("on", "approvalFilterByCurrentUserOptions").required()]),
    action("refresh", "accessPackageResource"),
    action("uploadFile", "customDataProvidedResourceUploadSession").gives(one("", "customDataProvidedResourceUploadSession")),
    own("unifiedRoleAssignmentSchedule", &[one("on", "roleAssignmentScheduleFilterByCurrentUserOptions").required()]),
    own("unifiedRoleAssignmentScheduleInstance", &[one("on", "roleAssignmentScheduleInstanceFilterByCurrentUserOptions").required()]),
    own("unifiedRoleAssignmentScheduleRequest", &[one("on", "roleAssignmentScheduleRequestFilterByCurrentUserOptions").required()]),
    action("cancel", "unifiedRoleAssignmentScheduleRequest"),
    action("updateRequest", "unifiedRoleAssignmentScheduleRequest")
        .takes(&[text("evaluationId"), one("evaluationOutcome", "evaluationOutcome"), text("reason"), one("scheduleInfo", "requestSchedule")])
        .gives(one("", "unifiedRoleAssignmentScheduleRequest")).only_v1(),
    own("unifiedRoleEligibilitySchedule", &[one("on", "roleEligibilityScheduleFilterByCurrentUserOptions").required()]),
    own("unifiedRoleEligibilityScheduleInstance", &[one("on", "roleEligibilityScheduleInstanceFilterByCurrentUserOptions").required()]),
    own("unifiedRoleEligibilityScheduleRequest", &[one("on", "roleEligibilityScheduleRequestFilterByCurrentUserOptions").required()]),
    action("cancel", "unifiedRoleEligibilityScheduleRequest"),
    function("roleSchedules", "rbacApplication").takes(SCOPES).gives(many("", "unifiedRoleScheduleBase")).only_beta(),
    function("roleScheduleInstances", "rbacApplication").takes(SCOPES).gives(many("", "unifiedRoleScheduleInstanceBase")).only_beta(),
    function("assignedPrincipals", "unifiedRoleDefinition")
        .takes(&[flag("transitive"), text("directoryScopeType"), text("directoryScopeId")])
        .gives(many("", "directoryObject")).only_beta(),
    action("restore", "unifiedRoleDefinition").gives(one("", "unifiedRoleDefinition")).only_beta(),
    action("importResourceActions", "unifiedRbacResourceNamespace")
        .takes(&[text("format").required(), text("value").required(), flag("overwriteResourceNamespace").required()])
        .gives(one("", "unifiedRbacResourceNamespace")).only_beta(),
];

/// Actions of the directory and of subscriptions, which are not among the published facts of entitlement management.
#[rustfmt::skip]
pub static OF_THE_DIRECTORY: &[Signature] = &[
    action("getByIds", "directoryObject").on_collection().takes(&[texts("ids").required(), texts("types")]).gives(many("", "directoryObject")),
    action("validateProperties", "directoryObject").on_collection()
        .takes(&[text("entityType"), text("displayName"), text("mailNickname"), guid("onBehalfOfUserId")]),
    action("restore", "directoryObject").gives(one("", "directoryObject")),
    action("reauthorize", "subscription"),
    action("checkMemberGroups", "directoryObject").takes(&[texts("groupIds").required()]).gives(texts("").required()),
    action("getMemberGroups", "directoryObject").takes(&[flag("securityEnabledOnly")]).gives(texts("").required()),
    action("checkMemberObjects", "directoryObject").takes(&[texts("ids").required()]).gives(texts("").required()),
    action("getMemberObjects", "directoryObject").takes(&[flag("securityEnabledOnly")]).gives(texts("").required()),
];

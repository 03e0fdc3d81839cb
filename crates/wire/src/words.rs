//! The closed lists of words, in their v1.0 spelling and the order of the published schema.
//!
//! **Invariant:** what is stored is a member of its list; which spelling a client sees is decided here alone.

use crate::version::Version;

/// A closed list of words.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    /// The enum type's name in v1.0.
    pub name: &'static str,
    /// Its members. Those after `unknownFutureValue` are shown only to clients that asked for them.
    pub members: &'static [&'static str],
}

const UNKNOWN: &str = "unknownFutureValue";

impl Words {
    /// The stored spelling of a word, read in any case (semantics 1.2).
    pub fn parse(&self, text: &str) -> Option<&'static str> {
        self.members
            .iter()
            .copied()
            .find(|member| member.eq_ignore_ascii_case(text))
    }

    /// What v1.0 shows for a stored word: members after `unknownFutureValue` only to who asked for them.
    pub fn shown<'w>(&self, word: &'w str, all_members: bool) -> &'w str {
        if all_members {
            return word;
        }
        let place = |wanted: &str| self.members.iter().position(|member| *member == wanted);
        match (place(UNKNOWN), place(word)) {
            (Some(unknown), Some(word_at)) if word_at > unknown => UNKNOWN,
            _ => word,
        }
    }
}

/// The beta spelling of a v1.0 word: its first letter upper-cased.
pub fn pascal(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
        .unwrap_or_default()
}

/// The word as the version spells it where beta has a string.
pub fn spelled(version: Version, word: &str) -> String {
    match version {
        Version::V1 => word.to_owned(),
        Version::Beta => pascal(word),
    }
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $type:literal: $($member:literal)+;)+) => {
        $($(#[$doc])* pub static $name: Words = Words { name: $type, members: &[$($member),+] };)+

        /// Every list.
        pub static ALL: &[&Words] = &[$(&$name),+];
    };
}

words! {
    /// Kinds of assignment requests and resource requests.
    REQUEST_TYPE = "accessPackageRequestType":
        "notSpecified" "userAdd" "userUpdate" "userRemove" "adminAdd" "adminUpdate" "adminRemove"
        "systemAdd" "systemUpdate" "systemRemove" "onBehalfAdd" "unknownFutureValue" "approverRemove";
    /// States of requests.
    REQUEST_STATE = "accessPackageRequestState":
        "submitted" "pendingApproval" "delivering" "delivered" "deliveryFailed" "denied"
        "scheduled" "canceled" "partiallyDelivered" "unknownFutureValue";
    /// States of assignments.
    ASSIGNMENT_STATE = "accessPackageAssignmentState":
        "delivering" "partiallyDelivered" "delivered" "expired" "deliveryFailed" "unknownFutureValue";
    /// Kinds of catalogs.
    CATALOG_TYPE = "accessPackageCatalogType":
        "userManaged" "serviceDefault" "serviceManaged" "unknownFutureValue";
    /// States of catalogs.
    CATALOG_STATE = "accessPackageCatalogState": "unpublished" "published" "unknownFutureValue";
    /// Kinds of subjects.
    SUBJECT_TYPE = "accessPackageSubjectType":
        "notSpecified" "user" "servicePrincipal" "unknownFutureValue";
    /// Whether a guest's account is looked after.
    SUBJECT_LIFECYCLE = "accessPackageSubjectLifecycle":
        "notDefined" "notGoverned" "governed" "unknownFutureValue";
    /// Who a policy is for.
    ALLOWED_TARGET_SCOPE = "allowedTargetScope":
        "notSpecified" "specificDirectoryUsers" "specificConnectedOrganizationUsers"
        "specificDirectoryServicePrincipals" "allMemberUsers" "allDirectoryUsers"
        "allDirectoryServicePrincipals" "allConfiguredConnectedOrganizationUsers" "allExternalUsers"
        "allDirectoryAgentIdentities" "unknownFutureValue";
    /// Outcomes of what is audited.
    OPERATION_RESULT = "operationResult": "success" "failure" "timeout" "unknownFutureValue";
    /// What happens when a review gets no answer.
    EXPIRATION_BEHAVIOR = "accessReviewExpirationBehavior":
        "keepAccess" "removeAccess" "acceptAccessRecommendation" "unknownFutureValue";
    /// How long something lasts.
    EXPIRATION_TYPE = "expirationPatternType":
        "notSpecified" "noExpiration" "afterDateTime" "afterDuration";
    /// Moments at which an extension is called.
    EXTENSION_STAGE = "accessPackageCustomExtensionStage":
        "assignmentRequestCreated" "assignmentRequestApproved" "assignmentRequestGranted"
        "assignmentRequestRemoved" "assignmentFourteenDaysBeforeExpiration"
        "assignmentOneDayBeforeExpiration" "unknownFutureValue";
    /// Whether a requestor learns who approves.
    APPROVER_VISIBILITY = "approverInformationVisibility":
        "default" "notVisible" "visible" "unknownFutureValue";
    /// How an assignment can be the caller's own.
    ASSIGNMENT_FILTER_BY_CURRENT_USER_OPTIONS = "accessPackageAssignmentFilterByCurrentUserOptions":
        "target" "createdBy" "unknownFutureValue" "targetManager" "targetAgentIdentitySponsorOrOwner";
    /// How an assignment request can be the caller's own.
    ASSIGNMENT_REQUEST_FILTER_BY_CURRENT_USER_OPTIONS = "accessPackageAssignmentRequestFilterByCurrentUserOptions":
        "target" "createdBy" "approver" "unknownFutureValue" "targetOrRequestor" "targetManager"
        "requestForOthers" "targetAgentIdentitySponsorOrOwner";
    /// How far a call of an older extension of beta has come.
    CUSTOM_EXTENSION_HANDLER_STATUS = "accessPackageCustomExtensionHandlerStatus":
        "requestSent" "requestReceived" "unknownFutureValue";
    /// What happens to a guest who has lost the last access.
    EXTERNAL_USER_LIFECYCLE_ACTION = "accessPackageExternalUserLifecycleAction":
        "none" "blockSignIn" "blockSignInAndDelete" "unknownFutureValue";
    /// How an access package can be the caller's own.
    FILTER_BY_CURRENT_USER_OPTIONS = "accessPackageFilterByCurrentUserOptions":
        "allowedRequestor" "unknownFutureValue";
    /// Why an access package is suggested to the caller.
    SUGGESTION_FILTER_BY_CURRENT_USER_OPTIONS = "accessPackageSuggestionFilterByCurrentUserOptions":
        "none" "relatedPeopleAssignments" "assignmentHistory" "unknownFutureValue";
    /// How much of related people a suggestion tells.
    SUGGESTION_RELATED_PEOPLE_INSIGHT_LEVEL = "accessPackageSuggestionRelatedPeopleInsightLevel":
        "disabled" "count" "countAndNames" "unknownFutureValue";
    /// What happens when a review gets no answer, as beta calls it.
    ACCESS_REVIEW_TIMEOUT_BEHAVIOR = "accessReviewTimeoutBehavior":
        "keepAccess" "removeAccess" "acceptAccessRecommendation" "unknownFutureValue";
    /// Who can hold a role.
    ALLOWED_ROLE_PRINCIPAL_TYPES = "allowedRolePrincipalTypes":
        "user" "servicePrincipal" "group" "unknownFutureValue";
    /// What a policy for applications would have done.
    APP_MANAGEMENT_AUDIT_LOG_AUDIT_RESULT = "appManagementAuditLogAuditResult":
        "notApplicable" "wouldHaveBeenAllowed" "wouldHaveBeenBlocked" "unknownFutureValue";
    /// Where a policy for applications comes from.
    APP_MANAGEMENT_AUDIT_LOG_POLICY_TYPE = "appManagementAuditLogPolicyType":
        "defaultEntraId" "tenant" "app" "unknownFutureValue";
    /// What a restriction of applications did.
    APP_MANAGEMENT_AUDIT_LOG_RESTRICTION_RESULT = "appManagementAuditLogRestrictionResult":
        "allowed" "blocked" "unknownFutureValue";
    /// Whether a restriction of applications is on.
    APP_MANAGEMENT_AUDIT_LOG_RESTRICTION_STATE = "appManagementAuditLogRestrictionState":
        "enabled" "disabled" "audit" "unknownFutureValue";
    /// How an approval can be the caller's own.
    APPROVAL_FILTER_BY_CURRENT_USER_OPTIONS = "approvalFilterByCurrentUserOptions":
        "target" "createdBy" "approver" "unknownFutureValue";
    /// What acted for somebody in an audit event.
    AUDIT_IDENTITY_TYPE = "auditIdentityType":
        "agent" "servicePrincipal" "unknownFutureValue";
    /// What a change notification can be about.
    CHANGE_TYPE = "changeType":
        "created" "updated" "deleted";
    /// Whether an organization is connected already.
    CONNECTED_ORGANIZATION_STATE = "connectedOrganizationState":
        "configured" "proposed" "unknownFutureValue";
    /// Systems that a connector leads to, in v1.0.
    CONNECTOR_TYPE_V1 = "connectorType":
        "sapIag" "unknownFutureValue";
    /// Systems that a connector leads to, in beta.
    CONNECTOR_TYPE = "connectorType":
        "sapIag" "sapAc" "unknownFutureValue";
    /// How far an upload session has come.
    CUSTOM_DATA_PROVIDED_RESOURCE_UPLOAD_STATUS = "customDataProvidedResourceUploadStatus":
        "active" "complete" "expired" "unknownFutureValue";
    /// How far a call of an extension has come.
    CUSTOM_EXTENSION_CALLOUT_INSTANCE_STATUS = "customExtensionCalloutInstanceStatus":
        "calloutSent" "callbackReceived" "calloutFailed" "callbackTimedOut" "waitingForCallback"
        "unknownFutureValue";
    /// Days of the week.
    DAY_OF_WEEK = "dayOfWeek":
        "sunday" "monday" "tuesday" "wednesday" "thursday" "friday" "saturday";
    /// Outcomes of looking at a request for a role.
    EVALUATION_OUTCOME = "evaluationOutcome":
        "approved" "denied" "unknownFutureValue";
    /// Kinds of groups, in audit events.
    GROUP_TYPE = "groupType":
        "unifiedGroups" "azureAD" "unknownFutureValue";
    /// What a subscription can have come to.
    LIFECYCLE_EVENT_TYPE = "lifecycleEventType":
        "missed" "subscriptionRemoved" "reauthorizationRequired";
    /// How much an access package is worth protecting.
    PRIVILEGE_LEVEL = "privilegeLevel":
        "standard" "privileged" "unknownFutureValue";
    /// How risky somebody inside is.
    PURVIEW_INSIDER_RISK_MANAGEMENT_LEVEL = "purviewInsiderRiskManagementLevel":
        "none" "minor" "moderate" "elevated" "unknownFutureValue";
    /// How something comes again.
    RECURRENCE_PATTERN_TYPE = "recurrencePatternType":
        "daily" "weekly" "absoluteMonthly" "relativeMonthly" "absoluteYearly" "relativeYearly";
    /// Until when something comes again.
    RECURRENCE_RANGE_TYPE = "recurrenceRangeType":
        "endDate" "noEnd" "numbered";
    /// How risky a user is.
    RISK_LEVEL = "riskLevel":
        "low" "medium" "high" "hidden" "none" "unknownFutureValue";
    /// How a scheduled role can be the caller's own.
    ROLE_ASSIGNMENT_SCHEDULE_FILTER_BY_CURRENT_USER_OPTIONS = "roleAssignmentScheduleFilterByCurrentUserOptions":
        "principal" "unknownFutureValue";
    /// How a role that is held now can be the caller's own.
    ROLE_ASSIGNMENT_SCHEDULE_INSTANCE_FILTER_BY_CURRENT_USER_OPTIONS = "roleAssignmentScheduleInstanceFilterByCurrentUserOptions":
        "principal" "unknownFutureValue";
    /// How a request for a role can be the caller's own.
    ROLE_ASSIGNMENT_SCHEDULE_REQUEST_FILTER_BY_CURRENT_USER_OPTIONS = "roleAssignmentScheduleRequestFilterByCurrentUserOptions":
        "principal" "createdBy" "approver" "unknownFutureValue";
    /// How a role that one may take can be the caller's own.
    ROLE_ELIGIBILITY_SCHEDULE_FILTER_BY_CURRENT_USER_OPTIONS = "roleEligibilityScheduleFilterByCurrentUserOptions":
        "principal" "unknownFutureValue";
    /// How a role that one may take now can be the caller's own.
    ROLE_ELIGIBILITY_SCHEDULE_INSTANCE_FILTER_BY_CURRENT_USER_OPTIONS = "roleEligibilityScheduleInstanceFilterByCurrentUserOptions":
        "principal" "unknownFutureValue";
    /// How a request to be able to take a role can be the caller's own.
    ROLE_ELIGIBILITY_SCHEDULE_REQUEST_FILTER_BY_CURRENT_USER_OPTIONS = "roleEligibilityScheduleRequestFilterByCurrentUserOptions":
        "principal" "createdBy" "approver" "unknownFutureValue";
    /// Kinds of roles that a resource offers.
    ROLE_TYPE = "roleType":
        "active" "eligible" "application" "delegated" "unknownFutureValue";
    /// Social networks that identities come from.
    SOCIAL_IDENTITY_SOURCE_TYPE = "socialIdentitySourceType":
        "facebook" "unknownFutureValue";
    /// What a request for a role wants.
    ROLE_SCHEDULE_ACTION = "unifiedRoleScheduleRequestActions":
        "adminAssign" "adminUpdate" "adminRemove" "selfActivate" "selfDeactivate" "adminExtend"
        "adminRenew" "selfExtend" "selfRenew" "unknownFutureValue";
    /// Weeks of a month.
    WEEK_INDEX = "weekIndex":
        "first" "second" "third" "fourth" "last";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_case_and_kept_in_one() {
        assert_eq!(
            REQUEST_STATE.parse("PendingApproval"),
            Some("pendingApproval")
        );
        assert_eq!(
            REQUEST_STATE.parse("partiallydelivered"),
            Some("partiallyDelivered")
        );
        assert_eq!(REQUEST_STATE.parse("lost"), None);
    }

    #[test]
    fn late_members_are_unknown_to_those_who_did_not_ask() {
        assert_eq!(
            REQUEST_TYPE.shown("approverRemove", false),
            "unknownFutureValue"
        );
        assert_eq!(REQUEST_TYPE.shown("approverRemove", true), "approverRemove");
        assert_eq!(REQUEST_TYPE.shown("userAdd", false), "userAdd");
    }

    #[test]
    fn beta_begins_words_with_a_capital() {
        assert_eq!(
            spelled(Version::Beta, "partiallyDelivered"),
            "PartiallyDelivered"
        );
        assert_eq!(
            spelled(Version::V1, "partiallyDelivered"),
            "partiallyDelivered"
        );
        assert_eq!(pascal(""), "");
    }
}

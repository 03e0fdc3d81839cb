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

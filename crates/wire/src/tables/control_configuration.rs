//! `controlConfiguration`, with the members of the types derived from it.

use domain::model;

use crate::table::{Edm, Read, Shown, Type, both, flag, id, instant, text};
use crate::words;

/// A switch for risk-based approval, or for what end users are shown. Its column `object_type` says which, and the
/// members that it does not have are left out.
pub static CONTROL_CONFIGURATION: Type = Type {
    entity: &model::CONTROL_CONFIGURATION,
    v1: Some("controlConfiguration"),
    beta: Some("controlConfiguration"),
    properties: &[
        id(),
        flag("isEnabled", "is_enabled"),
        text("createdBy", "created_by"),
        instant("createdDateTime", "created_at"),
        text("modifiedBy", "modified_by"),
        instant("modifiedDateTime", "modified_at"),
        flag("isApprovalRequired", "is_approval_required").shown(Shown::WhenSet),
        // Each kind has a list of its own.
        text("minimumRiskLevel", "minimum_risk_level").shown(Shown::WhenSet),
        both(
            "relatedPeopleInsightLevel",
            Edm::Enum(&words::SUGGESTION_RELATED_PEOPLE_INSIGHT_LEVEL),
            Read::Column("related_people_insight_level"),
        )
        .shown(Shown::WhenSet),
        flag(
            "showApproverDetailsToMembers",
            "show_approver_details_to_members",
        )
        .shown(Shown::WhenSet),
    ],
    navigations: &[],
    open: None,
    searched: &[],
    lacking: &[],
};

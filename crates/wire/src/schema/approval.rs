//! Stages of approval: as a policy asks for them, and as they are decided.

use super::shape::{
    Shape, beta, beta_shape, both, complex, duration, entity, flag, instant, int, many, one,
    renamed, shape, shapes, text, two, v1, way, ways,
};

#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    shapes(complex("accessPackageAssignmentApprovalSettings"), complex("approvalSettings"), &[
        renamed(flag("isApprovalRequiredForAdd"), "isApprovalRequired"),
        renamed(flag("isApprovalRequiredForUpdate"), "isApprovalRequiredForExtension"),
        both(flag("isRequestorJustificationRequired")),
        two(many("stages", "accessPackageApprovalStage"), many("approvalStages", "approvalStage")),
        beta(text("approvalMode")),
    ]),
    shapes(complex("accessPackageApprovalStage"), complex("approvalStage"), &[
        two(one("approverInformationVisibility", "approverInformationVisibility").required(), one("approverInformationVisibility", "approverInformationVisibility")),
        two(duration("durationBeforeAutomaticDenial"), int("approvalStageTimeOutInDays")),
        two(duration("durationBeforeEscalation"), int("escalationTimeInMinutes")),
        two(many("escalationApprovers", "subjectSet"), many("escalationApprovers", "userSet")),
        v1(many("fallbackEscalationApprovers", "subjectSet")),
        v1(many("fallbackPrimaryApprovers", "subjectSet")),
        both(flag("isApproverJustificationRequired")),
        both(flag("isEscalationEnabled")),
        two(many("primaryApprovers", "subjectSet"), many("primaryApprovers", "userSet")),
    ]),
    shapes(complex("accessPackageDynamicApprovalStage").from("accessPackageApprovalStage"), complex("accessPackageDynamicApprovalStage").from("approvalStage"), &[
        beta(way("customExtension", "customCalloutExtension")),
    ]),
    beta_shape(complex("accessPackageApprovalStage"), &[
        beta(one("approverInformationVisibility", "approverInformationVisibility").required()),
        beta(duration("durationBeforeAutomaticDenial")),
        beta(duration("durationBeforeEscalation")),
        beta(many("escalationApprovers", "subjectSet")),
        beta(many("fallbackEscalationApprovers", "subjectSet")),
        beta(many("fallbackPrimaryApprovers", "subjectSet")),
        beta(flag("isApproverJustificationRequired")),
        beta(flag("isEscalationEnabled")),
        beta(many("primaryApprovers", "subjectSet")),
    ]),
    shape(entity("approval"), &[
        two(ways("stages", "approvalStage").contained(), ways("steps", "approvalStep").contained()),
    ]),
    shapes(entity("approvalStage"), entity("approvalStep"), &[
        both(flag("assignedToMe")),
        both(text("displayName")),
        both(text("justification")),
        both(one("reviewedBy", "identity")),
        both(instant("reviewedDateTime")),
        both(text("reviewResult")),
        both(text("status")),
    ]),
];

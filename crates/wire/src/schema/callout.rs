//! What is sent to a custom extension, and what it answers.

use super::shape::{Shape, beta, beta_shape, both, complex, one, shape, text};

#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    shape(complex("customExtensionCalloutRequest"), &[
        both(one("data", "customExtensionData")),
        both(text("source")),
        both(text("type")),
    ]),
    shape(complex("customExtensionCalloutResponse"), &[
        both(one("data", "customExtensionData")),
        both(text("source")),
        both(text("type")),
    ]),
    shape(complex("customExtensionData").is_abstract(), &[]),
    shape(complex("accessPackageAssignmentRequestCallbackData").from("customExtensionData"), &[
        both(text("customExtensionStageInstanceDetail")),
        both(text("customExtensionStageInstanceId")),
        both(one("stage", "accessPackageCustomExtensionStage")),
        both(text("state")),
    ]),
    shape(complex("assignmentRequestApprovalStageCallbackData").from("accessPackageAssignmentRequestCallbackData"), &[
        both(one("approvalStage", "accessPackageApprovalStage")),
    ]),
    beta_shape(complex("sapAssignmentRequestCallbackData").from("customExtensionData"), &[
        beta(text("detail")),
        beta(text("requestNumber")),
        beta(text("state")),
    ]),
];

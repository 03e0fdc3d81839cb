//! `accessPackageAssignmentApprovals`.

pub(super) mod decide;

//! `accessPackageAssignment`.

use domain::model;

use super::extension::CALLOUT_INSTANCES;
use super::{ACCESS_PACKAGE, ASSIGNMENT_POLICY, ASSIGNMENT_REQUEST, DELIVERED_ROLE, SUBJECT};
use crate::document;
use crate::table::{Edm, Read, Type, both, id, instant, named, only_beta, way, way_beta};
use crate::words;

/// An access package held by one subject under one policy.
pub static ASSIGNMENT: Type = Type {
    entity: &model::ASSIGNMENT,
    v1: Some("accessPackageAssignment"),
    beta: Some("accessPackageAssignment"),
    properties: &[
        id(),
        only_beta(
            "catalogId",
            Edm::String,
            Read::Behind {
                relation: "access_package",
                column: "catalog_id",
            },
        ),
        only_beta(
            "accessPackageId",
            Edm::String,
            Read::Column("access_package_id"),
        ),
        only_beta(
            "assignmentPolicyId",
            Edm::String,
            Read::Column("assignment_policy_id"),
        ),
        // The subject's own id, which is not what a create body takes (OM-4).
        only_beta("targetId", Edm::String, Read::Column("target_id")),
        named(
            "state",
            "assignmentState",
            Edm::Word(&words::ASSIGNMENT_STATE),
            Read::Column("state"),
        ),
        named(
            "status",
            "assignmentStatus",
            Edm::String,
            Read::Column("status"),
        ),
        only_beta("isExtended", Edm::Boolean, Read::Column("is_extended")),
        instant("expiredDateTime", "expired_at"),
        both(
            "schedule",
            Edm::Complex("entitlementManagementSchedule", "requestSchedule"),
            Read::Printed {
                column: "schedule",
                print: document::print_schedule,
            },
        )
        .inside(&super::inside::SCHEDULE),
        CALLOUT_INSTANCES,
    ],
    navigations: &[
        way(
            "accessPackage",
            "accessPackage",
            "access_package",
            &ACCESS_PACKAGE,
        ),
        way(
            "assignmentPolicy",
            "accessPackageAssignmentPolicy",
            "assignment_policy",
            &ASSIGNMENT_POLICY,
        ),
        way("target", "target", "target", &SUBJECT),
        way_beta(
            "accessPackageAssignmentRequests",
            "assignment_requests",
            &ASSIGNMENT_REQUEST,
        ),
        way_beta(
            "accessPackageAssignmentResourceRoles",
            "assignment_resource_roles",
            &DELIVERED_ROLE,
        ),
    ],
    open: None,
    searched: &[],
    lacking: &[],
};

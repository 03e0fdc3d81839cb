//! `appRoleAssignment`.

use domain::model;

use crate::table::{Edm, Read, Type, both, id, lacking, named, text};

/// An app role held by a user, a group or a service principal.
pub static APP_ROLE_ASSIGNMENT: Type = Type {
    entity: &model::APP_ROLE_ASSIGNMENT,
    v1: Some("appRoleAssignment"),
    beta: Some("appRoleAssignment"),
    properties: &[
        id(),
        named(
            "createdDateTime",
            "creationTimestamp",
            Edm::Instant,
            Read::Column("created_at"),
        ),
        both("appRoleId", Edm::Guid, Read::Column("app_role_id")),
        both(
            "principalDisplayName",
            Edm::String,
            Read::Behind {
                relation: "principal",
                column: "display_name",
            },
        ),
        both("principalId", Edm::Guid, Read::Column("principal_id")),
        text("principalType", "principal_type"),
        both(
            "resourceDisplayName",
            Edm::String,
            Read::Behind {
                relation: "resource",
                column: "display_name",
            },
        ),
        both("resourceId", Edm::Guid, Read::Column("resource_id")),
    ],
    navigations: &[],
    open: None,
    searched: &[],
    lacking: &[lacking("deletedDateTime", "deleted objects are not listed")],
};

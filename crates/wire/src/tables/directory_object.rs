//! `directoryObject`: a user, group or service principal where only its kind matters.

use domain::model;

use super::{GROUP, SERVICE_PRINCIPAL, USER};
use crate::table::{Shown, Type, id, lacking, text, way};

/// Anything that can be a member, an owner or a principal. The kind is in `@odata.type`.
pub static DIRECTORY_OBJECT: Type = Type {
    entity: &model::DIRECTORY_OBJECT,
    v1: Some("directoryObject"),
    beta: Some("directoryObject"),
    properties: &[
        id(),
        text("displayName", "display_name"),
        text("mail", "mail").shown(Shown::WhenSet),
        text("userPrincipalName", "user_principal_name").shown(Shown::WhenSet),
    ],
    navigations: &[
        way(
            "microsoft.graph.user",
            "microsoft.graph.user",
            "user",
            &USER,
        ),
        way(
            "microsoft.graph.group",
            "microsoft.graph.group",
            "group",
            &GROUP,
        ),
        way(
            "microsoft.graph.servicePrincipal",
            "microsoft.graph.servicePrincipal",
            "service_principal",
            &SERVICE_PRINCIPAL,
        ),
        way("memberOf", "memberOf", "member_of", &GROUP).declared("directoryObject"),
    ],
    open: None,
    searched: &["display_name"],
    lacking: &[lacking("deletedDateTime", "deleted objects are not listed")],
};

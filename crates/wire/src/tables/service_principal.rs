//! `servicePrincipal`.

use domain::model;
use domain::query::Value;
use serde_json::{Value as Json, json};

use super::{APP_ROLE_ASSIGNMENT, GROUP};
use crate::document;
use crate::table::{Edm, Read, Row, Shown, Type, both, flag, id, lacking, plain, text, way};

const OPEN: &str = "details";

/// An application as the directory sees it.
pub static SERVICE_PRINCIPAL: Type = Type {
    entity: &model::SERVICE_PRINCIPAL,
    v1: Some("servicePrincipal"),
    beta: Some("servicePrincipal"),
    properties: &[
        id(),
        text("appId", "app_id"),
        text("displayName", "display_name"),
        text("appDisplayName", "display_name"),
        text("description", "description"),
        flag("accountEnabled", "account_enabled"),
        flag("appRoleAssignmentRequired", "app_role_assignment_required"),
        text("servicePrincipalType", "service_principal_type"),
        both(
            "servicePrincipalNames",
            Edm::Strings,
            Read::Computed {
                columns: &["app_id"],
                related: None,
                value: |row| json!([row.text(0)]),
            },
        ),
        both(
            "appRoles",
            Edm::Complexes("appRole", "appRole"),
            Read::Computed {
                columns: &[],
                related: Some((
                    "app_roles",
                    &[
                        "id",
                        "display_name",
                        "description",
                        "value",
                        "is_enabled",
                        "allowed_member_types",
                    ],
                )),
                value: app_roles,
            },
        ),
        both(
            "tags",
            Edm::Strings,
            Read::Member {
                column: OPEN,
                member: "tags",
            },
        ),
        both(
            "alternativeNames",
            Edm::Strings,
            Read::Member {
                column: OPEN,
                member: "alternativeNames",
            },
        )
        .shown(Shown::WhenSet),
        both(
            "replyUrls",
            Edm::Strings,
            Read::Member {
                column: OPEN,
                member: "replyUrls",
            },
        )
        .shown(Shown::WhenSet),
        both(
            "notificationEmailAddresses",
            Edm::Strings,
            Read::Member {
                column: OPEN,
                member: "notificationEmailAddresses",
            },
        )
        .shown(Shown::WhenSet),
    ],
    navigations: &[
        way(
            "appRoleAssignedTo",
            "appRoleAssignedTo",
            "app_role_assigned_to",
            &APP_ROLE_ASSIGNMENT,
        ),
        way(
            "appRoleAssignments",
            "appRoleAssignments",
            "app_role_assignments",
            &APP_ROLE_ASSIGNMENT,
        ),
        way("memberOf", "memberOf", "member_of", &GROUP).declared("directoryObject"),
    ],
    open: Some(OPEN),
    searched: &["display_name", "description"],
    lacking: &[lacking("owners", "applications have no owners here")],
};

fn app_roles(row: &Row<'_>) -> Json {
    row.related
        .iter()
        .map(|role| {
            let column = |index| role.values.get(index).map_or(Json::Null, plain);
            let types = role
                .values
                .get(5)
                .and_then(Value::as_text)
                .unwrap_or_default();
            let types = document::items(serde_json::from_str(types).unwrap_or_default());
            json!({
                "allowedMemberTypes": types,
                "description": column(2),
                "displayName": column(1),
                "id": column(0),
                "isEnabled": column(4),
                "origin": "Application",
                "value": column(3),
            })
        })
        .collect()
}

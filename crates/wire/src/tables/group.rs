//! `group`.

use domain::model;
use serde_json::Value as Json;

use super::DIRECTORY_OBJECT;
use crate::document;
use crate::table::{Edm, Read, Row, Shown, Type, both, flag, id, instant, text, way};

const OPEN: &str = "details";

/// A group of the directory.
pub static GROUP: Type = Type {
    entity: &model::GROUP,
    v1: Some("group"),
    beta: Some("group"),
    properties: &[
        id(),
        instant("createdDateTime", "created_at"),
        text("description", "description"),
        text("displayName", "display_name"),
        both(
            "groupTypes",
            Edm::Strings,
            Read::Computed {
                columns: &["group_types"],
                related: None,
                value: group_types,
            },
        )
        .inside(&super::inside::GROUP_TYPES),
        flag("isAssignableToRole", "is_assignable_to_role"),
        text("mail", "mail"),
        flag("mailEnabled", "mail_enabled"),
        text("mailNickname", "mail_nickname"),
        // Always there: its absence would mean a dynamic group to some clients.
        text("membershipRule", "membership_rule"),
        flag("onPremisesSyncEnabled", "on_premises_sync_enabled"),
        both(
            "proxyAddresses",
            Edm::Strings,
            Read::Member {
                column: OPEN,
                member: "proxyAddresses",
            },
        ),
        both(
            "resourceBehaviorOptions",
            Edm::Strings,
            Read::Member {
                column: OPEN,
                member: "resourceBehaviorOptions",
            },
        ),
        both(
            "resourceProvisioningOptions",
            Edm::Strings,
            Read::Member {
                column: OPEN,
                member: "resourceProvisioningOptions",
            },
        ),
        both(
            "infoCatalogs",
            Edm::Strings,
            Read::Member {
                column: OPEN,
                member: "infoCatalogs",
            },
        )
        .shown(Shown::WhenSet),
        flag("securityEnabled", "security_enabled"),
        text("visibility", "visibility"),
    ],
    navigations: &[
        way("members", "members", "members", &DIRECTORY_OBJECT),
        way("owners", "owners", "owners", &DIRECTORY_OBJECT),
        way("memberOf", "memberOf", "member_of", &GROUP).declared("directoryObject"),
    ],
    open: Some(OPEN),
    searched: &["display_name", "description"],
    lacking: &[],
};

fn group_types(row: &Row<'_>) -> Json {
    Json::Array(document::items(row.document(0)))
}

//! `application`.

use domain::model;

use crate::document;
use crate::table::{Edm, Property, Read, Type, both, id, instant, lacking, text};

const OPEN: &str = "details";

const fn texts(name: &'static str) -> Property {
    both(
        name,
        Edm::Strings,
        Read::Member {
            column: OPEN,
            member: name,
        },
    )
}

/// An application as it is registered.
pub static APPLICATION: Type = Type {
    entity: &model::APPLICATION,
    v1: Some("application"),
    beta: Some("application"),
    properties: &[
        id(),
        text("appId", "app_id"),
        text("displayName", "display_name"),
        text("description", "description"),
        instant("createdDateTime", "created_at"),
        both(
            "appRoles",
            Edm::Complexes("appRole", "appRole"),
            Read::Computed {
                columns: &["app_roles"],
                related: None,
                value: |row| document::items(row.document(0)).into(),
            },
        ),
        texts("identifierUris"),
        both(
            "managerApplications",
            Edm::Guids,
            Read::Member {
                column: OPEN,
                member: "managerApplications",
            },
        ),
        texts("tags"),
    ],
    navigations: &[],
    open: Some(OPEN),
    searched: &["display_name", "description"],
    lacking: &[lacking("owners", "applications have no owners here")],
};

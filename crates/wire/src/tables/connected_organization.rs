//! `connectedOrganization`.

use domain::model;

use super::DIRECTORY_OBJECT;
use crate::document;
use crate::table::{Edm, Read, Type, both, id, instant, only_beta, text, way};
use crate::words;

/// A partner whose people may be let in.
pub static CONNECTED_ORGANIZATION: Type = Type {
    entity: &model::CONNECTED_ORGANIZATION,
    v1: Some("connectedOrganization"),
    beta: Some("connectedOrganization"),
    properties: &[
        id(),
        text("displayName", "display_name"),
        text("description", "description"),
        only_beta("createdBy", Edm::String, Read::Column("created_by")),
        instant("createdDateTime", "created_at"),
        only_beta("modifiedBy", Edm::String, Read::Column("modified_by")),
        instant("modifiedDateTime", "modified_at"),
        both(
            "state",
            Edm::Enum(&words::CONNECTED_ORGANIZATION_STATE),
            Read::Column("state"),
        ),
        both(
            "identitySources",
            Edm::Complexes("identitySource", "identitySource"),
            Read::Computed {
                columns: &["identity_sources"],
                related: None,
                value: |row| document::items(row.document(0)).into(),
            },
        )
        .inside(&super::inside::IDENTITY_SOURCES),
    ],
    navigations: &[
        way(
            "internalSponsors",
            "internalSponsors",
            "internal_sponsors",
            &DIRECTORY_OBJECT,
        ),
        way(
            "externalSponsors",
            "externalSponsors",
            "external_sponsors",
            &DIRECTORY_OBJECT,
        ),
    ],
    open: None,
    searched: &["display_name", "description"],
    lacking: &[],
};
